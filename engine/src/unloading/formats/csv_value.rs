//! Values as plain text, as our reader and others take them: numbers with every digit, dates and
//! times as ISO 8601 has them, with a space between the two.

use std::io::Write;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, TimeUnit};

use crate::{Error, Result};

const MICROSECONDS_OF_SECOND: i64 = 1_000_000;
const SECONDS_OF_DAY: i64 = 86_400;
/// Days from 0000-03-01, where a year of the calculation begins, to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
/// Days of the 400 years after which the calendar repeats.
const DAYS_OF_ERA: i64 = 146_097;

/// The values of a column, their type told once.
pub(super) enum Values<'a> {
    Boolean(&'a BooleanArray),
    TinyInt(&'a Int8Array),
    SmallInt(&'a Int16Array),
    Integer(&'a Int32Array),
    BigInt(&'a Int64Array),
    Real(&'a Float32Array),
    Double(&'a Float64Array),
    Decimal(&'a Decimal128Array, i8),
    Date(&'a Date32Array),
    /// Whether they are moments, in UTC, stands beside.
    Timestamp(&'a TimestampMicrosecondArray, bool),
    Text(&'a StringArray),
}

/// The values of a column that CSV can hold.
///
/// # Errors
/// Another column.
pub(super) fn values_of(column: &ArrayRef) -> Result<Values<'_>> {
    Ok(match column.data_type() {
        DataType::Boolean => Values::Boolean(column.as_boolean()),
        DataType::Int8 => Values::TinyInt(column.as_primitive()),
        DataType::Int16 => Values::SmallInt(column.as_primitive()),
        DataType::Int32 => Values::Integer(column.as_primitive()),
        DataType::Int64 => Values::BigInt(column.as_primitive()),
        DataType::Float32 => Values::Real(column.as_primitive()),
        DataType::Float64 => Values::Double(column.as_primitive()),
        DataType::Decimal128(_, scale) => Values::Decimal(column.as_primitive(), *scale),
        DataType::Date32 => Values::Date(column.as_primitive()),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            Values::Timestamp(column.as_primitive(), zone.is_some())
        }
        DataType::Utf8 => Values::Text(column.as_string()),
        other => {
            return Err(Error::internal(format!("CSV was to hold {other}")));
        }
    })
}

impl Values<'_> {
    /// Appends a value that is not NULL.
    pub(super) fn write(&self, row: usize, text: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        let mut float = zmij::Buffer::new();
        let written = match self {
            Values::Boolean(values) if values.value(row) => "true",
            Values::Boolean(_) => "false",
            Values::TinyInt(values) => digits.format(values.value(row)),
            Values::SmallInt(values) => digits.format(values.value(row)),
            Values::Integer(values) => digits.format(values.value(row)),
            Values::BigInt(values) => digits.format(values.value(row)),
            Values::Real(values) => float.format(values.value(row)),
            Values::Double(values) => float.format(values.value(row)),
            Values::Decimal(values, scale) => return decimal(values.value(row), *scale, text),
            Values::Date(values) => return date(i64::from(values.value(row)), text),
            Values::Timestamp(values, zoned) => {
                timestamp(values.value(row), text);
                if *zoned { "+00:00" } else { "" }
            }
            Values::Text(values) => values.value(row),
        };
        text.extend_from_slice(written.as_bytes());
    }
}

/// A number of units of 10^-scale, with a digit before the point.
fn decimal(units: i128, scale: i8, text: &mut Vec<u8>) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(units.unsigned_abs());
    if units < 0 {
        text.push(b'-');
    }
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        text.extend_from_slice(digits.as_bytes());
        if units != 0 {
            text.extend(std::iter::repeat_n(b'0', places));
        }
        return;
    }
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(places));
    text.extend_from_slice(if whole.is_empty() {
        b"0"
    } else {
        whole.as_bytes()
    });
    text.push(b'.');
    text.extend(std::iter::repeat_n(b'0', places - fraction.len()));
    text.extend_from_slice(fraction.as_bytes());
}

/// A day of the years 1 to 9999, from days since 1970-01-01 (Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", civil_from_days).
fn date(days: i64, text: &mut Vec<u8>) {
    let shifted = days + DAYS_TO_1970;
    let (era, of_era) = (
        shifted.div_euclid(DAYS_OF_ERA),
        shifted.rem_euclid(DAYS_OF_ERA),
    );
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (DAYS_OF_ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (century, year) = (year.div_euclid(100), year.rem_euclid(100));
    two_digits(century, text);
    two_digits(year, text);
    text.push(b'-');
    two_digits(month, text);
    text.push(b'-');
    two_digits(day, text);
}

/// Without the digits of a fraction that are zeros at its end.
fn timestamp(micros: i64, text: &mut Vec<u8>) {
    let seconds = micros.div_euclid(MICROSECONDS_OF_SECOND);
    let fraction = micros.rem_euclid(MICROSECONDS_OF_SECOND);
    let of_day = seconds.rem_euclid(SECONDS_OF_DAY);
    date(seconds.div_euclid(SECONDS_OF_DAY), text);
    for (mark, value) in [
        (b' ', of_day / 3600),
        (b':', of_day / 60 % 60),
        (b':', of_day % 60),
    ] {
        text.push(mark);
        two_digits(value, text);
    }
    if fraction != 0 {
        // Writing to memory does not fail.
        let _ = write!(text, ".{fraction:06}");
        while text.last() == Some(&b'0') {
            text.pop();
        }
    }
}

fn two_digits(value: i64, text: &mut Vec<u8>) {
    text.push(b'0' + (value / 10 % 10) as u8);
    text.push(b'0' + (value % 10) as u8);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::values::{DateFormat, parse_date, parse_decimal, parse_timestamp};

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut text = Vec::new();
        write(&mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn numbers_keep_their_digits() {
        for (units, scale, expected) in [
            (0, 2, "0.00"),
            (-5, 2, "-0.05"),
            (12_345, 2, "123.45"),
            (7, 0, "7"),
            (-7, -2, "-700"),
            (0, -2, "0"),
            (i128::MIN, 38, "-1.70141183460469231731687303715884105728"),
        ] {
            assert_eq!(text(|text| decimal(units, scale, text)), expected);
        }
    }

    #[test]
    fn moments_are_written_short() {
        for (micros, expected) in [
            (0, "1970-01-01 00:00:00"),
            (-1, "1969-12-31 23:59:59.999999"),
            (1_500_000, "1970-01-01 00:00:01.5"),
            (-62_135_596_800_000_000, "0001-01-01 00:00:00"),
            (253_402_300_799_999_000, "9999-12-31 23:59:59.999"),
        ] {
            assert_eq!(text(|text| timestamp(micros, text)), expected);
        }
    }

    proptest! {
        #[test]
        fn dates_and_times_are_read_back(days in -719_162..=2_932_896_i32, micros in -62_135_596_800_000_000..=253_402_300_799_999_999_i64) {
            let day = text(|text| date(i64::from(days), text));
            prop_assert_eq!(parse_date(&day, DateFormat::ISO), Ok(days));
            let moment = text(|text| timestamp(micros, text));
            prop_assert_eq!(parse_timestamp(&moment, DateFormat::ISO), Ok(micros));
        }

        #[test]
        fn decimals_are_read_back(units in -99_999_999_999_999_999_999_999_999_999_999_999_999_i128..=99_999_999_999_999_999_999_999_999_999_999_999_999, scale in 0..=38_u8) {
            let written = text(|text| decimal(units, scale as i8, text));
            prop_assert_eq!(parse_decimal(&written, 38, scale), Ok(units));
        }
    }
}
