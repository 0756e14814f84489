//! Brings the rows of each group together, and clusters the groups at the same time.

use std::sync::atomic::AtomicBool;

use datafusion::common::Result;
use rayon::iter::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::keys::GroupNames;
use super::model::{Group, LabelValues, Summary, cluster};
use super::parameters::KMeansParameters;
use super::rows::Rows;

/// The number of a row that takes no part.
pub(super) const NO_CLUSTER: u32 = u32::MAX;

/// Cluster and distance of every row of the input.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// The cluster of each row, or [`NO_CLUSTER`].
    pub(super) clusters: Vec<u32>,
    /// The distance to its centroid in the scaled space.
    pub(super) distances: Vec<f64>,
}

/// Clusters each group; also gives a summary for each, in the order of their values.
pub(super) fn cluster_groups(
    rows: Rows,
    parameters: &KMeansParameters,
    cancelled: &AtomicBool,
) -> Result<(Results, Vec<Summary>)> {
    let input_rows = rows.input_rows;
    let mut grouped = Grouped::new(rows);
    let mut results = Results {
        clusters: vec![NO_CLUSTER; grouped.numbers.len()],
        distances: vec![0.0; grouped.numbers.len()],
    };
    let groups = grouped.groups(&mut results, parameters);
    let clustered: Vec<Result<Summary>> = groups
        .into_par_iter()
        .map(|group| cluster(group, parameters, cancelled))
        .collect();
    // Of several errors the first is told, whichever group was finished first.
    let summaries = clustered.into_iter().collect::<Result<_>>()?;
    let numbers = grouped.numbers;
    drop((grouped.features, grouped.label_values));
    Ok((in_input_order(results, &numbers, input_rows), summaries))
}

/// Results of rows with these numbers, by number.
fn in_input_order(grouped: Results, numbers: &[u32], input_rows: usize) -> Results {
    if (0..input_rows).eq(numbers.iter().map(|&number| number as usize)) {
        return grouped;
    }
    let mut results = Results {
        clusters: vec![NO_CLUSTER; input_rows],
        distances: vec![0.0; input_rows],
    };
    let found = grouped.clusters.into_iter().zip(grouped.distances);
    for (&number, (cluster, distance)) in numbers.iter().zip(found) {
        results.clusters[number as usize] = cluster;
        results.distances[number as usize] = distance;
    }
    results
}

/// Rows that lie group after group, the groups in the order of their values.
struct Grouped {
    features: Vec<Vec<f64>>,
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
        let mut grouped = Grouped {
            lengths: vec![rows.numbers.len()],
            features: rows.features,
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
            for column in &mut grouped.features {
                *column = reorder(column, &order);
            }
            if !grouped.label_values.is_empty() {
                grouped.label_values = reorder(&grouped.label_values, &order);
            }
            grouped.numbers = reorder(&grouped.numbers, &order);
        }
        grouped
    }

    /// The groups that have rows, each with its part of the results.
    fn groups<'a>(
        &'a mut self,
        results: &'a mut Results,
        parameters: &KMeansParameters,
    ) -> Vec<Group<'a>> {
        let label_feature = parameters
            .features
            .iter()
            .position(|name| *name == parameters.label_by);
        let mut features: Vec<&mut [f64]> =
            self.features.iter_mut().map(Vec::as_mut_slice).collect();
        let mut label_values = self.label_values.as_slice();
        let mut clusters = results.clusters.as_mut_slice();
        let mut distances = results.distances.as_mut_slice();
        let mut groups = Vec::with_capacity(self.lengths.len());
        for (number, &length) in self.lengths.iter().enumerate() {
            let group = Group {
                names: &self.names,
                number,
                features: features
                    .iter_mut()
                    .map(|column| take(column, length))
                    .collect(),
                label_values: match label_feature {
                    Some(feature) => LabelValues::Feature(feature),
                    None => {
                        LabelValues::Column(label_values.split_off(..length).unwrap_or_default())
                    }
                },
                clusters: take(&mut clusters, length),
                distances: take(&mut distances, length),
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
