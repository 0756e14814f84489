//! One export into Postgres, step by step.

use std::sync::Arc;

use datafusion::execution::SendableRecordBatchStream;

use super::checks::check_values;
use super::connect::{Session, connect};
use super::copy::copy;
use super::finish::finish;
use super::ledger;
use super::target::{lock, make, plan};
use super::verify::{last_command, verify};
use crate::connections::checks::{KeyCheck, outside};
use crate::connections::columns::Columns;
use crate::connections::conflict::conflict_clause;
use crate::connections::dialect::Dialect;
use crate::connections::export::{Export, Exported, Mode, all_stored};
use crate::connections::fingerprint::Fingerprint;
use crate::connections::plan::PlannedColumn;
use crate::connections::remote_expression::in_postgres;
use crate::connections::statements::{Statements, qualified};
use crate::connections::target::Target;
use crate::connections::url::PostgresUrl;
use crate::connections::verification::Verification;
use crate::error::{Error, Result};
use crate::sql::OnConflict;

/// Exports a stream of batches in one transaction.
pub(crate) async fn export(
    url: &PostgresUrl,
    export: &Export,
    batches: SendableRecordBatchStream,
) -> Result<Exported> {
    let columns = Columns::of(&batches.schema())?.with_nul(export.nul);
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
    columns: &Columns,
    batches: SendableRecordBatchStream,
) -> Result<Exported> {
    let begin = Dialect::Postgres.begin();
    session.run("begin a transaction", begin, &[]).await?;
    lock(session, &qualified(&export.schema, &export.table)).await?;
    let mut target = plan(session, export, columns).await?;
    make(session, export, &target).await?;
    if export.is_recorded() {
        prepare_ledger(session, export, &target).await?;
    }
    // What was appended to a table of this name before has gone with that table.
    if !target.exists {
        ledger::forget(session, export).await?;
    }
    let columns = Arc::new(columns.keep(&target.matched.places));
    let (exported, said) = match target.takes_straight(export) {
        true => (
            add(session, export, &columns, &target, batches).await?,
            Vec::new(),
        ),
        false => move_staged(session, export, &columns, &mut target, batches).await?,
    };
    let finished = finish(session, export, target.exists).await?;
    session.run("commit the export", "COMMIT", &[]).await?;
    let said = said.into_iter().chain(finished).chain(columns.note());
    Ok(exported.into_target(export, &target, said))
}

/// Adds rows as they come.
async fn add(
    session: &Session,
    export: &Export,
    columns: &Columns,
    target: &Target,
    batches: SendableRecordBatchStream,
) -> Result<Exported> {
    let doing = format!("copy rows into {}", target.name);
    let into = target.statements().fill_target();
    let rows = copy(session, &doing, &into, columns, batches, |_| Ok(())).await?;
    let batch = Staged {
        rows,
        content: None,
        verification: None,
    };
    let exported = Exported::inserted(rows);
    record(session, export, &batch, &exported).await?;
    Ok(exported)
}

/// Takes rows to a staging table, checks them there and moves them on; with what there is to say.
async fn move_staged(
    session: &Session,
    export: &Export,
    columns: &Arc<Columns>,
    target: &mut Target,
    batches: SendableRecordBatchStream,
) -> Result<(Exported, Vec<String>)> {
    let mut batch = stage(session, export, columns, target, batches).await?;
    let mut said = check_values(session, export, target, batch.rows).await?;
    let before = match batch.verification.is_some() && !said.is_empty() {
        true => last_command(session, target).await?,
        false => -1,
    };
    let exported = apply(session, export, target, &batch).await?;
    record(session, export, &batch, &exported).await?;
    if let Some(sent) = batch.verification.take() {
        said.extend(verify(session, export, target, &exported, sent, before).await?);
    }
    Ok((exported, said))
}

async fn apply(
    session: &Session,
    export: &Export,
    target: &Target,
    batch: &Staged,
) -> Result<Exported> {
    let statements = &target.statements();
    match &export.mode {
        Mode::Append => append(session, export, statements, batch).await,
        Mode::Replace => replace(session, export, statements, batch.rows, None).await,
        Mode::ReplaceWhere { condition } => {
            let condition = in_postgres(condition);
            let doing = "check the rows against DELETE_WHERE";
            let find = statements.find_outside(&export.table, &condition)?;
            match session.count(doing, &find).await? {
                0 => replace(session, export, statements, batch.rows, Some(&condition)).await,
                row => Err(outside(row, &condition)),
            }
        }
        Mode::Merge { .. } => merge(session, &target.key(), statements, batch.rows).await,
        Mode::Insert {
            on_conflict: Some(on_conflict),
        } => insert_or(session, export, target, on_conflict, batch.rows).await,
        Mode::Insert { on_conflict: None } | Mode::Create => {
            insert(session, statements, batch.rows).await?;
            Ok(Exported::inserted(batch.rows))
        }
    }
}

/// What arrived in the staging table.
struct Staged {
    rows: u64,
    /// What tells the rows from others, where nothing else does.
    content: Option<String>,
    verification: Option<Verification>,
}

/// Makes the ledger ready before any row moves, and looks whether somebody was faster.
async fn prepare_ledger(session: &Session, export: &Export, target: &Target) -> Result<()> {
    ledger::prepare(session, export).await?;
    let Some(followed) = export.follows() else {
        return Ok(());
    };
    followed.check_added(&target.matched.added)?;
    if !target.exists {
        return export.check_ledger(followed, None, false);
    }
    let last = ledger::last(session, export, &followed.table_id).await?;
    let by_content = ledger::has_batches_by_content(session, export).await?;
    export.check_ledger(followed, last.as_ref(), by_content)
}

/// Writes into the ledger what was done; a batch that it knows stays as it is there.
async fn record(
    session: &Session,
    export: &Export,
    batch: &Staged,
    exported: &Exported,
) -> Result<()> {
    let Some(entry) = export.entry(batch.content.as_deref(), batch.rows) else {
        return Ok(());
    };
    if exported.wrote_nothing()
        && ledger::known(session, export, &entry.batch_hash)
            .await?
            .is_some()
    {
        return Ok(());
    }
    ledger::enter(session, export, &entry).await
}

async fn stage(
    session: &Session,
    export: &Export,
    columns: &Arc<Columns>,
    target: &Target,
    batches: SendableRecordBatchStream,
) -> Result<Staged> {
    let statements = &target.statements();
    session
        .run("create a staging table", &statements.create_staging(), &[])
        .await?;
    let doing = "copy rows into a staging table";
    let into = statements.fill_staging();
    let by_content = export.mode == Mode::Append && export.followed.is_none();
    let mut fingerprint = by_content.then(|| Fingerprint::new(Arc::clone(columns)));
    let mut verification = export
        .verify
        .then(|| Verification::new(columns, statements.columns));
    let rows = copy(session, doing, &into, columns, batches, |batch| {
        if let Some(fingerprint) = &mut fingerprint {
            fingerprint.add(batch);
        }
        match &mut verification {
            Some(verification) => verification.add(batch),
            None => Ok(()),
        }
    })
    .await?;
    let arrived = session
        .count("count the staged rows", &statements.count_staged())
        .await?;
    if arrived != rows {
        return Err(Error::internal(format!(
            "{rows} rows were sent and {arrived} arrived; nothing was exported"
        )));
    }
    // Without statistics the server may read a large target in full to merge one row.
    session
        .run(
            "analyse the staged rows",
            &format!("ANALYZE {}", Dialect::Postgres.staging()),
            &[],
        )
        .await?;
    Ok(Staged {
        rows,
        // No rows are no batch.
        content: fingerprint
            .filter(|_| rows > 0)
            .map(|fingerprint| fingerprint.finish()),
        verification,
    })
}

async fn append(
    session: &Session,
    export: &Export,
    statements: &Statements<'_>,
    batch: &Staged,
) -> Result<Exported> {
    if !export.force
        && let Some(content) = &batch.content
        && let Some(by) = ledger::known(session, export, content).await?
    {
        return Ok(Exported::known(batch.rows, &by));
    }
    insert(session, statements, batch.rows).await?;
    Ok(Exported::inserted(batch.rows))
}

async fn replace(
    session: &Session,
    export: &Export,
    statements: &Statements<'_>,
    rows: u64,
    condition: Option<&str>,
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
        .count(&doing, &statements.count_differences(condition))
        .await?
        == 0
    {
        return Ok(Exported::equal(rows, condition));
    }
    let clear = match condition {
        None => statements.clear(),
        Some(condition) => statements.clear_where(condition),
    };
    let deleted = session.run(&format!("empty {target}"), &clear, &[]).await?;
    insert(session, statements, rows).await?;
    // Rows beyond a window are still those that were appended.
    if condition.is_none() {
        ledger::forget(session, export).await?;
    }
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
    check_key(session, key, &statements.key_checks(key)).await?;
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

/// An INSERT that says what to do about rows that a unique index does not take.
async fn insert_or(
    session: &Session,
    export: &Export,
    target: &Target,
    on_conflict: &OnConflict,
    rows: u64,
) -> Result<Exported> {
    let statements = target.statements();
    let clause = conflict_clause(on_conflict, |expression| Ok(in_postgres(expression)))?;
    let key = clause.key(statements.columns, target.dialect.same_name());
    let mut known = None;
    if let Some(key) = &key {
        // Postgres would refuse a second change of a row, too, but without naming it.
        let [_, twice] = statements.key_checks(key);
        check_key(session, key, &[twice]).await?;
        let doing = format!("look for known keys in {}", target.name);
        known = Some(session.count(&doing, &statements.count_known(key)).await?);
    }
    let doing = format!("insert into {}", target.name);
    let sql = statements.insert(&export.table, &clause.sql);
    let written = session.run(&doing, &sql, &[]).await?;
    Ok(match known {
        Some(known) => Exported::merged(rows, known, written),
        None => Exported::inserted_of(rows, written),
    })
}

async fn check_key(session: &Session, key: &[&PlannedColumn], checks: &[KeyCheck]) -> Result<()> {
    let doing = "check the key";
    for check in checks {
        if let Some(row) = session.first_row(doing, &check.sql, &[]).await? {
            let values = (0..key.len())
                .map(|at| row.try_get(at))
                .collect::<Result<Vec<Option<String>>, _>>()
                .map_err(|error| session.failed(doing, error))?;
            return Err(check.error(key, &values));
        }
    }
    Ok(())
}
