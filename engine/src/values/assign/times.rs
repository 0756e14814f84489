//! Dates and timestamps to each other, as long as no time of day and no digit is lost.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Date32Array, PrimitiveArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Date64Type, Field, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};

use super::super::Refusal;
use super::super::timestamp::DAY;
use super::lossy::{check_no_new_nulls, refuse};
use super::no_conversion;
use crate::{Error, Result};

/// `array` of dates or timestamps as the DATE or TIMESTAMP of `target`.
pub(super) fn assign(array: &ArrayRef, target: &Field) -> Result<ArrayRef> {
    let from_zone = matches!(array.data_type(), DataType::Timestamp(_, Some(_)));
    let Some(micros) = microseconds(array) else {
        return Err(no_conversion(array.data_type(), target));
    };
    match target.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, zone) if zone.is_some() == from_zone => {
            check_no_new_nulls(
                array,
                Arc::new(micros.with_timezone_opt(zone.clone())),
                target,
            )
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) | DataType::Date32 if from_zone => {
            Err(zone_differs(array, target, Refusal::Zone))
        }
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            Err(zone_differs(array, target, Refusal::NoZone))
        }
        DataType::Date32 => {
            let days: Date32Array = micros.unary_opt(|value| match value.rem_euclid(DAY) {
                0 => i32::try_from(value.div_euclid(DAY)).ok(),
                _ => None,
            });
            check_no_new_nulls(array, Arc::new(days), target)
        }
        _ => Err(no_conversion(array.data_type(), target)),
    }
}

/// Microseconds since 1970 of any date or timestamp; NULL where they would not be exact. `None`
/// for times of day and durations, which are not moments.
fn microseconds(array: &ArrayRef) -> Option<TimestampMicrosecondArray> {
    Some(match array.data_type() {
        DataType::Date32 => array
            .as_primitive::<Date32Type>()
            .unary_opt(|days| i64::from(days).checked_mul(DAY)),
        DataType::Date64 => scaled::<Date64Type>(array, 1_000),
        DataType::Timestamp(TimeUnit::Second, _) => scaled::<TimestampSecondType>(array, 1_000_000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            scaled::<TimestampMillisecondType>(array, 1_000)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            scaled::<TimestampMicrosecondType>(array, 1)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => array
            .as_primitive::<TimestampNanosecondType>()
            .unary_opt(|nanos| (nanos % 1_000 == 0).then_some(nanos / 1_000)),
        _ => return None,
    })
}

fn scaled<T: ArrowPrimitiveType<Native = i64>>(
    array: &ArrayRef,
    factor: i64,
) -> TimestampMicrosecondArray {
    let values: &PrimitiveArray<T> = array.as_primitive();
    values.unary_opt(|value| value.checked_mul(factor))
}

/// A clock without its zone and a moment are different things whatever the value; NULLs too, so
/// that the same statement does not work on some days only.
fn zone_differs(array: &ArrayRef, target: &Field, refusal: Refusal) -> Error {
    let shown = (0..array.len())
        .find(|row| array.is_valid(*row))
        .and_then(|row| arrow::util::display::array_value_to_string(array, row).ok());
    let error = match shown {
        Some(value) => refuse(&value, target, refusal),
        None => no_conversion(array.data_type(), target),
    };
    error.hint("say which zone is meant: ts AT TIME ZONE 'UTC' turns one kind into the other")
}
