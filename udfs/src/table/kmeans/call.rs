//! A call that clusters, in the plans, and its execution: the rows with their clusters, or a table of what
//! was learnt from them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::Result;

use super::NAME;
use super::groups::{Clustering, Found, NO_CLUSTER, cluster_groups};
use super::learnt::Learnt;
use super::metrics::KMeansMetrics;
use super::model::Detail;
use super::parameters::KMeansParameters;
use super::rows::Rows;
use super::summary::Summary;
use crate::table::function::{
    AddedColumns, Call, Cancelled, Execution, Output, Results, Run, RunContext,
};
use crate::table::models::KeepModel;

/// The checked arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct KMeansCall {
    pub(super) function: &'static str,
    pub(super) parameters: Arc<KMeansParameters>,
    /// What comes out.
    pub(super) gives: Gives,
    /// Where what was learnt is kept, if it is.
    pub(super) keep: Option<KeepModel>,
    /// The content of the model whose numbers the clusters are to keep.
    pub(super) previous: Option<Previous>,
}

/// What comes out of a clustering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Gives {
    /// The rows with their clusters.
    Rows {
        /// With how far out each lies.
        outlier_score: bool,
    },
    /// A table of what was learnt.
    Summary(Summary),
}

/// A model by its name and version, which tell it from all others.
#[derive(Debug, Clone)]
pub(super) struct Previous {
    pub(super) name: String,
    pub(super) version: u64,
    pub(super) learnt: Arc<Learnt>,
}

impl PartialEq for Previous {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.version) == (&other.name, other.version)
    }
}

impl Eq for Previous {}

impl std::hash::Hash for Previous {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.name, self.version).hash(state);
    }
}

impl fmt::Display for KMeansCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parameters.fmt(f)?;
        match &self.keep {
            Some(keep) => write!(f, ", model={}", keep.name),
            None => Ok(()),
        }
    }
}

impl Call for KMeansCall {
    fn function(&self) -> &'static str {
        self.function
    }

    fn output(&self, input: &Schema) -> Result<Output> {
        Ok(match self.gives {
            Gives::Rows { outlier_score } => Output::Added(added_fields(outlier_score)),
            Gives::Summary(summary) => {
                let keys = self.parameters.partition_by.iter();
                let keys = keys.map(|name| Ok(Arc::new(input.field_with_name(name)?.clone())));
                let keys = keys.collect::<Result<Vec<FieldRef>>>()?;
                let parameters = &self.parameters;
                Output::Table(summary.fields(keys, &parameters.features, &parameters.one_hot))
            }
        })
    }

    fn reads(&self, column: &str) -> bool {
        self.parameters.reads(column)
    }

    /// A filter on the grouping columns keeps or drops whole groups. A model is learnt from all.
    fn splits_by(&self, column: &str) -> bool {
        let mut groups = self.parameters.partition_by.iter();
        self.keep.is_none() && groups.any(|name| name == column)
    }

    fn begin(&self, input: &Schema, context: RunContext) -> Result<Execution> {
        let keeps = self.keep.is_some();
        let summary = match self.gives {
            Gives::Rows { .. } => None,
            Gives::Summary(summary) => Some(summary),
        };
        Ok(Execution::Collected(Box::new(KMeansRun {
            call: self.clone(),
            detail: Detail {
                clusters: keeps || summary.is_some(),
                evaluation: keeps || summary == Some(Summary::Metrics),
                outlier_scores: self.gives
                    == Gives::Rows {
                        outlier_score: true,
                    },
            },
            rows: Rows::try_new(input, &self.parameters)?,
            metrics: KMeansMetrics::new(&context.metrics),
            cancelled: context.cancelled,
        })))
    }
}

/// The columns that the function adds; rows that take no part have NULL in all of them.
pub(super) fn added_fields(outlier_score: bool) -> Vec<FieldRef> {
    let mut fields = vec![
        Arc::new(Field::new("cluster", DataType::Int64, true)),
        Arc::new(Field::new("label", DataType::Utf8, true)),
        Arc::new(Field::new("distance", DataType::Float64, true)),
    ];
    if outlier_score {
        fields.push(Arc::new(Field::new(
            "outlier_score",
            DataType::Float64,
            true,
        )));
    }
    fields
}

/// One execution: the columns that it reads.
struct KMeansRun {
    call: KMeansCall,
    detail: Detail,
    rows: Rows,
    metrics: KMeansMetrics,
    cancelled: Cancelled,
}

impl Run for KMeansRun {
    /// Its features and `label_by`; its number and group; its cluster in the best run and the present
    /// one, its distance and its bound; and its result. Groups are brought together before the runs
    /// begin, in room that the results take later.
    fn bytes_of(&self, rows: usize) -> usize {
        const NUMBER: usize = size_of::<f64>();
        const INDEX: usize = size_of::<u32>();
        const RESULT: usize = INDEX + NUMBER;
        let parameters = &self.call.parameters;
        let features = NUMBER * (parameters.features.len() + 1) + INDEX * parameters.one_hot.len();
        let weight = if parameters.weight.is_some() {
            NUMBER
        } else {
            0
        };
        let score = if self.detail.outlier_scores {
            NUMBER
        } else {
            0
        };
        let nearest_two = match self.detail.evaluation {
            true => INDEX + 2 * NUMBER,
            false => 0,
        };
        let work = 2 * INDEX + 2 * NUMBER + nearest_two;
        rows * (features + weight + 2 * INDEX + work + RESULT + score)
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows.append(batch, &self.call.parameters)
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        let Self {
            call,
            detail,
            rows,
            metrics,
            cancelled,
        } = *self;
        let previous = call
            .previous
            .as_ref()
            .map(|previous| previous.learnt.as_ref());
        let Clustering {
            found,
            learnt,
            keys,
        } = cluster_groups(rows, &call.parameters, detail, previous, &cancelled)?;
        for group in &learnt.groups {
            metrics.record(group);
        }
        if let Some(keep) = &call.keep {
            keep.write(NAME, call.parameters.to_string(), &learnt)?;
        }
        match call.gives {
            Gives::Summary(summary) => Ok(Results::Table(summary.table(&learnt, keys)?)),
            Gives::Rows { .. } => Ok(Results::Added(Box::new(Clustered {
                found,
                labels: learnt.labels,
            }))),
        }
    }
}

/// The clusters of all rows.
struct Clustered {
    found: Found,
    labels: Option<Vec<String>>,
}

impl AddedColumns for Clustered {
    fn columns(&self, rows: Range<usize>) -> Result<Vec<ArrayRef>> {
        let Found {
            clusters,
            distances,
            outlier_scores,
        } = &self.found;
        let labels = self.labels.as_deref();
        let mut columns =
            cluster_columns(&clusters[rows.clone()], &distances[rows.clone()], labels);
        if !outlier_scores.is_empty() {
            let scores = outlier_scores[rows.clone()].to_vec();
            let nulls = present(&clusters[rows]);
            columns.push(Arc::new(Float64Array::new(scores.into(), nulls)));
        }
        Ok(columns)
    }
}

/// The columns `cluster`, `label` and `distance`.
pub(super) fn cluster_columns(
    clusters: &[u32],
    distances: &[f64],
    labels: Option<&[String]>,
) -> Vec<ArrayRef> {
    let nulls = present(clusters);
    let cluster: Vec<i64> = clusters.iter().copied().map(i64::from).collect();
    let label: StringArray = clusters
        .iter()
        .map(|cluster| labels?.get(*cluster as usize))
        .collect();
    vec![
        Arc::new(Int64Array::new(cluster.into(), nulls.clone())),
        Arc::new(label),
        Arc::new(Float64Array::new(distances.to_vec().into(), nulls)),
    ]
}

/// Which rows have a cluster; `None` if all do.
fn present(clusters: &[u32]) -> Option<NullBuffer> {
    clusters.contains(&NO_CLUSTER).then(|| {
        let present = clusters.iter().map(|cluster| *cluster != NO_CLUSTER);
        present.collect::<NullBuffer>()
    })
}
