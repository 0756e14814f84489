//! The ledger of exports in a SQLite file; see `connections/ledger.rs` for what it is for.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::explain;
use super::target::find;
use crate::connections::ledger::{COLUMNS, Entry, LEDGER, LastExport, by};
use crate::connections::statements::quote;
use crate::error::Result;

const DOING: &str = "keep the ledger of exports";
const EXPORTED_AT: &str = "strftime('%Y-%m-%d %H:%M:%S', \"exported_at\")";

/// Makes sure that the export can be recorded, before any row moves.
pub(super) fn prepare(connection: &Connection) -> Result<()> {
    let run = || {
        let columns = COLUMNS.map(|column| format!("\"{}\" {}", column.name, column.sqlite));
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS main.\"{LEDGER}\" ({}, PRIMARY KEY (\"target\", \"batch_hash\"))",
            columns.join(", ")
        ))?;
        let present = present(connection)?;
        for column in COLUMNS
            .iter()
            .filter(|column| !present.iter().any(|name| name == column.name))
        {
            connection.execute_batch(&format!(
                "ALTER TABLE main.\"{LEDGER}\" ADD COLUMN \"{}\" {}",
                column.name, column.sqlite
            ))?;
        }
        Ok(())
    };
    run().map_err(|error| explain(DOING, error))
}

/// The last export of a table of the warehouse to this target.
pub(super) fn last(
    connection: &Connection,
    target: &str,
    table_id: &str,
) -> Result<Option<LastExport>> {
    if find(connection, LEDGER)?.is_none() {
        return Ok(None);
    }
    let run = || {
        if present(connection)?.len() < COLUMNS.len() {
            return Ok(None);
        }
        let sql = format!(
            "SELECT \"source_version\", \"run_id\", {EXPORTED_AT} FROM main.\"{LEDGER}\" \
             WHERE \"target\" = ?1 AND \"source_id\" = ?2 ORDER BY \"source_version\" DESC LIMIT 1"
        );
        connection
            .query_row(&sql, params![target, table_id], |row| {
                let (version, exported_at): (i64, String) = (row.get(0)?, row.get(2)?);
                Ok(LastExport {
                    version: version.unsigned_abs(),
                    by: by(row.get(1)?, &exported_at),
                })
            })
            .optional()
    };
    run().map_err(|error| explain(DOING, error))
}

/// Whether the target has batches that are known by their content alone.
pub(super) fn has_batches_by_content(connection: &Connection, target: &str) -> Result<bool> {
    let sql = format!(
        "SELECT 1 FROM main.\"{LEDGER}\" WHERE \"target\" = ?1 AND \"source_id\" IS NULL LIMIT 1"
    );
    let row = connection.query_row(&sql, [target], |_| Ok(())).optional();
    let row = row.map_err(|error| explain(DOING, error))?;
    Ok(row.is_some())
}

/// When and by which run a batch was exported, if it was.
pub(super) fn known(
    connection: &Connection,
    target: &str,
    batch_hash: &str,
) -> Result<Option<String>> {
    let sql = format!(
        "SELECT \"run_id\", {EXPORTED_AT} FROM main.\"{LEDGER}\" \
         WHERE \"target\" = ?1 AND \"batch_hash\" = ?2"
    );
    connection
        .query_row(&sql, params![target, batch_hash], |row| {
            Ok(by(row.get(0)?, &row.get::<_, String>(1)?))
        })
        .optional()
        .map_err(|error| explain(DOING, error))
}

/// Records an export.
pub(super) fn enter(connection: &Connection, entry: &Entry<'_>) -> Result<()> {
    let names = COLUMNS.map(|column| quote(column.name));
    let sql = format!(
        "INSERT OR REPLACE INTO main.\"{LEDGER}\" ({}) \
         VALUES (?1, ?2, ?3, strftime('%Y-%m-%d %H:%M:%S+00:00', 'now'), ?4, ?5, ?6, ?7, ?8)",
        names.join(", ")
    );
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let followed = entry.followed;
    connection
        .execute(
            &sql,
            params![
                entry.target,
                entry.batch_hash,
                number(entry.rows),
                entry.mode,
                entry.run_id,
                followed.map(|followed| &followed.name),
                followed.map(|followed| &followed.table_id),
                followed.map(|followed| number(followed.version)),
            ],
        )
        .map_err(|error| explain(DOING, error))?;
    Ok(())
}

/// Forgets the batches of a table whose rows are gone: it was created anew or replaced.
pub(super) fn forget(connection: &Connection, target: &str) -> Result<()> {
    if find(connection, LEDGER)?.is_some() {
        connection
            .execute(
                &format!("DELETE FROM main.\"{LEDGER}\" WHERE \"target\" = ?1"),
                [target],
            )
            .map_err(|error| explain(DOING, error))?;
    }
    Ok(())
}

fn present(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = columns.query_map([LEDGER], |row| row.get(0))?;
    names.collect()
}
