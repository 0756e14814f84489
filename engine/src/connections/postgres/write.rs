//! One export into Postgres, step by step.

use std::pin::pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use datafusion::execution::SendableRecordBatchStream;
use futures::{SinkExt, StreamExt};
use pgpq::ArrowToPostgresBinaryEncoder;

use super::connect::{Session, connect};
use super::ledger;
use super::target::{Target, lock, prepare};
use crate::connections::columns::Columns;
use crate::connections::export::{Export, Exported, Mode, all_stored};
use crate::connections::fingerprint::Fingerprint;
use crate::connections::plan::{Passage, PlannedColumn};
use crate::connections::statements::{Statements, names, qualified, quote};
use crate::connections::url::PostgresUrl;
use crate::error::{Error, Result};

const STAGING: &str = "pg_temp.\"tidemill_staging\"";
const SEND_BYTES: usize = 256 * 1024;

/// Exports a stream of batches in one transaction.
pub(crate) async fn export(
    url: &PostgresUrl,
    export: &Export,
    batches: SendableRecordBatchStream,
) -> Result<Exported> {
    let columns = Arc::new(Columns::of(&batches.schema())?);
    export.check(&columns)?;
    let session = connect(url).await?;
    match transact(&session, export, &columns, batches).await {
        Ok(exported) => Ok(exported),
        Err(error) => Err(session.abandon(error).await),
    }
}

async fn transact(
    session: &Session,
    export: &Export,
    columns: &Arc<Columns>,
    batches: SendableRecordBatchStream,
) -> Result<Exported> {
    // READ COMMITTED whatever the server's default: each statement must see what the export before
    // this one committed while this one waited for the lock.
    session
        .run(
            "begin a transaction",
            "BEGIN ISOLATION LEVEL READ COMMITTED",
            &[],
        )
        .await?;
    lock(session, &qualified(&export.schema, &export.table)).await?;
    let target = prepare(session, export, columns).await?;
    let statements = Statements {
        target: &target.name,
        staging: STAGING,
        columns: &target.columns,
    };
    let batch = stage(session, export, columns, &statements, batches).await?;
    check_values(session, &target, &statements).await?;

    let mut exported = match &export.mode {
        Mode::Append => append(session, export, &target, &statements, &batch).await?,
        Mode::Replace => replace(session, export, &statements, batch.rows).await?,
        Mode::Merge { key } => merge(session, &target.key(key), &statements, batch.rows).await?,
    };
    exported.created_table = target.created;
    session.run("commit the export", "COMMIT", &[]).await?;
    Ok(exported)
}

/// What arrived in the staging table.
struct Staged {
    rows: u64,
    fingerprint: Option<Fingerprint>,
}

async fn stage(
    session: &Session,
    export: &Export,
    columns: &Arc<Columns>,
    statements: &Statements<'_>,
    batches: SendableRecordBatchStream,
) -> Result<Staged> {
    let sql = format!(
        "CREATE TEMP TABLE {STAGING} ({}) ON COMMIT DROP",
        statements.staging_columns()
    );
    session.run("create a staging table", &sql, &[]).await?;
    let staged = copy(session, export, columns, statements, batches).await?;
    let arrived = session
        .count("count the staged rows", &statements.count_staged())
        .await?;
    if arrived != staged.rows {
        return Err(Error::internal(format!(
            "{} rows were sent and {arrived} arrived; nothing was exported",
            staged.rows
        )));
    }
    // Without statistics the server may read a large target in full to merge one row.
    session
        .run(
            "analyse the staged rows",
            &format!("ANALYZE {STAGING}"),
            &[],
        )
        .await?;
    Ok(staged)
}

async fn copy(
    session: &Session,
    export: &Export,
    columns: &Arc<Columns>,
    statements: &Statements<'_>,
    mut batches: SendableRecordBatchStream,
) -> Result<Staged> {
    let doing = "copy rows into a staging table";
    let failed = |error| session.failed(doing, error);
    let encoding = |error: pgpq::error::ErrorKind| {
        Error::input(format!("a value cannot be sent to Postgres: {error}")).source(error)
    };
    let sql = format!(
        "COPY {STAGING} ({}) FROM STDIN (FORMAT binary)",
        names(statements.columns)
    );
    let mut sink = pin!(
        session
            .client
            .copy_in::<_, Bytes>(&sql)
            .await
            .map_err(failed)?
    );
    let mut encoder = ArrowToPostgresBinaryEncoder::try_new(columns.schema()).map_err(encoding)?;
    let mut staged = Staged {
        rows: 0,
        fingerprint: (export.mode == Mode::Append).then(|| Fingerprint::new(Arc::clone(columns))),
    };
    let mut buffer = BytesMut::with_capacity(2 * SEND_BYTES);
    encoder.write_header(&mut buffer).map_err(encoding)?;
    while let Some(batch) = batches.next().await {
        let batch = columns.normalise(&batch?, staged.rows)?;
        staged.rows += batch.num_rows() as u64;
        if let Some(fingerprint) = &mut staged.fingerprint {
            fingerprint.add(&batch);
        }
        encoder.write_batch(&batch, &mut buffer).map_err(encoding)?;
        if buffer.len() >= SEND_BYTES {
            sink.send(buffer.split().freeze()).await.map_err(failed)?;
        }
    }
    encoder.write_footer(&mut buffer).map_err(encoding)?;
    sink.send(buffer.freeze()).await.map_err(failed)?;
    let copied = sink.finish().await.map_err(failed)?;
    match copied == staged.rows {
        true => Ok(staged),
        false => Err(Error::internal(format!(
            "{} rows were sent and the server read {copied}",
            staged.rows
        ))),
    }
}

/// Finds values that the column of an existing table would round, cut or refuse. One query per
/// column, because the server's own message, about a number out of range or broken JSON, names none.
async fn check_values(
    session: &Session,
    target: &Target,
    statements: &Statements<'_>,
) -> Result<()> {
    for column in &target.columns {
        let name = quote(&column.name);
        let doing = format!("fit column {name} into {}", column.target);
        match column.passage {
            Passage::Same => {}
            Passage::Read => {
                session.count(&doing, &statements.read_all(column)).await?;
            }
            Passage::Exact => {
                let Some(row) = session
                    .first_row(&doing, &statements.find_inexact(column), &[])
                    .await?
                else {
                    continue;
                };
                let value: Option<String> = row
                    .try_get(0)
                    .map_err(|error| session.failed(&doing, error))?;
                return Err(Error::input(format!(
                    "the value {} of column {name} does not fit {} of {} exactly",
                    value.unwrap_or_default(),
                    column.target,
                    target.name
                ))
                .hint("round or cast it in the query, or widen the column of the table"));
            }
        }
    }
    Ok(())
}

async fn append(
    session: &Session,
    export: &Export,
    target: &Target,
    statements: &Statements<'_>,
    batch: &Staged,
) -> Result<Exported> {
    if target.created {
        ledger::forget(session, export).await?;
    }
    if let Some(fingerprint) = &batch.fingerprint
        && batch.rows > 0
        && let Some(when) =
            ledger::enter(session, export, &fingerprint.finish(), batch.rows).await?
    {
        return Ok(Exported::known(batch.rows, &when));
    }
    insert(session, statements, batch.rows).await?;
    Ok(Exported::inserted(batch.rows))
}

async fn replace(
    session: &Session,
    export: &Export,
    statements: &Statements<'_>,
    rows: u64,
) -> Result<Exported> {
    let target = statements.target;
    // Readers go on; another writer's rows must not slip in between the comparison and the delete.
    session
        .run(
            &format!("lock {target}"),
            &format!("LOCK TABLE {target} IN SHARE ROW EXCLUSIVE MODE"),
            &[],
        )
        .await?;
    let doing = format!("compare the batch with {target}");
    if session
        .count(&doing, &statements.count_differences())
        .await?
        == 0
    {
        return Ok(Exported::equal(rows));
    }
    let deleted = session
        .run(&format!("empty {target}"), &statements.clear(), &[])
        .await?;
    insert(session, statements, rows).await?;
    ledger::forget(session, export).await?;
    Ok(Exported {
        deleted,
        ..Exported::inserted(rows)
    })
}

async fn insert(session: &Session, statements: &Statements<'_>, rows: u64) -> Result<()> {
    let doing = format!("insert into {}", statements.target);
    let stored = session.run(&doing, &statements.append(), &[]).await?;
    all_stored(rows, stored)
}

async fn merge(
    session: &Session,
    key: &[&PlannedColumn],
    statements: &Statements<'_>,
    rows: u64,
) -> Result<Exported> {
    let doing = "check the merge key";
    for check in statements.key_checks(key) {
        if let Some(row) = session.first_row(doing, &check.sql, &[]).await? {
            let values = (0..key.len())
                .map(|at| row.try_get(at))
                .collect::<Result<Vec<Option<String>>, _>>()
                .map_err(|error| session.failed(doing, error))?;
            return Err(check.error(key, &values));
        }
    }
    let target = statements.target;
    let known = session
        .count(
            &format!("look for known keys in {target}"),
            &statements.count_known(key),
        )
        .await?;
    let written = session
        .run(&format!("merge into {target}"), &statements.merge(key), &[])
        .await?;
    Ok(Exported::merged(rows, known, written))
}
