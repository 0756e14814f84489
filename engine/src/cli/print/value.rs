//! Values as text: the same text in a table and in CSV.
//!
//! Dates and timestamps in ISO 8601, decimals with all their digits, floats as the shortest text
//! that reads back to the same number: what `CAST(x AS TEXT)` gives.

use arrow::array::{Array, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::Result;

/// What stands for NULL inside of lists and structs.
const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_null("NULL");

/// A column whose values can be turned into text.
pub struct Values<'b> {
    formatter: ArrayFormatter<'b>,
    nulls: Option<NullBuffer>,
}

impl<'b> Values<'b> {
    /// All columns of a batch.
    pub fn of(batch: &'b RecordBatch) -> Result<Vec<Self>> {
        batch
            .columns()
            .iter()
            .map(|array| Self::new(array))
            .collect()
    }

    fn new(array: &'b dyn Array) -> Result<Self> {
        Ok(Values {
            formatter: ArrayFormatter::try_new(array, &OPTIONS)?,
            // A dictionary may hold its NULLs among its values, where `is_null` does not look.
            nulls: array.logical_nulls(),
        })
    }

    /// Writes a value into `text`, in place of what it holds; false for NULL, which leaves it empty.
    pub fn write(&self, row: usize, text: &mut String) -> Result<bool> {
        text.clear();
        self.append(row, text)
    }

    /// Writes a value behind `text`; false for NULL, of which nothing is written.
    pub fn append(&self, row: usize, text: &mut String) -> Result<bool> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return Ok(false);
        }
        self.formatter.value(row).write(text)?;
        Ok(true)
    }
}
