//! The rows of a file, read on a thread of their own while the table is written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;

use super::columns::match_columns;
use super::discover::SourceFile;
use super::duplicates::DuplicatesOfFile;
use super::formats::{self, Pieces, ReadOptions};
use super::late_faults::LateFaults;
use super::rejects::Rejects;
use crate::warehouse::TableDefinition;
use crate::{Error, Result};

/// Batches that may wait between the reader of a file and the writer of the table.
const BATCHES_IN_FLIGHT: usize = 4;

/// What becomes of the records of one file, counted where they are cut from it. The rows that were
/// written are counted elsewhere, from the written files, so that the two can be compared.
pub(super) struct Sink {
    rejects: Arc<Mutex<Rejects>>,
    read: AtomicU64,
    rounded: AtomicU64,
    duplicate: AtomicU64,
}

impl Sink {
    /// Bad records go to `rejects`.
    pub(super) fn new(rejects: &Arc<Mutex<Rejects>>) -> Arc<Self> {
        Arc::new(Sink {
            rejects: Arc::clone(rejects),
            read: AtomicU64::new(0),
            rounded: AtomicU64::new(0),
            duplicate: AtomicU64::new(0),
        })
    }

    /// Records cut from the file.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Values that ON_LOSS round has changed.
    pub(super) fn rounded(&self) -> u64 {
        self.rounded.load(Ordering::Relaxed)
    }

    /// Rows left out because they are there already.
    pub(super) fn duplicate(&self) -> u64 {
        self.duplicate.load(Ordering::Relaxed)
    }

    /// The bad records of the statement.
    pub(super) fn rejects(&self) -> MutexGuard<'_, Rejects> {
        // A panic elsewhere leaves whole values.
        self.rejects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file and how it is read into a table.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) file: SourceFile,
    pub(super) options: ReadOptions,
    pub(super) table: TableDefinition,
    pub(super) state: Arc<SessionState>,
}

impl Reading {
    /// The pieces of the file in the given columns of the table, and what its rows must be beyond
    /// what the format can tell.
    ///
    /// # Errors
    /// A file whose beginning cannot be read, or whose columns are not those of the table.
    pub(super) fn pieces(&self) -> Result<(Pieces, LateFaults)> {
        let schema = self.table.given_schema();
        let places = match_columns(&self.file, &self.options, &self.table)?;
        let own = self.file.remembered_names().map_or(0, <[String]>::len);
        // Those behind them stand in the path of the file and not in its records.
        let in_records = places
            .iter()
            .map(|place| place.filter(|place| *place < own));
        let faults = LateFaults::new(&self.table, in_records.collect(), &self.state)?;
        let pieces = formats::read(&self.file, &self.options, Arc::new(schema), &places)?;
        Ok((pieces, faults))
    }

    /// The rows of the file but for `duplicates`. They come while it is read; bad records go to the
    /// sink, which may end them with an error.
    pub(super) fn rows(
        self,
        mut duplicates: Option<DuplicatesOfFile>,
        sink: Arc<Sink>,
    ) -> SendableRecordBatchStream {
        let schema = self.table.given_schema();
        let mut stream = RecordBatchReceiverStreamBuilder::new(Arc::new(schema), BATCHES_IN_FLIGHT);
        let sender = stream.tx();
        stream.spawn_blocking(move || {
            let mut read_all = || -> Result<()> {
                let (pieces, mut faults) = self.pieces()?;
                for piece in pieces {
                    let piece = faults.take_out(piece?)?;
                    let records = piece.records();
                    sink.read.fetch_add(records, Ordering::Relaxed);
                    self.file.progress().add_rows(records);
                    sink.rounded.fetch_add(piece.rounded, Ordering::Relaxed);
                    sink.rejects().set_aside(records, piece.rejects)?;
                    let mut rows = piece.rows;
                    if let Some(duplicates) = &mut duplicates {
                        let stay = duplicates.leave_out(&rows)?;
                        let left_out = (rows.num_rows() - stay.num_rows()) as u64;
                        sink.duplicate.fetch_add(left_out, Ordering::Relaxed);
                        rows = stay;
                    }
                    // The receiver is gone when the statement was cancelled or has failed.
                    if sender.blocking_send(Ok(rows)).is_err() {
                        return Ok(());
                    }
                }
                Ok(())
            };
            read_all().map_err(Error::into_datafusion)
        });
        stream.build()
    }
}
