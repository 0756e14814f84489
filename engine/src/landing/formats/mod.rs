//! The formats that files come in. Each has two things to offer: what its columns are, and its
//! rows, piece by piece; everything else (ledger, rejects, commit) is the same for all of them.

pub mod csv;

mod piece;
mod row_error;

pub use piece::{LateFault, Origins, Piece, Pieces};
pub use row_error::{Column, RowError};
