//! `kmeans_elbow(relation, k_min, k_max, ..)`: a clustering for each number of clusters, to choose one by.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::{Result, internal_err};

use super::groups::{Clustering, cluster_groups};
use super::learnt::Evaluation;
use super::metrics::KMeansMetrics;
use super::model::Detail;
use super::parameters::{Clusters, KMeansParameters};
use super::rows::Rows;
use crate::table::function::{Call, Cancelled, Execution, Output, Results, Run, RunContext};

/// The checked arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ElbowCall {
    pub(super) function: &'static str,
    /// Those of a clustering, whatever their `k`.
    pub(super) parameters: Arc<KMeansParameters>,
    pub(super) k_min: usize,
    pub(super) k_max: usize,
}

impl fmt::Display for ElbowCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            parameters,
            k_min,
            k_max,
            ..
        } = self;
        write!(f, "k_min={k_min}, k_max={k_max}, {parameters}")
    }
}

impl Call for ElbowCall {
    fn function(&self) -> &'static str {
        self.function
    }

    fn output(&self, input: &Schema) -> Result<Output> {
        let keys = self.parameters.partition_by.iter();
        let keys = keys.map(|name| Ok(Arc::new(input.field_with_name(name)?.clone())));
        let mut fields = keys.collect::<Result<Vec<FieldRef>>>()?;
        fields.push(Arc::new(Field::new("k", DataType::Int64, true)));
        for name in [
            "inertia",
            "simplified_silhouette",
            "sampled_silhouette",
            "davies_bouldin",
        ] {
            fields.push(Arc::new(Field::new(name, DataType::Float64, true)));
        }
        fields.push(Arc::new(Field::new("iterations", DataType::Int64, true)));
        Ok(Output::Table(fields))
    }

    fn reads(&self, column: &str) -> bool {
        self.parameters.reads(column)
    }

    fn splits_by(&self, column: &str) -> bool {
        self.parameters
            .partition_by
            .iter()
            .any(|name| name == column)
    }

    fn begin(&self, input: &Schema, context: RunContext) -> Result<Execution> {
        let Output::Table(fields) = self.output(input)? else {
            return internal_err!("an elbow is a table");
        };
        Ok(Execution::Collected(Box::new(ElbowRun {
            rows: Rows::try_new(input, &self.parameters)?,
            schema: Arc::new(Schema::new(fields)),
            call: self.clone(),
            metrics: KMeansMetrics::new(&context.metrics),
            cancelled: context.cancelled,
        })))
    }
}

struct ElbowRun {
    call: ElbowCall,
    rows: Rows,
    schema: Arc<Schema>,
    metrics: KMeansMetrics,
    cancelled: Cancelled,
}

impl Run for ElbowRun {
    /// The features twice, as each clustering scales them; numbers, groups, clusters, distances, bounds
    /// and the two nearest centroids.
    fn bytes_of(&self, rows: usize) -> usize {
        let features = self.call.parameters.features.len() + self.call.parameters.one_hot.len() + 1;
        rows * (2 * size_of::<f64>() * features + 5 * size_of::<u32>() + 6 * size_of::<f64>())
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows.append(batch, &self.call.parameters)
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        let detail = Detail {
            evaluation: true,
            ..Detail::default()
        };
        let mut batches = Vec::new();
        for k in self.call.k_min..=self.call.k_max {
            let parameters = KMeansParameters {
                k: Clusters::Fixed(k),
                ..self.call.parameters.as_ref().clone()
            };
            let rows = self.rows.try_clone()?;
            let Clustering { learnt, keys, .. } =
                cluster_groups(rows, &parameters, detail, None, &self.cancelled)?;
            let groups = &learnt.groups;
            groups.iter().for_each(|group| self.metrics.record(group));
            let evaluations = || groups.iter().map(|group| group.evaluation.as_ref());
            let number = |numbers: Vec<Option<f64>>| -> ArrayRef {
                let numbers = numbers
                    .into_iter()
                    .map(|number| number.filter(|found| !found.is_nan()));
                Arc::new(numbers.collect::<Float64Array>())
            };
            let mut columns = keys;
            columns.push(Arc::new(Int64Array::from(vec![k as i64; groups.len()])));
            columns.push(number(
                groups.iter().map(|group| Some(group.inertia)).collect(),
            ));
            let read: [fn(&Evaluation) -> f64; 3] = [
                |found| found.simplified_silhouette,
                |found| found.sampled_silhouette,
                |found| found.davies_bouldin,
            ];
            for read in read {
                columns.push(number(evaluations().map(|found| found.map(read)).collect()));
            }
            let iterations = groups.iter().map(|group| group.iterations.cast_signed());
            columns.push(Arc::new(Int64Array::from_iter_values(iterations)));
            batches.push(columns);
        }
        let columns = (0..self.schema.fields().len()).map(|place| {
            let parts: Vec<_> = batches
                .iter()
                .map(|columns| columns[place].as_ref())
                .collect();
            concat(&parts)
        });
        let columns = columns.collect::<std::result::Result<_, _>>()?;
        Ok(Results::Table(RecordBatch::try_new(self.schema, columns)?))
    }
}
