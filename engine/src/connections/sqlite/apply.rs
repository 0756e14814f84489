//! The statements of an export, between `BEGIN IMMEDIATE` and `COMMIT`: from the staged rows to the
//! target.

use rusqlite::{Connection, OptionalExtension, Transaction};

use super::error::explain;
use super::finish::finish;
use super::kinds::read_as;
use super::verify::{Before, verify};
use super::{count, ledger, run};
use crate::connections::checks::{KeyCheck, inexact, infinite, outside};
use crate::connections::column_type::ColumnType;
use crate::connections::conflict::conflict_clause;
use crate::connections::export::{Export, Exported, Mode, all_stored};
use crate::connections::plan::{Passage, PlannedColumn};
use crate::connections::remote_expression::in_sqlite;
use crate::connections::statements::{Statements, quote};
use crate::connections::target::Target;
use crate::connections::verification::Verification;
use crate::error::Result;
use crate::sql::OnConflict;

/// What arrived in the staging table.
pub(super) struct Staged {
    pub(super) rows: u64,
    /// What tells the rows from others, where nothing else does.
    pub(super) content: Option<String>,
    pub(super) verification: Option<Verification>,
}

/// Does all that the export asks for; the caller commits.
///
/// # Errors
/// Values, keys or rows that the table does not take.
pub(super) fn apply(
    transaction: &Transaction<'_>,
    export: &Export,
    target: &Target,
    mut staged: Staged,
) -> Result<Exported> {
    make(transaction, export, target)?;
    if export.is_recorded() {
        prepare_ledger(transaction, export, target)?;
    }
    check_values(transaction, target)?;
    let verification = staged.verification.take();
    let before = verification
        .as_ref()
        .map(|_| Before::of(transaction, export, target))
        .transpose()?;
    let exported = move_rows(transaction, export, target, &staged)?;
    record(transaction, export, &staged, &exported)?;
    let verified = match (verification, before) {
        (Some(sent), Some(before)) => {
            verify(transaction, export, target, &exported, &sent, &before)?
        }
        _ => None,
    };
    let finished = finish(transaction, export, &target.name)?;
    let said = verified.into_iter().chain(finished);
    Ok(exported.into_target(export, target, said))
}

/// Creates the table when it is missing, or gives it the columns that it lacks.
fn make(transaction: &Transaction<'_>, export: &Export, target: &Target) -> Result<()> {
    let statements = target.statements();
    if !target.exists {
        let doing = format!("create the table {}", target.name);
        run(
            transaction,
            &doing,
            &statements.create_target(&target.key()),
        )?;
        ledger::forget(transaction, &export.table)?;
    }
    for column in &target.matched.added {
        let doing = format!("add the column {} to {}", quote(&column.name), target.name);
        run(transaction, &doing, &statements.add_column(column))?;
    }
    Ok(())
}

/// Makes the ledger ready before any row moves, and looks whether somebody was faster.
fn prepare_ledger(transaction: &Transaction<'_>, export: &Export, target: &Target) -> Result<()> {
    ledger::prepare(transaction)?;
    let Some(followed) = export.follows() else {
        return Ok(());
    };
    followed.check_added(&target.matched.added)?;
    let last = ledger::last(transaction, &export.table, &followed.table_id)?;
    let by_content = ledger::has_batches_by_content(transaction, &export.table)?;
    export.check_ledger(followed, last.as_ref(), by_content)
}

/// Writes into the ledger what was done; a batch that it knows stays as it is there.
fn record(
    transaction: &Transaction<'_>,
    export: &Export,
    staged: &Staged,
    exported: &Exported,
) -> Result<()> {
    let Some(entry) = export.entry(staged.content.as_deref(), staged.rows) else {
        return Ok(());
    };
    let is_known = ledger::known(transaction, &export.table, &entry.batch_hash)?.is_some();
    match is_known && exported.wrote_nothing() {
        true => Ok(()),
        false => ledger::enter(transaction, &entry),
    }
}

/// SQLite stores any value anywhere, so it is here that decimals are held to the digits that their
/// column declares, and integers to whole numbers: else the next reader would refuse them.
fn check_values(transaction: &Transaction<'_>, target: &Target) -> Result<()> {
    let statements = target.statements();
    let name = &target.name;
    for column in &target.matched.planned {
        if column.passage == Passage::Finite
            && let Some((value, row)) =
                find(transaction, column, &statements.find_infinite(column)?)?
        {
            return Err(infinite(name, column, &value, row));
        }
        if column.passage != Passage::Same
            && let Some(misfit) = misfit(column)
            && let Some((value, row)) =
                find(transaction, column, &statements.find(column, &misfit)?)?
        {
            return Err(inexact(name, column, &value, row));
        }
    }
    Ok(())
}

/// The condition under which a staged value is none that a reader of the column takes.
fn misfit(column: &PlannedColumn) -> Option<String> {
    let value = format!("\"staged\".{}", quote(&column.name));
    match read_as(&column.target).column {
        ColumnType::Decimal { precision, scale } => Some(format!(
            "round({value}, {scale}) <> {value} OR abs({value}) >= 1e{}",
            precision - scale
        )),
        // The affinity has made an integer of every number that is one.
        ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt => {
            Some(format!("typeof({value}) = 'real'"))
        }
        _ => None,
    }
}

/// A value and its row.
fn find(
    transaction: &Transaction<'_>,
    column: &PlannedColumn,
    sql: &str,
) -> Result<Option<(String, u64)>> {
    transaction
        .query_row(sql, [], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()))
        })
        .optional()
        .map_err(|error| explain(&format!("check column {}", quote(&column.name)), error))
}

fn move_rows(
    transaction: &Transaction<'_>,
    export: &Export,
    target: &Target,
    staged: &Staged,
) -> Result<Exported> {
    let statements = &target.statements();
    match &export.mode {
        Mode::Append => append(transaction, export, statements, staged),
        Mode::Replace => replace(transaction, export, statements, staged.rows, None),
        Mode::ReplaceWhere { condition } => {
            let condition = in_sqlite(condition)?;
            let doing = "check the rows against DELETE_WHERE";
            let find = statements.find_outside(&export.table, &condition)?;
            match count(transaction, doing, &find)? {
                0 => replace(
                    transaction,
                    export,
                    statements,
                    staged.rows,
                    Some(&condition),
                ),
                row => Err(outside(row, &condition)),
            }
        }
        Mode::Merge { .. } => merge(transaction, &target.key(), statements, staged.rows),
        Mode::Insert {
            on_conflict: Some(on_conflict),
        } => insert_or(transaction, export, statements, on_conflict, staged.rows),
        Mode::Insert { on_conflict: None } | Mode::Create => {
            insert(transaction, statements, staged.rows)?;
            Ok(Exported::inserted(staged.rows))
        }
    }
}

fn append(
    transaction: &Transaction<'_>,
    export: &Export,
    statements: &Statements<'_>,
    staged: &Staged,
) -> Result<Exported> {
    if !export.force
        && let Some(content) = &staged.content
        && let Some(by) = ledger::known(transaction, &export.table, content)?
    {
        return Ok(Exported::known(staged.rows, &by));
    }
    insert(transaction, statements, staged.rows)?;
    Ok(Exported::inserted(staged.rows))
}

fn replace(
    transaction: &Transaction<'_>,
    export: &Export,
    statements: &Statements<'_>,
    rows: u64,
    condition: Option<&str>,
) -> Result<Exported> {
    let target = statements.target;
    let differences = count(
        transaction,
        &format!("compare the batch with {target}"),
        &statements.count_differences(condition),
    )?;
    if differences == 0 {
        return Ok(Exported::equal(rows, condition));
    }
    let clear = match condition {
        None => statements.clear(),
        Some(condition) => statements.clear_where(condition),
    };
    let deleted = run(transaction, &format!("empty {target}"), &clear)?;
    insert(transaction, statements, rows)?;
    // Rows beyond a window are still those that were appended.
    if condition.is_none() {
        ledger::forget(transaction, &export.table)?;
    }
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
    check_key(transaction, key, &statements.key_checks(key))?;
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

/// An INSERT that says what to do about rows that a unique index does not take.
fn insert_or(
    transaction: &Transaction<'_>,
    export: &Export,
    statements: &Statements<'_>,
    on_conflict: &OnConflict,
    rows: u64,
) -> Result<Exported> {
    let clause = conflict_clause(on_conflict, in_sqlite)?;
    let mut known = None;
    if let Some(key) = clause.key(statements.columns, statements.dialect.same_name()) {
        // SQLite would change a row twice, Postgres does not: neither knows which one is meant.
        let [_, twice] = statements.key_checks(&key);
        check_key(transaction, &key, &[twice])?;
        let doing = format!("look for known keys in {}", statements.target);
        known = Some(count(transaction, &doing, &statements.count_known(&key))?);
    }
    let doing = format!("insert into {}", statements.target);
    let written = run(
        transaction,
        &doing,
        &statements.insert(&export.table, &clause.sql),
    )?;
    Ok(match known {
        Some(known) => Exported::merged(rows, known, written),
        None => Exported::inserted_of(rows, written),
    })
}

fn check_key(connection: &Connection, key: &[&PlannedColumn], checks: &[KeyCheck]) -> Result<()> {
    for check in checks {
        let found = connection
            .query_row(&check.sql, [], |row| {
                (0..key.len())
                    .map(|at| row.get(at))
                    .collect::<rusqlite::Result<Vec<_>>>()
            })
            .optional()
            .map_err(|error| explain("check the key", error))?;
        if let Some(values) = found {
            return Err(check.error(key, &values));
        }
    }
    Ok(())
}
