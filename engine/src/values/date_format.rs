//! How a date is written: the order of day, month and year, and what stands between them.
//!
//! `03-04-2024` is March or April depending on who wrote it, so one value never decides. Each
//! value rules out the formats that it cannot be written in ([`DateFormats`]); what is left after
//! all values of a column is its format, or there is no telling.

use std::fmt;
use std::str::FromStr;

use super::date::{real_day, split_date, two_digits};
use super::refusal::Refusal;
use crate::{Error, Result};

/// How dates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateFormat {
    order: Order,
    separator: Separator,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Year, month, day.
    Ymd,
    /// Day, month, year.
    Dmy,
    /// Month, day, year.
    Mdy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Dash,
    Slash,
    Dot,
}

const ORDERS: [Order; 3] = [Order::Ymd, Order::Dmy, Order::Mdy];
const SEPARATORS: [Separator; 3] = [Separator::Dash, Separator::Slash, Separator::Dot];

impl DateFormat {
    /// `YYYY-MM-DD`.
    pub const ISO: DateFormat = DateFormat {
        order: Order::Ymd,
        separator: Separator::Dash,
    };

    /// Days since 1970-01-01 and what follows the date; `None` if the text does not begin like
    /// one. Days and months before the year may have one digit.
    pub(super) fn split(self, text: &[u8]) -> Option<(Result<i32, Refusal>, &[u8])> {
        let separator = self.separator.byte();
        if self.order == Order::Ymd {
            return split_date(text, separator);
        }
        let (first, second, year, rest) = split_year_last(text, separator)?;
        let (day, month) = match self.order {
            Order::Dmy => (first, second),
            _ => (second, first),
        };
        Some((real_day(year, month, day), rest))
    }

    fn index(self) -> u32 {
        self.order as u32 * 3 + self.separator as u32
    }
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Separator::Dash => b'-',
            Separator::Slash => b'/',
            Separator::Dot => b'.',
        }
    }

    fn of(byte: u8) -> Option<Self> {
        SEPARATORS
            .into_iter()
            .find(|separator| separator.byte() == byte)
    }
}

/// The first two numbers, the year, and what follows.
fn split_year_last(text: &[u8], separator: u8) -> Option<(u32, u32, u32, &[u8])> {
    let (first, rest) = split_short(text, separator)?;
    let (second, rest) = split_short(rest, separator)?;
    let (year, rest) = rest.split_at_checked(4)?;
    let year = two_digits(&year[..2])? * 100 + two_digits(&year[2..])?;
    Some((first, second, year, rest))
}

/// A number of one or two digits, and what follows the separator behind it.
fn split_short(text: &[u8], separator: u8) -> Option<(u32, &[u8])> {
    match text {
        [tens, ones, end, rest @ ..] if *end == separator => {
            Some((two_digits(&[*tens, *ones])?, rest))
        }
        [ones, end, rest @ ..] if *end == separator => Some((two_digits(&[b'0', *ones])?, rest)),
        _ => None,
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = match self.order {
            Order::Ymd => ["YYYY", "MM", "DD"],
            Order::Dmy => ["DD", "MM", "YYYY"],
            Order::Mdy => ["MM", "DD", "YYYY"],
        };
        let separator = char::from(self.separator.byte()).to_string();
        f.write_str(&parts.join(&separator))
    }
}

impl FromStr for DateFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        DateFormats::ALL
            .iter()
            .find(|format| format.to_string().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                Error::input(format!("'{text}' is not a format of dates")).hint(
                    "write DD-MM-YYYY, MM-DD-YYYY or YYYY-MM-DD, with '-', '/' or '.' between them",
                )
            })
    }
}

/// A set of formats; none by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DateFormats(u16);

impl DateFormats {
    /// Every format there is.
    pub const ALL: DateFormats = DateFormats(0b1_1111_1111);
    /// None.
    pub const NONE: DateFormats = DateFormats(0);

    /// One format alone.
    pub fn only(format: DateFormat) -> Self {
        DateFormats(1 << format.index())
    }

    /// The formats in which the text begins with a day of the calendar, and what follows it.
    pub fn of(text: &str) -> (DateFormats, &str) {
        let bytes = text.as_bytes();
        // Year first only where the others cannot be: 4/13/2024 has a separator there too.
        let year_last = separator_at(bytes, 2).or_else(|| separator_at(bytes, 1));
        let (orders, separator) = match (year_last, separator_at(bytes, 4)) {
            (Some(separator), _) => (&[Order::Dmy, Order::Mdy][..], separator),
            (None, Some(separator)) => (&[Order::Ymd][..], separator),
            (None, None) => return (DateFormats::NONE, ""),
        };
        let (mut found, mut left) = (DateFormats::NONE, 0);
        for order in orders {
            let format = DateFormat {
                order: *order,
                separator,
            };
            if let Some((Ok(_), rest)) = format.split(bytes) {
                found = found.or(DateFormats::only(format));
                left = rest.len();
            }
        }
        (found, text.get(text.len() - left..).unwrap_or_default())
    }

    /// The formats in both sets.
    pub fn and(self, other: DateFormats) -> Self {
        DateFormats(self.0 & other.0)
    }

    /// The formats in either set.
    pub fn or(self, other: DateFormats) -> Self {
        DateFormats(self.0 | other.0)
    }

    /// The formats that are not in the set.
    pub fn others(self) -> Self {
        DateFormats(DateFormats::ALL.0 & !self.0)
    }

    /// Whether there is no format in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The format, if there is exactly one.
    pub fn single(self) -> Option<DateFormat> {
        let mut formats = self.iter();
        formats.next().filter(|_| formats.next().is_none())
    }

    /// The formats in the set.
    pub fn iter(self) -> impl Iterator<Item = DateFormat> {
        ORDERS
            .into_iter()
            .flat_map(|order| SEPARATORS.map(|separator| DateFormat { order, separator }))
            .filter(move |format| self.0 & (1 << format.index()) != 0)
    }
}

fn separator_at(text: &[u8], at: usize) -> Option<Separator> {
    text.get(at).and_then(|byte| Separator::of(*byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::parse_date;
    use super::*;

    fn formats(text: &str) -> String {
        let (found, rest) = DateFormats::of(text);
        let names: Vec<_> = found.iter().map(|format| format.to_string()).collect();
        format!("{}|{rest}", names.join(" "))
    }

    #[test]
    fn a_value_rules_out_what_it_cannot_be() {
        for (text, expected) in [
            ("2024-01-31", "YYYY-MM-DD|"),
            ("2024/01/31 10:00", "YYYY/MM/DD| 10:00"),
            ("13-04-2024", "DD-MM-YYYY|"),
            ("04/13/2024", "MM/DD/YYYY|"),
            ("4/13/2024", "MM/DD/YYYY|"),
            ("3.4.2024", "DD.MM.YYYY MM.DD.YYYY|"),
            ("03-04-2024T10:11", "DD-MM-YYYY MM-DD-YYYY|T10:11"),
            ("13-13-2024", "|"),
            ("31-02-2024", "|"),
            ("03-04-24", "|"),
            ("03-04/2024", "|"),
            ("2024-1-5", "|"),
            ("1.5", "|"),
            ("é-é", "|"),
            ("", "|"),
        ] {
            assert_eq!(formats(text), expected, "{text}");
        }
    }

    #[test]
    fn every_format_has_a_name_that_reads_back() {
        assert_eq!(DateFormats::ALL.iter().count(), 9);
        for format in DateFormats::ALL.iter() {
            assert_eq!(format.to_string().parse::<DateFormat>().unwrap(), format);
            assert_eq!(DateFormats::only(format).single(), Some(format));
        }
        assert_eq!(DateFormats::ALL.single(), None);
        assert!("DD-MM-YY".parse::<DateFormat>().is_err());
    }

    #[test]
    fn the_same_day_in_every_format() {
        let day = parse_date("2024-03-21", DateFormat::ISO);
        for (format, text) in [
            ("DD-MM-YYYY", "21-03-2024"),
            ("MM/DD/YYYY", "03/21/2024"),
            ("dd.mm.yyyy", "21.3.2024"),
            ("YYYY/MM/DD", "2024/03/21"),
        ] {
            assert_eq!(parse_date(text, format.parse().unwrap()), day);
        }
    }
}
