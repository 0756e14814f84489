//! What a table is to have besides its rows. SQLite has indexes; it has no roles, so no rights and
//! no owners, and no comments.

use rusqlite::Transaction;

use super::run;
use super::target::{indexes, primary_key};
use crate::connections::dialect::Dialect;
use crate::connections::export::{Export, Finish};
use crate::connections::statements::quote;
use crate::error::{Error, Result};

/// Refuses what would be silently missing, before anything is read.
///
/// # Errors
/// GRANT or OWNER.
pub(super) fn refuse_impossible(wishes: &Finish) -> Result<()> {
    let option = match (wishes.grants.is_empty(), &wishes.owner) {
        (false, _) => "GRANT",
        (true, Some(_)) => "OWNER",
        (true, None) => return Ok(()),
    };
    Err(
        Error::input(format!("SQLite has no roles: {option} means nothing there"))
            .hint("leave it out; who may read the file decides who may read its tables"),
    )
}

/// Makes what is missing; says what was made, and what SQLite does not have.
///
/// # Errors
/// A column that does not exist.
pub(super) fn finish(
    transaction: &Transaction<'_>,
    export: &Export,
    name: &str,
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for columns in &export.finish.indexes {
        notes.extend(index(transaction, export, name, columns)?);
    }
    if export.finish.comment.is_some() {
        notes.push("SQLite keeps no comments: COMMENT was left out".to_owned());
    }
    Ok(notes)
}

fn index(
    transaction: &Transaction<'_>,
    export: &Export,
    name: &str,
    columns: &[String],
) -> Result<Option<String>> {
    let same_name = Dialect::Sqlite.same_name();
    let same = |known: &Vec<String>| {
        known.len() == columns.len() && known.iter().zip(columns).all(|(a, b)| same_name(a, b))
    };
    let mut known = indexes(transaction, &export.table)?;
    known.push(primary_key(transaction, &export.table)?);
    if known.iter().any(same) {
        return Ok(None);
    }
    let list: Vec<_> = columns.iter().map(|column| quote(column)).collect();
    let list = list.join(", ");
    let base = format!("{}_{}_idx", export.table, columns.join("_"));
    let free = free_name(transaction, &base)?;
    run(
        transaction,
        &format!("create an index on {name} ({list})"),
        &format!(
            "CREATE INDEX main.{} ON {} ({list})",
            quote(&free),
            quote(&export.table)
        ),
    )?;
    Ok(Some(format!("created an index on ({list})")))
}

/// The name, with a number if something else has it.
fn free_name(transaction: &Transaction<'_>, base: &str) -> Result<String> {
    let taken = |name: &str| {
        transaction
            .query_row(
                "SELECT count(*) FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE",
                [name],
                |row| row.get::<_, i64>(0),
            )
            .map(|count| count > 0)
            .map_err(|error| super::error::explain("look for a free name", error))
    };
    let mut name = base.to_owned();
    let mut number = 0;
    while taken(&name)? {
        number += 1;
        name = format!("{base}{number}");
    }
    Ok(name)
}
