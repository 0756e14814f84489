//! What a format hands on: rows, and what could not become a row.

use arrow::array::RecordBatch;

use super::RowError;
use crate::Result;

/// A run of consecutive records of one file.
#[derive(Debug)]
pub struct Piece {
    /// The records that became rows, in the order of the file.
    pub rows: RecordBatch,
    /// The records that did not, in the order of the file.
    pub rejects: Vec<RowError>,
}

/// The pieces of one file, in its order. An error ends them: nothing more can be read then.
pub type Pieces = Box<dyn Iterator<Item = Result<Piece>> + Send>;

impl Piece {
    /// How many records of the file it accounts for.
    pub fn records(&self) -> u64 {
        (self.rows.num_rows() + self.rejects.len()) as u64
    }
}
