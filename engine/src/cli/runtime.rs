//! The threads that statements run on, apart from the one that waits for Ctrl-C.
//!
//! A busy worker must not own the wait for the key. So a statement is a task of the workers, a
//! thread of its own listens for the key, and the main thread waits for whichever comes first; it
//! also prints, so that nothing is printed any more once it has been told to stop.
//!
//! What does not stop at once keeps its threads: the statements that follow get new ones.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use futures::StreamExt;
use tokio::runtime::Builder;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinHandle};

use crate::execute::Rows;
use crate::{Error, Kind, Result};

/// How long a cancelled statement may take to end before the user gets on without it. Most end at
/// once and then leave no spilled files behind.
const GRACE: Duration = Duration::from_millis(300);
const GRACE_STEP: Duration = Duration::from_millis(5);
/// Batches that are ready while an earlier one is printed.
const BATCHES_AHEAD: usize = 2;

/// Workers for statements, and the watch for Ctrl-C.
pub struct Runtime {
    workers: Mutex<Workers>,
    threads: usize,
    front: tokio::runtime::Runtime,
    interrupt: Arc<Interrupt>,
}

struct Workers {
    /// `None` only while it is dropped.
    current: Option<tokio::runtime::Runtime>,
    /// Those that are held by statements which were cancelled and have not ended.
    ending: Vec<tokio::runtime::Runtime>,
}

impl Runtime {
    /// Starts as many workers as queries may use. From here on Ctrl-C ends a statement, not the
    /// process.
    ///
    /// # Errors
    /// A machine without threads to spare.
    pub fn start(threads: usize) -> Result<Self> {
        let workers = start_workers(threads)?;
        // KMeans computes on the pool of this library, which takes all cores of its own accord, and
        // only once it is needed: starting threads that most statements never use costs time.
        if std::thread::available_parallelism().is_ok_and(|cores| cores.get() != threads) {
            let kmeans = rayon::ThreadPoolBuilder::new().num_threads(threads);
            // Only one pool can be made per process, so a second runtime keeps the first one's.
            let _ = kmeans.build_global();
        }
        let front = Builder::new_current_thread().build().map_err(no_threads)?;
        let interrupt = Arc::new(Interrupt::default());
        watch(Arc::clone(&interrupt))?;
        Ok(Runtime {
            workers: Mutex::new(Workers {
                current: Some(workers),
                ending: Vec::new(),
            }),
            threads,
            front,
            interrupt,
        })
    }

    /// Runs a task to its end or to Ctrl-C.
    ///
    /// # Errors
    /// That of the task; [`Kind::Interrupted`] after Ctrl-C.
    pub fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let mut task = self.spawn(task)?;
        match self.until_interrupted(&mut task) {
            Some(ended) => ended.unwrap_or_else(|error| Err(stopped(error))),
            None => {
                task.abort();
                Err(self.interrupted())
            }
        }
    }

    /// The batches of a result as they come, until the last one or Ctrl-C.
    ///
    /// # Errors
    /// None in practice: the workers live as long as the runtime.
    pub fn stream(&self, mut rows: Rows) -> Result<Batches<'_>> {
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        let task = self.spawn(async move {
            while let Some(batch) = rows.next().await {
                if sender.send(batch).await.is_err() {
                    break;
                }
            }
        })?;
        Ok(Batches {
            runtime: self,
            receiver,
            task,
        })
    }

    /// The value of a short task, or nothing if it fails or takes longer than `patience`.
    pub fn within<T: Send + 'static>(
        &self,
        patience: Duration,
        task: impl Future<Output = Option<T>> + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let task = self.spawn(async move {
            let _ = sender.send(task.await);
        });
        let value = receiver.recv_timeout(patience).ok().flatten();
        if let Ok(task) = task {
            task.abort();
        }
        value
    }

    /// Whether something that was cancelled is still ending.
    pub fn is_busy(&self) -> bool {
        let mut workers = self.workers();
        let ended = |workers: &mut tokio::runtime::Runtime| !is_working(workers);
        for workers in workers.ending.extract_if(.., ended) {
            workers.shutdown_background();
        }
        !workers.ending.is_empty() || workers.current.as_ref().is_some_and(is_working)
    }

    /// Forgets a Ctrl-C that came while nothing ran.
    pub fn forget_interrupt(&self) {
        self.interrupt.pressed.store(false, Ordering::SeqCst);
    }

    /// Leaves Ctrl-C to another program that has the terminal, a pager or an editor, until the
    /// guard is dropped.
    pub fn lend_terminal(&self) -> Lent<'_> {
        self.interrupt.lent.store(true, Ordering::SeqCst);
        Lent(&self.interrupt)
    }

    fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>> {
        match &self.workers().current {
            Some(workers) => Ok(workers.spawn(task)),
            None => Err(Error::internal("the workers have left")),
        }
    }

    /// `None` after Ctrl-C.
    fn until_interrupted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.front.block_on(async {
            tokio::select! {
                biased;
                () = self.interrupt.wait() => None,
                done = work => Some(done),
            }
        })
    }

    fn interrupted(&self) -> Error {
        let deadline = Instant::now() + GRACE;
        while self.is_busy() && Instant::now() < deadline {
            std::thread::sleep(GRACE_STEP);
        }
        self.replace_held_workers();
        Error::new(Kind::Interrupted, "interrupted")
    }

    /// A task that does not yield would hold the next statement up, too.
    fn replace_held_workers(&self) {
        let mut workers = self.workers();
        if workers.current.as_ref().is_some_and(is_working)
            && let Ok(fresh) = start_workers(self.threads)
        {
            let held = workers.current.replace(fresh);
            workers.ending.extend(held);
        }
    }
}

impl Drop for Runtime {
    /// A task that does not yield must not keep the process from ending.
    fn drop(&mut self) {
        let mut workers = self.workers();
        let current = workers.current.take();
        for workers in workers.ending.drain(..).chain(current) {
            workers.shutdown_background();
        }
    }
}

/// As long as it lives, Ctrl-C is somebody else's.
pub struct Lent<'r>(&'r Interrupt);

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.0.pressed.store(false, Ordering::SeqCst);
        self.0.lent.store(false, Ordering::SeqCst);
    }
}

/// The batches of a result. Dropping it cancels the query.
pub struct Batches<'r> {
    runtime: &'r Runtime,
    receiver: mpsc::Receiver<Result<RecordBatch>>,
    task: JoinHandle<()>,
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = async {
            match self.receiver.recv().await {
                Some(batch) => Some(batch),
                // A query that panicked also hangs up; that must not look like its last row.
                None => (&mut self.task)
                    .await
                    .err()
                    .map(|error| Err(stopped(error))),
            }
        };
        match self.runtime.until_interrupted(next) {
            Some(next) => next,
            None => {
                self.task.abort();
                Some(Err(self.runtime.interrupted()))
            }
        }
    }
}

impl Drop for Batches<'_> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A Ctrl-C that nobody has answered yet.
#[derive(Default)]
struct Interrupt {
    pressed: AtomicBool,
    /// The terminal is another program's, and so is the key.
    lent: AtomicBool,
    news: Notify,
}

impl Interrupt {
    /// A second Ctrl-C before the first was answered means that the main thread hangs, on a
    /// terminal that takes no more output for one: only leaving helps.
    fn press(&self) {
        if self.lent.load(Ordering::SeqCst) {
            return;
        }
        if self.pressed.swap(true, Ordering::SeqCst) {
            #[expect(
                clippy::disallowed_methods,
                reason = "the thread that would return to main hangs"
            )]
            std::process::exit(Kind::Interrupted.exit_code().into());
        }
        self.news.notify_one();
    }

    async fn wait(&self) {
        while !self.pressed.swap(false, Ordering::SeqCst) {
            self.news.notified().await;
        }
    }
}

fn start_workers(threads: usize) -> Result<tokio::runtime::Runtime> {
    Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(no_threads)
}

fn is_working(workers: &tokio::runtime::Runtime) -> bool {
    workers.metrics().num_alive_tasks() > 0
}

fn watch(interrupt: Arc<Interrupt>) -> Result<()> {
    let signals = Builder::new_current_thread()
        .enable_io()
        .build()
        .map_err(no_threads)?;
    std::thread::Builder::new()
        .name("ctrl-c".to_owned())
        .spawn(move || {
            signals.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
                    interrupt.press();
                }
            });
        })
        .map_err(no_threads)?;
    Ok(())
}

fn no_threads(error: std::io::Error) -> Error {
    Error::internal("cannot start threads")
        .hint("the system's limit of processes may be reached: see ulimit -u")
        .source(error)
}

fn stopped(error: JoinError) -> Error {
    if error.is_cancelled() {
        return Error::new(Kind::Interrupted, "interrupted");
    }
    Error::internal("the statement stopped")
        .hint("this is a defect in Tidemill: please report the statement that led here")
        .source(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_task_ends_with_its_value_or_its_error() {
        let runtime = Runtime::start(1).unwrap();
        assert_eq!(runtime.run(async { Ok(7) }).unwrap(), 7);
        let failed = runtime.run(async { Err::<(), _>(Error::input("no")) });
        assert_eq!(failed.unwrap_err().message(), "no");
    }

    #[test]
    fn a_panic_is_an_error() {
        let runtime = Runtime::start(1).unwrap();
        let failed = runtime.run::<()>(async { panic!("a defect") });
        assert_eq!(failed.unwrap_err().kind(), Kind::Internal);
    }

    #[test]
    fn ctrl_c_gives_up_on_a_task_that_never_yields() {
        let runtime = Runtime::start(1).unwrap();
        let interrupt = Arc::clone(&runtime.interrupt);
        let started = Instant::now();
        let failed = runtime.run(async move {
            interrupt.press();
            std::thread::sleep(Duration::from_secs(3));
            Ok(())
        });
        assert_eq!(failed.unwrap_err().kind(), Kind::Interrupted);
        assert!(runtime.is_busy());
        // The only thread of the first workers is held; the next statement has its own.
        assert_eq!(runtime.run(async { Ok(1) }).unwrap(), 1);
        drop(runtime);
        assert!(started.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn a_lent_terminal_keeps_ctrl_c_to_itself() {
        let runtime = Runtime::start(1).unwrap();
        let lent = runtime.lend_terminal();
        runtime.interrupt.press();
        runtime.interrupt.press();
        drop(lent);
        assert_eq!(runtime.run(async { Ok(1) }).unwrap(), 1);
    }

    #[test]
    fn a_short_task_is_not_waited_for_longer_than_allowed() {
        let runtime = Runtime::start(1).unwrap();
        let patience = Duration::from_millis(50);
        assert_eq!(runtime.within(patience, async { Some(1) }), Some(1));
        assert_eq!(
            runtime.within(patience, std::future::pending::<Option<u8>>()),
            None
        );
    }

    #[test]
    fn a_forgotten_ctrl_c_does_not_stop_the_next_statement() {
        let runtime = Runtime::start(1).unwrap();
        runtime.interrupt.press();
        runtime.forget_interrupt();
        assert_eq!(runtime.run(async { Ok(1) }).unwrap(), 1);
    }
}
