//! A call of `kmeans` in the plans, and its execution.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::Result;

use super::NAME;
use super::groups::split;
use super::metrics::KMeansMetrics;
use super::model::cluster;
use super::parameters::KMeansParameters;
use crate::table::function::{Call, Output, Results, Run, RunContext};

/// The checked arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct KMeansCall {
    parameters: Arc<KMeansParameters>,
}

impl KMeansCall {
    pub(super) fn new(parameters: KMeansParameters) -> Self {
        KMeansCall {
            parameters: Arc::new(parameters),
        }
    }
}

impl fmt::Display for KMeansCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parameters.fmt(f)
    }
}

impl Call for KMeansCall {
    fn function(&self) -> &'static str {
        NAME
    }

    fn output(&self, _input: &Schema) -> Result<Output> {
        Ok(Output::Added(added_fields()))
    }

    fn reads(&self, column: &str) -> bool {
        self.parameters.reads(column)
    }

    /// A filter on the grouping columns keeps or drops whole groups.
    fn splits_by(&self, column: &str) -> bool {
        self.parameters
            .partition_by
            .iter()
            .any(|name| name == column)
    }

    fn begin(&self, input: &Schema, context: RunContext) -> Result<Box<dyn Run>> {
        Ok(Box::new(KMeansRun {
            parameters: Arc::clone(&self.parameters),
            needed: (0..input.fields().len())
                .filter(|index| self.parameters.reads(input.field(*index).name()))
                .collect(),
            batches: vec![],
            metrics: KMeansMetrics::new(&context.metrics),
            context,
        }))
    }
}

/// The columns that the function adds; rows that take no part have NULL in all of them.
fn added_fields() -> Vec<FieldRef> {
    vec![
        Arc::new(Field::new("cluster", DataType::Int64, true)),
        Arc::new(Field::new("label", DataType::Utf8, true)),
        Arc::new(Field::new("distance", DataType::Float64, true)),
    ]
}

/// One execution: the columns that it reads.
struct KMeansRun {
    parameters: Arc<KMeansParameters>,
    needed: Vec<usize>,
    batches: Vec<RecordBatch>,
    metrics: KMeansMetrics,
    context: RunContext,
}

impl Run for KMeansRun {
    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        self.batches.push(batch.project(&self.needed)?);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        let rows = self.batches.iter().map(RecordBatch::num_rows).sum();
        self.context
            .memory
            .grow(rows * bytes_per_row(&self.parameters))?;
        let mut clusters = Clusters {
            numbers: vec![None; rows],
            distances: vec![0.0; rows],
        };
        if let Some(batch) = self.batches.first() {
            let groups = split(&self.batches, &batch.schema(), &self.parameters)?;
            for group in groups.iter().filter(|group| !group.rows.is_empty()) {
                let clustered = cluster(group, &self.parameters, &self.context.cancelled)?;
                self.metrics.record(&clustered);
                let results = clustered.clusters.iter().zip(&clustered.distances);
                for (&row, (&number, &distance)) in clustered.rows.iter().zip(results) {
                    clusters.numbers[row] = Some(number);
                    clusters.distances[row] = distance;
                }
            }
        }
        Ok(clusters.into_results(self.parameters.labels.as_deref()))
    }
}

/// What a row costs at the peak: its features as they were, sorted, and as a sample for the seeding;
/// row numbers, assignments, distances and results.
fn bytes_per_row(parameters: &KMeansParameters) -> usize {
    const NUMBER: usize = size_of::<f64>();
    3 * NUMBER * parameters.features.len() + 16 * NUMBER
}

/// Cluster and distance of every row of the input; no cluster for those that take no part.
struct Clusters {
    numbers: Vec<Option<u32>>,
    distances: Vec<f64>,
}

impl Clusters {
    fn into_results(self, labels: Option<&[String]>) -> Results {
        let numbers = &self.numbers;
        let cluster: Int64Array = numbers.iter().map(|number| number.map(i64::from)).collect();
        let label: StringArray = numbers
            .iter()
            .map(|number| labels?.get((*number)? as usize))
            .collect();
        let distances = numbers.iter().zip(&self.distances);
        let distance: Float64Array = distances
            .map(|(number, distance)| number.map(|_| *distance))
            .collect();
        Results::Added(vec![Arc::new(cluster), Arc::new(label), Arc::new(distance)])
    }
}
