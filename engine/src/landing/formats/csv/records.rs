//! Records of a text, one after the other, checked.
//!
//! The same records come out however the input is cut into texts, as long as each starts where a
//! record does: whatever cannot be decided without the bytes that follow is left for the text
//! that has them, and [`Found::End`] says from where.

use memchr::memchr;

use super::check::{Width, broken_quotes, check_text, check_width};
use super::chunks::Chunk;
use super::fault::RawRecord;
use super::options::CsvOptions;
use super::record::Record;
use super::scan::{Scan, Syntax, scan};
use super::text::Text;
use super::tokens::Tokens;
use crate::landing::formats::RowError;
use crate::{Error, Place, Result};

/// What is known about a text from the file that it is part of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// What errors call the file.
    pub(super) name: &'a str,
    pub(super) options: &'a CsvOptions,
    /// How wide every record must be; `None` for the first one.
    pub(super) width: Option<Width>,
    /// Line and byte offset in the file of the first byte of the text.
    pub(super) line: u64,
    pub(super) offset: u64,
    /// Whether the input ends with the text.
    pub(super) at_end: bool,
}

impl<'a> Context<'a> {
    pub(super) fn of_chunk(
        chunk: &Chunk,
        name: &'a str,
        options: &'a CsvOptions,
        width: Width,
    ) -> Self {
        Context {
            name,
            options,
            width: Some(width),
            line: chunk.line,
            offset: chunk.offset,
            at_end: chunk.at_end,
        }
    }
}

/// What stands at the current place.
#[derive(Debug)]
pub(super) enum Found {
    /// A record that starts at `start`; the ends of its fields were added.
    Record { start: usize },
    /// Something that is no record.
    Bad(Box<RowError>),
    /// Nothing before `consumed` is left; what follows needs more bytes.
    End { consumed: usize },
}

/// Finds records from the start of a text on.
pub(super) struct Records<'a> {
    text: &'a Text<'a>,
    context: Context<'a>,
    tokens: Tokens<'a>,
    /// Quotes up to `start`, since the tokens began.
    quotes: usize,
    /// Where the next record starts.
    start: usize,
    /// Up to where only line ends were found, when that was last looked at.
    blank_until: usize,
    locator: Locator<'a>,
    /// Lines passed over because they are comments.
    pub(super) comments: u64,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a Text<'a>, context: Context<'a>) -> Self {
        Records {
            text,
            context,
            tokens: Tokens::new(text.bytes(), 0, context.options.dialect),
            quotes: 0,
            start: 0,
            blank_until: 0,
            locator: Locator::new(text, context),
            comments: 0,
        }
    }

    /// Where the next record starts.
    pub(super) fn position(&self) -> usize {
        self.start
    }

    /// Line and byte offset in the file of an offset in the text that is not before the last one.
    pub(super) fn locate(&mut self, at: usize) -> (u64, u64) {
        self.locator.locate(at)
    }

    /// Adds the ends of the next record's fields to `ends`. After something bad the next call
    /// goes on behind it.
    ///
    /// # Errors
    /// A record beyond the limit: nothing more can be read.
    pub(super) fn next(&mut self, ends: &mut Vec<u32>) -> Result<Found> {
        self.pass_over_comments();
        let (start, first) = (self.start, ends.len());
        if start == self.text.bytes().len() || self.is_comment() {
            return self.unfinished();
        }
        let (end, next) = match self.find(ends) {
            Scan::Record { end, next } => (end, next),
            Scan::Partial => {
                ends.truncate(first);
                return self.unfinished();
            }
            Scan::Fault(syntax) => {
                ends.truncate(first);
                return self.skip_bad_record(syntax);
            }
        };
        self.check_length(end)?;
        if end == start && self.is_blank_end() {
            ends.truncate(first);
            let consumed = match self.context.at_end {
                true => self.text.bytes().len(),
                false => start,
            };
            return Ok(Found::End { consumed });
        }
        self.start = next;
        let width = self.context.width;
        let fits = width.is_none_or(|width| width.fields == ends.len() - first) && end > start;
        if (!fits || self.text.suspicious)
            && let Err(bad) = self.check(start, end, &ends[first..])
        {
            ends.truncate(first);
            return Ok(Found::Bad(bad));
        }
        Ok(Found::Record { start })
    }

    /// The record from `start` to the line end that follows, as fast as its quotes allow.
    fn find(&mut self, ends: &mut Vec<u32>) -> Scan {
        let (bytes, start, first) = (self.text.bytes(), self.start, ends.len());
        let dialect = self.context.options.dialect;
        if dialect.escape.is_some() {
            return scan(bytes, start, self.context.at_end, dialect, ends);
        }
        let Some(line) = self.tokens.next_line(ends) else {
            ends.truncate(first);
            return scan(bytes, start, self.context.at_end, dialect, ends);
        };
        let quotes = line.quotes - self.quotes;
        self.quotes = line.quotes;
        let end = line.at - usize::from(bytes[start..line.at].ends_with(b"\r"));
        if let Some(last) = ends.last_mut() {
            *last = end as u32;
        }
        if quotes > 0 && quotes != self.enclosing_quotes(&ends[first..]) {
            // Doubled quotes, or broken ones: only the exact scan can tell.
            ends.truncate(first);
            return scan(bytes, start, self.context.at_end, dialect, ends);
        }
        Scan::Record {
            end,
            next: line.at + 1,
        }
    }

    /// The quotes that stand around whole fields. If there are no others, all is well.
    fn enclosing_quotes(&self, ends: &[u32]) -> usize {
        let (bytes, quote) = (self.text.bytes(), self.context.options.dialect.quote);
        let (mut start, mut quotes) = (self.start, 0);
        for end in ends {
            if let [first, .., last] = &bytes[start..*end as usize]
                && Some(*first) == quote
                && Some(*last) == quote
            {
                quotes += 2;
            }
            start = *end as usize + 1;
        }
        quotes
    }

    fn check(&mut self, start: usize, end: usize, ends: &[u32]) -> Result<(), Box<RowError>> {
        let record = self.raw(start, end);
        let fields = Record {
            text: self.text.text(),
            start,
            ends,
        };
        check_text(&record, &fields, self.context.options.dialect)?;
        check_width(&record, &fields, self.context.width)?;
        Ok(())
    }

    fn raw(&mut self, start: usize, end: usize) -> RawRecord<'a> {
        let (line, byte_offset) = self.locator.locate(start);
        RawRecord {
            bytes: &self.text.bytes()[start..end],
            line,
            byte_offset,
        }
    }

    fn is_comment(&self) -> bool {
        let first = self.text.bytes().get(self.start);
        first.is_some() && first == self.context.options.dialect.comment.as_ref()
    }

    fn pass_over_comments(&mut self) {
        let bytes = self.text.bytes();
        while self.is_comment() {
            let next = match memchr(b'\n', &bytes[self.start..]) {
                Some(line) => self.start + line + 1,
                None if self.context.at_end => bytes.len(),
                None => return,
            };
            self.comments += 1;
            self.restart(next);
        }
    }

    /// Goes on at a record whose start the tokens do not know.
    fn restart(&mut self, start: usize) {
        let dialect = self.context.options.dialect;
        self.start = start;
        self.quotes = 0;
        self.tokens = Tokens::new(self.text.bytes(), start, dialect);
    }

    /// Whether nothing but line ends follows. In a file of one column an empty line is a row.
    fn is_blank_end(&mut self) -> bool {
        if self.context.width.is_some_and(|width| width.fields == 1) {
            return false;
        }
        let bytes = self.text.bytes();
        if self.start >= self.blank_until {
            let blank = bytes[self.start..]
                .iter()
                .position(|byte| !matches!(byte, b'\n' | b'\r'));
            self.blank_until = blank.map_or(bytes.len(), |length| self.start + length);
        }
        self.blank_until == bytes.len()
    }

    fn unfinished(&mut self) -> Result<Found> {
        self.check_length(self.text.bytes().len())?;
        Ok(Found::End {
            consumed: self.start,
        })
    }

    /// Describes a record that is not CSV and moves behind the line on which that shows. Where
    /// the next record starts after broken quotes is a guess, and the next line the best one.
    fn skip_bad_record(&mut self, syntax: Syntax) -> Result<Found> {
        let (bytes, start) = (self.text.bytes(), self.start);
        let line_end = match syntax {
            Syntax::QuoteInside { at } | Syntax::TextAfterQuote { at, .. } => {
                memchr(b'\n', &bytes[at..]).map(|offset| at + offset)
            }
            Syntax::Unclosed { .. } => None,
        };
        let end = match line_end {
            None if !self.context.at_end => return self.unfinished(),
            None => bytes.len(),
            Some(line_end) => line_end,
        };
        self.check_length(end)?;
        let end = end - usize::from(bytes[start..end].ends_with(b"\r"));
        let bad = broken_quotes(&self.raw(start, end), start, syntax);
        self.restart(line_end.map_or(bytes.len(), |line_end| line_end + 1));
        Ok(Found::Bad(Box::new(bad)))
    }

    fn check_length(&mut self, end: usize) -> Result<()> {
        let limit = self.context.options.max_record_bytes;
        if end - self.start <= limit {
            return Ok(());
        }
        let (line, _) = self.locator.locate(self.start);
        Err(
            Error::input(format!("the record is longer than {limit} bytes"))
                .hint("a quote that opens in it may never be closed")
                .place(Place {
                    line,
                    ..Place::file(self.context.name)
                }),
        )
    }
}

/// Turns offsets in a text into lines and byte offsets of the file, in ascending order, so that
/// only what is asked for is counted.
#[derive(Debug)]
pub(super) struct Locator<'a> {
    text: &'a Text<'a>,
    at: usize,
    line: u64,
    offset: u64,
}

impl<'a> Locator<'a> {
    pub(super) fn new(text: &'a Text<'a>, context: Context<'_>) -> Self {
        Locator {
            text,
            at: 0,
            line: context.line,
            offset: context.offset,
        }
    }

    /// The line, from 1, and the byte offset, from 0, of an offset not before the last one.
    pub(super) fn locate(&mut self, at: usize) -> (u64, u64) {
        let passed = &self.text.bytes()[self.at..at];
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.offset += self.text.source_bytes(self.at, at) as u64;
        self.at = at;
        (self.line, self.offset)
    }
}
