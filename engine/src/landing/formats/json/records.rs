//! Cuts a stream into records: the lines of a file of lines, the elements of an array.

use std::io::{BufRead, BufReader, Read};

use super::super::{RowError, RowPlace};
use crate::{Error, Place, Result};

const READ_BUFFER_BYTES: usize = 1 << 20;
/// The longest record. It bounds the memory that a bracket without its counterpart can take.
const MAX_RECORD_BYTES: usize = 64 << 20;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads records one by one.
#[derive(Debug)]
pub(super) struct Records<R> {
    input: BufReader<R>,
    file: String,
    layout: Option<Layout>,
    buffer: Vec<u8>,
    /// Where the next byte stands: the line from 1, and bytes from 0.
    line: u64,
    offset: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One record per line.
    Lines,
    /// One array; `started` once its first element was read.
    Array { started: bool },
    /// The array has ended.
    Ended,
}

/// A record as it stands in the file.
#[derive(Debug)]
pub(super) struct Record<'r> {
    bytes: &'r [u8],
    line: u64,
    byte_offset: u64,
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, file: &str) -> Self {
        Records {
            input: BufReader::with_capacity(READ_BUFFER_BYTES, input),
            file: file.to_owned(),
            layout: None,
            buffer: Vec::new(),
            line: 1,
            offset: 0,
        }
    }

    /// The next record.
    ///
    /// # Errors
    /// A stream that cannot be read, an array that is cut off or followed by more.
    pub(super) fn read(&mut self) -> Result<Option<Record<'_>>> {
        self.buffer.clear();
        let layout = match self.layout {
            Some(layout) => layout,
            None => self.begin()?,
        };
        let start = match layout {
            Layout::Lines => self.next_line()?,
            Layout::Array { started } => self.next_element(started)?,
            Layout::Ended => None,
        };
        Ok(start.map(|(line, byte_offset)| Record {
            bytes: &self.buffer,
            line,
            byte_offset,
        }))
    }

    fn begin(&mut self) -> Result<Layout> {
        if self.fill()?.starts_with(BYTE_ORDER_MARK) {
            self.input.consume(BYTE_ORDER_MARK.len());
            self.offset += BYTE_ORDER_MARK.len() as u64;
        }
        let layout = match self.skip_space()? {
            Some(b'[') => {
                self.advance(b'[');
                Layout::Array { started: false }
            }
            _ => Layout::Lines,
        };
        self.layout = Some(layout);
        Ok(layout)
    }

    fn next_line(&mut self) -> Result<Option<(u64, u64)>> {
        if self.skip_space()?.is_none() {
            return Ok(None);
        }
        let start = (self.line, self.offset);
        loop {
            let file = &self.file;
            let available = self
                .input
                .fill_buf()
                .map_err(|error| Error::file("read", file, error))?;
            if available.is_empty() {
                break;
            }
            let (end, used) = match memchr::memchr(b'\n', available) {
                Some(end) => (end, end + 1),
                None => (available.len(), available.len()),
            };
            let done = used > end;
            self.buffer.extend_from_slice(&available[..end]);
            self.input.consume(used);
            self.offset += used as u64;
            self.line += u64::from(done);
            if done {
                break;
            }
            self.check_length(start.0)?;
        }
        while self.buffer.last().is_some_and(u8::is_ascii_whitespace) {
            self.buffer.pop();
        }
        Ok(Some(start))
    }

    fn next_element(&mut self, started: bool) -> Result<Option<(u64, u64)>> {
        match self.skip_space()? {
            Some(b']') => {
                self.advance(b']');
                self.layout = Some(Layout::Ended);
                return match self.skip_space()? {
                    None => Ok(None),
                    Some(_) => Err(self.stop("there is text after the array")),
                };
            }
            Some(b',') if started => {
                self.advance(b',');
                self.skip_space()?;
            }
            Some(_) if started => return Err(self.stop("a `,` or `]` is expected")),
            Some(_) => {}
            None => return Err(self.stop("the array is never closed")),
        }
        self.layout = Some(Layout::Array { started: true });
        let start = (self.line, self.offset);
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        loop {
            let Some(byte) = self.peek()? else {
                return Err(self.stop("the array is never closed"));
            };
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ if quoted => {}
                b'{' | b'[' => depth += 1,
                b',' | b']' if depth == 0 => break,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.buffer.push(byte);
            self.advance(byte);
            self.check_length(start.0)?;
        }
        Ok(Some(start))
    }

    fn check_length(&self, line: u64) -> Result<()> {
        if self.buffer.len() <= MAX_RECORD_BYTES {
            return Ok(());
        }
        Err(Error::input(format!(
            "a record is longer than {} MiB",
            MAX_RECORD_BYTES >> 20
        ))
        .hint("a quote or bracket may lack its counterpart")
        .place(Place {
            line,
            ..Place::file(&self.file)
        }))
    }

    /// The first byte that is no space.
    fn skip_space(&mut self) -> Result<Option<u8>> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Ok(Some(byte));
            }
            self.advance(byte);
        }
        Ok(None)
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        Ok(self.fill()?.first().copied())
    }

    fn advance(&mut self, byte: u8) {
        self.input.consume(1);
        self.offset += 1;
        self.line += u64::from(byte == b'\n');
    }

    fn fill(&mut self) -> Result<&[u8]> {
        let file = &self.file;
        self.input
            .fill_buf()
            .map_err(|error| Error::file("read", file, error))
    }

    fn stop(&self, reason: &str) -> Error {
        Error::input(reason).place(Place {
            line: self.line,
            ..Place::file(&self.file)
        })
    }
}

impl Record<'_> {
    /// Where it begins.
    pub(super) fn place(&self) -> RowPlace {
        RowPlace {
            line: self.line,
            byte_offset: self.byte_offset,
        }
    }

    /// The text of the record.
    ///
    /// # Errors
    /// Bytes that are not UTF-8.
    pub(super) fn text(&self) -> Result<&str, Box<RowError>> {
        std::str::from_utf8(self.bytes).map_err(|error| {
            let at = error.valid_up_to();
            Box::new(self.fault(
                at,
                format!("byte {} is not UTF-8", self.byte_offset + at as u64),
                Some("convert the file to UTF-8".to_owned()),
            ))
        })
    }

    /// What is wrong at byte `at` of the record.
    pub(super) fn fault(&self, at: usize, reason: String, hint: Option<String>) -> RowError {
        let before = &self.bytes[..at.min(self.bytes.len())];
        let lines = memchr::memchr_iter(b'\n', before).count() as u64;
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        let characters = String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count();
        RowError {
            line: self.line + lines,
            character: characters as u64 + 1,
            record_line: self.line,
            byte_offset: self.byte_offset,
            column: None,
            value: None,
            raw_record: String::from_utf8_lossy(self.bytes).into_owned(),
            reason,
            hint,
        }
    }
}
