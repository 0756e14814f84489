//! One export into SQLite, step by step: the query runs where it did, SQLite on a thread that may
//! block, a short channel between them.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::mpsc;

use super::apply::{Staged, apply};
use super::error::explain;
use super::finish::refuse_impossible;
use super::target::plan;
use super::{blocking, check_schema, count, open, types};
use crate::connections::columns::Columns;
use crate::connections::export::{Export, Exported, Mode};
use crate::connections::fingerprint::Fingerprint;
use crate::connections::target::Target;
use crate::connections::url::SqliteUrl;
use crate::connections::values::Values;
use crate::connections::verification::Verification;
use crate::error::{Error, Result};

/// Enough that neither side waits for the other's pauses, little to hold in memory.
const BATCHES_IN_FLIGHT: usize = 2;

/// What the query sends to the writer. A channel that closes without `End` was abandoned, and its
/// rows must not be committed.
enum Message {
    Batch(RecordBatch),
    End,
}

/// Exports a stream of batches in one transaction.
pub(crate) async fn export(
    url: &SqliteUrl,
    export: &Export,
    batches: SendableRecordBatchStream,
) -> Result<Exported> {
    check_schema(&export.schema)?;
    let columns = Columns::of(&batches.schema())?.with_nul(export.nul);
    export.check(&columns)?;
    refuse_impossible(&export.finish)?;
    let (connection, planned) = {
        let (url, export, columns) = (url.clone(), export.clone(), columns.clone());
        blocking(move || {
            let connection = open(&url)?;
            let planned = plan(&connection, &export, &columns)?;
            Ok((connection, planned))
        })
        .await?
    };
    let staged = Arc::new(columns.keep(&planned.matched.places));
    let (sender, receiver) = mpsc::channel(BATCHES_IN_FLIGHT);
    let writer = Writer {
        connection,
        planned,
        export: export.clone(),
        given: columns,
        columns: Arc::clone(&staged),
    };
    let doing = format!("write to {}", url.path.display());
    let writer = blocking(move || writer.write(&doing, receiver));
    let (fed, written) = tokio::join!(feed(batches, &staged, sender), writer);
    // When the query failed, the writer only reports that it was left alone.
    fed?;
    written
}

async fn feed(
    mut batches: SendableRecordBatchStream,
    columns: &Columns,
    sender: mpsc::Sender<Message>,
) -> Result<()> {
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = columns.normalise(&batch?, rows)?;
        rows += batch.num_rows() as u64;
        if sender.send(Message::Batch(batch)).await.is_err() {
            // The writer gave up and says why.
            return Ok(());
        }
    }
    let _ = sender.send(Message::End).await;
    Ok(())
}

/// An export that waits for its rows.
struct Writer {
    connection: Connection,
    planned: Target,
    export: Export,
    /// All columns that the query gives.
    given: Columns,
    /// Those that are exported.
    columns: Arc<Columns>,
}

impl Writer {
    fn write(mut self, doing: &str, receiver: mpsc::Receiver<Message>) -> Result<Exported> {
        let staged = stage(
            &mut self.connection,
            &self.export,
            &self.columns,
            &self.planned,
            receiver,
        )?;
        let failed = |error| explain(doing, error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        // Nothing was locked so far: another export may have created the table meanwhile.
        let target = plan(&transaction, &self.export, &self.given)?;
        if !target.stages_like(&self.planned) {
            return Err(Error::input(format!(
                "the table {} was changed while its rows were computed",
                target.name
            ))
            .hint("run the export again"));
        }
        let exported = apply(&transaction, &self.export, &target, staged)?;
        transaction.commit().map_err(failed)?;
        Ok(exported.noted(self.columns.note()))
    }
}

/// Fills a table of SQLite's temporary database, which locks nothing of the file itself.
fn stage(
    connection: &mut Connection,
    export: &Export,
    columns: &Arc<Columns>,
    target: &Target,
    mut receiver: mpsc::Receiver<Message>,
) -> Result<Staged> {
    let statements = target.statements();
    let failed = |error| explain("stage the rows", error);
    let transaction = connection.transaction().map_err(failed)?;
    transaction
        .execute_batch(&statements.create_staging())
        .map_err(failed)?;
    let by_content = export.mode == Mode::Append && export.followed.is_none();
    let mut fingerprint = by_content.then(|| Fingerprint::new(Arc::clone(columns)));
    let mut staged = Staged {
        rows: 0,
        content: None,
        verification: export
            .verify
            .then(|| Verification::new(columns, statements.columns)),
    };
    loop {
        match receiver.blocking_recv() {
            Some(Message::Batch(batch)) => {
                if let Some(fingerprint) = &mut fingerprint {
                    fingerprint.add(&batch);
                }
                if let Some(verification) = &mut staged.verification {
                    verification.add(&batch)?;
                }
                let sql = statements.fill_staging();
                insert_batch(&transaction, &sql, columns, &batch, staged.rows)?;
                staged.rows += batch.num_rows() as u64;
            }
            Some(Message::End) => break,
            None => {
                return Err(Error::internal(
                    "the export was abandoned before its last row",
                ));
            }
        }
    }
    // No rows are no batch.
    staged.content = fingerprint
        .filter(|_| staged.rows > 0)
        .map(|fingerprint| fingerprint.finish());
    let arrived = count(
        &transaction,
        "count the staged rows",
        &statements.count_staged(),
    )?;
    if arrived != staged.rows {
        return Err(Error::internal(format!(
            "{} rows were sent and {arrived} arrived; nothing was exported",
            staged.rows
        )));
    }
    transaction.commit().map_err(failed)?;
    Ok(staged)
}

fn insert_batch(
    transaction: &Transaction<'_>,
    sql: &str,
    columns: &Columns,
    batch: &RecordBatch,
    rows_before: u64,
) -> Result<()> {
    let failed = |error| explain("stage the rows", error);
    let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
    let values: Vec<_> = columns
        .list()
        .iter()
        .zip(batch.columns())
        .map(|(column, array)| (column, Values::of(column.kind, array)))
        .collect();
    for row in 0..batch.num_rows() {
        for (at, (column, values)) in values.iter().enumerate() {
            let value = types::bind(values, column.kind, row).map_err(|reason| {
                Error::input(format!(
                    "row {}, column \"{}\": the value cannot be stored: {reason}",
                    rows_before + row as u64 + 1,
                    column.name
                ))
                .hint("round it, cast it to TEXT, or export to Postgres")
            })?;
            statement
                .raw_bind_parameter(at + 1, value)
                .map_err(failed)?;
        }
        statement.raw_execute().map_err(failed)?;
    }
    Ok(())
}
