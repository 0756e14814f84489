//! The rows of a query as rows of files: in the types that tables have, value for value equal,
//! and checked for what the format cannot hold.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::limits::{Fault, ValueLimits, check_columns};
use super::options::UnloadingOptions;
use crate::values::{assign, sql_name};
use crate::warehouse::storable_type;
use crate::{Error, Result};

/// Brings batches into the types of files, and counts their rows.
#[derive(Debug)]
pub(super) struct FileRows {
    schema: SchemaRef,
    limits: ValueLimits,
    format: String,
    count: u64,
}

impl FileRows {
    /// For rows of a query with these columns. All columns may be NULL: whether one never is
    /// depends on how a query is written, and the columns of a file should not.
    ///
    /// # Errors
    /// A column without a name, or of a type that the format cannot hold.
    pub(super) fn new(query: &Schema, options: &UnloadingOptions) -> Result<Self> {
        let fields = query.fields().iter().map(|field| file_field(field));
        let schema = Schema::new(fields.collect::<Result<Vec<_>>>()?);
        check_columns(&schema, options)?;
        Ok(FileRows {
            limits: ValueLimits::of(&schema, options),
            schema: Arc::new(schema),
            format: options.format.to_string(),
            count: 0,
        })
    }

    /// The columns, those of partitions included.
    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows so far.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The next rows of the query.
    ///
    /// # Errors
    /// A value that its type or the format cannot hold, with its row and column.
    pub(super) fn checked(&mut self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns = self.schema.fields().iter().zip(batch.columns());
        let columns = columns
            .map(|(field, values)| self.assigned(values, field))
            .collect::<Result<_>>()?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        if let Some(fault) = self.limits.first_fault(&rows) {
            return Err(self.refuse(fault));
        }
        self.count += rows.num_rows() as u64;
        Ok(rows)
    }

    fn assigned(&self, values: &ArrayRef, field: &Field) -> Result<ArrayRef> {
        assign(values, field).map_err(|error| {
            let bad = (0..values.len()).find(|row| assign(&values.slice(*row, 1), field).is_err());
            match bad {
                Some(row) => error.context(format!("row {}", self.number(row))),
                None => error,
            }
        })
    }

    fn refuse(&self, fault: Fault) -> Error {
        Error::input(format!(
            "row {}, column `{}`: {} cannot be written as {}",
            self.number(fault.row),
            fault.column,
            fault.what,
            self.format
        ))
        .hint(fault.hint)
    }

    /// Rows count from 1, in the order of the query.
    fn number(&self, row: usize) -> u64 {
        self.count + row as u64 + 1
    }
}

fn file_field(field: &Field) -> Result<Field> {
    if field.name().trim().is_empty() {
        return Err(Error::input("a column has no name").hint("give it one with AS"));
    }
    match storable_type(field.data_type()) {
        Some(data_type) => Ok(Field::new(field.name(), data_type, true)),
        None => Err(unwritable(field.name(), field.data_type())),
    }
}

fn unwritable(column: &str, data_type: &DataType) -> Error {
    let hint = match data_type {
        DataType::Decimal256(_, _) => "CAST it to a DECIMAL of at most 38 digits",
        DataType::Interval(_)
        | DataType::Duration(_)
        | DataType::Time32(_)
        | DataType::Time64(_) => "CAST it to TEXT, or to a number of seconds",
        _ => "CAST it to another type, such as TEXT",
    };
    Error::input(format!(
        "column `{column}` is {} and cannot be written to a file",
        sql_name(data_type)
    ))
    .hint(hint)
}
