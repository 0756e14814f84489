//! Landing: files become rows of a table, every one of them accounted for.
//!
//! `land` goes the whole way: it finds the files, asks the table's ledger which of them are new,
//! finds the types if the table is new, reads the rows strictly, and commits rows, ledger and
//! counts in one step. Either all new files of the statement land, or none.

mod columns;
mod discover;
pub mod formats;
mod ledger;
pub mod names;
mod options;
mod records;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::datatypes::Schema;
use chrono::Utc;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;

pub use discover::fingerprint;
use discover::{SourceFile, discover};
use formats::{Pieces, csv};
use ledger::{Known, Ledger};
use options::LandingOptions;
use records::LoadRecord;

use crate::reconciliation::{Copied, CopyStatus};
use crate::session::Session;
use crate::sql::{CopyInto, CopySource};
use crate::warehouse::{Origin, TableDefinition, TableId, TableTransaction, check_writable};
use crate::{Error, Place, Result};

/// Batches that may wait between the reader of a file and the writer of the table.
const BATCHES_IN_FLIGHT: usize = 4;

/// Lands the files of a COPY INTO in a table of the warehouse; one result per file.
///
/// # Errors
/// A file that is missing, was changed since it was loaded, or holds a row that does not fit:
/// with file, line and column. Nothing is written then.
pub async fn land(session: &Session, copy: &CopyInto, id: &TableId) -> Result<Vec<Copied>> {
    check_writable(id).map_err(|error| copy.target.locate(error))?;
    let options = LandingOptions::checked(&copy.options)?;
    let CopySource::Files(patterns) = &copy.source else {
        return Err(copy.target.locate(
            Error::input(format!("COPY INTO {id} takes files"))
                .hint("use INSERT INTO or CREATE TABLE AS for a query"),
        ));
    };
    let (patterns, folder) = (patterns.clone(), session.folder().to_owned());
    let files = blocking(move || discover(&patterns, &folder)).await?;
    let planner = session.begin();
    let mut transaction = TableTransaction::begin(session.warehouse(), id, planner.state())
        .await
        .map_err(|error| copy.target.locate(error))?;
    if let Some(table) = transaction.table() {
        records::repair(session, id, table).await?;
    }
    let mut ledger =
        Ledger::read(transaction.table(), transaction.epoch_of_next_rows().await?).await?;
    let (new, mut copied) = sort_out(files, &mut ledger, &mut transaction, id)?;
    if new.is_empty() {
        return Ok(copied);
    }
    let definition = define(&mut transaction, &new, &options, session).await?;
    let mut loads = Vec::with_capacity(new.len());
    for file in new {
        let load_id = uuid::Uuid::now_v7().to_string();
        let counts = land_file(&file, &load_id, &options, &definition, &mut transaction).await?;
        copied.push(reconcile(&file, id, counts)?);
        loads.push(load_record(&file, load_id, id, counts));
    }
    let counts = serde_json::to_value(&loads)
        .map_err(|error| Error::internal("counts are not JSON").source(error))?;
    let written = transaction.commit(Some(counts)).await?;
    let loads: Vec<_> = loads
        .into_iter()
        .map(|load| (load, written.version))
        .collect();
    records::keep(session, &loads).await?;
    // Known and new files in the one order in which they were found.
    copied.sort_by(|left, right| left.source.cmp(&right.source));
    Ok(copied)
}

/// New files, entered into the ledger; and what there is to say about the others.
fn sort_out(
    files: Vec<SourceFile>,
    ledger: &mut Ledger,
    transaction: &mut TableTransaction,
    id: &TableId,
) -> Result<(Vec<SourceFile>, Vec<Copied>)> {
    let (mut new, mut skipped) = (Vec::new(), Vec::new());
    for file in files {
        let note = match ledger.look_up(&file) {
            Known::New => {
                ledger
                    .enter(&file)
                    .into_iter()
                    .for_each(|entry| transaction.record(entry, 1));
                new.push(file);
                continue;
            }
            Known::Unchanged => "already loaded".to_owned(),
            Known::SameContent { path } => format!("same content as {path}, already loaded"),
            Known::Changed => {
                return Err(Error::input(format!("the file was changed since it was loaded into {id}"))
                    .place(Place::file(&file.name))
                    .hint("its former rows are still in the table: give the file a new name to add it, or make the table anew"));
            }
        };
        skipped.push(Copied {
            source: file.name,
            target: id.to_string(),
            status: CopyStatus::Skipped,
            read: 0,
            loaded: 0,
            rejected: 0,
            duplicate: 0,
            note: Some(note),
        });
    }
    Ok((new, skipped))
}

/// The definition to write with: that of the table, or a new one made for the files.
async fn define(
    transaction: &mut TableTransaction,
    files: &[SourceFile],
    options: &LandingOptions,
    session: &Session,
) -> Result<TableDefinition> {
    let state = Arc::clone(session.begin().state());
    if let Some(definition) = transaction.definition() {
        check_layout(definition, options)?;
        return Ok(definition.clone());
    }
    let (files, for_files) = (files.to_vec(), options.clone());
    let planning = Arc::clone(&state);
    let schema = blocking(move || columns::infer_schema(&files, &for_files, &planning)).await?;
    let definition = TableDefinition::for_rows(&schema, options.partition_by.clone(), &state)?;
    transaction.define(definition.clone());
    Ok(definition)
}

fn check_layout(definition: &TableDefinition, options: &LandingOptions) -> Result<()> {
    let text = |fields: &[crate::sql::PartitionField]| {
        fields
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let (asked, present) = (text(&options.partition_by), text(&definition.partition_by));
    if asked.is_empty() || asked == present {
        return Ok(());
    }
    let present = if present.is_empty() {
        "not partitioned".to_owned()
    } else {
        format!("partitioned by ({present})")
    };
    Err(
        Error::input(format!("the table is {present}, not by ({asked})"))
            .hint("leave PARTITION_BY out, or make the table anew"),
    )
}

async fn land_file(
    file: &SourceFile,
    load_id: &str,
    options: &LandingOptions,
    definition: &TableDefinition,
    transaction: &mut TableTransaction,
) -> Result<Counts> {
    let origin = Origin {
        source: file.identity.clone(),
        load_id: load_id.to_owned(),
    };
    let read = Arc::new(AtomicU64::new(0));
    let rows = read_rows(file, options, definition, Arc::clone(&read))?;
    let loaded = transaction.write(rows, Some(&origin)).await?;
    Ok(Counts {
        read: read.load(Ordering::Relaxed),
        loaded,
    })
}

/// Two counts of the same rows, taken apart: records cut from the file, and rows that the footers
/// of the written Parquet files hold.
#[derive(Debug, Clone, Copy)]
struct Counts {
    read: u64,
    loaded: u64,
}

/// The rows of a file, read and counted on a thread of their own.
fn read_rows(
    file: &SourceFile,
    options: &LandingOptions,
    definition: &TableDefinition,
    read: Arc<AtomicU64>,
) -> Result<SendableRecordBatchStream> {
    let schema = Arc::new(Schema::new(
        definition.given_columns().cloned().collect::<Vec<_>>(),
    ));
    let (file, options, definition) = (file.clone(), options.clone(), definition.clone());
    let mut stream = RecordBatchReceiverStreamBuilder::new(Arc::clone(&schema), BATCHES_IN_FLIGHT);
    let sender = stream.tx();
    stream.spawn_blocking(move || {
        let read_all = || -> Result<()> {
            let places = columns::match_columns(&file, &options, &definition)?;
            let pieces: Pieces = Box::new(csv::CsvReader::new(
                file.read()?,
                &file.name,
                &options.csv,
                schema,
                &places,
            )?);
            for piece in pieces {
                let piece = piece?;
                read.fetch_add(piece.records(), Ordering::Relaxed);
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
    Ok(stream.build())
}

fn reconcile(file: &SourceFile, id: &TableId, counts: Counts) -> Result<Copied> {
    Copied {
        source: file.name.clone(),
        target: id.to_string(),
        status: CopyStatus::Loaded,
        read: counts.read,
        loaded: counts.loaded,
        rejected: 0,
        duplicate: 0,
        note: None,
    }
    .reconciled()
}

fn load_record(file: &SourceFile, load_id: String, id: &TableId, counts: Counts) -> LoadRecord {
    LoadRecord {
        load_id,
        target: id.to_string(),
        source: file.identity.clone(),
        content_hash: file.hash.clone(),
        bytes: file.bytes,
        rows_read: counts.read,
        rows_loaded: counts.loaded,
        rows_rejected: 0,
        rows_duplicate: 0,
        loaded_at: Utc::now().timestamp_micros(),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("reading files stopped").source(error))?
}
