//! Text to typed values through the strict parsers, and typed values to text.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field};

use super::super::column::ColumnBuilder;
use super::lossy::{check_no_new_nulls, refuse};
use super::{cast, no_conversion};
use crate::Result;

/// `array` of text as the type of `target`, under the rules of a CSV field.
pub(super) fn parse(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    let mut column =
        ColumnBuilder::new(target).map_err(|_| no_conversion(array.data_type(), target))?;
    for value in array.as_string::<i32>() {
        match value {
            Some(text) => column
                .append_text(text)
                .map_err(|refusal| refuse(text, target, refusal))?,
            None => column.append_null(),
        }
    }
    Ok(column.finish())
}

/// Whether a type has one plain written form.
pub(super) fn is_writable(from: &DataType) -> bool {
    from.is_numeric()
        || matches!(
            from,
            DataType::Boolean | DataType::Date32 | DataType::Date64 | DataType::Timestamp(..)
        )
}

/// `array` as text: ISO dates and timestamps, the shortest digits that read back as the same
/// number.
pub(super) fn format(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    check_no_new_nulls(array, cast(array, &DataType::Utf8)?, target)
}
