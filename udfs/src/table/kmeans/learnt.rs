//! What a clustering has learnt: enough to explain it, to find the clusters of other rows, and to be
//! kept as a model.

use datafusion::common::{DFSchema, Result, exec_datafusion_err};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::NAME;
use super::parameters::{Distance, KMeansParameters, Nulls};
use super::scale::Levels;
use crate::table::arguments::Given;
use crate::table::columns::{check_column, check_numeric};
use crate::table::models::{exact_number, exact_numbers};
use crate::table::relation_arguments::MODEL;

/// A clustering. The vectors of a group have a number for each feature, then one for each category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Learnt {
    pub(super) features: Vec<String>,
    pub(super) one_hot: Vec<OneHot>,
    pub(super) partition_by: Vec<String>,
    pub(super) distance: Distance,
    pub(super) nulls: Nulls,
    pub(super) labels: Option<Vec<String>>,
    pub(super) groups: Vec<LearntGroup>,
}

/// A column of categories and its values, sorted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct OneHot {
    pub(super) column: String,
    pub(super) values: Vec<String>,
}

/// The clusters of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LearntGroup {
    /// The values of `partition_by` as texts.
    pub(super) key: Vec<Option<String>>,
    pub(super) rows: u64,
    /// What stands for a missing value of a feature; empty where none stands for it.
    #[serde(with = "exact_numbers")]
    pub(super) fill: Vec<f64>,
    pub(super) levels: Levels,
    /// The centroids in the scaled space, by the numbers of their clusters, one after the other.
    #[serde(with = "exact_numbers")]
    pub(super) centroids: Vec<f64>,
    /// By their numbers.
    pub(super) clusters: Vec<LearntCluster>,
    /// The sum of the squared distances in the scaled space, each times the weight of its row.
    #[serde(with = "exact_number")]
    pub(super) inertia: f64,
    /// Steps over all runs.
    pub(super) iterations: u64,
    /// Whether another step would change nothing.
    pub(super) converged: bool,
    /// Present where it was asked for.
    pub(super) evaluation: Option<Evaluation>,
    /// Present where there was a previous model.
    pub(super) drift: Option<Drift>,
}

/// One cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LearntCluster {
    pub(super) rows: u64,
    /// The means of its rows in the units of the input.
    #[serde(with = "exact_numbers")]
    pub(super) means: Vec<f64>,
    #[serde(with = "exact_number")]
    pub(super) inertia: f64,
    /// The mean distance of its rows to its centroid, in the scaled space.
    #[serde(with = "exact_number")]
    pub(super) mean_distance: f64,
}

/// How well the clusters of a group are told apart. NaN where there is but one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Evaluation {
    /// The mean over all rows of (b - a) / max(a, b), where a is the distance to the own centroid and b
    /// that to the nearest other one.
    #[serde(with = "exact_number")]
    pub(super) simplified_silhouette: f64,
    /// The silhouette (P. J. Rousseeuw, 1987) of a sample of rows.
    #[serde(with = "exact_number")]
    pub(super) sampled_silhouette: f64,
    /// D. L. Davies, D. W. Bouldin, "A cluster separation measure", 1979; low is good.
    #[serde(with = "exact_number")]
    pub(super) davies_bouldin: f64,
}

/// What became of the clusters of the previous model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Drift {
    /// Rows that the previous model puts in another cluster.
    pub(super) rows_changed: u64,
    /// How far the centroids moved on average, in the scaled space of the previous model.
    #[serde(with = "exact_number")]
    pub(super) centroid_movement: f64,
}

impl Learnt {
    /// Of a model that was kept.
    ///
    /// # Errors
    /// Content that is none of ours.
    pub(super) fn from_content(name: &str, content: &Value) -> Result<Self> {
        Learnt::deserialize(content)
            .map_err(|error| exec_datafusion_err!("the model {name} is no {NAME} model: {error}"))
    }

    /// Whether a relation has the columns that the model compares rows by.
    ///
    /// # Errors
    /// One that is missing, or of a type that is no number.
    pub(super) fn check_input(&self, given: &Given<'_>, input: &DFSchema) -> Result<()> {
        let model = given.required(MODEL, "the name of a model")?;
        for column in &self.features {
            check_column(model, column, input)?;
            check_numeric(model, column, input)?;
        }
        let one_hot = self.one_hot.iter().map(|one_hot| &one_hot.column);
        for column in one_hot.chain(&self.partition_by) {
            check_column(model, column, input)?;
        }
        Ok(())
    }

    /// The name of a cluster.
    pub(super) fn label(&self, cluster: usize) -> Option<&str> {
        self.labels.as_ref()?.get(cluster).map(String::as_str)
    }

    /// The group with these values in `partition_by`.
    pub(super) fn group(&self, key: &[Option<String>]) -> Option<&LearntGroup> {
        self.groups.iter().find(|group| group.key == key)
    }

    /// Whether clusters of `parameters` can be matched with these; else says what differs.
    pub(super) fn differs_from(&self, parameters: &KMeansParameters) -> Option<&'static str> {
        let one_hot = self.one_hot.iter().map(|one_hot| &one_hot.column);
        if self.features != parameters.features || !one_hot.eq(&parameters.one_hot) {
            return Some("features");
        }
        if self.partition_by != parameters.partition_by {
            return Some("partition_by");
        }
        (self.distance != parameters.distance).then_some("distance")
    }
}

impl LearntGroup {
    /// The centroid of each cluster.
    pub(super) fn centroids(&self) -> impl Iterator<Item = &[f64]> {
        let width = self.levels.0.len();
        self.centroids.chunks_exact(width.max(1))
    }
}
