//! The ledger of appended batches in a SQLite file; see the one of Postgres for what it is for.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::explain;
use super::target::find;
use crate::connections::export::LEDGER;
use crate::error::Result;

const DOING: &str = "keep the ledger of exports";

/// Records a batch; says when it was exported before, and then records nothing.
pub(super) fn enter(
    connection: &Connection,
    target: &str,
    hash: &str,
    rows: u64,
) -> Result<Option<String>> {
    let run = || {
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS main.\"{LEDGER}\" (\"target\" TEXT NOT NULL COLLATE NOCASE, \
             \"batch_hash\" TEXT NOT NULL, \"rows\" INTEGER NOT NULL, \"exported_at\" TIMESTAMPTZ NOT NULL, \
             PRIMARY KEY (\"target\", \"batch_hash\"))"
        ))?;
        let known: Option<String> = connection
            .query_row(
                &format!(
                    "SELECT strftime('%Y-%m-%d %H:%M:%S UTC', \"exported_at\") FROM main.\"{LEDGER}\" \
                     WHERE \"target\" = ?1 AND \"batch_hash\" = ?2"
                ),
                params![target, hash],
                |row| row.get(0),
            )
            .optional()?;
        if known.is_none() {
            connection.execute(
                &format!(
                    "INSERT INTO main.\"{LEDGER}\" (\"target\", \"batch_hash\", \"rows\", \"exported_at\") \
                     VALUES (?1, ?2, ?3, strftime('%Y-%m-%d %H:%M:%S+00:00', 'now'))"
                ),
                params![target, hash, i64::try_from(rows).unwrap_or(i64::MAX)],
            )?;
        }
        Ok(known)
    };
    run().map_err(|error| explain(DOING, error))
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
