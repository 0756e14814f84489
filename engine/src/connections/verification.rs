//! VERIFY: the rows that were sent and those that the table holds then, compared by their number and
//! by a checksum that does not depend on their order.
//!
//! The checksum is computed here both times: over the batches on their way out, and over the same
//! rows as they are read back inside of the transaction. So it covers what happens on the way to the
//! database, in it (casts, triggers) and on the way back; a checksum that the database computes over
//! its own staging table would cover only the middle.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::columns::Columns;
use super::fingerprint::Fingerprint;
use super::plan::{Passage, PlannedColumn};
use super::statements::quote;
use crate::error::{Error, Result};
use crate::report::grouped;

/// What was sent, so far.
#[derive(Debug)]
pub(crate) struct Verification {
    /// The columns that are compared.
    pub(crate) columns: Arc<Columns>,
    places: Vec<usize>,
    left_out: Vec<String>,
    sum: Checksum,
}

/// A number of rows and their checksum.
#[derive(Debug)]
pub(crate) struct Checksum {
    rows: u64,
    fingerprint: Fingerprint,
}

impl Checksum {
    /// Of no rows.
    pub(crate) fn new(columns: &Arc<Columns>) -> Self {
        Checksum {
            rows: 0,
            fingerprint: Fingerprint::new(Arc::clone(columns)),
        }
    }

    /// Takes rows in.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows() as u64;
        self.fingerprint.add(batch);
    }
}

impl Verification {
    /// Of the columns that a database keeps as they are; what it reads into a form of its own, such
    /// as jsonb, cannot be compared.
    pub(crate) fn new(columns: &Columns, planned: &[PlannedColumn]) -> Self {
        let is_kept = |at: &usize| planned[*at].passage != Passage::Read;
        let (places, others): (Vec<_>, Vec<_>) = (0..planned.len()).partition(is_kept);
        let columns = Arc::new(columns.keep(&places));
        let name = |at: usize| quote(&planned[at].name);
        Verification {
            sum: Checksum::new(&columns),
            columns,
            places,
            left_out: others.into_iter().map(name).collect(),
        }
    }

    /// Takes rows in that are sent.
    ///
    /// # Errors
    /// None in practice: the columns are those of the batch.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        self.sum.add(&batch.project(&self.places)?);
        Ok(())
    }

    /// The columns of the target that are to be read back.
    pub(crate) fn of<'p>(
        &self,
        planned: &'p [PlannedColumn],
    ) -> impl Iterator<Item = &'p PlannedColumn> {
        self.places.iter().map(|at| &planned[*at])
    }

    /// Compares with what was read back; says what was compared.
    ///
    /// # Errors
    /// Another number of rows, or other values.
    pub(crate) fn compare(&self, target: &str, found: &Checksum) -> Result<String> {
        let (sent, there) = (self.sum.fingerprint.finish(), found.fingerprint.finish());
        if sent != there {
            let short = |sum: &str| sum.chars().take(12).collect::<String>();
            return Err(Error::input(format!(
                "{target} would not hold the rows that were sent: {} with checksum {} were sent, \
                 {} with checksum {} are there; nothing was exported",
                grouped(self.sum.rows),
                short(&sent),
                grouped(found.rows),
                short(&there)
            ))
            .hint("a trigger, a rule or a default of the table changes rows; leave VERIFY out if that is meant"));
        }
        let rows = match found.rows {
            1 => "verified 1 row".to_owned(),
            rows => format!("verified {} rows", grouped(rows)),
        };
        Ok(match self.left_out.is_empty() {
            true => rows,
            false => format!("{rows} without {}", self.left_out.join(", ")),
        })
    }
}
