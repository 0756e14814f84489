//! DECIMAL as text: exact or refused, never rounded.

use super::digits::{MAX_DIGITS as MAX_U64_DIGITS, parse_digits};
use super::number::Number;
use super::refusal::{Refusal, malformed};

/// The most digits that DECIMAL (128 bits) holds.
pub(crate) const MAX_DIGITS: usize = 38;

/// 1, 10, .. as far as digits fit into 64 bits.
const POWERS_OF_TEN: [u64; MAX_U64_DIGITS + 1] = {
    let mut powers = [1; MAX_U64_DIGITS + 1];
    let mut power = 1;
    while power <= MAX_U64_DIGITS {
        powers[power] = powers[power - 1] * 10;
        power += 1;
    }
    powers
};

/// The unscaled value of a DECIMAL(precision, scale): `1.5` with scale 2 is 150.
///
/// Zeros beyond the scale carry nothing and may go; any other digit there is a loss and refused,
/// as are more digits before the point than `precision - scale`. `scale <= precision <= 38` is
/// the caller's promise.
pub fn parse_decimal(text: &str, precision: u8, scale: u8) -> Result<i128, Refusal> {
    match fast(text.as_bytes(), precision, scale) {
        Some(value) => Ok(value),
        None => slow(text, precision, scale),
    }
}

/// Digits, a point and no more digits than the scale has: nearly every value is written so.
fn fast(text: &[u8], precision: u8, scale: u8) -> Option<i128> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let point = digits.iter().position(|byte| *byte == b'.');
    let (integer, fraction) = match point {
        Some(point) => (&digits[..point], &digits[point + 1..]),
        None => (digits, &[][..]),
    };
    let padding = usize::from(scale).checked_sub(fraction.len())?;
    if integer.len() > usize::from(precision - scale) || usize::from(scale) > MAX_U64_DIGITS {
        return None;
    }
    let fraction = match point {
        Some(_) => parse_digits(fraction)? * POWERS_OF_TEN[padding],
        None => 0,
    };
    let integer = parse_digits(integer)?;
    // Both factors have 64 bits, so this is one multiplication.
    let value = i128::from(integer) * i128::from(POWERS_OF_TEN[usize::from(scale)]);
    let value = value + i128::from(fraction);
    Some(if negative { -value } else { value })
}

fn slow(text: &str, precision: u8, scale: u8) -> Result<i128, Refusal> {
    let number = Number::scan(text).ok_or_else(|| malformed(text, Refusal::NotDecimal))?;
    if number.exponent {
        return Err(Refusal::Exponent);
    }
    let (integer, fraction) = (number.integer_digits(), number.fractional_digits());
    let places = usize::from(precision - scale);
    if integer.len() > places || fraction.len() > usize::from(scale) {
        let fitting = fitting(
            integer.len().max(places),
            fraction.len().max(usize::from(scale)),
        );
        return Err(if fraction.len() > usize::from(scale) {
            Refusal::FractionalDigits { fitting }
        } else {
            Refusal::IntegerDigits { fitting }
        });
    }
    // Within 38 digits nothing below can overflow 127 bits.
    let padding = u32::from(scale) - fraction.len() as u32;
    let value = push_digits(push_digits(0, integer), fraction) * 10i128.pow(padding);
    Ok(if number.is_negative() { -value } else { value })
}

fn fitting(integer_digits: usize, fractional_digits: usize) -> Option<(u8, u8)> {
    let digits = integer_digits + fractional_digits;
    (digits <= MAX_DIGITS).then_some((digits as u8, fractional_digits as u8))
}

/// Appends decimal digits to a value. 64 bits hold 18 of them, and 128-bit products are slow.
fn push_digits(value: i128, digits: &str) -> i128 {
    digits.as_bytes().chunks(18).fold(value, |value, chunk| {
        let low = chunk
            .iter()
            .fold(0u64, |low, byte| low * 10 + u64::from(byte - b'0'));
        match value {
            0 => i128::from(low),
            _ => value * 10i128.pow(chunk.len() as u32) + i128::from(low),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::{Decimal128Type, DecimalType};
    use proptest::prelude::*;

    #[test]
    fn exact_or_refused() {
        assert_eq!(parse_decimal("12.34", 12, 2), Ok(1234));
        assert_eq!(parse_decimal("-0.005", 5, 3), Ok(-5));
        assert_eq!(parse_decimal("12.3400", 4, 2), Ok(1234));
        assert_eq!(parse_decimal(".5", 1, 1), Ok(5));
        assert_eq!(parse_decimal("007", 1, 0), Ok(7));
        assert_eq!(
            parse_decimal(&"9".repeat(38), 38, 0),
            Ok(10i128.pow(38) - 1)
        );
        assert_eq!(
            parse_decimal("12.349", 12, 2),
            Err(Refusal::FractionalDigits {
                fitting: Some((13, 3))
            })
        );
        assert_eq!(
            parse_decimal("1234567.5", 7, 2),
            Err(Refusal::IntegerDigits {
                fitting: Some((9, 2))
            })
        );
        assert_eq!(
            parse_decimal(&"9".repeat(39), 38, 2),
            Err(Refusal::IntegerDigits { fitting: None })
        );
        for (text, refusal) in [
            ("", Refusal::Empty),
            ("1.5 ", Refusal::Spaces),
            ("1e3", Refusal::Exponent),
            ("$1.50", Refusal::NotDecimal),
            ("1,5", Refusal::NotDecimal),
            ("NaN", Refusal::NotDecimal),
        ] {
            assert_eq!(parse_decimal(text, 10, 2), Err(refusal), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_way_says_what_the_slow_one_does(text in "-?[0-9]{0,20}(\\.[0-9]{0,20})?|\\PC{0,9}", precision in 1u8..=38, scale in 0u8..=38) {
            let scale = scale.min(precision);
            if let Some(value) = fast(text.as_bytes(), precision, scale) {
                prop_assert_eq!(slow(&text, precision, scale), Ok(value));
            }
        }

        #[test]
        fn reads_what_arrow_writes(value in -(10i128.pow(38) - 1)..10i128.pow(38), scale in 0u8..=38) {
            let text = Decimal128Type::format_decimal(value, 38, scale as i8);
            prop_assert_eq!(parse_decimal(&text, 38, scale), Ok(value));
        }
    }
}
