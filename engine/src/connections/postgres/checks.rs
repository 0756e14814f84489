//! Finds staged values that the column of an existing table would round, cut or refuse, and names
//! their row; or widens the column, if that was asked for.
//!
//! The server's own message, about a number out of range or broken JSON, names neither column nor
//! row. So each column is cast on its own, and where that fails, the first row that cannot be cast
//! is found by halving: a temporary table gives its rows in the order in which they were copied.

use super::connect::Session;
use super::types;
use crate::connections::checks::{inexact, infinite};
use crate::connections::export::Export;
use crate::connections::plan::{Passage, PlannedColumn};
use crate::connections::statements::{Statements, quote};
use crate::connections::target::Target;
use crate::error::{Error, Kind, Result};
use crate::sql::OnSchemaChange;

/// Checks all columns; says which ones were widened.
///
/// # Errors
/// The first value that does not fit, with its row and column.
pub(super) async fn check_values(
    session: &Session,
    export: &Export,
    target: &mut Target,
    rows: u64,
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for at in 0..target.matched.planned.len() {
        let column = target.matched.planned[at].clone();
        let Some(fault) = find_fault(session, &target.statements(), &column, rows).await? else {
            continue;
        };
        let wider = match export.on_schema_change {
            OnSchemaChange::Add => types::widened(column.kind, &column.target),
            OnSchemaChange::Fail | OnSchemaChange::Ignore => None,
        };
        let Some(wider) = wider else {
            return Err(fault);
        };
        widen(session, &target.name, &column, &wider).await?;
        notes.push(format!(
            "widened {} from {} to {wider}",
            quote(&column.name),
            column.target
        ));
        let planned = &mut target.matched.planned[at];
        if planned.staged == wider {
            planned.passage = Passage::Same;
        }
        planned.target = wider;
    }
    Ok(notes)
}

async fn widen(session: &Session, table: &str, column: &PlannedColumn, wider: &str) -> Result<()> {
    let name = quote(&column.name);
    session
        .run(
            &format!("widen {name} of {table}"),
            &format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {wider}"),
            &[],
        )
        .await?;
    Ok(())
}

async fn find_fault(
    session: &Session,
    statements: &Statements<'_>,
    column: &PlannedColumn,
    rows: u64,
) -> Result<Option<Error>> {
    let target = statements.target;
    if column.passage == Passage::Same {
        return Ok(None);
    }
    if column.passage == Passage::Finite
        && let Some((value, row)) =
            find(session, column, &statements.find_infinite(column)?).await?
    {
        return Ok(Some(infinite(target, column, &value, row)));
    }
    if let Some(refusal) = try_cast(session, statements, column, rows).await? {
        let row = first_refused(session, statements, column, rows).await?;
        let place = format!("row {row}, column {}", quote(&column.name));
        return Ok(Some(refusal.context(place)));
    }
    if column.passage == Passage::Read {
        return Ok(None);
    }
    let found = find(session, column, &statements.find_inexact(column)?).await?;
    Ok(found.map(|(value, row)| inexact(target, column, &value, row)))
}

/// A value and its row.
async fn find(
    session: &Session,
    column: &PlannedColumn,
    sql: &str,
) -> Result<Option<(String, u64)>> {
    let doing = doing(column);
    let Some(found) = session.first_row(&doing, sql, &[]).await? else {
        return Ok(None);
    };
    let read = || Ok((found.try_get(0)?, found.try_get(1)?));
    let (value, row): (Option<String>, i64) =
        read().map_err(|error| session.failed(&doing, error))?;
    Ok(Some((value.unwrap_or_default(), row.unsigned_abs())))
}

/// Casts the first rows; what the server says if it refuses.
async fn try_cast(
    session: &Session,
    statements: &Statements<'_>,
    column: &PlannedColumn,
    rows: u64,
) -> Result<Option<Error>> {
    let doing = doing(column);
    let go = async |sql: &str| session.run(&doing, sql, &[]).await;
    go("SAVEPOINT \"tidemill_cast\"").await?;
    let cast = statements.cast_first(column, rows);
    match session.count(&doing, &cast).await {
        Ok(_) => {
            go("RELEASE SAVEPOINT \"tidemill_cast\"").await?;
            Ok(None)
        }
        Err(refusal) if refusal.kind() == Kind::Input => {
            go("ROLLBACK TO SAVEPOINT \"tidemill_cast\"").await?;
            // Else what follows is written by a transaction of its own within this one.
            go("RELEASE SAVEPOINT \"tidemill_cast\"").await?;
            Ok(Some(refusal))
        }
        Err(lost) => Err(lost),
    }
}

/// The number of the first row that cannot be cast, of which there is one.
async fn first_refused(
    session: &Session,
    statements: &Statements<'_>,
    column: &PlannedColumn,
    rows: u64,
) -> Result<u64> {
    let (mut taken, mut refused) = (0, rows);
    while refused - taken > 1 {
        let middle = taken + (refused - taken) / 2;
        match try_cast(session, statements, column, middle).await? {
            Some(_) => refused = middle,
            None => taken = middle,
        }
    }
    Ok(refused)
}

fn doing(column: &PlannedColumn) -> String {
    format!("fit column {} into {}", quote(&column.name), column.target)
}
