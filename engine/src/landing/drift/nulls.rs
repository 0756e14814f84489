//! A column that suddenly is mostly NULL: the values went somewhere else, and nothing fails.
//!
//! Nor does the load: a share is evidence and no difference of columns. A month may well have none
//! of something, so it is said, by VALIDATE before and by the load after.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use crate::warehouse::NullShares;

/// Fewer rows than this say nothing about a share.
const FEWEST_ROWS: u64 = 100;
/// How far the share of NULLs may move before it is said, of 1.
const NOTABLE_SHIFT: f64 = 0.2;

/// NULLs per column of the rows that have passed.
#[derive(Debug, Clone, Default)]
pub(in crate::landing) struct NullCounts(Arc<Mutex<Counted>>);

#[derive(Debug, Default)]
struct Counted {
    rows: u64,
    nulls: HashMap<String, u64>,
}

impl NullCounts {
    /// Counts what passes through a stream.
    pub(in crate::landing) fn count(
        &self,
        rows: SendableRecordBatchStream,
    ) -> SendableRecordBatchStream {
        let (schema, counts) = (rows.schema(), self.clone());
        let rows = rows.inspect(move |batch| {
            if let Ok(batch) = batch {
                counts.add(batch);
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, rows))
    }

    /// Counts some rows.
    pub(in crate::landing) fn add(&self, batch: &RecordBatch) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.rows += batch.num_rows() as u64;
        for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
            *counted.nulls.entry(field.name().clone()).or_default() +=
                column.logical_null_count() as u64;
        }
    }

    /// Whether so few rows have passed that their shares say nothing.
    pub(in crate::landing) fn are_few(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).rows < FEWEST_ROWS
    }
}

/// The columns whose share of NULLs in a file is far from that in the table.
pub(in crate::landing) fn shifted_null_shares(
    file: &NullCounts,
    table: &NullShares,
) -> Vec<String> {
    let counted = file.0.lock().unwrap_or_else(PoisonError::into_inner);
    if counted.rows < FEWEST_ROWS || table.rows < FEWEST_ROWS {
        return Vec::new();
    }
    let mut shifted: Vec<String> = counted
        .nulls
        .iter()
        .filter_map(|(column, nulls)| {
            let share = *nulls as f64 / counted.rows as f64;
            let before = table.share(column)?;
            ((share - before).abs() >= NOTABLE_SHIFT).then(|| {
                format!(
                    "`{column}` is NULL in {:.0} % of the rows, in the table in {:.0} %",
                    share * 100.0,
                    before * 100.0
                )
            })
        })
        .collect();
    shifted.sort();
    shifted
}
