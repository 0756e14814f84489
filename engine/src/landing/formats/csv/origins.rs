//! The text of the records behind a piece, for faults that show after the reading.

use super::fault::RawRecord;
use super::record::Record;
use super::scan::scan;
use crate::landing::formats::{LateFault, Origins, RowError};

/// The records that became rows, in order.
#[derive(Debug)]
pub(super) struct KeptRecords {
    delimiter: u8,
    text: String,
    records: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Where the record ends in `text`; it starts where the one before it ends.
    end: usize,
    line: u64,
    byte_offset: u64,
}

impl KeptRecords {
    pub(super) fn new(delimiter: u8) -> Self {
        KeptRecords {
            delimiter,
            text: String::new(),
            records: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, record: &Record<'_>) {
        self.text.push_str(record.text());
        self.records.push(Kept {
            end: self.text.len(),
            line: record.line(),
            byte_offset: record.byte_offset(),
        });
    }
}

impl Origins for KeptRecords {
    fn fault(&self, row: usize, fault: LateFault) -> RowError {
        let kept = &self.records[row];
        let start = row
            .checked_sub(1)
            .map_or(0, |before| self.records[before].end);
        let text = &self.text[start..kept.end];
        let raw = RawRecord {
            bytes: text.as_bytes(),
            line: kept.line,
            byte_offset: kept.byte_offset,
        };
        let mut fields = Vec::new();
        scan(text.as_bytes(), true, self.delimiter, &mut fields);
        let error = match &fault.column {
            None => raw.fault(0, fault.reason, ""),
            Some(column) => {
                let record = Record {
                    text,
                    fields: &fields,
                    line: kept.line,
                    byte_offset: kept.byte_offset,
                };
                record.fault(column.index, &column.name, fault.reason, None)
            }
        };
        RowError {
            column: fault.column,
            value: fault.value,
            hint: fault.hint,
            ..error
        }
    }
}
