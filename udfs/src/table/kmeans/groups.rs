//! Brings the rows of each group together, and clusters the groups at the same time.

use arrow::array::{Array, ArrayRef, AsArray};
use datafusion::common::Result;
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::NAME;
use super::categories::{Categories, texts};
use super::keys::GroupNames;
use super::learnt::{Learnt, LearntGroup, OneHot};
use super::model::{Detail, Group, LabelValues, learn_group};
use super::parameters::KMeansParameters;
use super::rows::Rows;
use crate::table::execution_refusal;
use crate::table::function::Cancelled;

/// The number of a row that takes no part.
pub(super) const NO_CLUSTER: u32 = u32::MAX;

/// Cluster and distance of every row of the input.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The cluster of each row, or [`NO_CLUSTER`].
    pub(super) clusters: Vec<u32>,
    /// The distance to its centroid in the scaled space.
    pub(super) distances: Vec<f64>,
    /// The distance as a share of the mean one in its cluster; empty unless it was asked for.
    pub(super) outlier_scores: Vec<f64>,
}

/// A clustering of all groups.
pub(super) struct Clustering {
    pub(super) found: Found,
    pub(super) learnt: Learnt,
    /// The values of `partition_by` for each group, in the types of the input.
    pub(super) keys: Vec<ArrayRef>,
}

/// Clusters each group. The groups come in the order of their values.
pub(super) fn cluster_groups(
    rows: Rows,
    parameters: &KMeansParameters,
    detail: Detail,
    previous: Option<&Learnt>,
    cancelled: &Cancelled,
) -> Result<Clustering> {
    let input_rows = rows.input_rows;
    let one_hot = parameters.one_hot.iter().zip(&rows.categories);
    let one_hot: Vec<OneHot> = one_hot
        .map(|(column, categories)| OneHot {
            column: column.clone(),
            values: categories.values(),
        })
        .collect();
    if previous.is_some_and(|previous| previous.one_hot != one_hot) {
        return Err(execution_refusal(
            format!("{NAME}: a column of `one_hot` has other values than in the previous model"),
            "put values together in the SELECT of the input so that both have the same, or leave `previous` out",
        ));
    }
    let mut grouped = Grouped::new(rows);
    let kept = grouped.numbers.len();
    let mut found = Found {
        clusters: vec![NO_CLUSTER; kept],
        distances: vec![0.0; kept],
        outlier_scores: vec![0.0; if detail.outlier_scores { kept } else { 0 }],
    };
    let keys = grouped.names.columns()?;
    let texts = keys.iter().map(texts).collect::<Result<Vec<_>>>()?;
    let key = |group: usize| -> Vec<Option<String>> {
        let value = |column: &ArrayRef| {
            let texts = column.as_string::<i32>();
            texts.is_valid(group).then(|| texts.value(group).to_owned())
        };
        texts.iter().map(value).collect()
    };
    let groups = grouped.groups(&mut found, parameters, &key, previous);
    let learnt: Vec<Result<LearntGroup>> = groups
        .into_par_iter()
        .map(|group| learn_group(group, parameters, detail, cancelled))
        .collect();
    // Of several errors the first is told, whichever group was finished first.
    let groups = learnt.into_iter().collect::<Result<_>>()?;
    let numbers = grouped.numbers;
    drop((grouped.features, grouped.label_values, grouped.weights));
    Ok(Clustering {
        found: in_input_order(found, &numbers, input_rows),
        learnt: Learnt {
            features: parameters.features.clone(),
            one_hot,
            partition_by: parameters.partition_by.clone(),
            distance: parameters.distance,
            nulls: parameters.nulls,
            labels: match previous {
                Some(previous) => previous.labels.clone(),
                None => parameters.labels.clone(),
            },
            groups,
        },
        keys,
    })
}

/// Found of rows with these numbers, by number.
fn in_input_order(grouped: Found, numbers: &[u32], input_rows: usize) -> Found {
    if (0..input_rows).eq(numbers.iter().map(|&number| number as usize)) {
        return grouped;
    }
    let mut found = Found {
        clusters: vec![NO_CLUSTER; input_rows],
        distances: vec![0.0; input_rows],
        outlier_scores: match grouped.outlier_scores.is_empty() {
            true => vec![],
            false => vec![0.0; input_rows],
        },
    };
    for (row, &number) in numbers.iter().enumerate() {
        let number = number as usize;
        found.clusters[number] = grouped.clusters[row];
        found.distances[number] = grouped.distances[row];
        if let Some(score) = grouped.outlier_scores.get(row) {
            found.outlier_scores[number] = *score;
        }
    }
    found
}

/// Rows that lie group after group, the groups in the order of their values.
struct Grouped {
    /// Those of numbers, then a column for each category.
    features: Vec<Vec<f64>>,
    /// How many columns are of numbers.
    numeric: usize,
    weights: Vec<f64>,
    label_values: Vec<f64>,
    /// The number of each row in the input.
    numbers: Vec<u32>,
    /// How many rows each group has.
    lengths: Vec<usize>,
    names: GroupNames,
}

impl Grouped {
    fn new(rows: Rows) -> Self {
        let grouping = !rows.keys.is_empty();
        let (names, places) = rows.keys.in_order();
        let numeric = rows.features.len();
        let mut features = rows.features;
        features.extend(rows.categories.iter().flat_map(Categories::indicators));
        let mut grouped = Grouped {
            lengths: vec![rows.numbers.len()],
            features,
            numeric,
            weights: rows.weights,
            label_values: rows.label_values,
            numbers: rows.numbers,
            names,
        };
        if grouping {
            grouped.lengths = vec![0; places.len()];
            for &group in &rows.groups {
                grouped.lengths[places[group as usize] as usize] += 1;
            }
            let order = counting_sort(&rows.groups, &places, &grouped.lengths);
            // One column at a time, so that not all are there twice.
            let others = [&mut grouped.weights, &mut grouped.label_values];
            for column in grouped.features.iter_mut().chain(others) {
                if !column.is_empty() {
                    *column = reorder(column, &order);
                }
            }
            grouped.numbers = reorder(&grouped.numbers, &order);
        }
        grouped
    }

    /// The groups that have rows, each with its part of the results.
    fn groups<'a>(
        &'a mut self,
        found: &'a mut Found,
        parameters: &KMeansParameters,
        key: &impl Fn(usize) -> Vec<Option<String>>,
        previous: Option<&'a Learnt>,
    ) -> Vec<Group<'a>> {
        let label_feature = match &parameters.label_by {
            None => Some(0),
            Some(column) => parameters.features.iter().position(|name| name == column),
        };
        let mut features: Vec<&mut [f64]> =
            self.features.iter_mut().map(Vec::as_mut_slice).collect();
        let mut weights = self.weights.as_slice();
        let mut label_values = self.label_values.as_slice();
        let mut clusters = found.clusters.as_mut_slice();
        let mut distances = found.distances.as_mut_slice();
        let mut outlier_scores = found.outlier_scores.as_mut_slice();
        let mut groups = Vec::with_capacity(self.lengths.len());
        for (number, &length) in self.lengths.iter().enumerate() {
            let key = key(number);
            let group = Group {
                names: &self.names,
                number,
                previous: previous.and_then(|previous| previous.group(&key)),
                key,
                features: features
                    .iter_mut()
                    .map(|column| take(column, length))
                    .collect(),
                numeric: self.numeric,
                weights: weights.split_off(..length),
                label_values: match label_feature {
                    Some(feature) => LabelValues::Feature(feature),
                    None => {
                        LabelValues::Column(label_values.split_off(..length).unwrap_or_default())
                    }
                },
                clusters: take(&mut clusters, length),
                distances: take(&mut distances, length),
                outlier_scores: take(&mut outlier_scores, length),
            };
            if length > 0 {
                groups.push(group);
            }
        }
        groups
    }
}

/// Cuts the first numbers off.
fn take<'a, T>(slice: &mut &'a mut [T], length: usize) -> &'a mut [T] {
    slice.split_off_mut(..length).unwrap_or_default()
}

/// The rows in the order of the places of their groups; within a group as they were.
fn counting_sort(groups: &[u32], places: &[u32], lengths: &[usize]) -> Vec<u32> {
    let mut next = Vec::with_capacity(lengths.len());
    let mut first = 0;
    for length in lengths {
        next.push(first);
        first += length;
    }
    let mut order = vec![0; groups.len()];
    for (row, &group) in (0..).zip(groups) {
        let slot = &mut next[places[group as usize] as usize];
        order[*slot] = row;
        *slot += 1;
    }
    order
}

fn reorder<T: Copy + Send + Sync>(values: &[T], order: &[u32]) -> Vec<T> {
    order.par_iter().map(|&row| values[row as usize]).collect()
}
