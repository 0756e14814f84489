//! Faults of records on their way to becoming a [`RowError`].

use memchr::{memchr_iter, memrchr};

use crate::landing::formats::RowError;

/// The bytes of a record and where they stand; the start of every fault.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawRecord<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) line: u64,
    pub(super) byte_offset: u64,
}

impl RawRecord<'_> {
    /// A fault at byte `at` of the record.
    pub(super) fn fault(
        &self,
        at: usize,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> RowError {
        let before = &self.bytes[..at.min(self.bytes.len())];
        let line_start = memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let characters = String::from_utf8_lossy(&before[line_start..])
            .chars()
            .count();
        RowError {
            line: self.line + memchr_iter(b'\n', before).count() as u64,
            character: characters as u64 + 1,
            record_line: self.line,
            byte_offset: self.byte_offset,
            column: None,
            value: None,
            raw_record: String::from_utf8_lossy(self.bytes).into_owned(),
            reason: reason.into(),
            hint: Some(hint.into()),
        }
    }
}
