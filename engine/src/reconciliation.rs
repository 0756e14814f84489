//! What became of every row: `read = loaded + rejected + duplicate`, for each source of a COPY INTO.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};

use crate::{Error, Result};

/// One source (a file, or the rows of one export) and what became of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Where the rows came from.
    pub source: String,
    /// Where they went.
    pub target: String,
    /// What was done.
    pub status: CopyStatus,
    /// Rows read from the source.
    pub read: u64,
    /// Rows written to the target.
    pub loaded: u64,
    /// Rows set aside.
    pub rejected: u64,
    /// Rows that the target held already.
    pub duplicate: u64,
    /// What else there is to say.
    pub note: Option<String>,
}

/// What a COPY INTO did with one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyStatus {
    /// Its rows were written.
    Loaded,
    /// Rows that a load had set aside were tried again.
    Retried,
    /// It was known already; nothing was written.
    Skipped,
}

impl Copied {
    /// A source of which no row has been accounted for yet.
    pub fn new(source: String, target: impl fmt::Display, status: CopyStatus) -> Self {
        Copied {
            source,
            target: target.to_string(),
            status,
            read: 0,
            loaded: 0,
            rejected: 0,
            duplicate: 0,
            note: None,
        }
    }

    /// Checks that no row is unaccounted for.
    ///
    /// # Errors
    /// A defect of Tidemill: a row vanished or was counted twice.
    pub fn reconciled(self) -> Result<Self> {
        if self.read == self.loaded + self.rejected + self.duplicate {
            return Ok(self);
        }
        Err(Error::internal(format!(
            "{} does not reconcile: read {} <> loaded {} + rejected {} + duplicate {}",
            self.source, self.read, self.loaded, self.rejected, self.duplicate
        ))
        .hint("please report this with the statement that led here"))
    }

    /// Several of them as rows of a result.
    ///
    /// # Errors
    /// None in practice: the columns have one length.
    pub fn to_batch(rows: &[Copied]) -> Result<RecordBatch> {
        let text = |value: fn(&Copied) -> Option<String>| {
            Arc::new(rows.iter().map(value).collect::<StringArray>()) as ArrayRef
        };
        let count = |value: fn(&Copied) -> u64| {
            Arc::new(rows.iter().map(value).map(Some).collect::<UInt64Array>()) as ArrayRef
        };
        Ok(RecordBatch::try_from_iter_with_nullable([
            ("source", text(|row| Some(row.source.clone())), false),
            ("target", text(|row| Some(row.target.clone())), false),
            ("status", text(|row| Some(row.status.to_string())), false),
            ("read", count(|row| row.read), false),
            ("loaded", count(|row| row.loaded), false),
            ("rejected", count(|row| row.rejected), false),
            ("duplicate", count(|row| row.duplicate), false),
            ("note", text(|row| row.note.clone()), true),
        ])?)
    }
}

impl fmt::Display for CopyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CopyStatus::Loaded => "loaded",
            CopyStatus::Retried => "retried",
            CopyStatus::Skipped => "skipped",
        })
    }
}
