//! One export into SQLite, step by step: the query runs where it did, SQLite on a thread that may
//! block, a short channel between them.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use tokio::sync::mpsc;

use super::error::explain;
use super::target::{Target, plan};
use super::{blocking, check_schema, ledger, open, types};
use crate::connections::columns::Columns;
use crate::connections::export::{Export, Exported, Mode, all_stored};
use crate::connections::fingerprint::Fingerprint;
use crate::connections::plan::PlannedColumn;
use crate::connections::statements::Statements;
use crate::connections::url::SqliteUrl;
use crate::connections::values::Values;
use crate::error::{Error, Result};

const STAGING: &str = "temp.\"tidemill_staging\"";
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
    let columns = Arc::new(Columns::of(&batches.schema())?);
    export.check(&columns)?;
    let (sender, receiver) = mpsc::channel(BATCHES_IN_FLIGHT);
    let writer = {
        let (url, export, columns) = (url.clone(), export.clone(), Arc::clone(&columns));
        blocking(move || write(&url, &export, &columns, receiver))
    };
    let (fed, written) = tokio::join!(feed(batches, &columns, sender), writer);
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

fn write(
    url: &SqliteUrl,
    export: &Export,
    columns: &Arc<Columns>,
    receiver: mpsc::Receiver<Message>,
) -> Result<Exported> {
    let mut connection = open(url)?;
    let planned = plan(&connection, export, columns)?;
    let staged = stage(
        &mut connection,
        export,
        columns,
        &statements(&planned),
        receiver,
    )?;

    let failed = |error| explain(&format!("write to {}", url.path.display()), error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Nothing was locked so far: another export may have created the table meanwhile.
    let target = plan(&transaction, export, columns)?;
    if !target.stages_like(&planned) {
        return Err(Error::input(format!(
            "the table {} was changed while its rows were computed",
            target.name
        ))
        .hint("run the export again"));
    }
    let exported = apply(&transaction, export, &target, &staged)?;
    transaction.commit().map_err(failed)?;
    Ok(exported)
}

fn statements(target: &Target) -> Statements<'_> {
    Statements {
        target: &target.name,
        staging: STAGING,
        columns: &target.columns,
    }
}

/// What arrived in the staging table.
struct Staged {
    rows: u64,
    fingerprint: Option<Fingerprint>,
}

/// Fills a table of SQLite's temporary database, which locks nothing of the file itself.
fn stage(
    connection: &mut Connection,
    export: &Export,
    columns: &Arc<Columns>,
    statements: &Statements<'_>,
    mut receiver: mpsc::Receiver<Message>,
) -> Result<Staged> {
    let failed = |error| explain("stage the rows", error);
    let transaction = connection.transaction().map_err(failed)?;
    transaction
        .execute_batch(&format!(
            "CREATE TABLE {STAGING} ({})",
            statements.staging_columns()
        ))
        .map_err(failed)?;
    let mut staged = Staged {
        rows: 0,
        fingerprint: (export.mode == Mode::Append).then(|| Fingerprint::new(Arc::clone(columns))),
    };
    loop {
        match receiver.blocking_recv() {
            Some(Message::Batch(batch)) => {
                if let Some(fingerprint) = &mut staged.fingerprint {
                    fingerprint.add(&batch);
                }
                insert_batch(&transaction, columns, &batch, staged.rows)?;
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
    columns: &Columns,
    batch: &RecordBatch,
    rows_before: u64,
) -> Result<()> {
    let failed = |error| explain("stage the rows", error);
    let marks = vec!["?"; columns.list().len()].join(", ");
    let mut statement = transaction
        .prepare_cached(&format!("INSERT INTO {STAGING} VALUES ({marks})"))
        .map_err(failed)?;
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

fn apply(
    transaction: &Transaction<'_>,
    export: &Export,
    target: &Target,
    staged: &Staged,
) -> Result<Exported> {
    let statements = &statements(target);
    let key = target.key(export.mode.key());
    if !target.exists {
        run(
            transaction,
            &format!("create the table {}", target.name),
            &statements.create_target(&key),
        )?;
        ledger::forget(transaction, &export.table)?;
    }
    let exported = match &export.mode {
        Mode::Append => append(transaction, export, statements, staged)?,
        Mode::Replace => replace(transaction, export, statements, staged.rows)?,
        Mode::Merge { .. } => merge(transaction, &key, statements, staged.rows)?,
    };
    Ok(Exported {
        created_table: !target.exists,
        ..exported
    })
}

fn append(
    transaction: &Transaction<'_>,
    export: &Export,
    statements: &Statements<'_>,
    staged: &Staged,
) -> Result<Exported> {
    if let Some(fingerprint) = &staged.fingerprint
        && staged.rows > 0
        && let Some(when) = ledger::enter(
            transaction,
            &export.table,
            &fingerprint.finish(),
            staged.rows,
        )?
    {
        return Ok(Exported::known(staged.rows, &when));
    }
    insert(transaction, statements, staged.rows)?;
    Ok(Exported::inserted(staged.rows))
}

fn replace(
    transaction: &Transaction<'_>,
    export: &Export,
    statements: &Statements<'_>,
    rows: u64,
) -> Result<Exported> {
    let target = statements.target;
    let differences = count(
        transaction,
        &format!("compare the batch with {target}"),
        &statements.count_differences(),
    )?;
    if differences == 0 {
        return Ok(Exported::equal(rows));
    }
    let deleted = run(transaction, &format!("empty {target}"), &statements.clear())?;
    insert(transaction, statements, rows)?;
    ledger::forget(transaction, &export.table)?;
    Ok(Exported {
        deleted,
        ..Exported::inserted(rows)
    })
}

fn insert(transaction: &Transaction<'_>, statements: &Statements<'_>, rows: u64) -> Result<()> {
    let doing = format!("insert into {}", statements.target);
    let stored = run(transaction, &doing, &statements.append())?;
    all_stored(rows, stored)
}

fn merge(
    transaction: &Transaction<'_>,
    key: &[&PlannedColumn],
    statements: &Statements<'_>,
    rows: u64,
) -> Result<Exported> {
    for check in statements.key_checks(key) {
        let found = transaction
            .query_row(&check.sql, [], |row| {
                (0..key.len())
                    .map(|at| row.get(at))
                    .collect::<rusqlite::Result<Vec<_>>>()
            })
            .optional()
            .map_err(|error| explain("check the merge key", error))?;
        if let Some(values) = found {
            return Err(check.error(key, &values));
        }
    }
    let target = statements.target;
    let known = count(
        transaction,
        &format!("look for known keys in {target}"),
        &statements.count_known(key),
    )?;
    let written = run(
        transaction,
        &format!("merge into {target}"),
        &statements.merge(key),
    )?;
    Ok(Exported::merged(rows, known, written))
}

fn run(connection: &Connection, doing: &str, sql: &str) -> Result<u64> {
    let rows = connection
        .execute(sql, [])
        .map_err(|error| explain(doing, error))?;
    Ok(rows as u64)
}

fn count(connection: &Connection, doing: &str, sql: &str) -> Result<u64> {
    let count: i64 = connection
        .query_row(sql, [], |row| row.get(0))
        .map_err(|error| explain(doing, error))?;
    u64::try_from(count).map_err(|error| Error::internal("a count is negative").source(error))
}
