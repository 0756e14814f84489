//! One record, borrowed from the text that it stands in.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::RawRecord;
use super::options::CsvOptions;
use crate::landing::formats::{Column, RowError};

/// A record whose quotes, width and text have been checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) text: &'a str,
    /// Where it starts in the text.
    pub(super) start: usize,
    /// Where its fields end in the text, quotes included.
    pub(super) ends: &'a [u32],
}

impl<'a> Record<'a> {
    /// How many fields there are.
    pub(super) fn width(&self) -> usize {
        self.ends.len()
    }

    /// Where the field at `index` lies in the text, quotes included.
    pub(super) fn span(&self, index: usize) -> Range<usize> {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends[before] as usize + 1,
            None => self.start,
        };
        start..self.ends[index] as usize
    }

    /// The field at `index` as it stands in the file.
    pub(super) fn raw(&self, index: usize) -> &'a str {
        &self.text[self.span(index)]
    }

    /// The record as it stands in the file, without its line end.
    pub(super) fn text(&self) -> &'a str {
        let end = self.ends.last().map_or(self.start, |end| *end as usize);
        &self.text[self.start..end]
    }

    /// A fault of the field at `index`, in a column called `name`.
    pub(super) fn fault(
        &self,
        index: usize,
        name: &str,
        (line, byte_offset): (u64, u64),
        value: &str,
        reason: String,
        hint: Option<String>,
    ) -> RowError {
        let raw = RawRecord {
            bytes: self.text().as_bytes(),
            line,
            byte_offset,
        };
        RowError {
            column: Some(Column {
                index,
                name: name.to_owned(),
            }),
            value: Some(value.to_owned()),
            hint,
            ..raw.fault(self.span(index).start - self.start, reason, "")
        }
    }
}

impl CsvOptions {
    /// The value of a field as it stands in the file; `None` is NULL. An empty field is NULL, a
    /// quoted one empty text.
    #[inline]
    pub(super) fn value<'t>(&self, raw: &'t str) -> Option<Cow<'t, str>> {
        match raw.as_bytes() {
            [] => None,
            [first, .., _] if Some(*first) == self.dialect.quote => {
                Some(self.unquoted(&raw[1..raw.len() - 1]))
            }
            _ if self.nulls.iter().any(|null| null == raw) => None,
            _ => Some(Cow::Borrowed(raw)),
        }
    }

    fn unquoted<'t>(&self, inner: &'t str) -> Cow<'t, str> {
        let (quote, escape) = (self.dialect.quote, self.dialect.escape);
        let Some(mark) = escape.or(quote) else {
            return Cow::Borrowed(inner);
        };
        if memchr::memchr(mark, inner.as_bytes()).is_none() {
            return Cow::Borrowed(inner);
        }
        let mut text = String::with_capacity(inner.len());
        let mut characters = inner.chars().peekable();
        while let Some(character) = characters.next() {
            let escaped = |next: &char| [Some(mark), quote].contains(&u8::try_from(*next).ok());
            let plain = match u8::try_from(character) == Ok(mark) {
                true => characters.next_if(escaped).unwrap_or(character),
                false => character,
            };
            text.push(plain);
        }
        Cow::Owned(text)
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Dialect;
    use super::*;

    #[test]
    fn a_field_is_null_empty_or_text() {
        let options = CsvOptions {
            nulls: vec!["NA".into(), "-".into()],
            ..CsvOptions::default()
        };
        let value = |raw| options.value(raw).map(Cow::into_owned);
        for (raw, expected) in [
            ("", None),
            ("NA", None),
            ("-", None),
            ("na", Some("na")),
            ("\"NA\"", Some("NA")),
            ("\"\"", Some("")),
            ("\"a \"\"b\"\"\"", Some("a \"b\"")),
            ("\"\"\"\"", Some("\"")),
            ("\"x\\y\"", Some("x\\y")),
        ] {
            assert_eq!(value(raw).as_deref(), expected, "{raw}");
        }
    }

    #[test]
    fn an_escape_goes_only_where_it_was_needed() {
        let options = CsvOptions {
            dialect: Dialect {
                escape: Some(b'\\'),
                ..Dialect::default()
            },
            ..CsvOptions::default()
        };
        for (raw, expected) in [
            (r#""a \"b\"""#, r#"a "b""#),
            (r#""a\\""#, r"a\"),
            (r#""a\n""#, r"a\n"),
            (r"a\\b", r"a\\b"),
        ] {
            assert_eq!(options.value(raw).as_deref(), Some(expected), "{raw}");
        }
    }
}
