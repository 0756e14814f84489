//! One record, borrowed from the reader's buffer.

use std::borrow::Cow;

use super::fault::RawRecord;
use super::scan::Span;
use crate::landing::formats::{Column, RowError};

/// A record whose text is known to be UTF-8.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    pub(super) text: &'a str,
    pub(super) fields: &'a [Span],
    pub(super) line: u64,
    pub(super) byte_offset: u64,
}

/// The content of one field. An unquoted empty field holds NULL, a quoted one empty text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The text without quotes; borrowed unless it holds doubled quotes.
    pub text: Cow<'a, str>,
    /// Whether it stands in quotes.
    pub quoted: bool,
}

impl Cell<'_> {
    /// Whether the field holds NULL.
    pub fn is_null(&self) -> bool {
        !self.quoted && self.text.is_empty()
    }
}

impl<'a> Record<'a> {
    /// How many fields there are.
    pub fn width(&self) -> usize {
        self.fields.len()
    }

    /// The content of the field at `index`, from 0; NULL beyond the last.
    pub fn cell(&self, index: usize) -> Cell<'a> {
        let Some(span) = self.fields.get(index) else {
            return Cell {
                text: Cow::Borrowed(""),
                quoted: false,
            };
        };
        let raw = &self.text[span.start..span.end];
        Cell {
            text: match span.escaped {
                true => Cow::Owned(raw.replace("\"\"", "\"")),
                false => Cow::Borrowed(raw),
            },
            quoted: span.quoted,
        }
    }

    /// The record as it stands in the file, without its line end.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The line on which the record starts, from 1. Line ends inside quotes count.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Where the record starts in the input, in bytes from 0.
    pub fn byte_offset(&self) -> u64 {
        self.byte_offset
    }

    /// The line on which the field at `index` starts.
    pub fn line_of(&self, index: usize) -> u64 {
        let start = self.fields.get(index).map_or(0, |span| span.start);
        self.line + memchr::memchr_iter(b'\n', &self.text.as_bytes()[..start]).count() as u64
    }

    /// A fault of the field at `index`, in a column called `name`.
    pub fn fault(
        &self,
        index: usize,
        name: &str,
        reason: String,
        hint: Option<String>,
    ) -> RowError {
        let start = match self.fields.get(index) {
            Some(span) => span.start - usize::from(span.quoted),
            None => self.text.len(),
        };
        let raw = RawRecord {
            bytes: self.text.as_bytes(),
            line: self.line,
            byte_offset: self.byte_offset,
        };
        RowError {
            column: Some(Column {
                index,
                name: name.to_owned(),
            }),
            value: Some(self.cell(index).text.into_owned()),
            hint,
            ..raw.fault(start, reason, "")
        }
    }
}
