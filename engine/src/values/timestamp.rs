//! TIMESTAMP as text, with and without a time zone, in microseconds.
//!
//! ```text
//! timestamp = date [ (T| ) HH:MM [ :SS [ .digits ] ] [ zone ] ]
//! zone      = Z | (+|-)HH | (+|-)HHMM | (+|-)HH:MM
//! ```
//!
//! A date alone is its midnight, since it says no other time. Leap seconds and 24:00 are refused,
//! for the type cannot tell them from the next minute.

use super::date::two_digits;
use super::date_format::DateFormat;
use super::refusal::{Refusal, malformed};

/// Microseconds of a second, a minute, an hour and a day.
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;

/// Microseconds since 1970-01-01 00:00 on the clock that the text shows. A zone is refused, for
/// it would be lost.
pub fn parse_timestamp(text: &str, format: DateFormat) -> Result<i64, Refusal> {
    match scan(text, format)? {
        (local, None) => Ok(local),
        (_, Some(_)) => Err(Refusal::Zone),
    }
}

/// Microseconds since 1970-01-01 00:00 UTC of a moment whose text names its zone.
pub fn parse_timestamp_with_zone(text: &str, format: DateFormat) -> Result<i64, Refusal> {
    match scan(text, format)? {
        (local, Some(offset)) => Ok(local - offset),
        (_, None) => Err(Refusal::NoZone),
    }
}

/// Whether the text is written as a date with a time, with or without zone.
pub(super) fn is_timestamp(text: &str, format: DateFormat) -> bool {
    scan(text, format).is_ok()
}

/// Local microseconds since 1970-01-01 and the offset of the zone, east of Greenwich positive.
fn scan(text: &str, format: DateFormat) -> Result<(i64, Option<i64>), Refusal> {
    let not_timestamp = || malformed(text, Refusal::NotTimestamp);
    let (days, rest) = format.split(text.as_bytes()).ok_or_else(not_timestamp)?;
    let midnight = i64::from(days?) * DAY;
    let clock = match rest {
        [] => return Ok((midnight, None)),
        [b'T' | b' ', clock @ ..] => clock,
        _ => return Err(not_timestamp()),
    };
    let (time, zone) = split_time(clock).ok_or_else(not_timestamp)?;
    let offset = match zone {
        [] => None,
        zone => Some(parse_zone(zone).ok_or_else(not_timestamp)?),
    };
    Ok((midnight + time?, offset))
}

/// Microseconds since midnight and what follows the time.
fn split_time(text: &[u8]) -> Option<(Result<i64, Refusal>, &[u8])> {
    let hour = i64::from(two_digits(text.get(0..2)?)?);
    let minute = match text.get(2..5)? {
        [b':', digits @ ..] => i64::from(two_digits(digits)?),
        _ => return None,
    };
    let rest = &text[5..];
    let (second, rest) = match rest {
        [b':', tens, ones, rest @ ..] => (i64::from(two_digits(&[*tens, *ones])?), rest),
        [b':', ..] => return None,
        rest => {
            return Some((clock_time(hour, minute, 0), rest));
        }
    };
    let (micros, rest) = match rest {
        [b'.', digits @ ..] => {
            let length = digits
                .iter()
                .position(|byte| !byte.is_ascii_digit())
                .unwrap_or(digits.len());
            let (digits, rest) = digits.split_at_checked(length).filter(|_| length > 0)?;
            (microseconds(digits), rest)
        }
        rest => (Ok(0), rest),
    };
    let time = clock_time(hour, minute, second).and_then(|time| Ok(time + micros?));
    Some((time, rest))
}

fn clock_time(hour: i64, minute: i64, second: i64) -> Result<i64, Refusal> {
    if hour < 24 && minute < 60 && second < 60 {
        Ok(hour * HOUR + minute * MINUTE + second * SECOND)
    } else {
        Err(Refusal::NoSuchTime)
    }
}

fn microseconds(digits: &[u8]) -> Result<i64, Refusal> {
    let (kept, beyond) = digits.split_at(digits.len().min(6));
    if beyond.iter().any(|digit| *digit != b'0') {
        return Err(Refusal::BelowMicrosecond);
    }
    let value = kept
        .iter()
        .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    Ok(value * 10i64.pow(6 - kept.len() as u32))
}

/// Microseconds east of Greenwich; up to 15:59 as in Postgres.
fn parse_zone(text: &[u8]) -> Option<i64> {
    let (sign, clock) = match text {
        [b'Z'] => return Some(0),
        [b'+', clock @ ..] => (1, clock),
        [b'-', clock @ ..] => (-1, clock),
        _ => return None,
    };
    let hours = two_digits(clock.get(0..2)?)?;
    let minutes = match &clock[2..] {
        [] => 0,
        [b':', digits @ ..] => two_digits(digits)?,
        digits => two_digits(digits)?,
    };
    (hours < 16 && minutes < 60)
        .then(|| sign * (i64::from(hours) * HOUR + i64::from(minutes) * MINUTE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    fn local(text: &str) -> Result<i64, Refusal> {
        parse_timestamp(text, DateFormat::ISO)
    }

    fn zoned(text: &str) -> Result<i64, Refusal> {
        parse_timestamp_with_zone(text, DateFormat::ISO)
    }

    #[test]
    fn a_date_in_front_may_have_another_order() {
        let format = "MM/DD/YYYY".parse().unwrap();
        assert_eq!(
            parse_timestamp("1/2/1970 00:00:01", format),
            Ok(DAY + SECOND)
        );
        assert_eq!(local("01/02/1970 00:00"), Err(Refusal::NotTimestamp));
    }

    #[test]
    fn without_zone() {
        assert_eq!(local("1970-01-01"), Ok(0));
        assert_eq!(local("1970-01-02 00:00"), Ok(DAY));
        assert_eq!(local("1970-01-01T00:00:01.5"), Ok(1_500_000));
        assert_eq!(local("1969-12-31 23:59:59.999999"), Ok(-1));
        assert_eq!(local("1970-01-01 00:00:00.123456000"), Ok(123_456));
        for (text, refusal) in [
            ("1970-01-01 00:00:00.123456789", Refusal::BelowMicrosecond),
            ("1970-01-01 24:00", Refusal::NoSuchTime),
            ("1970-01-01 23:59:60", Refusal::NoSuchTime),
            ("1970-02-30 10:00", Refusal::NoSuchDate),
            ("1970-01-01 10", Refusal::NotTimestamp),
            ("1970-01-01 10:", Refusal::NotTimestamp),
            ("1970-01-01 10:00:", Refusal::NotTimestamp),
            ("1970-01-01 10:00:00.", Refusal::NotTimestamp),
            ("1970-01-01x10:00", Refusal::NotTimestamp),
            ("1970-01-01 10:00 PM", Refusal::NotTimestamp),
            ("1970-01-01 ", Refusal::Spaces),
            ("2024-01-05 10:11:12+02:00", Refusal::Zone),
            ("2024-01-05T10:11Z", Refusal::Zone),
            ("", Refusal::Empty),
        ] {
            assert_eq!(local(text), Err(refusal), "{text:?}");
        }
    }

    #[test]
    fn with_zone() {
        for text in [
            "1970-01-01 02:00:00+02:00",
            "1970-01-01T02:00+02",
            "1969-12-31 18:30:00-0530",
            "1970-01-01 00:00:00Z",
        ] {
            assert_eq!(zoned(text), Ok(0), "{text:?}");
        }
        for (text, refusal) in [
            ("1970-01-01 00:00:00", Refusal::NoZone),
            ("1970-01-01", Refusal::NoZone),
            ("1970-01-01 00:00:00+16:00", Refusal::NotTimestamp),
            ("1970-01-01 00:00:00+2", Refusal::NotTimestamp),
            ("1970-01-01 00:00:00 UTC", Refusal::NotTimestamp),
            ("1970-01-01 00:00:00+02:00:00", Refusal::NotTimestamp),
        ] {
            assert_eq!(zoned(text), Err(refusal), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_chrono_writes(micros in -62_135_596_800_000_000i64..253_402_300_800_000_000) {
            let moment = DateTime::from_timestamp_micros(micros).unwrap();
            let text = moment.naive_utc().format("%Y-%m-%dT%H:%M:%S%.f").to_string();
            prop_assert_eq!(local(&text), Ok(micros));
            prop_assert_eq!(zoned(&moment.to_rfc3339()), Ok(micros));
        }

        #[test]
        fn never_panics(text in "[0-9T:Z.+ -]{0,30}|\\PC{0,20}") {
            let _ = scan(&text, DateFormat::ISO);
        }
    }
}
