//! ON_LOSS round: the nearest value that a column can hold, for text that the strict parsers refuse
//! because it says more.
//!
//! | the text has | it becomes |
//! |---|---|
//! | digits beyond the scale of a DECIMAL, or a fraction where a whole number is asked for | the nearest number, half away from zero |
//! | an exponent where the type has none | the number that it writes |
//! | digits below the microsecond | the nearest microsecond |
//! | a time of day where a DATE is asked for | its day |
//!
//! Everything else stays refused: rounding never helps a value that is out of range, has a zone
//! too many or is no number at all.

use super::date_format::DateFormat;
use super::number::Number;
use super::refusal::Refusal;
use super::timestamp::{DAY, parse_timestamp, parse_timestamp_with_zone};

/// The nearest value, and whether it is another one than the text says. A value may only be written
/// as its type does not take it: `1e2`, or a midnight for a DATE.
pub(super) type Nearest<T> = Result<(T, bool), Refusal>;

/// DECIMAL holds this many digits.
const MAX_DIGITS: usize = 38;
/// Digits below the second that a TIMESTAMP keeps.
const MICROSECOND_DIGITS: usize = 6;

/// The nearest unscaled value of a DECIMAL(precision, scale), half away from zero.
pub(super) fn decimal(text: &str, precision: u8, scale: u8) -> Nearest<i128> {
    let number = Number::scan(text).ok_or(Refusal::NotDecimal)?;
    let fraction = number.fraction.unwrap_or_default();
    let digits: Vec<u8> = number.integer.bytes().chain(fraction.bytes()).collect();
    let leading = digits.iter().take_while(|digit| **digit == b'0').count();
    let digits = &digits[leading..];
    // How many of the digits stand before the decimal point; below zero, zeros follow it first.
    let point = number.integer.len() as i64 - leading as i64 + power(text);
    let kept = point.saturating_add(i64::from(scale));
    if digits.is_empty() || kept < 0 {
        return Ok((0, !digits.is_empty()));
    }
    let kept = usize::try_from(kept).unwrap_or(usize::MAX);
    let too_many = || Refusal::IntegerDigits {
        fitting: usize::try_from(point)
            .ok()
            .map(|point| point + usize::from(scale))
            .filter(|digits| *digits <= MAX_DIGITS)
            .map(|digits| (digits as u8, scale)),
    };
    if kept > usize::from(precision) {
        return Err(too_many());
    }
    let digit_at = |at: usize| i128::from(digits.get(at).map_or(0, |digit| digit - b'0'));
    let cut = (0..kept).fold(0, |value, at| value * 10 + digit_at(at));
    let value = cut + i128::from(digit_at(kept) >= 5);
    if value >= 10i128.pow(u32::from(precision)) {
        return Err(Refusal::IntegerDigits {
            fitting: (usize::from(precision) < MAX_DIGITS).then_some((precision + 1, scale)),
        });
    }
    let changed = digits.iter().skip(kept).any(|digit| *digit != b'0');
    Ok((if number.is_negative() { -value } else { value }, changed))
}

/// The nearest whole number, half away from zero.
pub(super) fn integer<T: TryFrom<i128>>(text: &str) -> Nearest<T> {
    let (value, changed) = decimal(text, MAX_DIGITS as u8, 0).map_err(|refusal| match refusal {
        Refusal::IntegerDigits { .. } => Refusal::OutOfRange,
        _ => Refusal::NotInteger,
    })?;
    match T::try_from(value) {
        Ok(value) => Ok((value, changed)),
        Err(_) => Err(Refusal::OutOfRange),
    }
}

/// The nearest microsecond of a clock without a zone.
pub(super) fn timestamp(text: &str, format: DateFormat) -> Nearest<i64> {
    let (whole, up) = at_microseconds(text);
    let changed = whole.len() < text.len();
    Ok((parse_timestamp(&whole, format)? + i64::from(up), changed))
}

/// The nearest microsecond of a moment whose text names its zone.
pub(super) fn timestamp_with_zone(text: &str, format: DateFormat) -> Nearest<i64> {
    let (whole, up) = at_microseconds(text);
    let changed = whole.len() < text.len();
    let micros = parse_timestamp_with_zone(&whole, format)? + i64::from(up);
    Ok((micros, changed))
}

/// The day of a clock without a zone.
pub(super) fn date(text: &str, format: DateFormat) -> Nearest<i32> {
    let (whole, _) = at_microseconds(text);
    let micros = parse_timestamp(&whole, format)?;
    let changed = whole.len() < text.len() || micros.rem_euclid(DAY) != 0;
    match i32::try_from(micros.div_euclid(DAY)) {
        Ok(days) => Ok((days, changed)),
        Err(_) => Err(Refusal::OutOfRange),
    }
}

/// The exponent of a number; what is beyond all bounds stays so.
fn power(number: &str) -> i64 {
    let Some((_, power)) = number.split_once(['e', 'E']) else {
        return 0;
    };
    let beyond = match power.starts_with('-') {
        true => i64::from(i32::MIN),
        false => i64::from(i32::MAX),
    };
    power.parse::<i32>().map_or(beyond, i64::from)
}

/// The text without digits below the microsecond, and whether they are the larger half of one.
fn at_microseconds(text: &str) -> (String, bool) {
    // A date may be written with dots, but a fraction of a second stands after the last colon of
    // the clock, which the colon of a zone may follow.
    let Some(colon) = text.rfind(':') else {
        return (text.to_owned(), false);
    };
    let before_zone = text[..colon]
        .rfind(['+', '-'])
        .and_then(|zone| text[..zone].rfind(':'));
    let start = before_zone.unwrap_or(colon) + 1;
    let Some(point) = text[start..].find('.').map(|point| start + point) else {
        return (text.to_owned(), false);
    };
    let digits = text[point + 1..]
        .bytes()
        .take_while(u8::is_ascii_digit)
        .count();
    if digits <= MICROSECOND_DIGITS {
        return (text.to_owned(), false);
    }
    let kept = point + 1 + MICROSECOND_DIGITS;
    let up = text.as_bytes()[kept] >= b'5';
    let rest = &text[point + 1 + digits..];
    (format!("{}{rest}", &text[..kept]), up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_rounded_half_away_from_zero() {
        for (text, expected, changed) in [
            ("1.005", 101, true),
            ("-1.005", -101, true),
            ("1.0049", 100, true),
            ("0.004", 0, true),
            ("-0.005", -1, true),
            ("99999.994", 9_999_999, true),
            ("1.5e2", 15_000, false),
            ("1.5E-2", 2, true),
            ("12.5", 1_250, false),
            ("12.500", 1_250, false),
            ("0e999999999999", 0, false),
            ("1e-999999999999", 0, true),
            (".005", 1, true),
            ("000.005", 1, true),
        ] {
            assert_eq!(decimal(text, 7, 2), Ok((expected, changed)), "{text}");
        }
        let too_many = |fitting| Err(Refusal::IntegerDigits { fitting });
        assert_eq!(decimal("99999.995", 7, 2), too_many(Some((8, 2))));
        assert_eq!(decimal("100000.001", 7, 2), too_many(Some((8, 2))));
        assert_eq!(decimal("1e999999999999", 7, 2), too_many(None));
        assert_eq!(decimal("9.5", 38, 38), too_many(None));
        assert_eq!(decimal("x", 7, 2), Err(Refusal::NotDecimal));
    }

    #[test]
    fn whole_numbers_are_rounded_within_their_range() {
        assert_eq!(integer::<i8>("1.5"), Ok((2, true)));
        assert_eq!(integer::<i8>("-127.5"), Ok((-128, true)));
        assert_eq!(integer::<i8>("1e2"), Ok((100, false)));
        assert_eq!(integer::<i8>("127.5"), Err(Refusal::OutOfRange));
        assert_eq!(
            integer::<i64>("9223372036854775807.4"),
            Ok((i64::MAX, true))
        );
        assert_eq!(integer::<i64>("1e20"), Err(Refusal::OutOfRange));
        assert_eq!(integer::<i64>("ten"), Err(Refusal::NotInteger));
    }

    #[test]
    fn times_are_rounded_to_the_microsecond() {
        let round = |text| timestamp(text, DateFormat::ISO);
        assert_eq!(round("1970-01-01 00:00:00.0000014"), Ok((1, true)));
        assert_eq!(round("1970-01-01 00:00:00.0000015"), Ok((2, true)));
        assert_eq!(round("1970-01-01 23:59:59.9999999"), Ok((DAY, true)));
        assert_eq!(round("1970-01-01 10:00+02:00"), Err(Refusal::Zone));
        let zoned = |text| timestamp_with_zone(text, DateFormat::ISO);
        assert_eq!(zoned("1970-01-01 02:00:00.0000016+02:00"), Ok((2, true)));
        assert_eq!(zoned("1970-01-01 00:00:00.0000016Z"), Ok((2, true)));
        assert_eq!(zoned("1970-01-01 00:00:00.0000016-0000"), Ok((2, true)));
    }

    #[test]
    fn a_moment_becomes_its_day_and_never_the_next() {
        let round = |text| date(text, DateFormat::ISO);
        assert_eq!(round("1970-01-02 23:59:59.9999999"), Ok((1, true)));
        assert_eq!(round("1969-12-31 00:00:01"), Ok((-1, true)));
        assert_eq!(round("1970-01-02"), Ok((1, false)));
        assert_eq!(round("1970-01-02 00:00"), Ok((1, false)));
        assert_eq!(round("1970-02-30 10:00"), Err(Refusal::NoSuchDate));
        assert_eq!(round("1970-01-02 10:00Z"), Err(Refusal::Zone));
    }

    proptest! {
        #[test]
        fn a_rounded_decimal_is_never_further_than_half_a_step(whole in -99_999i64..99_999, thousandths in 0i128..1_000_000) {
            let text = format!("{whole}.{thousandths:06}");
            let exact = i128::from(whole.unsigned_abs()) * 1_000_000 + thousandths;
            let rounded = decimal(&text, 12, 2).map(|(value, _)| value.abs() * 10_000);
            let step = rounded.map(|rounded| (rounded - exact).abs() <= 5_000);
            prop_assert_eq!(step, Ok(true));
        }

        #[test]
        fn what_fits_is_not_changed(value in -(10i128.pow(38) - 1)..10i128.pow(38), scale in 0u8..=38) {
            use arrow::datatypes::{Decimal128Type, DecimalType};
            let text = Decimal128Type::format_decimal(value, 38, scale as i8);
            prop_assert_eq!(decimal(&text, 38, scale), Ok((value, false)));
        }

        #[test]
        fn never_panics(text in "[0-9T:Z.+ eE-]{0,40}|\\PC{0,20}") {
            let _ = decimal(&text, 10, 2);
            let _ = timestamp(&text, DateFormat::ISO);
            let _ = timestamp_with_zone(&text, DateFormat::ISO);
            let _ = date(&text, DateFormat::ISO);
        }
    }
}
