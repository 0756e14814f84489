//! What a person reads while suites run, on stderr; the figures are in RESULTS.md.

use std::io::Write;

use crate::figures::Figures;

/// Writes a line to stderr. A closed stderr is nobody's problem.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
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

/// Seconds with three digits that count: `36.2 s`, `0.113 s`, `8.41 ms`.
pub fn seconds(seconds: f64) -> String {
    let (factor, unit) = unit(seconds);
    format!("{} {unit}", three_digits(seconds * factor))
}

/// `5.50 s (5.41 .. 5.68)`: the median, and in the same unit the fastest and the slowest.
pub fn spread(figures: &Figures) -> String {
    let factor = unit(figures.median).0;
    let within = [figures.minimum, figures.maximum].map(|seconds| three_digits(seconds * factor));
    format!("{} ({})", seconds(figures.median), within.join(" .. "))
}

fn unit(seconds: f64) -> (f64, &'static str) {
    match seconds {
        seconds if seconds < 0.0995 => (1000.0, "ms"),
        _ => (1.0, "s"),
    }
}

fn three_digits(value: f64) -> String {
    let digits = match value {
        value if value < 0.9995 => 3,
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$}")
}

/// Bytes as decimal megabytes, or binary where memory is meant: see [`memory`].
pub fn megabytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    match megabytes {
        megabytes if megabytes < 9.95 => format!("{megabytes:.1} MB"),
        megabytes => format!("{} MB", grouped(megabytes.round() as u64)),
    }
}

/// Bytes of memory: `512 MiB`, `1.74 GiB`.
pub fn memory(bytes: u64) -> String {
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    match mebibytes {
        mebibytes if mebibytes < 9.95 => format!("{mebibytes:.1} MiB"),
        mebibytes if mebibytes < 1023.5 => format!("{mebibytes:.0} MiB"),
        mebibytes => format!("{:.2} GiB", mebibytes / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0, 999, 1_234_567].map(grouped), ["0", "999", "1,234,567"]);
        assert_eq!(
            [0.000_41, 0.008_414, 0.0996, 0.9996, 5.5, 36.24, 120.4].map(seconds),
            [
                "0.410 ms", "8.41 ms", "0.100 s", "1.00 s", "5.50 s", "36.2 s", "120 s"
            ]
        );
        let figures = Figures {
            median: 0.096,
            minimum: 0.0912,
            maximum: 0.1342,
        };
        assert_eq!(spread(&figures), "96.0 ms (91.2 .. 134)");
        assert_eq!(
            [70_000, 9_940_000, 823_561_000, 1_500_000_000].map(megabytes),
            ["0.1 MB", "9.9 MB", "824 MB", "1,500 MB"]
        );
        let mebibyte = 1 << 20;
        assert_eq!(
            [mebibyte * 3 / 2, 512 * mebibyte, 1782 * mebibyte].map(memory),
            ["1.5 MiB", "512 MiB", "1.74 GiB"]
        );
    }
}
