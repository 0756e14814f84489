//! The clusters that a model gives to rows, each by itself; or why: each feature's share of the distance.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::{HashMap, Result};
use linfa::traits::Predict;

use super::NAME;
use super::call::{added_fields, cluster_columns};
use super::categories::texts;
use super::directions::{cosine_distance, to_unit_length};
use super::groups::NO_CLUSTER;
use super::kernel::{Centroids, Points};
use super::learnt::{Learnt, LearntGroup};
use super::parameters::{Distance, Nulls};
use super::rows::{column, numeric_columns};
use crate::table::execution_refusal;
use crate::table::function::{Call, Execution, Output, RowWise, RunContext};

/// Rows and a model.
#[derive(Debug, Clone)]
pub(super) struct PredictCall {
    pub(super) function: &'static str,
    pub(super) model: String,
    pub(super) version: u64,
    pub(super) learnt: Arc<Learnt>,
    /// Whether the shares of the features are told, too.
    pub(super) explains: bool,
}

impl PredictCall {
    /// The call without what it has learnt, which its version tells.
    fn identity(&self) -> (&str, &str, u64) {
        (self.function, &self.model, self.version)
    }

    /// The columns of the shares.
    fn shares(&self) -> impl Iterator<Item = String> {
        let one_hot = self.learnt.one_hot.iter().map(|one_hot| &one_hot.column);
        let columns = self.learnt.features.iter().chain(one_hot);
        columns.map(|column| format!("{column}_share"))
    }
}

impl PartialEq for PredictCall {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for PredictCall {}

impl Hash for PredictCall {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl fmt::Display for PredictCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model={} version={}", self.model, self.version)
    }
}

impl Call for PredictCall {
    fn function(&self) -> &'static str {
        self.function
    }

    fn output(&self, _input: &Schema) -> Result<Output> {
        let mut fields = added_fields(false);
        if self.explains {
            let share = |name| -> FieldRef { Arc::new(Field::new(name, DataType::Float64, true)) };
            fields.extend(self.shares().map(share));
        }
        Ok(Output::Added(fields))
    }

    fn reads(&self, name: &str) -> bool {
        let learnt = &self.learnt;
        let one_hot = learnt.one_hot.iter().map(|one_hot| &one_hot.column);
        let mut columns = learnt
            .features
            .iter()
            .chain(&learnt.partition_by)
            .chain(one_hot);
        columns.any(|column| column == name)
    }

    /// Each row is taken by itself, whatever others there are.
    fn splits_by(&self, column: &str) -> bool {
        let added = added_fields(false);
        let mut added = added
            .iter()
            .map(|field| field.name().clone())
            .chain(self.shares());
        !added.any(|name| name == column)
    }

    fn is_row_wise(&self) -> bool {
        true
    }

    fn begin(&self, _input: &Schema, _context: RunContext) -> Result<Execution> {
        let groups = self.learnt.groups.iter().enumerate();
        Ok(Execution::RowWise(Box::new(Predictor {
            groups: groups
                .map(|(place, group)| (group.key.clone(), place))
                .collect(),
            learnt: Arc::clone(&self.learnt),
            explains: self.explains,
        })))
    }
}

/// One execution.
struct Predictor {
    learnt: Arc<Learnt>,
    groups: HashMap<Vec<Option<String>>, usize>,
    explains: bool,
}

/// What is found for the rows of a batch.
struct Predicted {
    clusters: Vec<u32>,
    distances: Vec<f64>,
    /// For each feature and column of categories; empty unless they are told.
    shares: Vec<Vec<f64>>,
}

impl RowWise for Predictor {
    fn columns(&mut self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let mut vectors = numeric_columns(batch, &self.learnt.features)?;
        for one_hot in &self.learnt.one_hot {
            let texts = texts(column(batch, &one_hot.column)?)?;
            let texts = texts.as_string::<i32>();
            vectors.extend(one_hot.values.iter().map(|value| {
                let indicator = |text: Option<&str>| match text {
                    None => f64::NAN,
                    Some(text) => f64::from(u8::from(text == value)),
                };
                texts.iter().map(indicator).collect::<Vec<f64>>()
            }));
        }
        let rows = batch.num_rows();
        let told = self.learnt.features.len() + self.learnt.one_hot.len();
        let mut predicted = Predicted {
            clusters: vec![NO_CLUSTER; rows],
            distances: vec![0.0; rows],
            shares: vec![vec![0.0; rows]; if self.explains { told } else { 0 }],
        };
        for (group, rows) in self.rows_by_group(batch)? {
            self.predict(&self.learnt.groups[group], &vectors, &rows, &mut predicted)?;
        }
        let Predicted {
            clusters,
            distances,
            shares,
        } = predicted;
        let labels = self.learnt.labels.as_deref();
        let mut columns = cluster_columns(&clusters, &distances, labels);
        let nulls = columns.first().and_then(|cluster| cluster.nulls().cloned());
        columns.extend(
            shares.into_iter().map(|share| -> ArrayRef {
                Arc::new(Float64Array::new(share.into(), nulls.clone()))
            }),
        );
        Ok(columns)
    }
}

impl Predictor {
    /// The rows of each group that the model knows.
    fn rows_by_group(&self, batch: &RecordBatch) -> Result<Vec<(usize, Vec<usize>)>> {
        let all = || (0..batch.num_rows()).collect();
        let names = &self.learnt.partition_by;
        if names.is_empty() {
            return Ok(self
                .learnt
                .groups
                .iter()
                .take(1)
                .map(|_| (0, all()))
                .collect());
        }
        let keys = names.iter().map(|name| texts(column(batch, name)?));
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let mut rows: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut key = Vec::with_capacity(keys.len());
        for row in 0..batch.num_rows() {
            key.clear();
            key.extend(keys.iter().map(|column| {
                let texts = column.as_string::<i32>();
                texts.is_valid(row).then(|| texts.value(row).to_owned())
            }));
            if let Some(group) = self.groups.get(&key) {
                rows.entry(*group).or_default().push(row);
            }
        }
        Ok(rows.into_iter().collect())
    }

    fn predict(
        &self,
        group: &LearntGroup,
        vectors: &[Vec<f64>],
        rows: &[usize],
        predicted: &mut Predicted,
    ) -> Result<()> {
        let (rows, mut columns) = self.complete(group, vectors, rows)?;
        let mut columns: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        for (column, level) in columns.iter_mut().zip(&group.levels.0) {
            column
                .iter_mut()
                .for_each(|value| *value = level.apply(*value));
        }
        let is_cosine = self.learnt.distance == Distance::Cosine;
        if is_cosine {
            to_unit_length(&mut columns);
        }
        let columns: Vec<&[f64]> = columns.iter().map(|column| &**column).collect();
        let nearest = Centroids(&group.centroids).predict(Points::new(&columns));
        let width = columns.len();
        for (place, &row) in rows.iter().enumerate() {
            let (cluster, squared) = (nearest.clusters[place], nearest.distances[place]);
            predicted.clusters[row] = cluster;
            predicted.distances[row] = match is_cosine {
                true => cosine_distance(squared),
                false => squared.sqrt(),
            };
            if self.explains {
                let centroid = &group.centroids[cluster as usize * width..][..width];
                let parts = columns.iter().zip(centroid).map(|(column, coordinate)| {
                    (column[place] - coordinate) * (column[place] - coordinate)
                });
                self.share_out(parts, squared, row, &mut predicted.shares);
            }
        }
        Ok(())
    }

    /// The rows that have all features, or get what is missing; their columns.
    fn complete(
        &self,
        group: &LearntGroup,
        vectors: &[Vec<f64>],
        rows: &[usize],
    ) -> Result<(Vec<usize>, Vec<Vec<f64>>)> {
        let lacks = |row: &usize| vectors.iter().any(|column| column[*row].is_nan());
        let rows: Vec<usize> = match self.learnt.nulls {
            Nulls::Mean | Nulls::Median => rows.to_vec(),
            Nulls::Skip => rows.iter().copied().filter(|row| !lacks(row)).collect(),
            Nulls::Error if rows.iter().any(lacks) => {
                return Err(execution_refusal(
                    format!("{NAME}: a row lacks a feature, and the model says nulls => 'error'"),
                    "filter such rows out, or train the model with another `nulls`",
                ));
            }
            Nulls::Error => rows.to_vec(),
        };
        let columns = vectors.iter().enumerate().map(|(feature, column)| {
            let fill = group.fill.get(feature).copied().unwrap_or(0.0);
            let value = |row: &usize| match column[*row] {
                value if value.is_nan() => fill,
                value => value + 0.0,
            };
            rows.iter().map(value).collect()
        });
        let columns = columns.collect();
        Ok((rows, columns))
    }

    /// Adds the parts of a squared distance up by feature and column of categories.
    fn share_out(
        &self,
        mut parts: impl Iterator<Item = f64>,
        squared: f64,
        row: usize,
        shares: &mut [Vec<f64>],
    ) {
        let numeric = self.learnt.features.iter().map(|_| 1);
        let one_hot = self
            .learnt
            .one_hot
            .iter()
            .map(|one_hot| one_hot.values.len());
        for (share, parts_of_it) in shares.iter_mut().zip(numeric.chain(one_hot)) {
            let sum: f64 = parts.by_ref().take(parts_of_it).sum();
            share[row] = if squared > 0.0 { sum / squared } else { 0.0 };
        }
    }
}
