//! Postgres's `numeric` in binary: groups of four decimal digits, most significant first.
//!
//! `ndigits`, `weight` (of the first group, as a power of 10,000), `sign`, `dscale` (digits to
//! show), each in two bytes, then the groups (`numeric_send` in `src/backend/utils/adt/numeric.c`).

use super::values::{Cursor, Fault};

const POSITIVE: u16 = 0x0000;
const NEGATIVE: u16 = 0x4000;
const NOT_A_NUMBER: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;
/// Digits in a group.
const GROUP_DIGITS: i32 = 4;
const GROUP: i128 = 10_000;

/// The value as a whole number of units of `scale` digits behind the point.
pub(super) fn decimal(bytes: &[u8], scale: u8) -> Result<i128, Fault> {
    let mut cursor = Cursor::new(bytes);
    let head = (cursor.u16(), cursor.i16(), cursor.u16(), cursor.u16());
    let (Some(count), Some(weight), Some(sign), Some(_)) = head else {
        return Err(Fault::Broken);
    };
    match sign {
        POSITIVE | NEGATIVE => {}
        NOT_A_NUMBER => return Err(no_value("NaN, which no DECIMAL is")),
        INFINITY | NEGATIVE_INFINITY => return Err(no_value("infinity, which no DECIMAL is")),
        _ => return Err(Fault::Broken),
    }
    let mut sum: i128 = 0;
    // The power of ten that the group stands for, counted in units of the scale.
    let mut power = i32::from(weight) * GROUP_DIGITS + i32::from(scale);
    let mut missing = power + GROUP_DIGITS;
    for _ in 0..count {
        let group = i128::from(cursor.u16().ok_or(Fault::Broken)?);
        (sum, missing) = match power {
            0.. => (shift(sum, GROUP)? + group, power),
            // Of the last group, only the first digits lie before the end of the scale.
            -3..=-1 => {
                let cut = ten_to(-power)?;
                if group % cut != 0 {
                    return Err(TOO_FINE);
                }
                (shift(sum, GROUP / cut)? + group / cut, 0)
            }
            _ if group == 0 => (sum, missing),
            _ => return Err(TOO_FINE),
        };
        power -= GROUP_DIGITS;
    }
    if !cursor.is_empty() {
        return Err(Fault::Broken);
    }
    // Zeros at the end are not sent.
    if sum != 0 && missing > 0 {
        sum = shift(sum, ten_to(missing)?)?;
    }
    Ok(if sign == NEGATIVE { -sum } else { sum })
}

fn shift(value: i128, factor: i128) -> Result<i128, Fault> {
    value.checked_mul(factor).ok_or(TOO_LARGE)
}

fn ten_to(power: i32) -> Result<i128, Fault> {
    let power = u32::try_from(power).map_err(|_| Fault::Broken)?;
    10_i128.checked_pow(power).ok_or(TOO_LARGE)
}

fn no_value(what: &'static str) -> Fault {
    Fault::NoValue {
        what,
        hint: "replace it by NULL, or cast the column to text, in a view of the database",
    }
}

const TOO_FINE: Fault = Fault::NoValue {
    what: "a number with more digits behind the point than its type",
    hint: "round it in a view of the database",
};
const TOO_LARGE: Fault = Fault::NoValue {
    what: "a number of more than 38 digits",
    hint: "cast the column to text in a view of the database",
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn encoded(sign: u16, weight: i16, groups: &[u16]) -> Vec<u8> {
        let head = [groups.len() as u16, weight as u16, sign, 0];
        let words = head.iter().chain(groups);
        words.flat_map(|word| word.to_be_bytes()).collect()
    }

    /// The groups of a number, aligned at the point, without zeros at either end, as the server
    /// sends them.
    fn groups_of(value: i128, scale: u8) -> Vec<u8> {
        let text = value.unsigned_abs().to_string();
        let text = format!("{text:0>width$}", width = usize::from(scale) + 1);
        let (whole, fraction) = text.split_at(text.len() - usize::from(scale));
        let whole = format!("{whole:0>width$}", width = whole.len().div_ceil(4) * 4);
        let fraction = format!(
            "{fraction:0<width$}",
            width = fraction.len().div_ceil(4) * 4
        );
        let mut weight = (whole.len() / 4) as i16 - 1;
        let digits = format!("{whole}{fraction}");
        let mut groups: Vec<u16> = digits
            .as_bytes()
            .chunks(4)
            .map(|four| std::str::from_utf8(four).unwrap().parse().unwrap())
            .collect();
        while groups.last() == Some(&0) {
            groups.pop();
        }
        while groups.first() == Some(&0) {
            groups.remove(0);
            weight -= 1;
        }
        let sign = if value < 0 { NEGATIVE } else { POSITIVE };
        encoded(sign, if groups.is_empty() { 0 } else { weight }, &groups)
    }

    #[test]
    fn known_values() {
        for (bytes, scale, expected) in [
            (encoded(POSITIVE, 0, &[]), 2, 0),
            (encoded(NEGATIVE, 1, &[1, 2345, 6700]), 2, -1_234_567),
            (encoded(POSITIVE, 2, &[1]), 2, 10_000_000_000),
            (encoded(POSITIVE, -1, &[50]), 3, 5),
        ] {
            assert_eq!(decimal(&bytes, scale).unwrap(), expected);
        }
    }

    #[test]
    fn what_no_decimal_is() {
        for bytes in [
            encoded(NOT_A_NUMBER, 0, &[]),
            encoded(INFINITY, 0, &[]),
            encoded(NEGATIVE_INFINITY, 0, &[]),
            encoded(POSITIVE, -1, &[55]),
            encoded(POSITIVE, 10, &[1]),
        ] {
            assert!(matches!(decimal(&bytes, 3), Err(Fault::NoValue { .. })));
        }
        assert!(matches!(decimal(&[0, 1, 0, 0], 3), Err(Fault::Broken)));
    }

    proptest! {
        #[test]
        fn every_decimal_comes_back(
            value in -99_999_999_999_999_999_999_999_999_999_999_999_999_i128..=99_999_999_999_999_999_999_999_999_999_999_999_999,
            digits in 0_u32..38,
            scale in 0_u8..=38,
        ) {
            let value = value / 10_i128.pow(digits);
            let sent = groups_of(value, scale);
            prop_assert_eq!(decimal(&sent, scale).unwrap(), value);
        }
    }
}
