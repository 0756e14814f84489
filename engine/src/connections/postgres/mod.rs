//! Postgres: read from, and exported to.
//!
//! An export is one transaction: `BEGIN`, an advisory lock on the target, the checks, one
//! `COPY .. FROM STDIN BINARY`, and `COMMIT`. Rows that are only added, in the types of the table,
//! are copied straight into it; others into a temporary table, from which one or two statements
//! move them. Whatever ends the session earlier leaves the target as it was. The steps stand in
//! `write.rs`.
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
mod copy;
mod decode;
mod domains;
mod error;
mod execute;
mod finish;
mod kinds;
mod ledger;
mod numeric;
mod read;
mod relation;
mod rights;
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
pub(super) use rights::rights;
pub(super) use write::export;

use self::connect::Session;
use self::url::PostgresUrl;
#[cfg(test)]
use super::column_type::ColumnType;
use super::columns::Columns;
use super::target::Target;
use super::{Export, LastExport};
use crate::error::Result;

/// Whether the database has this table (or view, or anything else of that name).
pub(super) async fn table_exists(url: &PostgresUrl, schema: &str, table: &str) -> Result<bool> {
    look(url, async |session| {
        let found = target::find(session, schema, table).await?;
        Ok(found.is_some())
    })
    .await
}

/// The last export of a table of the warehouse to a table that is still there.
pub(super) async fn last_export(
    url: &PostgresUrl,
    export: &Export,
    table_id: &str,
) -> Result<Option<LastExport>> {
    look(url, async |session| {
        match target::find(session, &export.schema, &export.table).await? {
            None => Ok(None),
            Some(_) => ledger::last(session, export, table_id).await,
        }
    })
    .await
}

/// The names of the columns that rows can be inserted into; `None` without such a table.
pub(super) async fn insertable(
    url: &PostgresUrl,
    schema: &str,
    table: &str,
) -> Result<Option<Vec<String>>> {
    look(url, async |session| {
        target::insertable(session, schema, table).await
    })
    .await
}

/// Plans an export; changes nothing.
pub(super) async fn plan(url: &PostgresUrl, export: &Export, columns: &Columns) -> Result<Target> {
    look(url, async |session| {
        target::plan(session, export, columns).await
    })
    .await
}

/// Looks something up, in a transaction: so all of it reaches the same server behind a pooler.
async fn look<T>(url: &PostgresUrl, find: impl AsyncFnOnce(&Session) -> Result<T>) -> Result<T> {
    let session = connect::connect(url).await?;
    session
        .run("begin a transaction", "BEGIN READ ONLY", &[])
        .await?;
    match find(&session).await {
        Ok(found) => Ok(found),
        Err(error) => Err(session.abandon(error).await),
    }
}

/// What the column of an export is when it is read again.
#[cfg(test)]
pub(super) fn read_again(column: ColumnType) -> ColumnType {
    let arrow = kinds::Kind::of(column).arrow();
    ColumnType::of(&arrow).unwrap_or(ColumnType::Null)
}
