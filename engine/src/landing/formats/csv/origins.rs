//! The records behind a piece, for faults that show after the reading.
//!
//! Such faults are rare, so nothing is kept but the bytes of the chunk, which several pieces
//! share, and where the records start in them.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use memchr::memchr_iter;

use super::chunks::Chunk;
use super::fault::RawRecord;
use super::options::CsvOptions;
use super::record::Record;
use super::scan::{Scan, scan};
use super::text::Text;
use crate::landing::formats::{LateFault, Origins, RowError};

/// The records that became rows, in order.
#[derive(Debug)]
pub(super) struct KeptRecords {
    options: Arc<CsvOptions>,
    bytes: Bytes,
    /// Line and byte offset in the file of the first byte.
    line: u64,
    offset: u64,
    /// Where the record of each row starts in the bytes.
    starts: Vec<u32>,
    /// A byte and its line, from which the next fault can be counted: they come in order.
    known: Cell<(usize, u64)>,
}

impl KeptRecords {
    pub(super) fn new(options: &Arc<CsvOptions>, chunk: &Chunk, starts: Vec<u32>) -> Self {
        KeptRecords {
            options: Arc::clone(options),
            bytes: chunk.bytes.clone(),
            line: chunk.line,
            offset: chunk.offset,
            starts,
            known: Cell::new((0, chunk.line)),
        }
    }

    fn line_at(&self, start: usize) -> u64 {
        let (at, line) = match self.known.get() {
            (at, line) if at <= start => (at, line),
            _ => (0, self.line),
        };
        let line = line + memchr_iter(b'\n', &self.bytes[at..start]).count() as u64;
        self.known.set((start, line));
        line
    }
}

impl Origins for KeptRecords {
    fn fault(&self, row: usize, fault: LateFault) -> RowError {
        let (dialect, mut ends) = (self.options.dialect, Vec::new());
        let start = self.starts[row] as usize;
        let end = match scan(&self.bytes, start, true, dialect, &mut ends) {
            Scan::Record { end, .. } => end,
            // A row came of it, so it is a record.
            Scan::Partial | Scan::Fault(_) => self.bytes.len(),
        };
        let text = Text::new(&self.bytes[start..end], self.options.encoding);
        ends.clear();
        scan(text.bytes(), 0, true, dialect, &mut ends);
        let record = Record {
            text: text.text(),
            start: 0,
            ends: &ends,
        };
        let raw = RawRecord {
            bytes: text.bytes(),
            line: self.line_at(start),
            byte_offset: self.offset + start as u64,
        };
        let column = fault.column.as_ref().map(|column| column.index);
        let at = column
            .filter(|index| *index < record.width())
            .map_or(0, |index| record.span(index).start);
        RowError {
            column: fault.column,
            value: fault.value,
            hint: fault.hint,
            ..raw.fault(at, fault.reason, "")
        }
    }
}
