//! What a person reads besides results: errors and notes, on stderr, rendered in one place.
//!
//! ```text
//! error: column "billing" does not exist
//!   --> sql/hospital_billing/20_cleansed_admissions.sql:4:8
//!    |
//!  4 | SELECT billing
//!    |        ^^^^^^^
//! hint: did you mean `billing_amount`?
//! ```

use std::error::Error as StdError;
use std::fmt::Write;
use std::io::{IsTerminal, Write as _};

use unicode_width::UnicodeWidthStr;

use crate::reconciliation::{Copied, CopyStatus};
use crate::{Error, Kind, Place};

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[36m";
const RESET: &str = "\x1b[0m";
/// A data line may be a megabyte long; this much of it is shown around the caret.
const SHOWN_LINE_CHARACTERS: usize = 160;

/// Writes an error to stderr.
pub fn error(error: &Error) {
    let terminal = std::io::stderr().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    // The terminal has written ^C and stands behind it.
    let line_end = if terminal && error.kind() == Kind::Interrupted {
        "\n"
    } else {
        ""
    };
    say(&format!("{line_end}{}", render(error, colour)));
}

/// Writes a line to stderr. A closed stderr is nobody's problem.
pub fn note(text: &str) {
    say(&format!("{text}\n"));
}

/// Says on stderr which sources had rows that were set aside.
pub fn rejected(copied: &[Copied]) {
    let terminal = std::io::stderr().is_terminal();
    let colour = terminal && std::env::var_os("NO_COLOR").is_none();
    let paint = |code: &'static str| if colour { code } else { "" };
    for source in copied.iter().filter(|source| source.rejected > 0) {
        note(&format!(
            "{}warning{}: {} of {} rows of {} were rejected{}",
            paint(YELLOW),
            paint(RESET),
            grouped(source.rejected),
            grouped(source.read),
            source.source,
            match source.status {
                CopyStatus::Loaded => ": they are in system.rejects",
                CopyStatus::Retried => " again",
                CopyStatus::Skipped => "",
            }
        ));
    }
}

/// The text of an error: message, place with caret, causes, hint.
pub fn render(error: &Error, colour: bool) -> String {
    // Who asked to stop knows; that is no error.
    if error.kind() == Kind::Interrupted {
        return format!("{}\n", error.message());
    }
    let paint = |code: &'static str| if colour { code } else { "" };
    let mut text = format!(
        "{}error{}: {}{}{}\n",
        paint(RED),
        paint(RESET),
        paint(BOLD),
        error.message(),
        paint(RESET)
    );
    if let Some(place) = error.get_place() {
        let _ = writeln!(text, "  {}-->{} {place}", paint(CYAN), paint(RESET));
        text.push_str(&excerpt(place));
    }
    for cause in causes(error) {
        let _ = writeln!(text, "  caused by: {cause}");
    }
    if let Some(hint) = error.get_hint() {
        let _ = writeln!(text, "{}hint{}: {hint}", paint(CYAN), paint(RESET));
    }
    text
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size for people, in units of a thousand: `96 B`, `1.2 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        if size < 999.5 {
            break;
        }
        (size, unit) = (size / 1000.0, larger);
    }
    match unit {
        "B" => format!("{bytes} B"),
        unit => format!("{size:.1} {unit}"),
    }
}

/// A duration for people: `8 ms`, `1.2 s`, `3 min 5 s`.
pub fn duration(time: std::time::Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 0.9995 => format!("{:.0} ms", seconds * 1000.0),
        seconds if seconds < 59.95 => format!("{seconds:.1} s"),
        seconds => {
            let seconds = seconds.round() as u64;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

/// The line with a caret under the place.
fn excerpt(place: &Place) -> String {
    let Some(line) = place.line_text.as_ref().filter(|_| place.column > 0) else {
        return String::new();
    };
    let characters: Vec<char> = line.chars().collect();
    let column = (place.column as usize - 1).min(characters.len());
    let start = column.saturating_sub(SHOWN_LINE_CHARACTERS / 2);
    let end = characters.len().min(start + SHOWN_LINE_CHARACTERS);
    let marked = end.min(column + place.width.max(1) as usize);
    let shown = |range: std::ops::Range<usize>| visible(&characters[range]);
    let before = format!("{}{}", clipped(start > 0), shown(start..column));
    let here = shown(column..marked);
    let after = format!("{}{}", shown(marked..end), clipped(end < characters.len()));
    let number = place.line.to_string();
    let margin = " ".repeat(number.len() + 2);
    format!(
        "{margin}|\n {number} | {}\n{margin}| {}{}\n",
        format!("{before}{here}{after}").trim_end(),
        " ".repeat(before.width()),
        "^".repeat(here.width().max(1))
    )
}

fn clipped(cut: bool) -> &'static str {
    if cut { "…" } else { "" }
}

/// Text as it can be underlined: every character as wide as it is counted, none that moves the cursor.
fn visible(characters: &[char]) -> String {
    let mut text = String::new();
    for char in characters {
        match char {
            '\t' => text.push_str("    "),
            char if char.is_control() => text.push(' '),
            char => text.push(*char),
        }
    }
    text
}

/// What lies beneath, without what the message has said already.
fn causes(error: &Error) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause
            .to_string()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned();
        // The libraries begin their messages with capitals and a category, ours do not.
        let plain = text.to_lowercase();
        let said = |known: &str| {
            let known = known.to_lowercase();
            known.contains(&plain) || plain.contains(&known)
        };
        if !text.is_empty() && !said(error.message()) && !causes.iter().any(|known| said(known)) {
            causes.push(text);
        }
        next = cause.source();
    }
    causes
}

fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(line: &str, column: u64, width: u64) -> Error {
        Error::input("no such column").place(Place {
            file: Some("job.sql".to_owned()),
            line_text: Some(line.to_owned()),
            width,
            ..Place::at(12, column)
        })
    }

    #[test]
    fn an_error_has_its_place_its_causes_and_its_hint() {
        let cause = std::io::Error::other("the disk is on fire\nsecond line");
        let error = at("SELECT billing", 8, 7).source(cause).hint("look");
        insta::assert_snapshot!(render(&error, false), @r"
        error: no such column
          --> job.sql:12:8
            |
         12 | SELECT billing
            |        ^^^^^^^
          caused by: the disk is on fire
        hint: look
        ");
    }

    #[test]
    fn the_caret_stands_under_wide_characters_and_behind_tabs() {
        insta::assert_snapshot!(excerpt(at("\tselect '東京', 北", 15, 1).get_place().unwrap_or(&Place::default())), @r"
            |
         12 |     select '東京', 北
            |                    ^^
        ");
    }

    #[test]
    fn a_place_behind_the_end_of_the_line_is_shown_there() {
        insta::assert_snapshot!(excerpt(at("select", 99, 5).get_place().unwrap_or(&Place::default())), @r"
            |
         12 | select
            |       ^
        ");
    }

    #[test]
    fn of_a_long_line_only_what_is_near_is_shown() {
        let line = format!("{}bad{}", "a".repeat(500), "z".repeat(500));
        let text = render(&at(&line, 501, 3), false);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[3].chars().count(),
            " 12 | ".len() + SHOWN_LINE_CHARACTERS + 2
        );
        assert_eq!(
            lines[3]
                .chars()
                .skip(lines[4].find('^').unwrap_or(0))
                .take(3)
                .collect::<String>(),
            "bad"
        );
    }

    #[test]
    fn numbers_and_times_are_for_people() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
        let times = [0.0004, 0.012, 0.9996, 59.96, 119.7, 3600.0].map(Duration::from_secs_f64);
        assert_eq!(
            times.map(duration),
            [
                "0 ms",
                "12 ms",
                "1.0 s",
                "1 min 0 s",
                "2 min 0 s",
                "60 min 0 s"
            ]
        );
    }
}
