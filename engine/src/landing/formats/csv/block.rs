//! Some records at a time, so that their values can be taken column by column.

use super::record::Record;
use super::records::{Found, Records};
use crate::Result;
use crate::landing::formats::RowError;

/// So many records and their text stay in the cache while one column after the other is built.
const ROWS: usize = 1024;

/// Records of one width, as offsets in the text that they stand in.
#[derive(Debug)]
pub(super) struct Block {
    width: usize,
    starts: Vec<u32>,
    ends: Vec<u32>,
}

impl Block {
    pub(super) fn new(width: usize) -> Self {
        Block {
            width,
            starts: Vec::with_capacity(ROWS),
            ends: Vec::with_capacity(ROWS * width),
        }
    }

    /// Takes the next records in place of those it held, at most `limit`. What is no record goes
    /// to `bad`. At the end of the text it says how much of it was consumed.
    ///
    /// # Errors
    /// A record beyond the limit.
    pub(super) fn fill(
        &mut self,
        records: &mut Records<'_>,
        limit: usize,
        mut bad: impl FnMut(RowError),
    ) -> Result<Option<usize>> {
        self.starts.clear();
        self.ends.clear();
        while self.starts.len() < limit.min(ROWS) {
            match records.next(&mut self.ends)? {
                Found::Record { start } => self.starts.push(start as u32),
                Found::Bad(row) => bad(*row),
                Found::End { consumed } => return Ok(Some(consumed)),
            }
        }
        Ok(None)
    }

    pub(super) fn rows(&self) -> usize {
        self.starts.len()
    }

    /// A field of each record as it stands in `text`.
    pub(super) fn column<'t>(
        &'t self,
        text: &'t str,
        column: usize,
    ) -> impl ExactSizeIterator<Item = &'t str> {
        (0..self.rows()).map(move |row| {
            let ends = &self.ends[row * self.width..(row + 1) * self.width];
            let start = match column.checked_sub(1) {
                Some(before) => ends[before] + 1,
                None => self.starts[row],
            };
            &text[start as usize..ends[column] as usize]
        })
    }

    /// Where a record starts in its text.
    pub(super) fn start(&self, row: usize) -> usize {
        self.starts[row] as usize
    }

    pub(super) fn record<'t>(&'t self, text: &'t str, row: usize) -> Record<'t> {
        Record {
            text,
            start: self.start(row),
            ends: &self.ends[row * self.width..(row + 1) * self.width],
        }
    }
}
