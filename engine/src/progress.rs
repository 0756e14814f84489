//! How far a statement is: numbers that whoever does the work adds to, and whoever shows it looks at.
//!
//! Work knows nothing of terminals; it counts. Nothing is shown here. A load counts for itself; of a
//! query the operators that read count, as they do for EXPLAIN ANALYZE ([`query`]).

mod query;

use std::fmt;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryPool;
use datafusion::physical_plan::ExecutionPlan;

use self::query::Queries;

/// The numbers of a session. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Numbers>);

#[derive(Default)]
struct Numbers {
    task: Mutex<Option<Task>>,
    bytes: AtomicU64,
    rows: AtomicU64,
    queries: Arc<Mutex<Queries>>,
    pool: Mutex<Option<Arc<dyn MemoryPool>>>,
}

#[derive(Debug, Clone)]
struct Task {
    name: String,
    total_bytes: u64,
    started: Instant,
}

/// How far it is at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// What is being done.
    pub task: String,
    /// Bytes that have been read.
    pub bytes: u64,
    /// Bytes that are to be read; 0 where nobody knows.
    pub total_bytes: u64,
    /// Rows so far; 0 where none are counted.
    pub rows: u64,
    /// Rows that are to be read; 0 where nobody knows.
    pub total_rows: u64,
    /// Since its start.
    pub elapsed: Duration,
}

/// A task that runs until this is dropped.
#[derive(Debug)]
pub struct Running(Progress);

impl Progress {
    /// Starts a task that reads `total_bytes` in all; an earlier one has ended with that.
    #[must_use]
    pub fn start(&self, name: impl Into<String>, total_bytes: u64) -> Running {
        self.set(Some(Task {
            name: name.into(),
            total_bytes,
            started: Instant::now(),
        }));
        Running(self.clone())
    }

    /// Counts rows.
    pub fn add_rows(&self, rows: u64) {
        self.0.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// How far the load that runs is, or else the query.
    pub fn reached(&self) -> Option<Reached> {
        let task = locked(&self.0.task).clone();
        let Some(task) = task else {
            // Whoever only looks waits for nobody.
            return self.0.queries.try_lock().ok()?.reached();
        };
        Some(Reached {
            task: task.name,
            bytes: self.0.bytes.load(Ordering::Relaxed),
            total_bytes: task.total_bytes,
            rows: self.0.rows.load(Ordering::Relaxed),
            total_rows: 0,
            elapsed: task.started.elapsed(),
        })
    }

    /// Watches a query for as long as its stream lives.
    pub fn watch(
        &self,
        plan: &Arc<dyn ExecutionPlan>,
        stream: SendableRecordBatchStream,
    ) -> SendableRecordBatchStream {
        query::watch(&self.0.queries, plan, stream)
    }

    /// From now on, memory is that which is reserved in this pool.
    pub fn count_memory_of(&self, pool: &Arc<dyn MemoryPool>) {
        *locked(&self.0.pool) = Some(Arc::clone(pool));
    }

    /// Bytes that operators have reserved.
    pub fn memory(&self) -> u64 {
        locked(&self.0.pool)
            .as_ref()
            .map_or(0, |pool| pool.reserved() as u64)
    }

    fn set(&self, task: Option<Task>) {
        let mut running = locked(&self.0.task);
        self.0.bytes.store(0, Ordering::Relaxed);
        self.0.rows.store(0, Ordering::Relaxed);
        *running = task;
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = &mut f.debug_struct("Numbers");
        numbers.field("task", &self.task).finish_non_exhaustive()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Running {
    /// At least so many bytes have been read: for what reads a file in other ways than from its
    /// start to its end.
    pub fn passed(&self, bytes: u64) {
        self.0.0.bytes.fetch_max(bytes, Ordering::Relaxed);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

/// An input whose bytes are counted as they are read.
#[derive(Debug)]
pub struct Counted<R> {
    input: R,
    progress: Progress,
}

impl<R: Read> Counted<R> {
    /// Counts what is read from `input`.
    pub fn new(input: R, progress: Progress) -> Self {
        Counted { input, progress }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let bytes = self.input.read(buffer)?;
        let numbers = &self.progress.0;
        numbers.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_task_counts_from_zero_and_is_gone_with_its_end() {
        let progress = Progress::default();
        let running = progress.start("raw.t", 10);
        let mut input = Counted::new(&b"0123456"[..], progress.clone());
        std::io::copy(&mut input, &mut std::io::sink()).unwrap();
        progress.add_rows(3);
        let reached = progress.reached().unwrap();
        assert_eq!((reached.bytes, reached.rows), (7, 3));
        running.passed(4);
        assert_eq!(progress.reached().unwrap().bytes, 7);
        running.passed(10);
        assert_eq!(progress.reached().unwrap().bytes, 10);
        drop(running);
        assert_eq!(progress.reached(), None);
        let _again = progress.start("raw.u", 1);
        let reached = progress.reached().unwrap();
        assert_eq!(
            (reached.task.as_str(), reached.bytes, reached.rows),
            ("raw.u", 0, 0)
        );
    }
}
