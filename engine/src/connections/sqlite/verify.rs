//! Reads the rows of an export back from the target, before the commit.
//!
//! SQLite does not mark which rows a transaction wrote. Rows that were appended are found by the
//! primary key if the batch has it; else they are numbered anew, above all that were there.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{Field, Schema};
use rusqlite::{Connection, Transaction};

use super::count;
use super::kinds::Kind;
use super::relation::find;
use super::scan::{Scan, ScanPlan};
use super::target::primary_key;
use crate::connections::column_type::ColumnType;
use crate::connections::export::{Export, Exported, Mode};
use crate::connections::remote_expression::in_sqlite;
use crate::connections::statements::{list, quote};
use crate::connections::target::Target;
use crate::connections::verification::{Checksum, Verification};
use crate::error::{Error, Result};

/// How rows that are appended can be told from those that are there.
pub(super) enum Before {
    /// By their key, which is staged.
    Key(Vec<String>),
    /// By their number, which goes by this name.
    LastRow { id: &'static str, last: u64 },
}

impl Before {
    /// Looks at the table before rows are written.
    ///
    /// # Errors
    /// A table without row numbers, of whose key the batch does not have all columns.
    pub(super) fn of(
        transaction: &Transaction<'_>,
        export: &Export,
        target: &Target,
    ) -> Result<Self> {
        let key = primary_key(transaction, &export.table)?;
        if !key.is_empty() && target.planned(&key).is_some() {
            return Ok(Before::Key(key));
        }
        let name = &target.name;
        let found = find(transaction, &export.table)?;
        let id = found.and_then(|found| found.row_id());
        let id = id.ok_or_else(|| {
            Error::input(format!(
                "cannot tell the rows that are appended from the others of {name}: they are not numbered, or columns take all names of the number, rowid, _rowid_ and oid"
            ))
            .hint("export the columns of its primary key as well, or leave VERIFY out")
        })?;
        let last = format!("SELECT coalesce(max({id}), 0) FROM {name}");
        let last = count(
            transaction,
            &format!("look for the last row of {name}"),
            &last,
        )?;
        Ok(Before::LastRow { id, last })
    }
}

/// Compares what was sent with what the target holds now; says what was compared, nothing if the
/// ledger knew the rows, for then they may have been changed since.
///
/// # Errors
/// Other rows than were sent.
pub(super) fn verify(
    transaction: &Transaction<'_>,
    export: &Export,
    target: &Target,
    exported: &Exported,
    sent: &Verification,
    before: &Before,
) -> Result<Option<String>> {
    let statements = target.statements();
    let whole = format!("{} AS \"target\"", target.name);
    let by_key = |key: &[String]| {
        let key = target.planned(key).unwrap_or_default();
        format!("{whole} WHERE {}", statements.is_staged(&key))
    };
    let rows = match (&export.mode, before) {
        (Mode::Append, _) if exported.unchanged > 0 => return Ok(None),
        (Mode::Append | Mode::Insert { .. } | Mode::Create, Before::Key(key)) => by_key(key),
        (Mode::Append | Mode::Insert { .. } | Mode::Create, Before::LastRow { id, last }) => {
            format!("{whole} WHERE \"target\".{id} > {last}")
        }
        (Mode::Replace, _) => whole,
        (Mode::ReplaceWhere { condition }, _) => {
            let condition = in_sqlite(condition)?;
            let name = &target.name;
            format!("(SELECT * FROM {name} WHERE ({condition})) AS \"target\"")
        }
        (Mode::Merge { .. }, _) => by_key(&target.key),
    };
    let values = list(sent.of(&target.matched.planned), |column| {
        format!("\"target\".{}", quote(&column.name))
    });
    let found = read_back(transaction, format!("SELECT {values} FROM {rows}"), sent)?;
    sent.compare(&target.name, &found).map(Some)
}

fn read_back(connection: &Connection, sql: String, sent: &Verification) -> Result<Checksum> {
    let columns = sent.columns.list().iter();
    let columns: Vec<_> = columns
        .map(|column| (column.name.clone(), read_as(column.kind)))
        .collect();
    let fields = columns
        .iter()
        .map(|(name, kind)| Field::new(name, kind.column.arrow(), true));
    let plan = ScanPlan {
        schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        sql,
        columns,
        has_row_id: false,
    };
    let mut found = Checksum::new(&sent.columns);
    let mut scan = Scan::begin(connection, Arc::new(plan))?;
    while let Some(batch) = scan.next()? {
        let fields = sent.columns.schema().fields().iter();
        let arrays = batch.columns().iter().zip(fields);
        let arrays = arrays
            .map(|(array, field)| cast(array, field.data_type()))
            .collect::<Result<Vec<_>, _>>()?;
        let schema = Arc::clone(sent.columns.schema());
        found.add(&RecordBatch::try_new(schema, arrays)?);
    }
    Ok(found)
}

/// What SQLite stores has the width of the widest type.
fn read_as(column: ColumnType) -> Kind {
    Kind {
        column: match column {
            ColumnType::SmallInt | ColumnType::Integer => ColumnType::BigInt,
            ColumnType::Real => ColumnType::Double,
            other => other,
        },
        any_as_text: false,
    }
}
