//! A table of what a kept model has learnt. It reads no rows.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::Result;

use super::learnt::Learnt;
use super::summary::Summary;
use crate::table::function::{Call, Execution, Output, Results, Run, RunContext};

/// A model and what to tell of it.
#[derive(Debug, Clone)]
pub(super) struct StoredCall {
    pub(super) function: &'static str,
    pub(super) summary: Summary,
    pub(super) model: String,
    pub(super) version: u64,
    pub(super) learnt: Arc<Learnt>,
}

impl StoredCall {
    /// The call without what was learnt, which the version tells.
    fn identity(&self) -> (Summary, &str, u64) {
        (self.summary, &self.model, self.version)
    }
}

impl PartialEq for StoredCall {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for StoredCall {}

impl Hash for StoredCall {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl fmt::Display for StoredCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model={} version={}", self.model, self.version)
    }
}

impl Call for StoredCall {
    fn function(&self) -> &'static str {
        self.function
    }

    fn output(&self, _input: &Schema) -> Result<Output> {
        let Learnt {
            features,
            one_hot,
            partition_by,
            ..
        } = self.learnt.as_ref();
        let keys = partition_by.iter();
        let key = |name| -> FieldRef { Arc::new(Field::new(name, DataType::Utf8, true)) };
        let one_hot: Vec<_> = one_hot
            .iter()
            .map(|one_hot| one_hot.column.clone())
            .collect();
        Ok(Output::Table(self.summary.fields(
            keys.map(key).collect(),
            features,
            &one_hot,
        )))
    }

    fn reads(&self, _column: &str) -> bool {
        false
    }

    fn splits_by(&self, _column: &str) -> bool {
        false
    }

    fn begin(&self, _input: &Schema, _context: RunContext) -> Result<Execution> {
        Ok(Execution::Collected(Box::new(self.clone())))
    }
}

impl Run for StoredCall {
    fn bytes_of(&self, _rows: usize) -> usize {
        0
    }

    fn take(&mut self, _batch: &RecordBatch) -> Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        let key = |place: usize| -> ArrayRef {
            let groups = self.learnt.groups.iter();
            Arc::new(
                groups
                    .map(|group| group.key[place].as_deref())
                    .collect::<StringArray>(),
            )
        };
        let keys = (0..self.learnt.partition_by.len()).map(key).collect();
        Ok(Results::Table(self.summary.table(&self.learnt, keys)?))
    }
}
