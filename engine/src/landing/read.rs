//! The rows of a file, read on a thread of their own while the table is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::Schema;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;

use super::columns::match_columns;
use super::discover::SourceFile;
use super::formats::{self, ReadOptions};
use crate::warehouse::TableDefinition;
use crate::{Error, Result};

/// Batches that may wait between the reader of a file and the writer of the table.
const BATCHES_IN_FLIGHT: usize = 4;

/// What became of the records of one file, counted where they are cut from it. The rows that were
/// written are counted elsewhere, from the written files, so that the two can be compared.
#[derive(Debug, Default)]
pub(super) struct Counts {
    read: AtomicU64,
}

impl Counts {
    /// Records cut from the file.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

/// The rows of a file as columns of the table. They come while the file is read, and end with an
/// error at the first record that does not fit.
pub(super) fn read_rows(
    file: &SourceFile,
    options: &ReadOptions,
    table: &TableDefinition,
    counts: Arc<Counts>,
) -> SendableRecordBatchStream {
    let schema = Arc::new(Schema::new(
        table.given_columns().cloned().collect::<Vec<_>>(),
    ));
    let (file, options, table) = (file.clone(), options.clone(), table.clone());
    let mut stream = RecordBatchReceiverStreamBuilder::new(Arc::clone(&schema), BATCHES_IN_FLIGHT);
    let sender = stream.tx();
    stream.spawn_blocking(move || {
        let read_all = || -> Result<()> {
            let places = match_columns(&file, &options, &table)?;
            for piece in formats::read(&file, &options, schema, &places)? {
                let piece = piece?;
                counts.read.fetch_add(piece.records(), Ordering::Relaxed);
                if let Some(first) = piece.rejects.into_iter().next() {
                    return Err(first.into_error(&file.name));
                }
                // The receiver is gone when the statement was cancelled or has failed.
                if sender.blocking_send(Ok(piece.rows)).is_err() {
                    return Ok(());
                }
            }
            Ok(())
        };
        read_all().map_err(Error::into_datafusion)
    });
    stream.build()
}
