//! DOUBLE and REAL as text: the nearest binary number, but never infinity or a vanished value.

use super::number::Number;
use super::refusal::{Refusal, malformed};

/// The nearest DOUBLE. Too large is refused, and so is too small to differ from zero.
pub fn parse_double(text: &str) -> Result<f64, Refusal> {
    let number = scan(text)?;
    let value: f64 = text.parse().map_err(|_| Refusal::NotFloat)?;
    check(value.is_finite(), value == 0.0, &number)?;
    Ok(value)
}

/// The nearest REAL, under the rules of [`parse_double`].
pub fn parse_real(text: &str) -> Result<f32, Refusal> {
    let number = scan(text)?;
    let value: f32 = text.parse().map_err(|_| Refusal::NotFloat)?;
    check(value.is_finite(), value == 0.0, &number)?;
    Ok(value)
}

/// Our grammar first: the standard library also reads `inf`, `NaN` and `5.`.
fn scan(text: &str) -> Result<Number<'_>, Refusal> {
    Number::scan(text).ok_or_else(|| malformed(text, Refusal::NotFloat))
}

fn check(finite: bool, zero: bool, number: &Number<'_>) -> Result<(), Refusal> {
    let written_as_zero =
        number.integer_digits().is_empty() && number.fractional_digits().is_empty();
    if finite && zero == written_as_zero {
        Ok(())
    } else {
        Err(Refusal::OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(parse_double("1e5"), Ok(1e5));
        assert_eq!(parse_double("-0.0"), Ok(0.0));
        assert_eq!(parse_double("0e0"), Ok(0.0));
        assert_eq!(parse_double("1e999"), Err(Refusal::OutOfRange));
        assert_eq!(parse_double("1e-999"), Err(Refusal::OutOfRange));
        assert_eq!(parse_real("1e39"), Err(Refusal::OutOfRange));
        for text in ["NaN", "inf", "-infinity", "5.", "1e"] {
            assert_eq!(parse_double(text), Err(Refusal::NotFloat), "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
            prop_assert_eq!(parse_double(&value.to_string()), Ok(value));
            prop_assert_eq!(parse_double(&format!("{value:e}")), Ok(value));
        }
    }
}
