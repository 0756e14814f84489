//! Clusters one group: levels its features, finds the clusters, numbers them, and says what was learnt.

use datafusion::common::{HashSet, Result};
use linfa::traits::Predict;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

use super::NAME;
use super::clusters::{Clustered, in_order_of, numbers_by_mean};
use super::directions::{cosine_distance, to_unit_length};
use super::evaluation::{evaluate, simplified_silhouette};
use super::fit::{Solution, fit};
use super::kernel::{Centroids, Points, ROWS_PER_TASK};
use super::keys::GroupNames;
use super::learnt::LearntGroup;
use super::matching::{drift, in_space_of, numbers_of_previous, previous_clusters};
use super::parameters::{Clusters, Distance, Init, KMeansParameters, Nulls};
use super::scale::{Levels, mean_and_variance, median, range};
use crate::table::execution_refusal;
use crate::table::function::Cancelled;

/// The rows with the same values in `partition_by`, and the room for their results.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) names: &'a GroupNames,
    /// Its place in `names`.
    pub(super) number: usize,
    /// Its values as texts.
    pub(super) key: Vec<Option<String>>,
    /// A column for each feature, then one for each category; scaled in place.
    pub(super) features: Vec<&'a mut [f64]>,
    /// How many columns are of numbers.
    pub(super) numeric: usize,
    /// How much each row counts.
    pub(super) weights: Option<&'a [f64]>,
    pub(super) label_values: LabelValues<'a>,
    /// The same group of the model whose numbers the clusters are to keep.
    pub(super) previous: Option<&'a LearntGroup>,
    /// The cluster of each row.
    pub(super) clusters: &'a mut [u32],
    /// The distance of each row to its centroid, in the scaled space.
    pub(super) distances: &'a mut [f64],
    /// The distance as a share of the mean one in its cluster; empty unless it was asked for.
    pub(super) outlier_scores: &'a mut [f64],
}

/// The numbers by whose mean clusters are numbered.
#[derive(Debug, Clone, Copy)]
pub(super) enum LabelValues<'a> {
    /// The feature with this number. Its scaled values have the same order.
    Feature(usize),
    /// A value for each row; NaN where there is none.
    Column(&'a [f64]),
}

/// What is wanted beside the clusters of the rows; each part takes time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Detail {
    /// Sizes, means and inertia of the clusters.
    pub(super) clusters: bool,
    /// How well they are told apart.
    pub(super) evaluation: bool,
    /// How far out each row lies.
    pub(super) outlier_scores: bool,
}

/// Clusters one group. Fails when it has fewer different rows than clusters are wanted.
pub(super) fn learn_group(
    mut group: Group<'_>,
    parameters: &KMeansParameters,
    detail: Detail,
    cancelled: &Cancelled,
) -> Result<LearntGroup> {
    let fill = fill_in(&mut group, parameters)?;
    let before = group
        .previous
        .map(|previous| previous_clusters(&group.features, previous, parameters.distance));
    let levels = Levels::of(&group.features, group.numeric, parameters.scale);
    levels.apply(&mut group.features);
    let lengths = match parameters.distance {
        Distance::Euclidean => None,
        Distance::Cosine => Some(to_unit_length(&mut group.features)),
    };
    let columns: Vec<&[f64]> = group.features.iter().map(|column| &**column).collect();
    let points = Points::new(&columns).weighted(group.weights);
    let width = points.width();
    let runs = Runs {
        points,
        levels: &levels,
        parameters,
        cancelled,
    };
    let k = match parameters.k {
        Clusters::Fixed(k) => k,
        Clusters::Auto => runs.best_k(group.distances)?,
    };
    check_rows(&group, points, k)?;
    check_previous(&group, k)?;
    let solution = runs.solve(k, group.distances)?;
    let numbers = match group.previous {
        Some(previous) => {
            let previous = in_space_of(&levels, previous, parameters.distance);
            numbers_of_previous(&previous, &solution.descent.centroids, width)
        }
        None => numbers_by_mean(&solution, group.label_values, width),
    };
    for (result, &cluster) in group.clusters.iter_mut().zip(&solution.descent.nearest) {
        *result = numbers[cluster as usize];
    }
    let centroids = in_order_of(&numbers, &solution.descent.centroids, width);
    let rows = Clustered {
        points,
        levels: &levels,
        lengths: lengths.as_deref(),
        clusters: group.clusters,
        squared: group.distances,
    };
    let clusters = match detail.clusters || detail.outlier_scores || group.previous.is_some() {
        true => rows.describe(&solution, &numbers, k),
        false => vec![],
    };
    let learnt = LearntGroup {
        key: group.key,
        rows: points.len() as u64,
        fill,
        drift: group.previous.zip(before).map(|(previous, before)| {
            let moved = LearntGroup {
                centroids: centroids.clone(),
                levels: levels.clone(),
                ..previous.clone()
            };
            let moved = in_space_of(&previous.levels, &moved, parameters.distance);
            drift(&before, group.clusters, previous, &moved)
        }),
        evaluation: detail
            .evaluation
            .then(|| evaluate(points, &centroids, parameters.seed)),
        centroids,
        clusters,
        inertia: solution.inertia,
        iterations: solution.iterations as u64,
        converged: solution.descent.settled,
        levels,
    };
    let distance = |squared: f64| match parameters.distance {
        Distance::Euclidean => squared.sqrt(),
        Distance::Cosine => cosine_distance(squared),
    };
    let results = group.outlier_scores.iter_mut().zip(group.distances.iter());
    for ((score, squared), cluster) in results.zip(group.clusters.iter()) {
        let mean = learnt.clusters[*cluster as usize].mean_distance;
        *score = if mean > 0.0 {
            squared.sqrt() / mean
        } else {
            0.0
        };
    }
    group
        .distances
        .par_iter_mut()
        .with_min_len(ROWS_PER_TASK)
        .for_each(|squared| *squared = distance(*squared));
    Ok(learnt)
}

/// Puts the mean or median of a feature in place of what is missing; gives these.
fn fill_in(group: &mut Group<'_>, parameters: &KMeansParameters) -> Result<Vec<f64>> {
    let middle: fn(Vec<f64>) -> f64 = match parameters.nulls {
        Nulls::Skip | Nulls::Error => return Ok(vec![]),
        Nulls::Mean => |present| {
            let (smallest, largest) = range(&present);
            mean_and_variance(&present, smallest, largest).0
        },
        Nulls::Median => median,
    };
    let mut fill = Vec::with_capacity(group.numeric);
    for (feature, name) in parameters.features.iter().enumerate() {
        let column = &group.features[feature];
        let present: Vec<f64> = column
            .iter()
            .copied()
            .filter(|value| !value.is_nan())
            .collect();
        if present.is_empty() {
            return Err(execution_refusal(
                format!(
                    "{NAME}: {} has no value in '{name}' to fill others in from",
                    place(group)?
                ),
                "leave the feature out, or the group with WHERE",
            ));
        }
        let value = middle(present);
        let column = &mut group.features[feature];
        column
            .iter_mut()
            .filter(|found| found.is_nan())
            .for_each(|found| *found = value);
        fill.push(value);
    }
    Ok(fill)
}

/// The runs of one group.
struct Runs<'a> {
    points: Points<'a>,
    levels: &'a Levels,
    parameters: &'a KMeansParameters,
    cancelled: &'a Cancelled,
}

impl Runs<'_> {
    /// Finds `k` clusters; fills `distances` with the squares of those to their centroids.
    fn solve(&self, k: usize, distances: &mut [f64]) -> Result<Solution> {
        let given = match &self.parameters.init {
            Init::KMeansPlusPlus | Init::KMeansParallel | Init::Random => None,
            Init::Given(centroids) => {
                let mut scaled: Vec<f64> = centroids.iter().map(|number| number.get()).collect();
                self.levels.apply_to_vectors(&mut scaled);
                Some(scaled)
            }
        };
        let variance = self.levels.mean_variance();
        fit(
            self.points,
            k,
            given.as_deref(),
            variance,
            self.parameters,
            distances,
            self.cancelled,
        )
    }

    /// The number of clusters, from 2 on, with the highest simplified silhouette; of equal ones the
    /// smallest. 1 where all rows are alike.
    fn best_k(&self, distances: &mut [f64]) -> Result<usize> {
        let most = different_rows(self.points, Clusters::MOST);
        let mut best = (1, f64::NEG_INFINITY);
        for k in 2..=most {
            let solution = self.solve(k, distances)?;
            let nearest = Centroids(&solution.descent.centroids).predict(self.points);
            let silhouette = simplified_silhouette(&nearest);
            if silhouette > best.1 {
                best = (k, silhouette);
            }
        }
        Ok(best.0)
    }
}

/// What a user calls the group.
fn place(group: &Group<'_>) -> Result<String> {
    Ok(match group.names.name(group.number)?.as_str() {
        "" => "the input".to_owned(),
        name => format!("group {name}"),
    })
}

/// Clusters can be matched one by one only if there are as many as before.
fn check_previous(group: &Group<'_>, k: usize) -> Result<()> {
    match group.previous.map(|previous| previous.clusters.len()) {
        Some(before) if before != k => Err(execution_refusal(
            format!(
                "{NAME}: the previous model has {before} clusters in {}, not {k}",
                place(group)?
            ),
            format!("write k => {before}, or leave `previous` out"),
        )),
        _ => Ok(()),
    }
}

fn check_rows(group: &Group<'_>, points: Points<'_>, k: usize) -> Result<()> {
    let different = different_rows(points, k);
    if different >= k {
        return Ok(());
    }
    let place = place(group)?;
    let remedy = match group.key.is_empty() {
        true => "use a smaller k, or more rows",
        false => "use a smaller k, a coarser partition_by, or leave the group out with WHERE",
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::datatypes::Schema;
    use proptest::prelude::*;

    use super::super::keys::Keys;
    use super::super::parameters::Scale;
    use super::*;

    fn parameters(k: usize, features: usize, scale: Scale) -> KMeansParameters {
        KMeansParameters {
            scale,
            ..KMeansParameters::for_tests(k, features)
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
            key: vec![],
            numeric: input.width,
            weights: None,
            previous: None,
            outlier_scores: &mut [],
            features: columns.iter_mut().map(Vec::as_mut_slice).collect(),
            label_values: match &input.label_values {
                Some(values) => LabelValues::Column(values),
                None => LabelValues::Feature(0),
            },
            clusters: &mut clusters,
            distances: &mut distances,
        };
        learn_group(group, parameters, Detail::default(), &Cancelled::default()).unwrap();
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
