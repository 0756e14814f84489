//! Numbers to numbers that are equal to them.
//!
//! "Equal" between binary and decimal fractions means the shortest decimal number that reads back
//! as the same binary one: the DOUBLE 0.1 is the DECIMAL 0.1, although its exact expansion has 55
//! digits. That is what a person who wrote 0.1 meant, and it survives the way there and back.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, Float64Array};
use arrow::datatypes::{DataType, Decimal128Type, DecimalType, Field, Float64Type};

use super::super::column::ColumnBuilder;
use super::super::{parse_decimal, parse_double};
use super::lossy::{check_no_new_nulls, check_same, lossy_value};
use super::{cast, no_conversion};
use crate::Result;

/// The digits that any 64-bit integer fits in.
const INTEGER_DIGITS: u8 = 20;

/// `array` of numbers as the numeric type of `target`.
pub(super) fn assign(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    let (from, to) = (array.data_type(), target.data_type());
    match (from, to) {
        (DataType::Float16 | DataType::Float32, _) => {
            let wide = cast(array, &DataType::Float64)?;
            match to {
                DataType::Float64 => Ok(wide),
                _ => assign(&wide, target),
            }
        }
        (DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale), _) => {
            let wide_type = DataType::Decimal128(*precision, *scale);
            let wide = cast(array, &wide_type)?;
            if wide_type == *to {
                Ok(wide)
            } else {
                assign(&wide, target)
            }
        }
        (DataType::Decimal256(..), _) => through_text(array, target),
        (DataType::Decimal128(_, scale), _) => from_decimal(array, *scale, target),
        (DataType::Float64, DataType::Decimal128(precision, scale)) => {
            float_to_decimal(array, *precision, *scale, target)
        }
        (DataType::Float64, to) if to.is_integer() => float_to_integer(array, target),
        (from, DataType::Decimal128(..)) if from.is_integer() => {
            let whole = cast(array, &DataType::Decimal128(INTEGER_DIGITS, 0))?;
            rescale(&whole, 0, target)
        }
        (from, to) if from.is_integer() && to.is_integer() => {
            check_no_new_nulls(array, cast(array, to)?, target)
        }
        (_, DataType::Float32 | DataType::Float64) => {
            let converted = cast(array, to)?;
            let back = cast(&converted, from)?;
            check_same(array, converted, &back, target)
        }
        _ => Err(no_conversion(from, target)),
    }
}

fn from_decimal(array: &ArrayRef, scale: i8, target: &Field) -> Result<ArrayRef> {
    match target.data_type() {
        DataType::Decimal128(..) => rescale(array, scale, target),
        DataType::Float64 => decimal_to_float(array, scale, target),
        DataType::Float32 => {
            let wide = decimal_to_float(
                array,
                scale,
                &target.clone().with_data_type(DataType::Float64),
            )?;
            assign(&wide, target)
        }
        to if to.is_integer() => {
            let whole: ArrayRef = Arc::new(rescale_or_null(
                array.as_primitive(),
                scale,
                Decimal128Type::MAX_PRECISION,
                0,
            )?);
            check_no_new_nulls(array, cast(&whole, to)?, target)
        }
        _ => Err(no_conversion(array.data_type(), target)),
    }
}

fn rescale(array: &ArrayRef, scale: i8, target: &Field) -> Result<ArrayRef> {
    let DataType::Decimal128(precision, to_scale) = target.data_type() else {
        return Err(no_conversion(array.data_type(), target));
    };
    let converted = rescale_or_null(array.as_primitive(), scale, *precision, *to_scale)?;
    check_no_new_nulls(array, Arc::new(converted), target)
}

/// Moves the decimal point; a value that would lose a digit becomes NULL.
fn rescale_or_null(
    array: &Decimal128Array,
    from_scale: i8,
    precision: u8,
    scale: i8,
) -> Result<Decimal128Array> {
    let shift = i32::from(scale) - i32::from(from_scale);
    let power = 10i128.checked_pow(shift.unsigned_abs());
    let converted: Decimal128Array = array.unary_opt(|value| {
        let moved = match (value, power) {
            (0, _) => Some(0),
            (_, None) => None,
            (value, Some(power)) if shift >= 0 => value.checked_mul(power),
            (value, Some(power)) => (value % power == 0).then(|| value / power),
        };
        moved.filter(|value| Decimal128Type::is_valid_decimal_precision(*value, precision))
    });
    Ok(converted.with_precision_and_scale(precision, scale)?)
}

fn float_to_decimal(
    array: &ArrayRef,
    precision: u8,
    scale: i8,
    target: &Field,
) -> Result<ArrayRef> {
    let Ok(places) = u8::try_from(scale) else {
        return Err(no_conversion(array.data_type(), target));
    };
    let converted: Decimal128Array = array
        .as_primitive::<Float64Type>()
        .unary_opt(|value| parse_decimal(&value.to_string(), precision, places).ok());
    let converted = converted.with_precision_and_scale(precision, scale)?;
    check_no_new_nulls(array, Arc::new(converted), target)
}

/// The nearest DOUBLE, if its shortest form is the decimal again.
fn decimal_to_float(array: &ArrayRef, scale: i8, target: &Field) -> Result<ArrayRef> {
    let Ok(places) = u8::try_from(scale) else {
        return through_text(array, target);
    };
    let digits = Decimal128Type::MAX_PRECISION;
    let converted: Float64Array = array.as_primitive::<Decimal128Type>().unary_opt(|value| {
        let number = parse_double(&Decimal128Type::format_decimal(value, digits, scale)).ok()?;
        let again = parse_decimal(&number.to_string(), digits, places).ok()?;
        (again == value).then_some(number)
    });
    check_no_new_nulls(array, Arc::new(converted), target)
}

/// Minus zero has no whole number of its own and counts as zero, which adding zero makes it.
fn float_to_integer(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    let unsigned_zero: Float64Array = array
        .as_primitive::<Float64Type>()
        .unary(|value| value + 0.0);
    let original: ArrayRef = Arc::new(unsigned_zero);
    let converted = cast(&original, target.data_type())?;
    let back = cast(&converted, &DataType::Float64)?;
    check_same(&original, converted, &back, target)
}

/// Rare types go by their exact decimal text and the strict parser.
fn through_text(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    let text = cast(array, &DataType::Utf8)?;
    let mut column = ColumnBuilder::new(target)?;
    for (row, value) in text.as_string::<i32>().iter().enumerate() {
        match value {
            Some(value) => {
                // A whole number may show its scale as zeros, which only a DECIMAL accepts.
                let value = match target.data_type().is_integer() && value.contains('.') {
                    true => value.trim_end_matches('0').trim_end_matches('.'),
                    false => value,
                };
                column
                    .append_text(value)
                    .map_err(|_| lossy_value(array, row, target))?;
            }
            None => column.append_null(),
        }
    }
    Ok(column.finish())
}
