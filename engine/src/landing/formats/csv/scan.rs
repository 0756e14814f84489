//! Cutting one record out of bytes. Pure: it neither reads nor allocates, and knows no lines.

use memchr::{memchr, memchr3};

/// Where a field lies in its record, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether the field stands in quotes.
    pub(super) quoted: bool,
    /// Whether the field holds doubled quotes.
    pub(super) escaped: bool,
}

/// What the bytes begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// A record of `length` bytes; the next one starts at `next`, after the line end.
    Record { length: usize, next: usize },
    /// Part of a record; more bytes are needed.
    Partial,
    /// Not CSV.
    Fault(Syntax),
}

/// What is not CSV, with offsets in the scanned bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// A quote at `at` in a field that did not start with one.
    QuoteInside { at: usize },
    /// Text at `at`, after the field whose quotes opened at `opened` was closed.
    TextAfterQuote { at: usize, opened: usize },
    /// Quotes opened at `opened` and the input ended.
    Unclosed { opened: usize },
}

/// Scans one record from the start of `bytes` and leaves its fields in `fields`. `at_end` says
/// that the input holds nothing after `bytes`.
pub(super) fn scan(bytes: &[u8], at_end: bool, delimiter: u8, fields: &mut Vec<Span>) -> Scan {
    fields.clear();
    let mut start = 0;
    loop {
        let end = if bytes.get(start) == Some(&b'"') {
            match scan_quoted(bytes, start, at_end, delimiter) {
                Ok((span, end)) => {
                    fields.push(span);
                    end
                }
                Err(stop) => return stop,
            }
        } else {
            match scan_plain(bytes, start, at_end, delimiter) {
                Ok((span, end)) => {
                    fields.push(span);
                    end
                }
                Err(stop) => return stop,
            }
        };
        match end {
            FieldEnd::Delimiter { next } => start = next,
            FieldEnd::Line { length, next } => return Scan::Record { length, next },
        }
    }
}

enum FieldEnd {
    Delimiter { next: usize },
    Line { length: usize, next: usize },
}

fn scan_plain(
    bytes: &[u8],
    start: usize,
    at_end: bool,
    delimiter: u8,
) -> Result<(Span, FieldEnd), Scan> {
    let plain = |end| Span {
        start,
        end,
        quoted: false,
        escaped: false,
    };
    let Some(at) = memchr3(delimiter, b'"', b'\n', &bytes[start..]).map(|offset| start + offset)
    else {
        let length = bytes.len();
        return match at_end {
            true => Ok((
                plain(length),
                FieldEnd::Line {
                    length,
                    next: length,
                },
            )),
            false => Err(Scan::Partial),
        };
    };
    match bytes[at] {
        b'"' => Err(Scan::Fault(Syntax::QuoteInside { at })),
        b'\n' => {
            let length = if at > start && bytes[at - 1] == b'\r' {
                at - 1
            } else {
                at
            };
            Ok((
                plain(length),
                FieldEnd::Line {
                    length,
                    next: at + 1,
                },
            ))
        }
        _ => Ok((plain(at), FieldEnd::Delimiter { next: at + 1 })),
    }
}

fn scan_quoted(
    bytes: &[u8],
    opened: usize,
    at_end: bool,
    delimiter: u8,
) -> Result<(Span, FieldEnd), Scan> {
    let mut escaped = false;
    let mut from = opened + 1;
    loop {
        let Some(close) = memchr(b'"', &bytes[from..]).map(|offset| from + offset) else {
            return Err(match at_end {
                true => Scan::Fault(Syntax::Unclosed { opened }),
                false => Scan::Partial,
            });
        };
        let span = Span {
            start: opened + 1,
            end: close,
            quoted: true,
            escaped,
        };
        let after = close + 1;
        let line = |line_end: usize| FieldEnd::Line {
            length: after,
            next: after + line_end,
        };
        return match &bytes[after..] {
            [b'"', ..] => {
                escaped = true;
                from = after + 1;
                continue;
            }
            [] | [b'\r'] if !at_end => Err(Scan::Partial),
            [] => Ok((span, line(0))),
            [b'\n', ..] => Ok((span, line(1))),
            [b'\r', b'\n', ..] => Ok((span, line(2))),
            [byte, ..] if *byte == delimiter => Ok((span, FieldEnd::Delimiter { next: after + 1 })),
            _ => Err(Scan::Fault(Syntax::TextAfterQuote { at: after, opened })),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> (Scan, Vec<&str>) {
        let mut spans = Vec::new();
        let scan = scan(text.as_bytes(), true, b',', &mut spans);
        (
            scan,
            spans
                .iter()
                .map(|span| &text[span.start..span.end])
                .collect(),
        )
    }

    #[test]
    fn fields_and_line_ends() {
        assert_eq!(
            fields("a,b\nc"),
            (Scan::Record { length: 3, next: 4 }, vec!["a", "b"])
        );
        assert_eq!(
            fields("a,b\r\nc"),
            (Scan::Record { length: 3, next: 5 }, vec!["a", "b"])
        );
        assert_eq!(
            fields("a,"),
            (Scan::Record { length: 2, next: 2 }, vec!["a", ""])
        );
        assert_eq!(
            fields("a,\r\n"),
            (Scan::Record { length: 2, next: 4 }, vec!["a", ""])
        );
        assert_eq!(
            fields("\r\n"),
            (Scan::Record { length: 0, next: 2 }, vec![""])
        );
        assert_eq!(
            fields("\"x,\ny\",\"\"\r\n"),
            (
                Scan::Record {
                    length: 9,
                    next: 11
                },
                vec!["x,\ny", ""]
            )
        );
        assert_eq!(
            fields("\"a\"\"b\""),
            (Scan::Record { length: 6, next: 6 }, vec!["a\"\"b"])
        );
    }

    #[test]
    fn what_is_not_csv() {
        assert_eq!(
            fields("a,b\"c").0,
            Scan::Fault(Syntax::QuoteInside { at: 3 })
        );
        assert_eq!(
            fields("a,\"b\"c").0,
            Scan::Fault(Syntax::TextAfterQuote { at: 5, opened: 2 })
        );
        assert_eq!(
            fields("\"b\"\r").0,
            Scan::Fault(Syntax::TextAfterQuote { at: 3, opened: 0 })
        );
        assert_eq!(
            fields("a,\"b\n").0,
            Scan::Fault(Syntax::Unclosed { opened: 2 })
        );
    }

    #[test]
    fn a_record_cut_anywhere_is_partial() {
        let text = b"a,\"b\"\"\",\"c\"\r\n";
        for cut in 0..text.len() {
            assert_eq!(
                scan(&text[..cut], false, b',', &mut Vec::new()),
                Scan::Partial,
                "{cut}"
            );
        }
    }
}
