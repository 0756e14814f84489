//! The input in chunks that probably end where a record does.
//!
//! Where a record ends is only known once everything before has been parsed. Quotes come in pairs,
//! though, so a line end after an even number of them is one, unless quotes are broken; whoever
//! parses the chunks finds out and puts the rest of a record in front of the next chunk.

use std::io::Read;

use bytes::Bytes;
use memchr::{memchr_iter, memchr2_iter, memrchr, memrchr2};

use super::options::{CsvOptions, Dialect};
use crate::{Error, Result};

/// Some consecutive bytes of the input.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    /// Line and byte offset in the input of the first byte.
    pub(super) line: u64,
    pub(super) offset: u64,
    /// Whether the input is known to end with it.
    pub(super) at_end: bool,
}

impl Chunk {
    /// What is left after the first `bytes`.
    pub(super) fn split_off(self, bytes: usize) -> Chunk {
        Chunk {
            line: self.line + memchr_iter(b'\n', &self.bytes[..bytes]).count() as u64,
            offset: self.offset + bytes as u64,
            at_end: self.at_end,
            bytes: self.bytes.slice(bytes..),
        }
    }

    /// The bytes of both.
    pub(super) fn followed_by(self, next: Chunk) -> Chunk {
        Chunk {
            bytes: [self.bytes, next.bytes].concat().into(),
            at_end: next.at_end,
            ..self
        }
    }
}

/// Reads an input chunk by chunk.
pub(super) struct Chunks<R> {
    input: R,
    name: String,
    dialect: Dialect,
    chunk_bytes: usize,
    /// Memory of chunks that are done: fresh memory would have to be cleared by the system.
    spare: Vec<Vec<u8>>,
    /// Bytes that were read and not handed out, and where they stand.
    pub(super) pending: Pending,
}

/// The start of what is still to come.
pub(super) struct Pending {
    pub(super) bytes: Vec<u8>,
    pub(super) line: u64,
    pub(super) offset: u64,
    pub(super) at_end: bool,
}

impl<R: Read> Chunks<R> {
    /// Reads `input`, which errors call `name`.
    pub(super) fn new(input: R, name: &str, options: &CsvOptions) -> Self {
        Chunks {
            input,
            name: name.to_owned(),
            dialect: options.dialect,
            chunk_bytes: options.chunk_bytes.max(1),
            spare: Vec::new(),
            pending: Pending {
                bytes: Vec::new(),
                line: 1,
                offset: 0,
                at_end: false,
            },
        }
    }

    /// Reads one more chunk's worth of bytes behind those that are pending.
    ///
    /// # Errors
    /// An input that cannot be read.
    pub(super) fn fill(&mut self, bytes: usize) -> Result<()> {
        let read = (&mut self.input)
            .take(bytes as u64)
            .read_to_end(&mut self.pending.bytes)
            .map_err(|error| Error::file("read", &self.name, error))?;
        self.pending.at_end = read < bytes;
        Ok(())
    }

    /// Passes over the first pending bytes.
    pub(super) fn consume(&mut self, bytes: usize) {
        let passed = self.pending.bytes.drain(..bytes);
        self.pending.line += memchr_iter(b'\n', passed.as_slice()).count() as u64;
        self.pending.offset += bytes as u64;
    }

    pub(super) fn chunk_bytes(&self) -> usize {
        self.chunk_bytes
    }

    /// Takes the memory of a chunk that is done for another one, unless something still points
    /// into it.
    pub(super) fn recycle(&mut self, mut bytes: Bytes) {
        if bytes.is_unique() {
            bytes.clear();
            self.spare.push(bytes.into());
        }
    }

    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        if !self.pending.at_end {
            let missing = self.chunk_bytes.saturating_sub(self.pending.bytes.len());
            self.fill(missing.max(1))?;
        }
        if self.pending.bytes.is_empty() {
            return Ok(None);
        }
        let pending = &mut self.pending;
        let cut = match pending.at_end {
            true => pending.bytes.len(),
            false => probable_end(&pending.bytes, self.dialect),
        };
        let mut rest = self.spare.pop().unwrap_or_default();
        if !pending.at_end {
            rest.reserve(self.chunk_bytes);
        }
        rest.extend_from_slice(&pending.bytes[cut..]);
        let mut bytes = std::mem::replace(&mut pending.bytes, rest);
        bytes.truncate(cut);
        let chunk = Chunk {
            line: pending.line,
            offset: pending.offset,
            at_end: pending.at_end,
            bytes: bytes.into(),
        };
        pending.line += memchr_iter(b'\n', &chunk.bytes).count() as u64;
        pending.offset += cut as u64;
        Ok(Some(chunk))
    }
}

impl<R: Read> Iterator for Chunks<R> {
    type Item = Result<Chunk>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_chunk().transpose()
    }
}

/// Behind the last line end outside quotes, if `bytes` start outside. A line end inside quotes is
/// the next best guess, for then they are probably broken; and without any line end all bytes go.
fn probable_end(bytes: &[u8], dialect: Dialect) -> usize {
    let Some(quote) = dialect.quote else {
        return memrchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
    };
    if let Some(escape) = dialect.escape {
        return probable_end_with_escapes(bytes, quote, escape);
    }
    let mut inside = memchr_iter(quote, bytes).count() % 2 == 1;
    let (mut end, mut guess) = (bytes.len(), None);
    while let Some(at) = memrchr2(quote, b'\n', &bytes[..end]) {
        if bytes[at] == quote {
            inside = !inside;
        } else if inside {
            guess = guess.or(Some(at + 1));
        } else {
            return at + 1;
        }
        end = at;
    }
    guess.unwrap_or(bytes.len())
}

fn probable_end_with_escapes(bytes: &[u8], quote: u8, escape: u8) -> usize {
    let (mut inside, mut last, mut guess, mut from) = (false, None, None, 0);
    // A quote behind an escape changes nothing.
    let mut plain_from = 0;
    for at in memchr2_iter(quote, escape, bytes) {
        if at < plain_from {
            continue;
        }
        let line_end = memrchr(b'\n', &bytes[from..at]).map(|line| from + line + 1);
        let found = if inside { &mut guess } else { &mut last };
        *found = line_end.or(*found);
        from = at;
        match bytes[at] == escape {
            true => plain_from = at + 2,
            false => inside = !inside,
        }
    }
    let line_end = memrchr(b'\n', &bytes[from..]).map(|line| from + line + 1);
    let found = if inside { &mut guess } else { &mut last };
    *found = line_end.or(*found);
    last.or(guess).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn cut(text: &str, dialect: Dialect) -> &str {
        &text[..probable_end(text.as_bytes(), dialect)]
    }

    #[test]
    fn chunks_end_at_a_line_end_outside_quotes() {
        let dialect = Dialect::default();
        for (text, expected) in [
            ("a\nb\nc", "a\nb\n"),
            ("a\n\"b\nc", "a\n"),
            ("a\n\"b\n\"\"\nc\",\n", "a\n\"b\n\"\"\nc\",\n"),
            ("\"b\nc\nd", "\"b\nc\n"),
            ("abc", "abc"),
        ] {
            assert_eq!(cut(text, dialect), expected, "{text:?}");
        }
        let none = Dialect {
            quote: None,
            ..dialect
        };
        assert_eq!(cut("a\n\"b\nc", none), "a\n\"b\n");
    }

    #[test]
    fn an_escaped_quote_changes_nothing() {
        let dialect = Dialect {
            escape: Some(b'\\'),
            ..Dialect::default()
        };
        assert_eq!(cut("a\n\"b\\\"\nc\"\nd", dialect), "a\n\"b\\\"\nc\"\n");
        assert_eq!(cut("a\n\"b\\\"\nc\nd", dialect), "a\n");
    }

    #[test]
    fn chunks_are_the_input_in_order() {
        let text = "x,\"a\nb\"\n\n1,2\n3,\"4\n5\"\n6";
        for chunk_bytes in 1..30 {
            let options = CsvOptions {
                chunk_bytes,
                ..CsvOptions::default()
            };
            let mut whole = Vec::new();
            for chunk in Chunks::new(text.as_bytes(), "t.csv", &options) {
                let chunk = chunk.unwrap();
                assert_eq!(chunk.offset, whole.len() as u64);
                let lines = memchr_iter(b'\n', &whole).count() as u64;
                assert_eq!(chunk.line, lines + 1);
                whole.extend(chunk.bytes);
            }
            assert_eq!(whole, text.as_bytes());
        }
    }
}
