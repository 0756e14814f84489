//! Postgres: read from, and exported to.
//!
//! An export is a binary COPY into a staging table, then set-based SQL, all in one transaction.
//! The steps stand in `write.rs`. The server sees `BEGIN`, an advisory lock on the target, the checks, one
//! `COPY .. FROM STDIN BINARY` into a temporary table, one or two statements on the target, and
//! `COMMIT`. Whatever ends the session earlier leaves the target as it was.
//!
//! Reading goes the other way: `read.rs` opens the database for a statement, `kinds.rs` says what
//! its types are here, `relation.rs` reads a table, `decode.rs` makes batches of what arrives.

pub(super) mod parameters;
pub(super) mod url;

mod address;
mod aggregate;
mod checks;
mod client_certificate;
mod connect;
mod decode;
mod error;
mod execute;
mod finish;
mod kinds;
mod ledger;
mod numeric;
mod read;
mod relation;
mod session_attributes;
mod sessions;
mod target;
mod tls;
mod types;
mod values;
mod verify;
mod write;

pub(super) use execute::execute;
pub(super) use read::PostgresReader;
pub(super) use write::export;

use self::url::PostgresUrl;
#[cfg(test)]
use super::column_type::ColumnType;
use super::columns::Columns;
use super::export::Export;
use super::statements::qualified;
use super::target::Target;
use crate::error::Result;

/// Whether the database has this table (or view, or anything else of that name).
pub(super) async fn table_exists(url: &PostgresUrl, schema: &str, table: &str) -> Result<bool> {
    let session = connect::connect(url).await?;
    // In a transaction, all of it reaches the same server behind a pooler.
    let doing = format!("look for the table {}", qualified(schema, table));
    session.run(&doing, "BEGIN READ ONLY", &[]).await?;
    match target::find(&session, schema, table).await {
        Ok(found) => Ok(found.is_some()),
        Err(error) => Err(session.abandon(error).await),
    }
}

/// The names of the columns that rows can be inserted into; `None` without such a table.
pub(super) async fn insertable(
    url: &PostgresUrl,
    schema: &str,
    table: &str,
) -> Result<Option<Vec<String>>> {
    let session = connect::connect(url).await?;
    match target::insertable(&session, schema, table).await {
        Ok(found) => Ok(found),
        Err(error) => Err(session.abandon(error).await),
    }
}

/// Plans an export; changes nothing.
pub(super) async fn plan(url: &PostgresUrl, export: &Export, columns: &Columns) -> Result<Target> {
    let session = connect::connect(url).await?;
    match target::plan(&session, export, columns).await {
        Ok(target) => Ok(target),
        Err(error) => Err(session.abandon(error).await),
    }
}

/// What the column of an export is when it is read again.
#[cfg(test)]
pub(super) fn read_again(column: ColumnType) -> ColumnType {
    let arrow = kinds::Kind::of(column).arrow();
    ColumnType::of(&arrow).unwrap_or(ColumnType::Null)
}
