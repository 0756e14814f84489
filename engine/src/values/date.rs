//! DATE as text, in the one format that the caller names. An order is never guessed here.

use super::date_format::DateFormat;
use super::refusal::{Refusal, malformed};
use super::timestamp;

/// Days since 1970-01-01 of a real day of the calendar, years 0001 to 9999.
pub fn parse_date(text: &str, format: DateFormat) -> Result<i32, Refusal> {
    match format.split(text.as_bytes()) {
        Some((days, [])) => days,
        _ => Err(explain(text, format)),
    }
}

/// Days since 1970-01-01 and what follows the date, which has the year in front; `None` if the
/// text does not begin like one.
pub(super) fn split_date(text: &[u8], separator: u8) -> Option<(Result<i32, Refusal>, &[u8])> {
    let (date, rest) = text.split_at_checked(10)?;
    if date[4] != separator || date[7] != separator {
        return None;
    }
    let century = two_digits(&date[0..2])?;
    let year = century * 100 + two_digits(&date[2..4])?;
    let (month, day) = (two_digits(&date[5..7])?, two_digits(&date[8..10])?);
    Some((real_day(year, month, day), rest))
}

/// Days since 1970-01-01, of a day that the calendar has.
pub(super) fn real_day(year: u32, month: u32, day: u32) -> Result<i32, Refusal> {
    let real =
        year > 0 && (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
    match real {
        true => Ok(days_from_civil(year, month, day)),
        false => Err(Refusal::NoSuchDate),
    }
}

/// The number that two ASCII digits write.
pub(super) fn two_digits(text: &[u8]) -> Option<u32> {
    match text {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
        }
        _ => None,
    }
}

#[cold]
fn explain(text: &str, format: DateFormat) -> Refusal {
    if timestamp::is_timestamp(text, format) {
        Refusal::TimePart
    } else {
        malformed(text, Refusal::NotDate)
    }
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years start in March, so that the
/// leap day is the last: Howard Hinnant, "chrono-compatible low-level date algorithms".
fn days_from_civil(year: u32, month: u32, day: u32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era) as i32 - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::{Duration, NaiveDate};
    use proptest::prelude::*;

    fn iso(text: &str) -> Result<i32, Refusal> {
        parse_date(text, DateFormat::ISO)
    }

    #[test]
    fn real_days_only() {
        assert_eq!(iso("1970-01-01"), Ok(0));
        assert_eq!(iso("0001-01-01"), Ok(-719_162));
        assert_eq!(iso("2024-02-29"), Ok(19_782));
        for (text, refusal) in [
            ("2023-02-29", Refusal::NoSuchDate),
            ("1900-02-29", Refusal::NoSuchDate),
            ("2024-13-01", Refusal::NoSuchDate),
            ("2024-00-10", Refusal::NoSuchDate),
            ("2024-01-00", Refusal::NoSuchDate),
            ("0000-01-01", Refusal::NoSuchDate),
            ("2024-1-5", Refusal::NotDate),
            ("05-01-2024", Refusal::NotDate),
            ("2024-01-05x", Refusal::NotDate),
            ("2024-01-05 ", Refusal::Spaces),
            ("2024-01-05T10:11:12", Refusal::TimePart),
            ("2024-01-05 10:11:12+02:00", Refusal::TimePart),
            ("", Refusal::Empty),
        ] {
            assert_eq!(iso(text), Err(refusal), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_day_round_trips(days in -719_162i32..=2_932_896) {
            let date = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap() + Duration::days(days.into());
            prop_assert_eq!(iso(&date.format("%Y-%m-%d").to_string()), Ok(days));
        }

        #[test]
        fn agrees_with_chrono(year in 1u32..10_000, month in 0u32..14, day in 0u32..33) {
            let exists = NaiveDate::from_ymd_opt(year as i32, month, day).is_some();
            prop_assert_eq!(iso(&format!("{year:04}-{month:02}-{day:02}")).is_ok(), exists);
        }
    }
}
