//! RETRY REJECTS: loads the rows that were set aside and that fit by now.
//!
//! A reject is open while the table holds its file and nobody has loaded it since. The open ones
//! are read again, exactly as a load would read them; what fits becomes rows of the table, in one
//! commit, and is marked. What does not fit stays as it is.

mod attempt;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int64Type};
use chrono::Utc;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use futures::StreamExt;

use attempt::{Attempt, Attempted};

use super::blocking;
use super::columns::declared_types;
use super::formats::{Found, ReadOptions};
use super::load::Load;
use super::options::LandingOptions;
use super::records::LoadRecord;
use super::rejects::{Marks, ReadAgain};
use crate::execute::{Rows, collect, stream};
use crate::reconciliation::{Copied, CopyStatus};
use crate::session::Session;
use crate::sql::{CopyOptions, RetryRejects, closest, literal};
use crate::values::sql_name;
use crate::warehouse::system::SystemTable;
use crate::warehouse::{Origin, TableDefinition, TableId, check_writable};
use crate::{Error, Result};

/// Records that are tried together.
const RECORDS_AT_A_TIME: usize = 8192;
/// Batches that may wait for the writer of the table.
const BATCHES_IN_FLIGHT: usize = 4;

/// The open rejects of one load.
#[derive(Debug, Clone)]
struct OpenRejects {
    load_id: String,
    source: String,
    again: ReadAgain,
}

/// What a retry of the rejects of one load has come to so far.
#[derive(Debug)]
struct Progress {
    tried: u64,
    rounded: u64,
    marks: Marks,
}

/// Loads the open rejects of a table that fit by now; one result per load that they came from.
///
/// # Errors
/// A table that does not exist, an option that means nothing here, a COLUMNS that would narrow.
pub async fn retry_rejects(session: &Session, retry: &RetryRejects) -> Result<Vec<Copied>> {
    let id = session.resolve_in_warehouse(&retry.table)?;
    let locate = |error| retry.table.locate(error);
    check_writable(&id).map_err(locate)?;
    check_options(&retry.options)?;
    let options = LandingOptions::checked(&retry.options, session.threads())?;
    let mut load = Load::begin(session, &id, options).await.map_err(locate)?;
    let Some(table) = load.transaction.definition().cloned() else {
        return Err(locate(
            Error::input(format!("there is no table {id}"))
                .hint("rows that were set aside can only be tried again while their table exists"),
        ));
    };
    if let Some(wider) = widened(&table, &load)? {
        load.transaction.evolve(wider)?;
    }
    let mut copied = Vec::new();
    for open in open_rejects(session, &id, &load).await? {
        copied.push(load.retry(&open).await?);
    }
    if copied.iter().any(|source| source.loaded > 0) {
        load.commit().await?;
    }
    Ok(copied)
}

fn check_options(options: &CopyOptions) -> Result<()> {
    let given = options.of_landing().into_iter().map(|(name, _)| name);
    let foreign = given
        .filter(|name| !["COLUMNS", "ON_LOSS"].contains(name))
        .chain(options.layout.given().into_iter().map(|(name, _)| name))
        .next();
    match foreign {
        Some(name) => Err(
            Error::input(format!("{name} means nothing for RETRY REJECTS")).hint(
                "the rows are read as they were before; COLUMNS and ON_LOSS can be said anew",
            ),
        ),
        None => Ok(()),
    }
}

/// The table with the types that COLUMNS declares, each of which must hold what is there.
fn widened(table: &TableDefinition, load: &Load<'_>) -> Result<Option<TableDefinition>> {
    let declared = declared_types(&load.options.read, load.planner.state())?;
    let mut fields: Vec<Field> = table
        .schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    for (name, data_type) in declared {
        let Some(field) = fields.iter_mut().find(|field| field.name() == name) else {
            let names = table
                .schema
                .fields()
                .iter()
                .map(|field| field.name().as_str());
            let error = Error::input(format!("the table has no column `{name}`"));
            return Err(match closest(name, names) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        let both = Found::Type(field.data_type().clone()).and(Found::Type(data_type.clone()));
        if both.map(|both| both.data_type()).as_ref() != Some(&data_type) {
            return Err(Error::input(format!(
                "column `{name}` is {} and {} does not hold all that it may",
                sql_name(field.data_type()),
                sql_name(&data_type)
            ))
            .hint("COLUMNS can only widen here, such as DECIMAL(7,2) to DECIMAL(12,2)"));
        }
        field.set_data_type(data_type);
    }
    let wider = TableDefinition::with_fields(table, fields)?;
    Ok((wider.schema != table.schema).then_some(wider))
}

/// The loads of the table with rejects that still count, in the order of time.
async fn open_rejects(
    session: &Session,
    id: &TableId,
    load: &Load<'_>,
) -> Result<Vec<OpenRejects>> {
    if !SystemTable::Rejects.exists(session)? {
        return Ok(Vec::new());
    }
    let query = format!(
        "SELECT DISTINCT load_id, source, options FROM system.rejects \
         WHERE target = {} AND retried_at IS NULL ORDER BY load_id",
        literal(&id.to_string())
    );
    let mut open = Vec::new();
    for batch in collect(session, &query).await? {
        let [loads, sources, options] = [0, 1, 2].map(|column| text(&batch, column));
        let (loads, sources, options) = (loads?, sources?, options?);
        for row in 0..batch.num_rows() {
            let again = ReadAgain::from_json(options.as_string::<i32>().value(row))?;
            let rejects = OpenRejects {
                load_id: loads.as_string::<i32>().value(row).to_owned(),
                source: sources.as_string::<i32>().value(row).to_owned(),
                again,
            };
            let still_there = load.ledger.holds_load(&rejects.load_id)
                && load
                    .ledger
                    .holds_content(&rejects.source, &rejects.again.content_hash);
            if still_there {
                open.push(rejects);
            }
        }
    }
    Ok(open)
}

impl Load<'_> {
    async fn retry(&mut self, open: &OpenRejects) -> Result<Copied> {
        let started = Instant::now();
        let origin = Origin {
            source: open.source.clone(),
            load_id: uuid::Uuid::now_v7().to_string(),
        };
        let now = Utc::now().timestamp_micros();
        let progress = Arc::new(Mutex::new(Progress {
            tried: 0,
            rounded: 0,
            marks: Marks::new(open.load_id.clone(), origin.load_id.clone(), now),
        }));
        let attempt = self.attempt(open)?;
        let rejects = stream(self.session, &records_query(&open.load_id)).await?;
        let table = attempt_table(self)?;
        let rows = fitting_rows(attempt, rejects, &table, Arc::clone(&progress));
        let loaded = self.transaction.write(rows, Some(&origin)).await?;
        let progress = Arc::into_inner(progress)
            .ok_or_else(|| Error::internal("rejects are still being read"))?
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let copied = Copied {
            read: progress.tried,
            loaded,
            rejected: progress.tried - progress.marks.count(),
            note: super::load::rounded_note(progress.rounded),
            ..Copied::new(open.source.clone(), &self.id, CopyStatus::Retried)
        }
        .reconciled()?;
        if copied.loaded > 0 {
            self.marks.push(progress.marks);
            self.records.push(LoadRecord {
                load_id: origin.load_id,
                target: self.id.to_string(),
                source: origin.source,
                content_hash: open.again.content_hash.clone(),
                bytes: 0,
                rows_read: copied.read,
                rows_loaded: copied.loaded,
                rows_rejected: copied.rejected,
                rows_duplicate: copied.duplicate,
                seconds: started.elapsed().as_secs_f64(),
                loaded_at: now,
            });
        }
        Ok(copied)
    }

    fn attempt(&self, open: &OpenRejects) -> Result<Attempt> {
        let typed = open.again.file_options()?;
        let mut options = ReadOptions::checked(&typed, self.session.threads())?;
        options.on_loss = self.options.read.on_loss;
        if typed.date_format.is_none() {
            // A few bad rows are no evidence of how the dates of their file are written.
            options = options.without_guessed_dates();
        }
        let state = Arc::clone(self.planner.state());
        let table = attempt_table(self)?;
        let spill_folder = self.session.spill_folder();
        Attempt::new(open.again.clone(), options, table, state, spill_folder)
    }
}

fn attempt_table(load: &Load<'_>) -> Result<TableDefinition> {
    let table = load.transaction.definition().cloned();
    table.ok_or_else(|| Error::internal("rejects are retried without a table"))
}

fn records_query(load_id: &str) -> String {
    format!(
        "SELECT reject, raw, cut FROM system.rejects \
         WHERE load_id = {} AND retried_at IS NULL ORDER BY reject",
        literal(load_id)
    )
}

/// The rejects that fit, as rows; how far they have come is noted meanwhile.
fn fitting_rows(
    attempt: Attempt,
    mut rejects: Rows,
    table: &TableDefinition,
    progress: Arc<Mutex<Progress>>,
) -> SendableRecordBatchStream {
    let schema = Arc::new(table.given_schema());
    let mut stream = RecordBatchReceiverStreamBuilder::new(schema, BATCHES_IN_FLIGHT);
    let sender = stream.tx();
    stream.spawn(async move {
        let attempt = Arc::new(attempt);
        while let Some(batch) = rejects.next().await {
            let batch = batch.map_err(Error::into_datafusion)?;
            for start in (0..batch.num_rows()).step_by(RECORDS_AT_A_TIME) {
                let length = RECORDS_AT_A_TIME.min(batch.num_rows() - start);
                let (attempt, some) = (Arc::clone(&attempt), batch.slice(start, length));
                let rows = blocking(move || try_batch(&attempt, &some))
                    .await
                    .map(|(numbers, attempted)| note(&progress, &numbers, attempted))
                    .map_err(Error::into_datafusion)?;
                for rows in rows {
                    // The receiver is gone when the statement was cancelled or has failed.
                    if sender.send(Ok(rows)).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    });
    stream.build()
}

/// Tries the records of a batch whose text is whole. Of others only a part is known, or bytes that
/// were not text; what would come of them is not what the file says.
fn try_batch(attempt: &Attempt, batch: &RecordBatch) -> Result<(Vec<i64>, Attempted)> {
    let numbers = batch.column(0).as_primitive::<Int64Type>();
    let raw = text(batch, 1)?;
    let (raw, cut) = (raw.as_string::<i32>(), batch.column(2).as_boolean());
    let whole = |row: &usize| {
        let is_cut = cut.is_valid(*row) && cut.value(*row);
        !is_cut && !raw.value(*row).contains('\u{FFFD}')
    };
    let rows: Vec<usize> = (0..batch.num_rows()).filter(whole).collect();
    let records: Vec<&str> = rows.iter().map(|row| raw.value(*row)).collect();
    let attempted = attempt.try_records(&records)?;
    let fits: HashMap<usize, bool> = rows
        .into_iter()
        .zip(attempted.fits.iter().copied())
        .collect();
    let all = (0..batch.num_rows()).map(|row| fits.get(&row).copied().unwrap_or(false));
    let attempted = Attempted {
        fits: all.collect(),
        ..attempted
    };
    Ok((numbers.values().to_vec(), attempted))
}

fn note(progress: &Mutex<Progress>, numbers: &[i64], attempted: Attempted) -> Vec<RecordBatch> {
    let mut progress = progress.lock().unwrap_or_else(PoisonError::into_inner);
    progress.tried += numbers.len() as u64;
    progress.rounded += attempted.rounded;
    for (number, fits) in numbers.iter().zip(&attempted.fits) {
        if *fits {
            progress.marks.push(*number);
        }
    }
    attempted.rows
}

fn text(batch: &RecordBatch, column: usize) -> Result<arrow::array::ArrayRef> {
    Ok(cast(batch.column(column), &DataType::Utf8)?)
}
