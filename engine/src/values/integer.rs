//! Whole numbers as text: TINYINT, SMALLINT, INTEGER and BIGINT.

use super::digits::parse_digits;
use super::number::Number;
use super::refusal::{Refusal, malformed};

/// A whole number: an optional sign and digits, leading zeros allowed. `1.0` is refused, for it
/// claims a precision that the type does not keep.
pub fn parse_integer<T: TryFrom<i64>>(text: &str) -> Result<T, Refusal> {
    let value = match fast(text.as_bytes()) {
        Some(value) => value,
        None => slow(text)?,
    };
    T::try_from(value).map_err(|_| Refusal::OutOfRange)
}

/// Up to 18 digits cannot overflow; nearly every value ends here.
fn fast(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let value = parse_digits(digits)? as i64;
    Some(if negative { -value } else { value })
}

fn slow(text: &str) -> Result<i64, Refusal> {
    let number = Number::scan(text).ok_or_else(|| malformed(text, Refusal::NotInteger))?;
    if number.exponent {
        return Err(Refusal::Exponent);
    }
    if number.fraction.is_some() {
        return Err(match number.fractional_digits() {
            "" => Refusal::DecimalPoint,
            _ => Refusal::Fraction,
        });
    }
    text.parse().map_err(|_| Refusal::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(parse_integer::<i8>("-128"), Ok(-128));
        assert_eq!(parse_integer::<i8>("128"), Err(Refusal::OutOfRange));
        assert_eq!(parse_integer::<i64>("9223372036854775807"), Ok(i64::MAX));
        assert_eq!(parse_integer::<i64>("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(
            parse_integer::<i64>("9223372036854775808"),
            Err(Refusal::OutOfRange)
        );
        assert_eq!(
            parse_integer::<i64>("00000000000000000000000000012"),
            Ok(12)
        );
        assert_eq!(parse_integer::<i32>("+7"), Ok(7));
        for (text, refusal) in [
            ("", Refusal::Empty),
            ("7 ", Refusal::Spaces),
            ("-", Refusal::NotInteger),
            ("1a", Refusal::NotInteger),
            ("1.0", Refusal::DecimalPoint),
            ("1.75", Refusal::Fraction),
            ("1e3", Refusal::Exponent),
            ("1,000", Refusal::NotInteger),
        ] {
            assert_eq!(parse_integer::<i32>(text), Err(refusal), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_library(text in "[+-]?[0-9]{1,21}") {
            prop_assert_eq!(parse_integer::<i64>(&text).ok(), text.parse::<i64>().ok());
            prop_assert_eq!(parse_integer::<i16>(&text).ok(), text.parse::<i16>().ok());
        }
    }
}
