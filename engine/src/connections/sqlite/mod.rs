//! SQLite, read from and exported to: the embedded default, one file in the warehouse, no server.
//!
//! Same statements and same meaning as for Postgres, with these differences:
//!
//! - The one schema, `main`, answers to `public`.
//! - Values are stored as the type table says (`type_table.rs`). SQLite would round a DECIMAL of over 15
//!   significant digits and turn NaN into NULL: both are refused, with row and column.
//! - The file is put into WAL mode, so readers go on while an export commits. Rows are staged in
//!   SQLite's temporary database first; the file itself is locked only for the final statements,
//!   between `BEGIN IMMEDIATE` and `COMMIT`. Another export waits for that long.
//!
//! Reading (`read.rs`, `relation.rs`, `scan.rs`) takes the declared types (`kinds.rs`) at their word
//! and refuses values that are not of them (`values.rs`).

mod apply;
mod error;
mod execute;
mod finish;
mod information;
mod kinds;
mod ledger;
mod read;
mod relation;
mod rights;
mod scan;
mod target;
mod types;
mod values;
mod verify;
mod write;

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use self::error::explain;
use super::LastExport;
#[cfg(test)]
use super::column_type::ColumnType;
use super::columns::Columns;
#[cfg(test)]
use super::dialect::Dialect;
use super::export::Export;
use super::target::Target;
use super::url::SqliteUrl;
use crate::error::{Error, Result};

pub(super) use execute::execute;
pub(super) use read::SqliteReader;
pub(super) use rights::rights;
pub(super) use types::timestamp as timestamp_text;
pub(super) use write::export;

const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Whether the file has this table (or view); a file that is missing has none.
pub(super) async fn table_exists(url: &SqliteUrl, schema: &str, table: &str) -> Result<bool> {
    check_schema(schema)?;
    let (url, table) = (url.clone(), table.to_owned());
    blocking(move || {
        if !url.path.exists() {
            return Ok(false);
        }
        let connection = connect(&url.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(target::find(&connection, &table)?.is_some())
    })
    .await
}

/// The last export of a table of the warehouse to a table that is still there.
pub(super) async fn last_export(
    url: &SqliteUrl,
    export: &Export,
    table_id: &str,
) -> Result<Option<LastExport>> {
    check_schema(&export.schema)?;
    let (url, target, table_id) = (url.clone(), export.table.clone(), table_id.to_owned());
    blocking(move || {
        if !url.path.exists() {
            return Ok(None);
        }
        let connection = connect(&url.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match target::find(&connection, &target)? {
            None => Ok(None),
            Some(_) => ledger::last(&connection, &target, &table_id),
        }
    })
    .await
}

/// The names of the columns that rows can be inserted into; `None` without such a table.
pub(super) async fn insertable(
    url: &SqliteUrl,
    schema: &str,
    table: &str,
) -> Result<Option<Vec<String>>> {
    check_schema(schema)?;
    let (url, table) = (url.clone(), table.to_owned());
    blocking(move || {
        if !url.path.exists() {
            return Ok(None);
        }
        let connection = connect(&url.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        target::insertable(&connection, &table)
    })
    .await
}

/// Plans an export; changes nothing, and makes no file.
pub(super) async fn plan(url: &SqliteUrl, export: &Export, columns: &Columns) -> Result<Target> {
    check_schema(&export.schema)?;
    finish::refuse_impossible(&export.finish)?;
    let (url, export, columns) = (url.clone(), export.clone(), columns.clone());
    blocking(move || {
        let connection = match url.path.exists() {
            true => connect(&url.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
            false => Connection::open_in_memory().map_err(|error| explain("plan", error))?,
        };
        target::plan(&connection, &export, &columns)
    })
    .await
}

/// What the column of an export is when it is read again.
#[cfg(test)]
pub(super) fn read_again(column: ColumnType) -> ColumnType {
    kinds::read_as(&column.declared(Dialect::Sqlite)).column
}

/// Refuses every schema that SQLite does not have.
fn check_schema(schema: &str) -> Result<()> {
    match schema {
        "public" | "main" => Ok(()),
        other => Err(
            Error::input(format!("a SQLite database has no schema \"{other}\""))
                .hint("use public, which stands for SQLite's main"),
        ),
    }
}

/// Opens the file for writing and makes it when it is missing, with the base folder but no other.
fn open(url: &SqliteUrl) -> Result<Connection> {
    if let Some(base) = &url.base {
        std::fs::create_dir_all(base).map_err(|error| Error::file("create", base, error))?;
    }
    if let Some(folder) = url.path.parent()
        && !folder.is_dir()
    {
        return Err(Error::input(format!(
            "the folder {} of the SQLite file does not exist",
            folder.display()
        ))
        .hint("create it, or correct the path in the URL of the connection"));
    }
    let connection = connect(
        &url.path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    let doing = format!("prepare {}", url.path.display());
    // Else a misspelt column in quotes is a text, and a condition on it means anything.
    for quoted_texts in [
        DbConfig::SQLITE_DBCONFIG_DQS_DML,
        DbConfig::SQLITE_DBCONFIG_DQS_DDL,
    ] {
        connection
            .set_db_config(quoted_texts, false)
            .map_err(|error| explain(&doing, error))?;
    }
    // Switching takes the whole file for a moment; where another reader or the file system does
    // not allow it at once, the old mode is as safe, only readers wait longer.
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|error| explain(&doing, error))?;
    if mode != "wal" {
        let timeout = |limit| {
            let set = connection.busy_timeout(limit);
            set.map_err(|error| explain(&doing, error))
        };
        timeout(Duration::ZERO)?;
        let _ = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        timeout(BUSY_TIMEOUT)?;
    }
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let doing = format!("open {}", path.display());
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| explain(&doing, error))?;
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .map_err(|error| explain(&doing, error))?;
    Ok(connection)
}

/// Runs SQLite's blocking calls off the threads that drive queries.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("the thread that works with SQLite died").source(error))?
}

/// Runs a statement and says how many rows it touched.
fn run(connection: &Connection, doing: &str, sql: &str) -> Result<u64> {
    let rows = connection
        .execute(sql, [])
        .map_err(|error| explain(doing, error))?;
    Ok(rows as u64)
}

/// Runs a query that counts.
fn count(connection: &Connection, doing: &str, sql: &str) -> Result<u64> {
    let count: i64 = connection
        .query_row(sql, [], |row| row.get(0))
        .map_err(|error| explain(doing, error))?;
    u64::try_from(count).map_err(|error| Error::internal("a count is negative").source(error))
}
