//! One scan of a SQLite table: a statement that is stepped batch by batch.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::SchemaRef;
use rusqlite::{Connection, Row, Statement};

use super::error::explain;
use super::kinds::Kind;
use super::values::{Values, shown, size};
use crate::error::{Error, Result};

/// Rows in a batch.
const BATCH_ROWS: usize = 8_192;
/// Bytes after which a batch is full before it has so many rows.
const BATCH_BYTES: usize = 16 << 20;

/// What a scan reads.
#[derive(Debug)]
pub(super) struct ScanPlan {
    /// The columns, and behind them the row id if there is one.
    pub(super) sql: String,
    pub(super) columns: Vec<(String, Kind)>,
    pub(super) has_row_id: bool,
    pub(super) schema: SchemaRef,
}

/// A scan under way.
pub(super) struct Scan<'c> {
    plan: Arc<ScanPlan>,
    statement: Statement<'c>,
    values: Vec<Values>,
    rows_before: u64,
    at_end: bool,
}

impl<'c> Scan<'c> {
    /// Prepares the statement; reads nothing yet.
    ///
    /// # Errors
    /// A statement that SQLite refuses.
    pub(super) fn begin(connection: &'c Connection, plan: Arc<ScanPlan>) -> Result<Self> {
        Ok(Scan {
            statement: connection
                .prepare(&plan.sql)
                .map_err(|error| explain("read", error))?,
            values: plan
                .columns
                .iter()
                .map(|(_, kind)| Values::new(*kind))
                .collect(),
            rows_before: 0,
            at_end: false,
            plan,
        })
    }

    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// A value that is not of its column's type, a file that cannot be read.
    pub(super) fn next(&mut self) -> Result<Option<RecordBatch>> {
        if self.at_end {
            return Ok(None);
        }
        let (mut count, mut bytes) = (0, 0);
        let mut rows = self.statement.raw_query();
        while count < BATCH_ROWS && bytes < BATCH_BYTES {
            let row = rows.next().map_err(|error| explain("read", error))?;
            let Some(row) = row else {
                self.at_end = true;
                break;
            };
            bytes += add_row(&self.plan, &mut self.values, row, self.rows_before)?;
            count += 1;
            self.rows_before += 1;
        }
        if !self.at_end {
            // Dropped, it would reset the statement, which then began anew with the next batch.
            std::mem::forget(rows);
        }
        if count == 0 {
            return Ok(None);
        }
        let arrays = self.values.iter_mut().map(Values::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let schema = Arc::clone(&self.plan.schema);
        RecordBatch::try_new_with_options(schema, arrays, &options)
            .map(Some)
            .map_err(Error::from)
    }
}

/// Takes a row in; says how many bytes it took.
fn add_row(
    plan: &ScanPlan,
    values: &mut [Values],
    row: &Row<'_>,
    rows_before: u64,
) -> Result<usize> {
    let mut bytes = 0;
    for (at, (values, (name, kind))) in values.iter_mut().zip(&plan.columns).enumerate() {
        let value = row.get_ref(at).map_err(|error| explain("read", error))?;
        bytes += size(value);
        values.add(value).map_err(|reason| {
            let place = match row.get::<_, i64>(plan.columns.len()) {
                Ok(id) if plan.has_row_id => format!("rowid {id}"),
                _ => format!("row {} of those read", rows_before + 1),
            };
            Error::input(format!(
                "{place}, column \"{name}\": {} is no {}: {reason}",
                shown(value),
                kind.column
            ))
            .hint("SQLite keeps any value in any column: correct it there, or cast the column in a view of the database")
        })?;
    }
    Ok(bytes)
}
