//! The one grammar of numbers: how a number may be written, before anybody asks for its value.
//!
//! ```text
//! number = [+|-] ( digits [ . digits ] | . digits ) [ (e|E) [+|-] digits ]
//! ```
//!
//! ASCII digits only; no thousands separators, no `5.`, no spelled words such as `inf`. The
//! strict parsers and the inference of types both start from it, so they cannot disagree.

/// A number as it is written, cut into its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<'a> {
    /// `+`, `-` or nothing.
    pub sign: Option<u8>,
    /// The digits before the decimal point, leading zeros included; empty for `.5`.
    pub integer: &'a str,
    /// The digits after the decimal point, trailing zeros included.
    pub fraction: Option<&'a str>,
    /// Whether an exponent follows.
    pub exponent: bool,
}

impl<'a> Number<'a> {
    /// Cuts `text` into parts; `None` if it is not written as a number.
    pub fn scan(text: &'a str) -> Option<Number<'a>> {
        let sign = text
            .bytes()
            .next()
            .filter(|byte| matches!(byte, b'+' | b'-'));
        let unsigned = &text[usize::from(sign.is_some())..];
        let (integer, rest) = split_digits(unsigned);
        let (fraction, rest) = match rest.strip_prefix('.') {
            Some(after) => {
                let (digits, rest) = split_digits(after);
                (Some(digits), rest)
            }
            None => (None, rest),
        };
        let well_formed = match fraction {
            Some(digits) => !digits.is_empty(),
            None => !integer.is_empty(),
        };
        if !well_formed {
            return None;
        }
        let exponent = match rest.strip_prefix(['e', 'E']) {
            Some(power) => {
                let (digits, rest) = split_digits(power.strip_prefix(['+', '-']).unwrap_or(power));
                if digits.is_empty() || !rest.is_empty() {
                    return None;
                }
                true
            }
            None if rest.is_empty() => false,
            None => return None,
        };
        Some(Number {
            sign,
            integer,
            fraction,
            exponent,
        })
    }

    /// Whether the number is below zero, or a negative zero.
    pub fn is_negative(&self) -> bool {
        self.sign == Some(b'-')
    }

    /// The digits before the point that count: without leading zeros.
    pub fn integer_digits(&self) -> &'a str {
        self.integer.trim_start_matches('0')
    }

    /// The digits after the point that count: without trailing zeros.
    pub fn fractional_digits(&self) -> &'a str {
        self.fraction.unwrap_or_default().trim_end_matches('0')
    }

    /// Whether a leading zero says that this is a code rather than a quantity: `007`, `-01.5`.
    pub fn has_leading_zero(&self) -> bool {
        self.integer.len() > 1 && self.integer.starts_with('0')
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn parts() {
        let number = Number::scan("-007.250").unwrap();
        assert_eq!(
            (number.sign, number.integer, number.fraction),
            (Some(b'-'), "007", Some("250"))
        );
        assert_eq!(
            (number.integer_digits(), number.fractional_digits()),
            ("7", "25")
        );
        assert!(number.is_negative() && number.has_leading_zero() && !number.exponent);
        assert!(Number::scan("1e-9").unwrap().exponent);
        assert!(!Number::scan("0.5").unwrap().has_leading_zero());
    }

    #[test]
    fn grammar() {
        for text in ["0", "+1", "-1", ".5", "1.5", "1e5", "1.5E+10", "-.5e-3"] {
            assert!(Number::scan(text).is_some(), "{text}");
        }
        for text in [
            "", "-", ".", "5.", "1e", "1e+", "--1", "1 ", "1,000", "0x1f", "inf", "NaN", "1_000",
            "٣", "1.2.3", "1e5.0",
        ] {
            assert!(Number::scan(text).is_none(), "{text}");
        }
    }
}
