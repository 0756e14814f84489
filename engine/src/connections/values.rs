//! A column of a normalised batch with its type looked up once, for loops over rows.

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, StringArray,
    Time64MicrosecondArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;

use super::column_type::ColumnType;

/// The values of one column.
pub(crate) struct Values<'a> {
    nulls: Option<&'a NullBuffer>,
    /// The values themselves; what stands in the row of a NULL means nothing.
    pub(crate) typed: Typed<'a>,
}

/// One array type per [`ColumnType`].
#[derive(Clone, Copy)]
pub(crate) enum Typed<'a> {
    Boolean(&'a BooleanArray),
    SmallInt(&'a Int16Array),
    Integer(&'a Int32Array),
    BigInt(&'a Int64Array),
    Decimal(&'a Decimal128Array),
    Real(&'a Float32Array),
    Double(&'a Float64Array),
    Date(&'a Date32Array),
    Time(&'a Time64MicrosecondArray),
    Timestamp(&'a TimestampMicrosecondArray),
    TimestampTz(&'a TimestampMicrosecondArray),
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
}

impl<'a> Values<'a> {
    /// Looks at an array that [`super::columns::Columns::normalise`] made for this type.
    pub(crate) fn of(kind: ColumnType, array: &'a ArrayRef) -> Self {
        let typed = match kind {
            ColumnType::Boolean => Typed::Boolean(array.as_boolean()),
            ColumnType::SmallInt => Typed::SmallInt(array.as_primitive()),
            ColumnType::Integer => Typed::Integer(array.as_primitive()),
            ColumnType::BigInt => Typed::BigInt(array.as_primitive()),
            ColumnType::Decimal { .. } => Typed::Decimal(array.as_primitive()),
            ColumnType::Real => Typed::Real(array.as_primitive()),
            ColumnType::Double => Typed::Double(array.as_primitive()),
            ColumnType::Date => Typed::Date(array.as_primitive()),
            ColumnType::Time => Typed::Time(array.as_primitive()),
            ColumnType::Timestamp => Typed::Timestamp(array.as_primitive()),
            ColumnType::TimestampTz => Typed::TimestampTz(array.as_primitive()),
            ColumnType::Null | ColumnType::Text => Typed::Text(array.as_string()),
            ColumnType::Bytes => Typed::Bytes(array.as_binary()),
        };
        Values {
            nulls: array.nulls(),
            typed,
        }
    }

    /// Whether the row holds NULL.
    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row))
    }
}
