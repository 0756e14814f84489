//! Writing rows into files, one set per partition, on all threads and in bounded memory.
//!
//! Rows come in batches. A run of batches is brought into the shape of the table and split by
//! partition (`split.rs`); what belongs to a partition waits until it is worth a row group, or
//! until all that waits exceeds the budget: then the partition that has the most goes first. A row
//! group is encoded whole (`row_group.rs`) and appended to its file (`part_file.rs`). Other formats
//! than Parquet are written alike; `encoding.rs` says what they have to offer.
//!
//! So an open partition costs its waiting rows, which are counted exactly, and no encoder: those
//! live only while a row group is made, one per thread. Keeping an encoder per open partition, as
//! the table format's own writer does, costs some 6 MB each for 15 columns before the first page is
//! full, and thrashes the caches between dictionaries.
//!
//! Splitting and encoding run on other threads, but their results are taken in the order in which
//! the rows came: the rows of a partition keep their order, and the same rows give the same files. Where
//! a table has an order of its own, longer runs of rows wait, are sorted (`sort_order.rs`), and make
//! several row groups.

mod add;
mod encoding;
mod part_file;
mod row_group;
mod sort_order;
mod split;
mod statistics;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::future::ready;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryReservation};
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt};

pub(crate) use encoding::{Encoding, GrowingFile};
pub(crate) use part_file::Finished;
pub(crate) use row_group::ParquetEncoding;

use part_file::PartFiles;
use row_group::ROW_GROUP_ROWS;
use split::{Key, Part, Splitter};

use super::TableDefinition;
use super::partitions::RowShaper;
use crate::{Error, Result};

/// How much of everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Runs that are split, and row groups that are encoded, at the same time.
    pub threads: usize,
    /// Rows waiting for their row group, in bytes.
    pub waiting_bytes: usize,
    /// Rows that are split by partition together.
    pub run_rows: usize,
    /// Rows of a partition that are encoded together.
    pub chunk_rows: usize,
    /// Their size in memory, for wide rows.
    pub chunk_bytes: usize,
    /// A file of this size is closed, and the partition goes on in another.
    pub file_bytes: usize,
}

/// Up to here a write is not worth a thread.
const ROWS_WITHOUT_THREADS: usize = 4096;
/// Batches of fewer rows are put together when there are many of them.
const SMALL_BATCH_ROWS: usize = 256;
const SMALL_BATCHES: usize = 16;
/// What an array takes besides its values: its descriptions, and buffers rounded up.
const BYTES_PER_ARRAY: usize = 320;
const MEBIBYTE: usize = 1024 * 1024;

impl Limits {
    /// Those of a session. What waits is at most a quarter of its memory: the readers of the rows
    /// and the encoders need theirs.
    pub(crate) fn of(state: &SessionState) -> Self {
        let waiting_bytes = match state.runtime_env().memory_pool.memory_limit() {
            MemoryLimit::Finite(bytes) => (bytes / 4).min(384 * MEBIBYTE),
            MemoryLimit::Infinite | MemoryLimit::Unknown => 384 * MEBIBYTE,
        };
        Limits {
            threads: state.config().target_partitions(),
            waiting_bytes,
            run_rows: 128 * 1024,
            chunk_rows: ROW_GROUP_ROWS,
            chunk_bytes: 64 * MEBIBYTE,
            file_bytes: 192 * MEBIBYTE,
        }
    }

    /// For rows that are sorted: the more of them at once, the less the bounds of row groups overlap.
    pub(crate) fn for_sorted_rows(self) -> Self {
        Limits {
            chunk_rows: usize::MAX,
            chunk_bytes: self.waiting_bytes / 4,
            ..self
        }
    }
}

/// The data files of one write, until they are committed. Dropped before
/// [`DataFiles::finish`], it leaves none.
pub(crate) struct DataFiles<E: Encoding> {
    limits: Limits,
    splitter: Arc<Splitter>,
    encoding_of_rows: Arc<E>,
    /// All rows so far.
    rows: usize,
    run: Run,
    splitting: Working<Vec<Part>>,
    waiting: HashMap<Key, Waiting>,
    waiting_bytes: usize,
    encoding: Working<(Key, E::Chunk)>,
    files: PartFiles<E>,
    reservation: MemoryReservation,
}

/// Batches on their way to the next split.
#[derive(Default)]
struct Run {
    batches: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
}

/// Rows of one partition on their way to its next row group.
#[derive(Default)]
struct Waiting {
    batches: Vec<RecordBatch>,
    /// How many of the batches, the last ones, are small.
    small: usize,
    rows: usize,
    bytes: usize,
}

/// Work on other threads, its results in the order in which it was given.
type Working<T> = FuturesOrdered<BoxFuture<'static, Result<T>>>;

/// The files of a write that has ended.
pub(crate) type FinishedFiles<E> = Vec<Finished<<<E as Encoding>::File as GrowingFile>::Footer>>;

impl<E: Encoding> DataFiles<E> {
    /// Files in `folder`, for rows that `shaper` brings into the shape of the definition. `encode`
    /// says how, for the columns that the files have.
    ///
    /// # Errors
    /// A schema that the format cannot hold.
    pub(crate) fn new(
        folder: PathBuf,
        definition: &TableDefinition,
        shaper: RowShaper,
        limits: Limits,
        state: &SessionState,
        encoding: impl FnOnce(SchemaRef) -> Result<E>,
    ) -> Result<Self> {
        let partition_columns = definition.partition_columns();
        let splitter = Splitter::new(shaper, &definition.schema, &partition_columns)?;
        let encoding_of_rows = Arc::new(encoding(Arc::clone(splitter.file_schema()))?);
        Ok(DataFiles {
            limits,
            splitter: Arc::new(splitter),
            files: PartFiles::new(
                folder,
                partition_columns,
                Arc::clone(&encoding_of_rows),
                limits.file_bytes,
            ),
            encoding_of_rows,
            rows: 0,
            run: Run::default(),
            splitting: Working::new(),
            waiting: HashMap::new(),
            waiting_bytes: 0,
            encoding: Working::new(),
            reservation: MemoryConsumer::new("rows waiting for their file")
                .register(&state.runtime_env().memory_pool),
        })
    }

    /// How the rows are encoded.
    pub(crate) fn encoding(&self) -> Arc<E> {
        Arc::clone(&self.encoding_of_rows)
    }

    /// The columns of the files: all but those of the partitions.
    pub(crate) fn file_schema(&self) -> &SchemaRef {
        self.splitter.file_schema()
    }

    /// Appends a batch of the schema that the shaper was made for.
    ///
    /// # Errors
    /// A value that its column cannot hold, a disk that is full or cannot be written; perhaps of
    /// an earlier batch.
    pub(crate) async fn write(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.rows += batch.num_rows();
        self.run.rows += batch.num_rows();
        self.run.bytes += bytes_of(&batch);
        self.run.batches.push(batch);
        // Those that are being split are not counted: they must be small beside what waits.
        if self.run.rows >= self.limits.run_rows || self.run.bytes >= self.limits.waiting_bytes / 8
        {
            self.split_run().await?;
        }
        Ok(())
    }

    /// Closes all files. They are on disk, but part of no table before they are committed.
    ///
    /// # Errors
    /// Those of [`DataFiles::write`].
    pub(crate) async fn finish(mut self) -> Result<FinishedFiles<E>> {
        self.split_run().await?;
        while let Some(parts) = self.splitting.next().await {
            self.take_in(parts?).await?;
        }
        let mut keys: Vec<_> = self.waiting.keys().cloned().collect();
        keys.sort();
        for key in keys {
            self.encode(&key).await?;
        }
        while let Some(encoded) = self.encoding.next().await {
            self.append(encoded?)?;
        }
        self.files.finish()
    }

    async fn split_run(&mut self) -> Result<()> {
        let run = mem::take(&mut self.run);
        if run.rows == 0 {
            return Ok(());
        }
        let splitter = Arc::clone(&self.splitter);
        let work = self.start(move || splitter.split(&run.batches));
        self.splitting.push_back(work);
        while self.splitting.len() > self.limits.threads {
            if let Some(parts) = self.splitting.next().await {
                self.take_in(parts?).await?;
            }
        }
        Ok(())
    }

    async fn take_in(&mut self, parts: Vec<Part>) -> Result<()> {
        for part in parts {
            self.files.know(&part)?;
            let waiting = self.waiting.entry(part.key.clone()).or_default();
            self.waiting_bytes -= waiting.bytes;
            waiting.push(part.rows)?;
            self.waiting_bytes += waiting.bytes;
            if waiting.rows >= self.limits.chunk_rows || waiting.bytes >= self.limits.chunk_bytes {
                self.encode(&part.key).await?;
            }
        }
        while self.is_over_budget() {
            let largest = self
                .waiting
                .iter()
                .max_by_key(|(key, waiting)| (waiting.bytes, *key))
                .map(|(key, _)| key.clone());
            let Some(key) = largest else { break };
            self.encode(&key).await?;
        }
        Ok(())
    }

    /// Reserves what waits; the session's memory may be spent elsewhere before our budget is.
    fn is_over_budget(&mut self) -> bool {
        self.waiting_bytes > self.limits.waiting_bytes
            || self.reservation.try_resize(self.waiting_bytes).is_err()
    }

    async fn encode(&mut self, key: &Key) -> Result<()> {
        let Some((key, waiting)) = self.waiting.remove_entry(key) else {
            return Ok(());
        };
        self.waiting_bytes -= waiting.bytes;
        let encoding = Arc::clone(&self.encoding_of_rows);
        let work = self.start(move || Ok((key, encoding.encode(&waiting.batches)?)));
        self.encoding.push_back(work);
        // They end in another order than they are taken in: with fewer, threads would wait.
        while self.encoding.len() > 2 * self.limits.threads {
            if let Some(encoded) = self.encoding.next().await {
                self.append(encoded?)?;
            }
        }
        Ok(())
    }

    fn append(&mut self, (key, chunk): (Key, E::Chunk)) -> Result<()> {
        self.files.append(&key, chunk)
    }

    /// Does some work: at once if there is little of it, else on another thread.
    fn start<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        if self.rows <= ROWS_WITHOUT_THREADS {
            return ready(work()).boxed();
        }
        let working = tokio::task::spawn_blocking(work);
        async {
            working
                .await
                .map_err(|error| Error::internal("writing files stopped").source(error))?
        }
        .boxed()
    }
}

impl Waiting {
    fn push(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        self.bytes += bytes_of(&batch);
        self.small = match batch.num_rows() < SMALL_BATCH_ROWS {
            true => self.small + 1,
            false => 0,
        };
        self.batches.push(batch);
        if self.small >= SMALL_BATCHES {
            self.put_small_ones_together()?;
        }
        Ok(())
    }

    /// Of a few rows most of the memory is not their values. What comes of it is not small any
    /// more, or the first of the next small ones: no row is copied often.
    fn put_small_ones_together(&mut self) -> Result<()> {
        let small = self.batches.split_off(self.batches.len() - self.small);
        let together = concat_batches(small[0].schema_ref(), &small)?;
        self.bytes -= small.iter().map(bytes_of).sum::<usize>();
        self.bytes += bytes_of(&together);
        self.small = usize::from(together.num_rows() < SMALL_BATCH_ROWS);
        self.batches.push(together);
        Ok(())
    }
}

/// What the rows take, without what other slices of the same buffers take.
fn bytes_of(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    columns
        .map(|column| {
            let data = column.to_data();
            let values = data.get_slice_memory_size();
            values.unwrap_or_else(|_| column.get_array_memory_size()) + BYTES_PER_ARRAY
        })
        .sum()
}
