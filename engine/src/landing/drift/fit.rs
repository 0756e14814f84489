//! Whether the values of a file fit a column, and which type would hold both.

use arrow::datatypes::DataType;

use crate::landing::formats::Found;
use crate::landing::formats::csv::Kinds;
use crate::warehouse::storable_type;

/// DECIMAL holds this many digits.
const MAX_DECIMAL_DIGITS: u8 = 38;

/// The type that a column of type `table` must get to hold what is in a file too; `None` if it
/// can stay, and where no wider type keeps what a type promises: text would hold everything, and
/// then the column is no number any more. The strict reader has the last word there.
pub(super) fn widened(table: &DataType, file: &Found) -> Option<DataType> {
    let wider = match file {
        Found::Kinds(kinds) => wide_enough(table, *kinds)?,
        Found::Type(of_file) => {
            let both = Found::Type(table.clone()).and(Found::Type(storable_type(of_file)?))?;
            storable_type(&both.data_type())?
        }
    };
    (wider != *table).then_some(wider)
}

/// Whether a column of type `table` can hold what is in a file as far as types tell.
pub(super) fn holds(table: &DataType, file: &Found) -> bool {
    if matches!(file, Found::Kinds(kinds) if *kinds == Kinds::default()) {
        return true;
    }
    let of_file = file.data_type();
    let alike = match table {
        DataType::Utf8 => true,
        DataType::Float32 | DataType::Float64 => of_file.is_numeric(),
        DataType::Timestamp(_, _) => {
            matches!(of_file, DataType::Date32 | DataType::Timestamp(_, _))
        }
        DataType::Decimal128(_, _) => digits(&of_file).is_some(),
        integer if integer.is_integer() => of_file.is_integer(),
        _ => *table == of_file,
    };
    alike && widened(table, file).is_none()
}

/// Text is judged by its values: a small number needs no wide type to fit in.
fn wide_enough(table: &DataType, kinds: Kinds) -> Option<DataType> {
    if kinds == Kinds::default() {
        return None;
    }
    match (table, kinds.data_type()) {
        (DataType::Date32, timestamp @ DataType::Timestamp(_, None)) => Some(timestamp),
        (DataType::Float32, DataType::Float64) => Some(DataType::Float64),
        (integer, DataType::Int64) if integer.is_signed_integer() => {
            Some(integer_for(integer, kinds.integer_digits()))
        }
        (number, DataType::Int64) => {
            let (integer, scale) = digits(number)?;
            decimal(integer.max(kinds.integer_digits()), scale)
        }
        (number, DataType::Decimal128(precision, scale)) => {
            let (integer, own_scale) = digits(number)?;
            let of_file = (precision, u8::try_from(scale).ok()?);
            decimal(
                integer.max(of_file.0.saturating_sub(of_file.1)),
                own_scale.max(of_file.1),
            )
        }
        _ => None,
    }
}

/// The integer type that holds what `table` does and every number of so many digits.
fn integer_for(table: &DataType, digits: u8) -> DataType {
    let narrowest = match digits {
        0..=2 => DataType::Int8,
        3..=4 => DataType::Int16,
        5..=9 => DataType::Int32,
        _ => DataType::Int64,
    };
    match narrowest.primitive_width() > table.primitive_width() {
        true => narrowest,
        false => table.clone(),
    }
}

/// The digits before and after the point of the exact number types of tables.
fn digits(data_type: &DataType) -> Option<(u8, u8)> {
    Some(match data_type {
        DataType::Int8 => (3, 0),
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        DataType::Int64 => (19, 0),
        DataType::Decimal128(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            (precision.checked_sub(scale)?, scale)
        }
        _ => return None,
    })
}

fn decimal(integer: u8, scale: u8) -> Option<DataType> {
    let precision = integer.checked_add(scale)?;
    (precision <= MAX_DECIMAL_DIGITS).then_some(DataType::Decimal128(precision, scale as i8))
}

#[cfg(test)]
mod tests {
    use DataType::{Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, Utf8};
    use arrow::datatypes::TimeUnit;

    use super::*;

    fn of_text(values: &[&str]) -> Found {
        let kinds = values.iter().map(|value| Kinds::of(value));
        Found::Kinds(kinds.fold(Kinds::default(), Kinds::and))
    }

    #[test]
    fn text_widens_a_column_only_as_far_as_its_values_need() {
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (table, values, expected) in [
            (Int64, &["1", "123456789012345678"][..], None),
            (Int8, &["12"], None),
            (Int8, &["1200"], Some(Int16)),
            (Int16, &["123456"], Some(Int32)),
            (Int64, &["1.25"], Some(Decimal128(21, 2))),
            (Int32, &["1.25"], Some(Decimal128(12, 2))),
            (Decimal128(10, 2), &["7"], None),
            (Decimal128(10, 2), &["7.5", "12345678.25"], None),
            (Decimal128(10, 2), &["7.125"], Some(Decimal128(11, 3))),
            (Decimal128(10, 2), &["123456789"], Some(Decimal128(11, 2))),
            (Int64, &["0.12345678901234567890"], None),
            (Int64, &["1e5"], None),
            (Float32, &["1e5"], Some(Float64)),
            (Float64, &["1.5"], None),
            (Date32, &["2024-01-31"], None),
            (Date32, &["2024-01-31T10:00:00"], Some(timestamp.clone())),
            (timestamp, &["2024-01-31"], None),
            (Int64, &["x"], None),
            (Utf8, &["1"], None),
            (Date32, &[], None),
        ] {
            assert_eq!(
                widened(&table, &of_text(values)),
                expected,
                "{table} {values:?}"
            );
        }
    }

    #[test]
    fn a_column_holds_what_is_alike_and_not_wider() {
        for (table, values, expected) in [
            (Int64, &["1"][..], true),
            (Int64, &["1.5"], false),
            (Int64, &["2024-01-31"], false),
            (Int64, &["x"], false),
            (Int64, &[], true),
            (Decimal128(3, 1), &["12.5", "7"], true),
            (Decimal128(3, 1), &["125.5"], false),
            (Float64, &["12.5"], true),
            (Date32, &["1"], false),
            (DataType::Boolean, &["true"], true),
            (DataType::Boolean, &["1"], false),
            (Utf8, &["1"], true),
        ] {
            assert_eq!(
                holds(&table, &of_text(values)),
                expected,
                "{table} {values:?}"
            );
        }
    }

    #[test]
    fn types_widen_to_one_that_holds_both() {
        for (table, file, expected) in [
            (Int32, Int64, Some(Int64)),
            (Int64, Int32, None),
            (Int64, DataType::UInt64, Some(Decimal128(20, 0))),
            (Int64, Float64, None),
            (
                Decimal128(10, 2),
                Decimal128(12, 4),
                Some(Decimal128(12, 4)),
            ),
            (Decimal128(10, 2), Decimal128(8, 1), None),
            (Utf8, DataType::LargeUtf8, None),
            (Date32, DataType::Null, None),
        ] {
            let found = Found::Type(file.clone());
            assert_eq!(widened(&table, &found), expected, "{table} {file}");
        }
    }
}
