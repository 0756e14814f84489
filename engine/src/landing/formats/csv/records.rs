//! Records from a stream of bytes, checked.
//!
//! The buffer holds whole records only: a record that is cut by its end is moved to the front and
//! scanned again once more bytes are there. The buffer doubles when a record does not fit, up to a
//! limit, so the work stays linear and the memory bounded.

use std::io::Read;

use memchr::{memchr, memchr_iter};

use super::check::{Width, broken_quotes, check_text, check_width};
use super::fault::{Failure, RawRecord};
use super::options::CsvOptions;
use super::record::Record;
use super::scan::{Scan, Span, Syntax, scan};
use crate::{Error, Place};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
const FIRST_BUFFER_BYTES: usize = 256 << 10;

/// Reads records one by one from any stream, which the caller has decompressed.
#[derive(Debug)]
pub struct RecordReader<R> {
    input: R,
    name: String,
    delimiter: u8,
    max_record_bytes: usize,
    width: Option<Width>,
    buffer: Vec<u8>,
    /// The unread part of the buffer.
    start: usize,
    end: usize,
    at_end: bool,
    /// Line and byte offset of `start`.
    line: u64,
    offset: u64,
    fields: Vec<Span>,
}

/// Where the current record lies in the buffer; valid until the next one is looked for.
#[derive(Debug, Clone, Copy)]
struct Located {
    begin: usize,
    length: usize,
    line: u64,
    offset: u64,
}

impl<R: Read> RecordReader<R> {
    /// A reader of `input`, which errors call `name`. A byte order mark is skipped.
    ///
    /// # Errors
    /// A stream that cannot be read.
    pub fn new(input: R, name: impl Into<String>, options: &CsvOptions) -> Result<Self, Failure> {
        let mut reader = RecordReader {
            input,
            name: name.into(),
            delimiter: options.delimiter.byte(),
            max_record_bytes: options.max_record_bytes,
            width: None,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            at_end: false,
            line: 1,
            offset: 0,
            fields: Vec::new(),
        };
        reader.fill()?;
        if reader.unread().starts_with(BYTE_ORDER_MARK) {
            reader.start += BYTE_ORDER_MARK.len();
            reader.offset += BYTE_ORDER_MARK.len() as u64;
        }
        Ok(reader)
    }

    /// What errors call the input.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next record; `None` at the end. After a bad record the next call goes on behind it.
    ///
    /// # Errors
    /// A record that is not CSV, not UTF-8, or not as wide as the others; a stream that breaks.
    pub fn read(&mut self) -> Result<Option<Record<'_>>, Failure> {
        let Some(located) = self.locate()? else {
            return Ok(None);
        };
        let record = RawRecord {
            bytes: &self.buffer[located.begin..located.begin + located.length],
            line: located.line,
            byte_offset: located.offset,
        };
        let text = check_text(&record, &self.fields)?;
        check_width(&record, &self.fields, self.width)?;
        Ok(Some(Record {
            text,
            fields: &self.fields,
            line: located.line,
            byte_offset: located.offset,
        }))
    }

    /// From here on every record must have as many fields as the header or the first record.
    pub(super) fn expect_width(&mut self, fields: usize, from_header: bool) {
        self.width = Some(Width {
            fields,
            from_header,
        });
    }

    /// Goes back to the first record, which must be the only one read so far.
    pub(super) fn rewind_to(&mut self, offset: u64, line: u64) {
        self.start -= (self.offset - offset) as usize;
        (self.offset, self.line) = (offset, line);
    }

    fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Finds the next record and moves behind it.
    fn locate(&mut self) -> Result<Option<Located>, Failure> {
        loop {
            if self.start == self.end && self.at_end {
                return Ok(None);
            }
            match scan(
                &self.buffer[self.start..self.end],
                self.at_end,
                self.delimiter,
                &mut self.fields,
            ) {
                Scan::Partial => self.fill()?,
                Scan::Fault(syntax) => return Err(self.skip_bad_record(syntax)?),
                Scan::Record { length: 0, .. } if self.is_blank_end()? => return Ok(None),
                Scan::Record { length, next } => {
                    let located = Located {
                        begin: self.start,
                        length,
                        line: self.line,
                        offset: self.offset,
                    };
                    self.consume(next);
                    return Ok(Some(located));
                }
            }
        }
    }

    /// Moves on by `bytes`, counting lines. Only quotes let a record hold more than one.
    fn consume(&mut self, bytes: usize) {
        let lines = match self.fields.iter().any(|field| field.quoted) {
            true => memchr_iter(b'\n', &self.buffer[self.start..self.start + bytes]).count(),
            false => 1,
        };
        self.start += bytes;
        self.line += lines as u64;
        self.offset += bytes as u64;
    }

    /// Whether nothing but line ends follows. In a file of one column an empty line is a row.
    fn is_blank_end(&mut self) -> Result<bool, Failure> {
        if self.width.is_some_and(|width| width.fields == 1) {
            return Ok(false);
        }
        loop {
            if self
                .unread()
                .iter()
                .any(|byte| !matches!(byte, b'\n' | b'\r'))
            {
                return Ok(false);
            }
            if self.at_end {
                self.start = self.end;
                return Ok(true);
            }
            self.fill()?;
        }
    }

    /// Moves the unread bytes to the front and fills the rest of the buffer, which grows if
    /// there is no rest.
    fn fill(&mut self) -> Result<(), Failure> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            if self.end > self.max_record_bytes {
                return Err(Failure::Input(self.too_long()));
            }
            self.buffer
                .resize((self.end * 2).max(FIRST_BUFFER_BYTES), 0);
        }
        while self.end < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(bytes) => self.end += bytes,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::Input(Error::file("read", &self.name, error))),
            }
        }
        Ok(())
    }

    /// Describes a record that is not CSV and moves behind the line on which that shows. Where
    /// the next record starts after broken quotes is a guess, and the next line the best one.
    fn skip_bad_record(&mut self, syntax: Syntax) -> Result<Failure, Failure> {
        let line_end = match syntax {
            Syntax::QuoteInside { at } | Syntax::TextAfterQuote { at, .. } => {
                self.find_line_end(at)?
            }
            Syntax::Unclosed { .. } => None,
        };
        let bytes = self.unread();
        let length = line_end.unwrap_or(bytes.len());
        let line = &bytes[..length];
        let record = RawRecord {
            bytes: line.strip_suffix(b"\r").unwrap_or(line),
            line: self.line,
            byte_offset: self.offset,
        };
        let fault = broken_quotes(&record, syntax);
        let next = line_end.map_or(length, |newline| newline + 1);
        self.line += memchr_iter(b'\n', &bytes[..next]).count() as u64;
        self.start += next;
        self.offset += next as u64;
        Ok(fault.into())
    }

    /// Where the line that holds the unread byte `at` ends; `None` at the end of the input.
    fn find_line_end(&mut self, at: usize) -> Result<Option<usize>, Failure> {
        loop {
            let found = memchr(b'\n', &self.unread()[at..]).map(|offset| at + offset);
            if found.is_some() || self.at_end {
                return Ok(found);
            }
            self.fill()?;
        }
    }

    fn too_long(&self) -> Error {
        Error::input(format!(
            "the record is longer than {} bytes",
            self.max_record_bytes
        ))
        .hint("a quote that opens in it may never be closed")
        .place(Place {
            line: self.line,
            ..Place::file(&self.name)
        })
    }
}
