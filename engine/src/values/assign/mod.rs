//! Assignment: a column of one type becomes a column of another, losing nothing.
//!
//! INSERT, CREATE TABLE AS, UPDATE, MERGE and COPY all assign through [`assign`]. A conversion
//! that keeps every value passes; the first value that it would change fails the statement and
//! is named. Two types with no such conversion (a BOOLEAN and a DATE) fail whatever they hold.
//!
//! | from | to |
//! |---|---|
//! | any number | any number that is equal to it |
//! | DATE, any TIMESTAMP | DATE at midnight, TIMESTAMP in microseconds; with a zone only to with a zone |
//! | BOOLEAN, numbers, dates, TIMESTAMP | TEXT |
//! | TEXT | every type that a [`ColumnBuilder`](super::ColumnBuilder) reads |
//! | lists, structs | the same with every part assigned in turn |
//! | an encoding (dictionary, view, 64-bit offsets, fixed size) | what it encodes |

mod lossy;
mod nested;
mod numbers;
mod rounding;
mod text;
mod times;

#[cfg(test)]
mod tests;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field};

pub use rounding::assign_rounded;

use super::sql_name;
use crate::{Error, Result};

/// `array` as the type of `target`, value for value equal.
///
/// # Errors
/// A value that the type cannot hold, two types with no conversion, and a NULL where `target` is
/// not nullable; the message names the column, the type and the first such value.
pub fn assign(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    if !target.is_nullable() && array.logical_null_count() > 0 {
        return Err(Error::input(format!(
            "column `{}` is NOT NULL and was given NULL",
            target.name()
        ))
        .hint("leave such rows out with WHERE .. IS NOT NULL, or give a value with coalesce(..)"));
    }
    if array.data_type() == target.data_type() {
        return Ok(ArrayRef::clone(array));
    }
    match array.data_type() {
        DataType::Null => Ok(new_null_array(target.data_type(), array.len())),
        DataType::Dictionary(_, values) => assign(&cast(array, values)?, target),
        DataType::RunEndEncoded(_, values) => assign(&cast(array, values.data_type())?, target),
        DataType::Utf8View | DataType::LargeUtf8 => assign(&cast(array, &DataType::Utf8)?, target),
        DataType::BinaryView | DataType::LargeBinary | DataType::FixedSizeBinary(_) => {
            assign(&cast(array, &DataType::Binary)?, target)
        }
        _ => convert(array, target),
    }
}

fn convert(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    let (from, to) = (array.data_type(), target.data_type());
    match to {
        DataType::LargeUtf8 | DataType::Utf8View => {
            let text = assign(array, &target.clone().with_data_type(DataType::Utf8))?;
            cast(&text, to)
        }
        DataType::LargeBinary | DataType::BinaryView if *from == DataType::Binary => {
            cast(array, to)
        }
        _ if *from == DataType::Utf8 => text::parse(array, target),
        DataType::Utf8 if text::is_writable(from) => text::format(array, target),
        _ if from.is_numeric() && to.is_numeric() => numbers::assign(array, target),
        _ if from.is_temporal() && to.is_temporal() => times::assign(array, target),
        _ if from.is_nested() && to.is_nested() => nested::assign(array, target),
        _ => Err(no_conversion(from, target)),
    }
}

/// A value that a cast cannot convert becomes NULL, so that we can find and name it.
const NULL_ON_FAILURE: CastOptions<'static> = CastOptions {
    safe: true,
    format_options: arrow::util::display::FormatOptions::new(),
};

fn cast(array: &dyn Array, to: &DataType) -> Result<ArrayRef> {
    Ok(cast_with_options(array, to, &NULL_ON_FAILURE)?)
}

fn no_conversion(from: &DataType, target: &Field) -> Error {
    Error::input(format!(
        "column `{}` is {} and cannot be given {} without loss",
        target.name(),
        sql_name(target.data_type()),
        sql_name(from)
    ))
    .hint("convert it on purpose in the query, for instance with CAST(.. AS ..)")
}
