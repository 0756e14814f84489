//! A call of `dbscan`, and its execution.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::Result;

use super::NAME;
use super::density::clusters;
use crate::table::function::{Call, Execution, Output, Results, Run, RunContext};
use crate::table::learning::number::Number;
use crate::table::learning::rows::RowReader;
use crate::table::learning::{Levels, Matrix};

/// Checked arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Parameters {
    pub(super) features: Vec<String>,
    pub(super) epsilon: Number,
    pub(super) min_points: usize,
    pub(super) standard: bool,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct DbscanCall(Arc<Parameters>);

impl DbscanCall {
    pub(super) fn new(parameters: Parameters) -> Self {
        DbscanCall(Arc::new(parameters))
    }
}

impl fmt::Display for DbscanCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parameters {
            features,
            epsilon,
            min_points,
            standard,
        } = self.0.as_ref();
        let scale = if *standard { "standard" } else { "none" };
        let features = features.join(", ");
        write!(
            f,
            "features=[{features}], epsilon={epsilon}, min_points={min_points}, scale={scale}"
        )
    }
}

impl Call for DbscanCall {
    fn function(&self) -> &'static str {
        NAME
    }

    fn output(&self, _input: &Schema) -> Result<Output> {
        let cluster = Field::new("cluster", DataType::Int64, true);
        Ok(Output::Added(vec![Arc::new(cluster)]))
    }

    fn reads(&self, column: &str) -> bool {
        self.0.features.iter().any(|name| name == column)
    }

    fn splits_by(&self, _column: &str) -> bool {
        false
    }

    fn begin(&self, _input: &Schema, context: RunContext) -> Result<Execution> {
        let features = self.0.features.clone();
        Ok(Execution::Collected(Box::new(DbscanRun {
            reader: RowReader::new(NAME, features, None),
            parameters: Arc::clone(&self.0),
            context,
        })))
    }
}

/// One execution.
struct DbscanRun {
    parameters: Arc<Parameters>,
    reader: RowReader,
    context: RunContext,
}

impl Run for DbscanRun {
    fn bytes_of(&self, rows: usize) -> usize {
        self.reader.bytes_of(rows)
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        self.reader.take(batch)
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        let rows = self.reader.finish();
        let mut matrix = Matrix {
            width: self.parameters.features.len(),
            values: rows.numbers,
        };
        // The nodes of the tree with their bounds, what was seen, the way, and the clusters.
        let row_bytes = size_of::<f64>() * (2 * matrix.width + 12);
        self.context.memory.grow(rows.total * row_bytes)?;
        if self.parameters.standard {
            Levels::of(&matrix).apply(&mut matrix);
        }
        let found = clusters(
            &matrix,
            self.parameters.epsilon.get(),
            self.parameters.min_points,
            &self.context.cancelled,
        )?;
        let mut clusters = vec![None; rows.total];
        for (place, cluster) in rows.places.into_iter().zip(found) {
            clusters[place] = cluster;
        }
        Ok(Results::added(vec![Arc::new(Int64Array::from(clusters))]))
    }
}
