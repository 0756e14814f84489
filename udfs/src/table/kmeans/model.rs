//! Clusters one group and numbers its clusters by `label_by`.

use std::sync::atomic::AtomicBool;

use datafusion::common::{HashSet, Result};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::fit::{Solution, fit};
use super::kernel::{Grid, Points, ROWS_PER_TASK};
use super::keys::GroupNames;
use super::parameters::{Init, KMeansParameters};
use super::scale::Levels;
use super::{NAME, execution_refusal};

/// The rows with the same values in `partition_by`, and the room for their results.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) names: &'a GroupNames,
    /// Its place in `names`.
    pub(super) number: usize,
    /// A column for each feature; scaled in place.
    pub(super) features: Vec<&'a mut [f64]>,
    pub(super) label_values: LabelValues<'a>,
    /// The cluster of each row.
    pub(super) clusters: &'a mut [u32],
    /// The distance of each row to its centroid, in the scaled space.
    pub(super) distances: &'a mut [f64],
}

/// The numbers by whose mean clusters are numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum LabelValues<'a> {
    /// The feature with this number. Its scaled values have the same order.
    Feature(usize),
    /// A value for each row; NaN where there is none.
    Column(&'a [f64]),
}

/// How the clustering of a group went.
#[derive(Debug)]
pub(super) struct Summary {
    /// The sum of the squared distances.
    pub(super) inertia: f64,
    /// Steps over all runs.
    pub(super) iterations: usize,
}

/// Clusters one group. Fails when it has fewer different rows than clusters are wanted.
pub(super) fn cluster(
    mut group: Group<'_>,
    parameters: &KMeansParameters,
    cancelled: &AtomicBool,
) -> Result<Summary> {
    let levels = Levels::of(&group.features, parameters.scale);
    levels.apply(&mut group.features);
    let columns: Vec<&[f64]> = group.features.iter().map(|column| &**column).collect();
    let points = Points::new(&columns);
    check_rows(&group, points, parameters.k)?;
    let given = match &parameters.init {
        Init::KMeansPlusPlus => None,
        Init::Given(centroids) => {
            let mut scaled: Vec<f64> = centroids.iter().map(|number| number.get()).collect();
            levels.apply_to_vectors(&mut scaled);
            Some(scaled)
        }
    };
    let variance = levels.mean_variance();
    let solution = fit(
        points,
        given.as_deref(),
        variance,
        parameters,
        group.distances,
        cancelled,
    )?;
    let numbers = numbers_by_mean(&solution, group.label_values, points.width());
    for (result, &cluster) in group.clusters.iter_mut().zip(&solution.descent.nearest) {
        *result = numbers[cluster as usize];
    }
    group
        .distances
        .par_iter_mut()
        .with_min_len(ROWS_PER_TASK)
        .for_each(|distance| *distance = distance.sqrt());
    Ok(Summary {
        inertia: solution.inertia,
        iterations: solution.iterations,
    })
}

fn check_rows(group: &Group<'_>, points: Points<'_>, k: usize) -> Result<()> {
    let different = different_rows(points, k);
    if different >= k {
        return Ok(());
    }
    let (place, remedy) = match group.names.name(group.number)?.as_str() {
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

/// How many different rows there are; no more than `enough` are counted.
fn different_rows(points: Points<'_>, enough: usize) -> usize {
    let mut different: HashSet<Vec<u64>> = HashSet::new();
    let mut bits = Vec::with_capacity(points.width());
    for row in 0..points.len() {
        bits.clear();
        bits.extend(points.row(row).map(f64::to_bits));
        if !different.contains(&bits) {
            different.insert(bits.clone());
        }
        if different.len() >= enough {
            break;
        }
    }
    different.len()
}

/// The final number of each cluster. Clusters without any value in `label_by` come last; ties go to
/// the centroid that is smaller in its first feature that differs.
fn numbers_by_mean(solution: &Solution, label_values: LabelValues<'_>, width: usize) -> Vec<u32> {
    let Solution { descent, grids, .. } = solution;
    let k = descent.centroids.len() / width;
    let means: Vec<f64> = match label_values {
        LabelValues::Feature(feature) => {
            let means = descent.sums.means(grids, &descent.centroids);
            means.into_iter().skip(feature).step_by(width).collect()
        }
        LabelValues::Column(values) => means(values, &descent.nearest, k),
    };
    let centroid = |cluster: usize| &descent.centroids[cluster * width..(cluster + 1) * width];
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&left, &right| {
        means[left].total_cmp(&means[right]).then_with(|| {
            let coordinates = centroid(left).iter().zip(centroid(right));
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

/// The mean of the values in each cluster; infinite for a cluster without any.
fn means(values: &[f64], nearest: &[u32], k: usize) -> Vec<f64> {
    // The largest one passes over NaN.
    let grid = Grid::of(values);
    let mut sums = vec![(0_i128, 0_i64); k];
    for (&cluster, &value) in nearest.iter().zip(values) {
        if !value.is_nan() {
            let (sum, count) = &mut sums[cluster as usize];
            *sum += grid.integer(value);
            *count += 1;
        }
    }
    let mean = |(sum, count)| match count {
        0 => f64::INFINITY,
        count => grid.mean(sum, count),
    };
    sums.into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::datatypes::Schema;
    use proptest::prelude::*;

    use super::super::keys::Keys;
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

    /// The rows of a group: vectors one after the other, numbered by the first feature.
    struct Input {
        vectors: Vec<f64>,
        width: usize,
        label_values: Option<Vec<f64>>,
    }

    fn group(vectors: Vec<f64>, width: usize) -> Input {
        Input {
            vectors,
            width,
            label_values: None,
        }
    }

    fn clustered(input: &Input, parameters: &KMeansParameters) -> Vec<(usize, u32, u64)> {
        let column = |feature| {
            input
                .vectors
                .iter()
                .skip(feature)
                .step_by(input.width)
                .copied()
                .collect()
        };
        let mut columns: Vec<Vec<f64>> = (0..input.width).map(column).collect();
        let rows = columns[0].len();
        let (mut clusters, mut distances) = (vec![0; rows], vec![0.0; rows]);
        let (names, _) = Keys::try_new(&Schema::empty(), &[]).unwrap().in_order();
        let group = Group {
            names: &names,
            number: 0,
            features: columns.iter_mut().map(Vec::as_mut_slice).collect(),
            label_values: match &input.label_values {
                Some(values) => LabelValues::Column(values),
                None => LabelValues::Feature(0),
            },
            clusters: &mut clusters,
            distances: &mut distances,
        };
        cluster(group, parameters, &AtomicBool::new(false)).unwrap();
        let results = clusters.into_iter().zip(distances).enumerate();
        results
            .map(|(row, (cluster, distance))| (row, cluster, distance.to_bits()))
            .collect()
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
        group.label_values = Some(vec![f64::NAN, f64::NAN, 7.0, f64::NAN, 3.0, 3.0]);
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
        group.label_values = Some(vec![0.0, 0.0, 1.0, 1.0]);
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
