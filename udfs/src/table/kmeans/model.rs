//! Clusters one group and numbers its clusters by `label_by`.

use datafusion::common::Result;

use super::NAME;
use super::fit::{Solution, fit};
use super::groups::Group;
use super::lloyd::Points;
use super::parameters::{Init, KMeansParameters};
use super::scale::Levels;
use crate::table::execution_refusal;
use crate::table::function::Cancelled;

/// The rows of a group with their clusters, in the canonical order of the group.
#[derive(Debug)]
pub(super) struct Clustered {
    /// The number of each row in the input.
    pub(super) rows: Vec<usize>,
    /// The cluster of each row, numbered by the mean of `label_by`.
    pub(super) clusters: Vec<u32>,
    /// The distance of each row to the centroid, in the scaled space.
    pub(super) distances: Vec<f64>,
    /// The sum of the squared distances.
    pub(super) inertia: f64,
    /// Steps over all runs.
    pub(super) iterations: usize,
}

/// Clusters one group. Fails when it has fewer different rows than clusters are wanted.
pub(super) fn cluster(
    group: &Group,
    parameters: &KMeansParameters,
    cancelled: &Cancelled,
) -> Result<Clustered> {
    let width = parameters.features.len();
    let mut group = group.in_canonical_order(width);
    let levels = Levels::of(&group.features, width, parameters.scale);
    levels.apply(&mut group.features);
    let points = Points {
        values: &group.features,
        width,
    };
    check_rows(&group.name, points, parameters.k)?;
    let given = match &parameters.init {
        Init::KMeansPlusPlus => None,
        Init::Given(centroids) => {
            let mut scaled: Vec<f64> = centroids.iter().map(|number| number.get()).collect();
            levels.apply(&mut scaled);
            Some(scaled)
        }
    };
    let solution = fit(points, given.as_deref(), parameters, cancelled)?;
    let numbers = numbers_by_mean(&solution, &group.label_values, points, parameters.k);
    let Solution {
        descent,
        inertia,
        iterations,
    } = solution;
    Ok(Clustered {
        clusters: descent
            .nearest
            .iter()
            .map(|&cluster| numbers[cluster as usize])
            .collect(),
        distances: descent.distances.into_iter().map(f64::sqrt).collect(),
        rows: group.rows,
        inertia,
        iterations,
    })
}

fn check_rows(group: &str, points: Points<'_>, k: usize) -> Result<()> {
    // Equal rows are neighbours in canonical order.
    let next = points.rows().skip(1);
    let different = 1 + points
        .rows()
        .zip(next)
        .filter(|(row, next)| row != next)
        .count();
    if different >= k {
        return Ok(());
    }
    let (place, remedy) = match group {
        "" => ("the input".to_owned(), "use a smaller k, or more rows"),
        group => (
            format!("group {group}"),
            "use a smaller k, a coarser partition_by, or leave the group out with WHERE",
        ),
    };
    Err(execution_refusal(
        format!(
            "{NAME}: {place} has {} rows with all features, {different} of them different: too few for k = {k}",
            points.len()
        ),
        remedy,
    ))
}

/// The final number of each cluster. Clusters without any value in `label_by` come last; ties go to
/// the centroid that is smaller in its first feature that differs.
fn numbers_by_mean(
    solution: &Solution,
    label_values: &[f64],
    points: Points<'_>,
    k: usize,
) -> Vec<u32> {
    let mut sums = vec![(0.0, 0_u32); k];
    for (&cluster, &value) in solution.descent.nearest.iter().zip(label_values) {
        if !value.is_nan() {
            let (sum, count) = &mut sums[cluster as usize];
            *sum += value;
            *count += 1;
        }
    }
    let mean = |cluster: usize| match sums[cluster] {
        (_, 0) => f64::INFINITY,
        (sum, count) => sum / f64::from(count),
    };
    let centroid = |cluster: usize| {
        solution.descent.centroids[cluster * points.width..(cluster + 1) * points.width].iter()
    };
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&left, &right| {
        mean(left).total_cmp(&mean(right)).then_with(|| {
            let coordinates = centroid(left).zip(centroid(right));
            coordinates
                .map(|(left, right)| left.total_cmp(right))
                .find(|ordering| ordering.is_ne())
                .unwrap_or(left.cmp(&right))
        })
    });
    let mut numbers = vec![0; k];
    for (number, cluster) in (0..).zip(order) {
        numbers[cluster] = number;
    }
    numbers
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::parameters::{Scale, Tolerance};
    use super::*;

    fn parameters(k: usize, features: usize, scale: Scale) -> KMeansParameters {
        KMeansParameters {
            k,
            features: vec![String::new(); features],
            partition_by: vec![],
            labels: None,
            label_by: String::new(),
            seed: 42,
            scale,
            max_iterations: 300,
            tolerance: Tolerance::default(),
            n_runs: 3,
            init: Init::KMeansPlusPlus,
        }
    }

    /// A group of one or more features, numbered by the first.
    fn group(features: Vec<f64>, width: usize) -> Group {
        Group {
            name: String::new(),
            rows: (0..features.len() / width).collect(),
            label_values: features.iter().step_by(width).copied().collect(),
            features,
        }
    }

    fn clustered(group: &Group, parameters: &KMeansParameters) -> Vec<(usize, u32, u64)> {
        let clustered = cluster(group, parameters, &Cancelled::default()).unwrap();
        let results = clustered.clusters.iter().zip(&clustered.distances);
        let mut rows: Vec<_> = clustered
            .rows
            .iter()
            .zip(results)
            .map(|(&row, (&cluster, distance))| (row, cluster, distance.to_bits()))
            .collect();
        rows.sort_unstable();
        rows
    }

    fn any_scale() -> impl Strategy<Value = Scale> {
        prop::sample::select(vec![Scale::Standard, Scale::MinMax, Scale::None])
    }

    proptest! {
        #[test]
        fn one_feature_gives_bands_in_order(
            scale in any_scale(),
            k in 1_usize..6,
            values in prop::collection::hash_set(-1000..1000_i32, 6..80),
        ) {
            let mut values: Vec<f64> = values.into_iter().map(f64::from).collect();
            values.sort_by(f64::total_cmp);
            let rows = clustered(&group(values, 1), &parameters(k, 1, scale));
            let clusters: Vec<u32> = rows.iter().map(|(_, cluster, _)| *cluster).collect();
            prop_assert!(clusters.is_sorted());
            prop_assert_eq!(clusters.last().copied(), u32::try_from(k - 1).ok());
        }

        #[test]
        fn the_order_of_the_rows_changes_no_bit(
            scale in any_scale(),
            k in 1_usize..4,
            vectors in prop::collection::vec((-1e3..1e3_f64, -10..10_i32), 5..60),
            turn in any::<prop::sample::Index>(),
        ) {
            let parameters = parameters(k, 2, scale);
            let turn = turn.index(vectors.len());
            let in_order = |vectors: &[(f64, i32)]| {
                group(vectors.iter().flat_map(|&(x, y)| [x, f64::from(y)]).collect(), 2)
            };
            let mut turned = vectors.clone();
            turned.rotate_left(turn);
            let expected = clustered(&in_order(&vectors), &parameters);
            let mut found = clustered(&in_order(&turned), &parameters);
            for row in &mut found {
                row.0 = (row.0 + turn) % vectors.len();
            }
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn clusters_without_a_label_value_come_last() {
        let mut group = group(vec![1.0, 2.0, 50.0, 51.0, 99.0, 98.0], 1);
        group.label_values = vec![f64::NAN, f64::NAN, 7.0, f64::NAN, 3.0, 3.0];
        let rows = clustered(&group, &parameters(3, 1, Scale::None));
        let clusters: Vec<u32> = rows.iter().map(|(_, cluster, _)| *cluster).collect();
        assert_eq!(clusters, [2, 2, 1, 1, 0, 0]);
    }

    #[test]
    fn scaling_keeps_large_numbers_from_drowning_small_ones() {
        // The first feature is money without structure, the others tell two kinds of rows apart.
        let features = [(9000.0, 0.0), (1000.0, 0.0), (9100.0, 1.0), (1100.0, 1.0)]
            .into_iter()
            .flat_map(|(money, kind)| [money, kind, kind])
            .collect();
        let mut group = group(features, 3);
        group.label_values = vec![0.0, 0.0, 1.0, 1.0];
        let kinds = |scale| {
            let rows = clustered(&group, &parameters(2, 3, scale));
            rows.iter()
                .map(|(_, cluster, _)| *cluster)
                .collect::<Vec<_>>()
        };
        assert_eq!(kinds(Scale::Standard), [0, 0, 1, 1]);
        assert_ne!(kinds(Scale::None), [0, 0, 1, 1]);
    }
}
