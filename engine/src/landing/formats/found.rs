//! What a format finds out about a column before a row is read.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, TimeUnit};

use super::csv::{DATE_FORMAT, Evidence, Kinds};
use crate::values::DateFormat;

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundColumn {
    /// Its name as the file writes it.
    pub name: String,
    /// What is in it.
    pub found: Found,
    /// The first value that ruled out a narrower type; `None` where the format has types, and for
    /// a column without a value.
    pub evidence: Option<Evidence>,
}

/// What is in a column: what all of its values are, or the type that the format declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Text, and the kinds of all its values.
    Kinds(Kinds),
    /// Typed values.
    Type(DataType),
}

impl Found {
    /// What a column is that is this in one file and `other` in the next; `None` if no type holds
    /// both without loss.
    pub fn and(self, other: Found) -> Option<Found> {
        match (self, other) {
            // A column without a value is whatever the other is.
            (Found::Kinds(nothing), found) | (found, Found::Kinds(nothing))
                if nothing == Kinds::default() =>
            {
                Some(found)
            }
            (Found::Kinds(left), Found::Kinds(right)) => Some(Found::Kinds(left.and(right))),
            (left, right) => wider(left.data_type(), right.data_type()).map(Found::Type),
        }
    }

    /// How its dates are written if not as ISO, as an entry of the metadata of a column.
    pub fn date_format(&self) -> Option<(String, String)> {
        let Found::Kinds(kinds) = self else {
            return None;
        };
        let format = kinds
            .date_format()
            .filter(|format| *format != DateFormat::ISO)?;
        Some((DATE_FORMAT.to_owned(), format.to_string()))
    }

    /// The type that holds all values.
    pub fn data_type(&self) -> DataType {
        match self {
            Found::Kinds(kinds) => kinds.data_type(),
            Found::Type(data_type) => data_type.clone(),
        }
    }
}

/// The narrowest type that holds all values of both.
fn wider(left: DataType, right: DataType) -> Option<DataType> {
    use DataType::{Date32, Decimal128, Float32, Float64, Null, Timestamp, Utf8};
    if left == right {
        return Some(left);
    }
    match (&left, &right) {
        (DataType::List(left), DataType::List(right)) => {
            let element = wider(left.data_type().clone(), right.data_type().clone())?;
            Some(DataType::List(Arc::new(Field::new(
                "element", element, true,
            ))))
        }
        (DataType::Struct(left), DataType::Struct(right)) => wider_struct(left, right),
        (Null, _) => Some(right),
        (_, Null) => Some(left),
        (Float32, Float64) | (Float64, Float32) => Some(Float64),
        (Date32, Timestamp(_, None)) | (Timestamp(_, None), Date32) => {
            Some(Timestamp(TimeUnit::Microsecond, None))
        }
        (Timestamp(_, left), Timestamp(_, right)) if left.is_some() == right.is_some() => Some(
            Timestamp(TimeUnit::Microsecond, left.as_ref().map(|_| "UTC".into())),
        ),
        (left, right) if is_text(left) && is_text(right) => Some(Utf8),
        (left, right) => {
            let (left_integer, left_scale) = digits(left)?;
            let (right_integer, right_scale) = digits(right)?;
            let (integer, scale) = (left_integer.max(right_integer), left_scale.max(right_scale));
            if scale == 0 && left.is_integer() && right.is_integer() {
                return Some(if integer > 19 {
                    Decimal128(20, 0)
                } else {
                    integer_of(integer)
                });
            }
            (integer + scale <= 38).then(|| Decimal128(integer + scale, scale as i8))
        }
    }
}

/// The parts of both; those of one only may be NULL.
fn wider_struct(left: &Fields, right: &Fields) -> Option<DataType> {
    let mut parts: Vec<Field> = Vec::with_capacity(left.len());
    for field in left {
        let data_type = match right.find(field.name()) {
            Some((_, other)) => wider(field.data_type().clone(), other.data_type().clone())?,
            None => field.data_type().clone(),
        };
        parts.push(Field::new(field.name(), data_type, true));
    }
    let new = right
        .iter()
        .filter(|field| left.find(field.name()).is_none());
    parts.extend(new.map(|field| field.as_ref().clone().with_nullable(true)));
    Some(DataType::Struct(parts.into()))
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// The digits before and after the point that an exact number type may need.
fn digits(data_type: &DataType) -> Option<(u8, u8)> {
    Some(match data_type {
        DataType::Int8 | DataType::UInt8 => (3, 0),
        DataType::Int16 | DataType::UInt16 => (5, 0),
        DataType::Int32 | DataType::UInt32 => (10, 0),
        DataType::Int64 => (19, 0),
        DataType::UInt64 => (20, 0),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            (precision.checked_sub(scale)?, scale)
        }
        _ => return None,
    })
}

/// The signed type that holds every value of the integer types with so many digits, signed and
/// unsigned ones.
fn integer_of(digits: u8) -> DataType {
    match digits {
        0..=3 => DataType::Int16,
        4..=5 => DataType::Int32,
        _ => DataType::Int64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_types_become_the_narrowest_that_holds_both() {
        use DataType::{Boolean, Date32, Decimal128, Float32, Float64, Int32, Int64, UInt64, Utf8};
        for (left, right, expected) in [
            (Int32, Int32, Some(Int32)),
            (Int32, Int64, Some(Int64)),
            (Int64, UInt64, Some(Decimal128(20, 0))),
            (Int64, Decimal128(5, 2), Some(Decimal128(21, 2))),
            (Decimal128(38, 0), Decimal128(5, 2), None),
            (Float32, Float64, Some(Float64)),
            (Int64, Float64, None),
            (Utf8, DataType::Utf8View, Some(Utf8)),
            (Utf8, Int64, None),
            (Boolean, Date32, None),
            (DataType::Null, Date32, Some(Date32)),
        ] {
            assert_eq!(
                wider(left.clone(), right.clone()),
                expected,
                "{left} {right}"
            );
            assert_eq!(
                wider(right.clone(), left.clone()),
                expected,
                "{right} {left}"
            );
        }
    }
}
