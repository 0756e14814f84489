//! What a format hands on: rows, and what could not become a row.

use std::fmt::Debug;

use arrow::array::RecordBatch;

use super::{Column, RowError};
use crate::Result;

/// A run of consecutive records of one file.
#[derive(Debug)]
pub struct Piece {
    /// The records that became rows, in the order of the file.
    pub rows: RecordBatch,
    /// The records that did not, in the order of the file.
    pub rejects: Vec<RowError>,
    /// How many values of the rows ON_LOSS round has changed.
    pub rounded: u64,
    /// Where the rows stand in the file; `None` for formats whose records have no text.
    pub origins: Option<Box<dyn Origins>>,
    /// Where each row stands, for formats that can tell but keep no text; else empty.
    pub places: Vec<RowPlace>,
}

/// Where a record stands in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowPlace {
    /// From 1; in a sheet its row.
    pub line: u64,
    /// From 0; 0 in a sheet.
    pub byte_offset: u64,
}

/// The pieces of one file, in its order. An error ends them: nothing more can be read then.
pub type Pieces = Box<dyn Iterator<Item = Result<Piece>> + Send>;

/// The records behind the rows of a piece. Some faults show only after the reading, such as a
/// value that cannot name a partition; the record must then be named all the same.
pub trait Origins: Debug + Send {
    /// A fault of the row at `row` of the piece, from 0.
    fn fault(&self, row: usize, fault: LateFault) -> RowError;
}

/// What is wrong with a row that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateFault {
    /// The column of the file that is at fault, if it is one of the file.
    pub column: Option<Column>,
    /// The refused value.
    pub value: Option<String>,
    /// What is wrong, for a person.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Piece {
    /// Rows and rejects of a format whose records have no text.
    pub fn new(rows: RecordBatch, rejects: Vec<RowError>) -> Self {
        Piece {
            rows,
            rejects,
            rounded: 0,
            origins: None,
            places: Vec::new(),
        }
    }

    /// How many records of the file it accounts for.
    pub fn records(&self) -> u64 {
        (self.rows.num_rows() + self.rejects.len()) as u64
    }
}
