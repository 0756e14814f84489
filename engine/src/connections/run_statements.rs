//! `postgres_execute` and `sqlite_execute`: statements in the SQL of a database, and how many rows
//! each of them touched.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};

use super::{Connection, ConnectionUrl};
use crate::sql::{DatabaseDialect, DatabaseExecute};
use crate::{Error, Result};

/// Runs the statements and gives a row for each: its number from 1, and the rows that it touched.
///
/// # Errors
/// A database of another kind, or what the database refuses.
pub async fn execute_in_database(
    execute: &DatabaseExecute,
    connection: &Connection,
) -> Result<RecordBatch> {
    let meant = match connection.url() {
        ConnectionUrl::Postgres(_) => DatabaseDialect::Postgres,
        ConnectionUrl::Sqlite(_) => DatabaseDialect::Sqlite,
    };
    if meant != execute.dialect {
        return Err(Error::input(format!(
            "the connection {} is no database for {}",
            connection.name(),
            execute.dialect.function()
        ))
        .hint(format!("use {}", meant.function())));
    }
    let rows = connection.execute(&execute.text).await?;
    let numbers: UInt64Array = (1..=rows.len() as u64).collect();
    let rows = UInt64Array::from(rows);
    Ok(RecordBatch::try_from_iter([
        ("statement", Arc::new(numbers) as ArrayRef),
        ("rows", Arc::new(rows) as ArrayRef),
    ])?)
}
