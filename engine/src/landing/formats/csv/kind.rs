//! What one value says about the type of its column, and what all values say together.
//!
//! Each value only adds to what is known: a set of kinds and some maxima. Sets and maxima do not
//! depend on order, so neither does the type, and two halves of a file can be judged apart.
//!
//! | all values of a column are | type |
//! |---|---|
//! | `true`, `false` | BOOLEAN |
//! | whole numbers of up to 18 digits | BIGINT |
//! | those and decimal fractions, 38 digits in all | DECIMAL(p,s), exact |
//! | numbers, some with an exponent or beyond 38 digits, none losing a digit as DOUBLE | DOUBLE |
//! | dates, all of one format and only that one ([`DateFormats`]) | DATE |
//! | those and dates with a time, without zone | TIMESTAMP |
//! | anything else, a mixture, or nothing | TEXT |
//!
//! `13-04-2024` says that days come first; if no value says so, there is no telling, and the
//! column is TEXT ([`Kinds::possible_dates`] names the formats that remain).
//!
//! Codes are not numbers: a leading zero (`007`, the diagnosis `001.1`), a plus sign, or a whole
//! number of more than 18 digits makes the column TEXT.

use arrow::datatypes::{DataType, TimeUnit};

use crate::values::{DateFormat, DateFormats, Number, parse_date, parse_timestamp};

/// DECIMAL holds this many digits.
pub(super) const MAX_DECIMAL_DIGITS: usize = 38;
/// Beyond this count digits need not be told apart, for no DECIMAL holds them.
const MANY_DIGITS: usize = MAX_DECIMAL_DIGITS + 1;
/// BIGINT holds every number of this many digits.
const MAX_BIGINT_DIGITS: usize = 18;
/// No DOUBLE is ever written with more digits than this, so a longer number is not one.
const MAX_DOUBLE_DIGITS: usize = 17;
/// Every whole number of this many digits is a DOUBLE.
const EXACT_DOUBLE_DIGITS: usize = 15;

/// What the values of a column so far are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kinds {
    seen: u8,
    integer_digits: usize,
    fraction_digits: usize,
    /// The formats that some date is not written in.
    no_dates: DateFormats,
}

const BOOLEAN: u8 = 1;
const INTEGER: u8 = 1 << 1;
const FRACTION: u8 = 1 << 2;
const EXPONENT: u8 = 1 << 3;
const DATE: u8 = 1 << 4;
const TIMESTAMP: u8 = 1 << 5;
const TEXT: u8 = 1 << 6;
/// A number that a DOUBLE would change.
const NOT_DOUBLE: u8 = 1 << 7;

const NUMBER: u8 = INTEGER | FRACTION | EXPONENT | NOT_DOUBLE;

impl Kinds {
    /// What one value is where dates are ISO dates.
    pub fn of(text: &str) -> Kinds {
        Kinds::among(text, DateFormats::only(DateFormat::ISO))
    }

    /// What one value is where dates have one of the given formats. Empty text can only be TEXT;
    /// NULL says nothing and is not asked.
    pub fn among(text: &str, formats: DateFormats) -> Kinds {
        match text.as_bytes() {
            [b'0'..=b'9' | b'-' | b'.', ..] => {
                number(text).unwrap_or_else(|| moment(text, formats))
            }
            [b't' | b'T' | b'f' | b'F', ..]
                if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") =>
            {
                Kinds::only(BOOLEAN)
            }
            _ => Kinds::only(TEXT),
        }
    }

    /// What is known after both.
    #[must_use]
    pub fn and(self, other: Kinds) -> Kinds {
        if (self.seen | other.seen) & TEXT != 0 {
            return Kinds::only(TEXT);
        }
        Kinds {
            seen: self.seen | other.seen,
            integer_digits: self.integer_digits.max(other.integer_digits),
            fraction_digits: self.fraction_digits.max(other.fraction_digits),
            no_dates: self.no_dates.or(other.no_dates),
        }
    }

    /// Whether a value surely adds nothing to what is known. Nearly every value is like those
    /// before it, and this is quick to see; `false` only says that it must be looked at closely.
    pub(super) fn covers(self, text: &str) -> bool {
        match text.as_bytes() {
            [b'-', digits @ ..] => self.covers_number(digits),
            digits @ [b'0'..=b'9', ..] => self.covers_number(digits) || self.covers_date(text),
            _ => false,
        }
    }

    fn covers_number(self, text: &[u8]) -> bool {
        let is_digit = |byte: &&u8| byte.is_ascii_digit();
        let length = text.iter().take_while(is_digit).count();
        let (integer, rest) = text.split_at(length);
        let counted = match integer {
            [] | [b'0', _, ..] => return false,
            [b'0'] => 0,
            integer => integer.len(),
        };
        if counted > self.integer_digits {
            return false;
        }
        match rest {
            [] => self.seen & INTEGER != 0 && counted <= EXACT_DOUBLE_DIGITS,
            [b'.', fraction @ ..] => {
                self.seen & FRACTION != 0
                    && (1..=self.fraction_digits).contains(&fraction.len())
                    && counted + fraction.len() <= MAX_DOUBLE_DIGITS
                    && fraction.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        }
    }

    fn covers_date(self, text: &str) -> bool {
        self.seen & DATE != 0
            && self
                .date_format()
                .is_some_and(|format| parse_date(text, format).is_ok())
    }

    /// Whether no value has said anything yet.
    pub fn is_empty(self) -> bool {
        self.seen == 0
    }

    /// The formats that all values can be written in, where all are dates: one for a column of
    /// type DATE or TIMESTAMP, more if there is no telling.
    pub fn possible_dates(self) -> DateFormats {
        match self.seen != 0 && self.seen & !(DATE | TIMESTAMP) == 0 {
            true => self.no_dates.others(),
            false => DateFormats::NONE,
        }
    }

    /// How the dates of a column of type DATE or TIMESTAMP are written.
    pub fn date_format(self) -> Option<DateFormat> {
        self.possible_dates().single()
    }

    /// Whether all values are numbers and yet no type of numbers keeps all of them.
    pub fn is_too_long(self) -> bool {
        self.seen != 0 && self.seen & !NUMBER == 0 && self.data_type() == DataType::Utf8
    }

    /// Whether no further value can change the type.
    pub fn is_settled(self) -> bool {
        self.seen & TEXT != 0
    }

    /// How many digits the longest number has before the point.
    pub fn integer_digits(self) -> u8 {
        u8::try_from(self.integer_digits).unwrap_or(u8::MAX)
    }

    /// The narrowest type that holds all values.
    pub fn data_type(self) -> DataType {
        let only = |kinds: u8| self.seen & !kinds == 0;
        if self.seen == 0 || self.seen & TEXT != 0 {
            DataType::Utf8
        } else if only(BOOLEAN) {
            DataType::Boolean
        } else if only(INTEGER | NOT_DOUBLE) {
            DataType::Int64
        } else if only(NUMBER) {
            self.decimal_or_double()
        } else if self.date_format().is_none() {
            DataType::Utf8
        } else if only(DATE) {
            DataType::Date32
        } else {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
    }

    fn only(kind: u8) -> Kinds {
        Kinds {
            seen: kind,
            ..Kinds::default()
        }
    }

    fn decimal_or_double(self) -> DataType {
        let digits = self.integer_digits + self.fraction_digits;
        if self.seen & EXPONENT == 0 && digits <= MAX_DECIMAL_DIGITS {
            // Values below one still get a digit before the point, where there is room.
            let precision =
                (self.integer_digits.max(1) + self.fraction_digits).min(MAX_DECIMAL_DIGITS);
            DataType::Decimal128(precision as u8, self.fraction_digits as i8)
        } else if self.seen & NOT_DOUBLE == 0 {
            DataType::Float64
        } else {
            DataType::Utf8
        }
    }
}

fn number(text: &str) -> Option<Kinds> {
    let number = Number::scan(text)?;
    if number.has_leading_zero() || number.sign == Some(b'+') {
        return Some(Kinds::only(TEXT));
    }
    let integer_digits = number.integer_digits().len();
    let fraction = number.fraction.unwrap_or_default();
    let whole = number.fraction.is_none() && !number.exponent;
    if whole && integer_digits > MAX_BIGINT_DIGITS {
        return Some(Kinds::only(TEXT));
    }
    let kind = match (number.exponent, whole) {
        (true, _) => EXPONENT,
        (false, true) => INTEGER,
        (false, false) => FRACTION,
    };
    let as_double = if survives_as_double(&number, text) {
        0
    } else {
        NOT_DOUBLE
    };
    Some(Kinds {
        seen: kind | as_double,
        integer_digits: integer_digits.min(MANY_DIGITS),
        fraction_digits: fraction.len().min(MANY_DIGITS),
        ..Kinds::default()
    })
}

/// Whether a DOUBLE keeps the number as it is written.
fn survives_as_double(number: &Number<'_>, text: &str) -> bool {
    let (integer, fraction) = (number.integer_digits(), number.fractional_digits());
    if number.exponent {
        return crate::values::parse_double(text).is_ok()
            && integer.len() + fraction.len() <= MAX_DOUBLE_DIGITS;
    }
    if fraction.is_empty() {
        return integer.len() <= EXACT_DOUBLE_DIGITS
            || integer.len() <= MAX_BIGINT_DIGITS
                && integer
                    .parse()
                    .is_ok_and(|whole: i64| (whole as f64) as i64 == whole);
    }
    let leading_zeros = match integer.is_empty() {
        true => fraction.len() - fraction.trim_start_matches('0').len(),
        false => 0,
    };
    integer.len() + fraction.len() - leading_zeros <= MAX_DOUBLE_DIGITS
}

fn moment(text: &str, formats: DateFormats) -> Kinds {
    let (found, rest) = DateFormats::of(text);
    let found = found.and(formats);
    let kind = match (found.iter().next(), rest) {
        (None, _) => return Kinds::only(TEXT),
        (Some(_), "") => DATE,
        // The time is the same in all of them.
        (Some(format), _) if parse_timestamp(text, format).is_ok() => TIMESTAMP,
        (Some(_), _) => return Kinds::only(TEXT),
    };
    Kinds {
        no_dates: found.others(),
        ..Kinds::only(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn type_of(values: &[&str]) -> DataType {
        values
            .iter()
            .map(|value| Kinds::among(value, DateFormats::ALL))
            .fold(Kinds::default(), Kinds::and)
            .data_type()
    }

    #[test]
    fn narrowest_type_that_holds_all() {
        use DataType::{Boolean, Date32, Decimal128, Float64, Int64, Utf8};
        let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (values, expected) in [
            (&["true", "False"][..], Boolean),
            (&["t"], Utf8),
            (&["true", "1"], Utf8),
            (&["1", "-20", "0"], Int64),
            (&["123456789012345678"], Int64),
            (&["1234567890123456789"], Utf8),
            (&["007"], Utf8),
            (&["-01"], Utf8),
            (&["001.1"], Utf8),
            (&["+1"], Utf8),
            (&["1.5", "-100"], Decimal128(4, 1)),
            (&["0.005"], Decimal128(4, 3)),
            (&[".5"], Decimal128(2, 1)),
            (&["52764.276736469175", "1000"], Decimal128(17, 12)),
            (&["12345678901234567890.5"], Decimal128(21, 1)),
            (&["1e5", "2", "0.1"], Float64),
            (&["1e5", "9007199254740993"], Utf8),
            (&["1e999"], Utf8),
            (
                &["0.00000000000000000000000000000000000000001", "1.5"],
                Float64,
            ),
            (
                &[
                    "0.00000000000000000000000000000000000000001",
                    "123456789.123456789",
                ],
                Utf8,
            ),
            (&["5."], Utf8),
            (&["2024-01-05"], Date32),
            (&["2024-01-05", "2024-01-05 10:11:12.5"], timestamp.clone()),
            (&["2024-01-05 10:11:12+02:00"], Utf8),
            (&["2024-02-30"], Utf8),
            (&["2024-01-05", "1"], Utf8),
            (&["05-01-2024"], Utf8),
            (&["05-01-2024", "13-01-2024"], Date32),
            (&["05/01/2024", "1/31/2024"], Date32),
            (&["13-01-2024", "01-13-2024"], Utf8),
            (&["13-01-2024", "13/01/2024"], Utf8),
            (&["13-01-2024", "2024-01-13"], Utf8),
            (&["13-01-2024", "05-01-2024 10:11"], timestamp.clone()),
            (&["NaN"], Utf8),
            (&[""], Utf8),
            (&[], Utf8),
        ] {
            assert_eq!(type_of(values), expected, "{values:?}");
        }
    }

    fn values() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?[0-9]{1,20}(\\.[0-9]{1,20})?",
            "-?0\\.[0-9]{1,3}|[0-9]e[0-9]",
            "2024-0[1-9]-[0-3][0-9]( 10:1[0-9])?|[0-3]?[0-9]/0[1-9]/2024",
            "true|x|-|\\.",
        ]
    }

    proptest! {
        #[test]
        fn what_is_covered_adds_nothing(before in proptest::collection::vec(values(), 1..5), value in values()) {
            let kinds = before.iter().map(|value| Kinds::among(value, DateFormats::ALL)).fold(Kinds::default(), Kinds::and);
            if kinds.covers(&value) {
                prop_assert_eq!(kinds.and(Kinds::among(&value, DateFormats::ALL)), kinds);
            }
        }
    }
}
