//! Queries that look among the staged rows for what cannot be exported, and the errors about it.
//!
//! Rows are numbered as they arrived, from 1, so that an error names the row that the query of the
//! export gave.

use super::plan::PlannedColumn;
use super::statements::{Statements, list, quote, staged};
use crate::error::{Error, Result};

impl Statements<'_> {
    /// What must not be found in the staging table before a merge: a key without value, and a key
    /// that two rows have.
    pub(crate) fn key_checks(&self, key: &[&PlannedColumn]) -> [KeyCheck; 2] {
        let staging = self.dialect.staging();
        let values = list(key.iter().copied(), |column| {
            format!("CAST(\"staged\".{} AS text)", quote(&column.name))
        });
        let names: Vec<_> = key
            .iter()
            .map(|column| format!("\"staged\".{}", quote(&column.name)))
            .collect();
        let nulls: Vec<_> = names.iter().map(|name| format!("{name} IS NULL")).collect();
        let nulls = nulls.join(" OR ");
        let group = names.join(", ");
        [
            KeyCheck {
                sql: format!("SELECT {values} FROM {staging} AS \"staged\" WHERE {nulls} LIMIT 1"),
                fault: "is NULL",
                hint: "leave these rows out or fill the key in the query",
            },
            KeyCheck {
                sql: format!(
                    "SELECT {values} FROM {staging} AS \"staged\" WHERE NOT ({nulls}) GROUP BY {group} HAVING count(*) > 1 ORDER BY {group} LIMIT 1"
                ),
                fault: "is not unique in the batch",
                hint: "aggregate or number the rows in the query, or name more columns in KEY",
            },
        ]
    }

    /// Gives one staged value that its target type cannot hold, for a passage that must be exact,
    /// and its row.
    pub(crate) fn find_inexact(&self, column: &PlannedColumn) -> Result<String> {
        let name = quote(&column.name);
        self.find(
            column,
            &format!(
                "\"staged\".{name} IS DISTINCT FROM CAST({} AS {})",
                staged(column),
                column.staged
            ),
        )
    }

    /// Gives one staged value that is NaN or infinite, and its row: taken from itself, only such a
    /// number is not 0.
    pub(crate) fn find_infinite(&self, column: &PlannedColumn) -> Result<String> {
        let name = format!("\"staged\".{}", quote(&column.name));
        self.find(
            column,
            &format!("{name} IS NOT NULL AND ({name} - {name}) IS DISTINCT FROM 0"),
        )
    }

    /// Gives one staged value that meets the condition, and its row.
    pub(crate) fn find(&self, column: &PlannedColumn, condition: &str) -> Result<String> {
        let (staging, id) = (self.dialect.staging(), self.row_id()?);
        Ok(format!(
            "SELECT CAST(\"staged\".{} AS text), (SELECT count(*) FROM {staging} AS \"before\" WHERE \"before\".{id} <= \"staged\".{id}) \
             FROM {staging} AS \"staged\" WHERE {condition} LIMIT 1",
            quote(&column.name)
        ))
    }

    /// Casts the values of one column in the first `rows` rows: it fails if one of them is not what
    /// the target takes.
    pub(crate) fn cast_first(&self, column: &PlannedColumn, rows: u64) -> String {
        format!(
            "SELECT count({}) FROM (SELECT * FROM {} LIMIT {rows}) AS \"staged\"",
            staged(column),
            self.dialect.staging()
        )
    }

    /// Gives the number of the first row that does not meet the condition, 0 if all do.
    pub(crate) fn find_outside(&self, table: &str, condition: &str) -> Result<String> {
        let values = list(self.columns, |column| {
            format!("{} AS {}", staged(column), quote(&column.name))
        });
        let (staging, id) = (self.dialect.staging(), self.row_id()?);
        Ok(format!(
            "SELECT count(*) FROM {staging} WHERE {id} <= (SELECT \"tidemill_row\" FROM \
             (SELECT {values}, \"staged\".{id} AS \"tidemill_row\" FROM {staging} AS \"staged\") AS {} WHERE ({condition}) IS NOT TRUE LIMIT 1)",
            quote(table)
        ))
    }

    fn row_id(&self) -> Result<&'static str> {
        let names = self.columns.iter().map(|column| column.name.as_str());
        self.dialect.row_id(names).ok_or_else(|| {
            Error::input(format!(
                "the columns of {} take all names under which SQLite numbers rows",
                self.target
            ))
            .hint("call one of rowid, _rowid_ and oid something else")
        })
    }
}

/// A query for one row whose key cannot be merged.
#[derive(Debug)]
pub(crate) struct KeyCheck {
    /// Gives the key of such a row as texts.
    pub(crate) sql: String,
    fault: &'static str,
    hint: &'static str,
}

impl KeyCheck {
    /// The error about a row that was found.
    pub(crate) fn error(&self, key: &[&PlannedColumn], values: &[Option<String>]) -> Error {
        let pairs: Vec<_> = key
            .iter()
            .zip(values)
            .map(|(column, value)| {
                format!(
                    "{} = {}",
                    quote(&column.name),
                    value.as_deref().unwrap_or("NULL")
                )
            })
            .collect();
        Error::input(format!(
            "the merge key {}: {}",
            self.fault,
            pairs.join(", ")
        ))
        .hint(self.hint)
    }
}

/// The error about a value that its column cannot hold.
pub(crate) fn inexact(target: &str, column: &PlannedColumn, value: &str, row: u64) -> Error {
    Error::input(format!(
        "row {row}, column {}: the value {value} does not fit {} of {target} exactly",
        quote(&column.name),
        column.target
    ))
    .hint("round or cast it in the query, widen the column of the table, or add ON_SCHEMA_CHANGE add, which does that where it can")
}

/// The error about NaN or infinity on the way into decimals.
pub(crate) fn infinite(target: &str, column: &PlannedColumn, value: &str, row: u64) -> Error {
    Error::input(format!(
        "row {row}, column {}: {value} cannot go into {} of {target}",
        quote(&column.name),
        column.target
    ))
    .hint(format!(
        "leave the row out, make it NULL in the query, such as with nullif, or make {} a DOUBLE PRECISION",
        quote(&column.name)
    ))
}

/// The error about a row that a replace of a window would add without ever removing it.
pub(crate) fn outside(row: u64, condition: &str) -> Error {
    Error::input(format!(
        "row {row} does not meet DELETE_WHERE ({condition}): running the export again would add it once more"
    ))
    .hint("give the query the same condition, or widen DELETE_WHERE")
}
