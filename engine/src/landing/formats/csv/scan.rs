//! Cutting one record out of bytes, byte by byte and exactly. [`Tokens`](super::tokens::Tokens)
//! does it faster for records whose quotes are simple; this decides about all others.
//!
//! Pure: it neither reads nor allocates, and knows no lines.

use memchr::{memchr, memchr2, memchr3};

use super::options::Dialect;

/// What the bytes hold from the place on that was asked for. All offsets count from their start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// A record up to `end`; the next one starts at `next`, after the line end.
    Record { end: usize, next: usize },
    /// Part of a record; more bytes are needed.
    Partial,
    /// Not CSV.
    Fault(Syntax),
}

/// What is not CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// A quote at `at` in a field that did not start with one.
    QuoteInside { at: usize },
    /// Text at `at`, after the field whose quotes opened at `opened` was closed.
    TextAfterQuote { at: usize, opened: usize },
    /// Quotes opened at `opened` and the input ended.
    Unclosed { opened: usize },
}

/// Scans one record from `start` on and adds the ends of its fields, quotes included, to `ends`.
/// `at_end` says that the input holds nothing after `bytes`.
pub(super) fn scan(
    bytes: &[u8],
    start: usize,
    at_end: bool,
    dialect: Dialect,
    ends: &mut Vec<u32>,
) -> Scan {
    let mut start = start;
    loop {
        let field = match dialect.quote {
            Some(quote) if bytes.get(start) == Some(&quote) => {
                scan_quoted(bytes, start, quote, at_end, dialect)
            }
            _ => scan_plain(bytes, start, at_end, dialect),
        };
        match field {
            Ok(Field::Delimited { end }) => {
                ends.push(end as u32);
                start = end + 1;
            }
            Ok(Field::Last { end, next }) => {
                ends.push(end as u32);
                return Scan::Record { end, next };
            }
            Err(stop) => return stop,
        }
    }
}

/// Where a field ends, and what ends it.
enum Field {
    Delimited { end: usize },
    Last { end: usize, next: usize },
}

fn scan_plain(bytes: &[u8], start: usize, at_end: bool, dialect: Dialect) -> Result<Field, Scan> {
    let rest = &bytes[start..];
    let found = match dialect.quote {
        Some(quote) => memchr3(dialect.delimiter, quote, b'\n', rest),
        None => memchr2(dialect.delimiter, b'\n', rest),
    };
    let Some(at) = found.map(|offset| start + offset) else {
        let end = bytes.len();
        return match at_end {
            true => Ok(Field::Last { end, next: end }),
            false => Err(Scan::Partial),
        };
    };
    match bytes[at] {
        b'\n' => Ok(Field::Last {
            end: at - usize::from(bytes[start..at].ends_with(b"\r")),
            next: at + 1,
        }),
        byte if byte == dialect.delimiter => Ok(Field::Delimited { end: at }),
        _ => Err(Scan::Fault(Syntax::QuoteInside { at })),
    }
}

fn scan_quoted(
    bytes: &[u8],
    opened: usize,
    quote: u8,
    at_end: bool,
    dialect: Dialect,
) -> Result<Field, Scan> {
    let unfinished = || match at_end {
        true => Scan::Fault(Syntax::Unclosed { opened }),
        false => Scan::Partial,
    };
    let mut from = opened + 1;
    loop {
        let rest = bytes.get(from..).unwrap_or_default();
        let found = match dialect.escape {
            Some(escape) => memchr2(quote, escape, rest),
            None => memchr(quote, rest),
        };
        let at = from + found.ok_or_else(unfinished)?;
        let end = at + 1;
        if dialect.escape == Some(bytes[at]) {
            // What does not need the escape leaves it a plain character.
            let escaped = *bytes.get(end).ok_or_else(unfinished)?;
            from = end + usize::from(escaped == quote || escaped == bytes[at]);
            continue;
        }
        return match &bytes[end..] {
            [byte, ..] if *byte == quote && dialect.escape.is_none() => {
                from = end + 1;
                continue;
            }
            [] | [b'\r'] if !at_end => Err(Scan::Partial),
            [] => Ok(Field::Last { end, next: end }),
            [b'\n', ..] => Ok(Field::Last { end, next: end + 1 }),
            [b'\r', b'\n', ..] => Ok(Field::Last { end, next: end + 2 }),
            [byte, ..] if *byte == dialect.delimiter => Ok(Field::Delimited { end }),
            _ => Err(Scan::Fault(Syntax::TextAfterQuote { at: end, opened })),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str, dialect: Dialect) -> (Scan, Vec<&str>) {
        let mut ends = Vec::new();
        let scan = scan(text.as_bytes(), 0, true, dialect, &mut ends);
        let mut start = 0;
        let fields = ends.into_iter().map(|end| {
            let field = &text[start..end as usize];
            start = end as usize + 1;
            field
        });
        (scan, fields.collect())
    }

    fn fields(text: &str) -> (Scan, Vec<&str>) {
        scanned(text, Dialect::default())
    }

    #[test]
    fn fields_and_line_ends() {
        for (text, end, next, expected) in [
            ("a,b\nc", 3, 4, &["a", "b"][..]),
            ("a,b\r\nc", 3, 5, &["a", "b"]),
            ("a,", 2, 2, &["a", ""]),
            ("a,\r\n", 2, 4, &["a", ""]),
            ("\r\n", 0, 2, &[""]),
            ("\"x,\ny\",\"\"\r\n", 9, 11, &["\"x,\ny\"", "\"\""]),
            ("\"a\"\"b\"", 6, 6, &["\"a\"\"b\""]),
        ] {
            assert_eq!(
                fields(text),
                (Scan::Record { end, next }, expected.to_vec())
            );
        }
    }

    #[test]
    fn an_escape_makes_a_quote_plain() {
        let dialect = Dialect {
            escape: Some(b'\\'),
            ..Dialect::default()
        };
        for (text, expected) in [
            (r#""a\"b",c"#, [r#""a\"b""#, "c"]),
            (r#""a\\",c"#, [r#""a\\""#, "c"]),
            (r#""a\n",c"#, [r#""a\n""#, "c"]),
            (r#"a\,c"#, [r"a\", "c"]),
        ] {
            assert_eq!(scanned(text, dialect).1, expected);
        }
        assert_eq!(
            scanned(r#""a""b""#, dialect).0,
            Scan::Fault(Syntax::TextAfterQuote { at: 3, opened: 0 })
        );
    }

    #[test]
    fn without_quotes_a_quote_is_plain() {
        let dialect = Dialect {
            quote: None,
            ..Dialect::default()
        };
        assert_eq!(scanned("\"a,5\" x\n", dialect).1, ["\"a", "5\" x"]);
    }

    #[test]
    fn what_is_not_csv() {
        for (text, fault) in [
            ("a,b\"c", Syntax::QuoteInside { at: 3 }),
            ("a,\"b\"c", Syntax::TextAfterQuote { at: 5, opened: 2 }),
            ("\"b\"\r", Syntax::TextAfterQuote { at: 3, opened: 0 }),
            ("a,\"b\n", Syntax::Unclosed { opened: 2 }),
        ] {
            assert_eq!(fields(text).0, Scan::Fault(fault));
        }
    }

    #[test]
    fn a_record_cut_anywhere_is_partial() {
        let text = b"a,\"b\"\"\",\"c\"\r\n";
        for cut in 0..text.len() {
            let scan = scan(&text[..cut], 0, false, Dialect::default(), &mut Vec::new());
            assert_eq!(scan, Scan::Partial, "{cut}");
        }
    }
}
