//! Finds the clusters of one group: several descents from seeded starts, of which the best is kept, or
//! one from given centroids.
//!
//! A seeded start comes from `linfa-clustering`: its k-means++ seeding (D. Arthur, S. Vassilvitskii,
//! "k-means++: the advantages of careful seeding", 2007) and first step. What follows is our own
//! descent (see [`super::lloyd`]), as `linfa` 0.8.1 measures the inertia before its last update, mixes
//! the centroids of its best run with the memberships of its last one, and cannot be stopped.

use datafusion::common::{Result, exec_datafusion_err};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::ArrayView2;
use rand::seq::index;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::NAME;
use super::lloyd::{Descent, Limits, Points, descend};
use super::parameters::KMeansParameters;
use crate::table::function::Cancelled;

/// The seeding takes rows x k x k / 2 distances and cannot be stopped, so that so many must do: more
/// rows give way to a sample, and with too few rows left for each cluster the start is plain random.
const SEEDING_DISTANCES: usize = 20_000_000;

/// Fewer rows per cluster than this make the choice of k-means++ no better than any.
const SEEDING_ROWS_PER_CLUSTER: usize = 5;

/// The clusters of one group.
#[derive(Debug)]
pub(super) struct Solution {
    /// The best descent. It is settled, unless `max_iterations` was too few.
    pub(super) descent: Descent,
    /// The sum of the squared distances of the rows to their centroids.
    pub(super) inertia: f64,
    /// Steps over all runs.
    pub(super) iterations: usize,
}

/// Clusters `points`, which must lie in canonical order and hold `k` different rows or more. The runs
/// start at centroids that are `given` in the scaled space, or else at seeded ones.
pub(super) fn fit(
    points: Points<'_>,
    given: Option<&[f64]>,
    parameters: &KMeansParameters,
    cancelled: &Cancelled,
) -> Result<Solution> {
    let limits = Limits {
        max_iterations: parameters.max_iterations,
        movement: parameters.tolerance.get() * mean_variance(points),
    };
    let mut random = Xoshiro256Plus::seed_from_u64(parameters.seed);
    let mut iterations = 0;
    let mut best: Option<(f64, Descent)> = None;
    for _ in 0..parameters.n_runs {
        let start = match given {
            Some(centroids) => centroids.to_vec(),
            None => seeded_start(points, parameters.k, random.clone())?,
        };
        // A jump leads to numbers that no other run sees.
        random.jump();
        let descent = descend(points, start, limits, cancelled)?;
        iterations += descent.iterations;
        let inertia = descent.inertia();
        if best.as_ref().is_none_or(|(lowest, _)| inertia < *lowest) {
            best = Some((inertia, descent));
        }
    }
    let (inertia, descent) = best.ok_or_else(|| exec_datafusion_err!("{NAME} made no run"))?;
    if descent.settled || descent.iterations >= parameters.max_iterations {
        return Ok(Solution {
            descent,
            inertia,
            iterations,
        });
    }
    // The tolerance ended the run near its goal: the best run goes all the way.
    let limits = Limits {
        movement: -1.0,
        ..limits
    };
    let descent = descend(points, descent.centroids, limits, cancelled)?;
    Ok(Solution {
        inertia: descent.inertia(),
        iterations: iterations + descent.iterations,
        descent,
    })
}

/// Centroids to descend from.
fn seeded_start(points: Points<'_>, k: usize, mut random: Xoshiro256Plus) -> Result<Vec<f64>> {
    let enough = SEEDING_DISTANCES / (k.saturating_mul(k + 1) / 2);
    let (sample, init) = if points.len() <= enough {
        (None, KMeansInit::KMeansPlusPlus)
    } else if enough >= k.saturating_mul(SEEDING_ROWS_PER_CLUSTER) {
        (
            Some(sample(points, enough, &mut random)),
            KMeansInit::KMeansPlusPlus,
        )
    } else {
        (None, KMeansInit::Random)
    };
    let values = sample.as_deref().unwrap_or(points.values);
    let observations = ArrayView2::from_shape((values.len() / points.width, points.width), values)
        .map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?;
    let model = KMeans::params_with_rng(k, random)
        .init_method(init)
        .n_runs(1)
        .max_n_iterations(1)
        .fit(&DatasetBase::from(observations))
        .map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?;
    Ok(model.centroids().iter().copied().collect())
}

/// So many of the rows, in their order.
fn sample(points: Points<'_>, rows: usize, random: &mut Xoshiro256Plus) -> Vec<f64> {
    let mut picked = index::sample(random, points.len(), rows).into_vec();
    picked.sort_unstable();
    picked
        .into_iter()
        .flat_map(|row| &points.values[row * points.width..(row + 1) * points.width])
        .copied()
        .collect()
}

/// The variance of a feature on average: the yardstick of the tolerance.
fn mean_variance(points: Points<'_>) -> f64 {
    let count = points.len() as f64;
    let variance = |feature: usize| {
        let column = || points.values.iter().skip(feature).step_by(points.width);
        let mean = column().sum::<f64>() / count;
        column().map(|value| (value - mean).powi(2)).sum::<f64>() / count
    };
    (0..points.width).map(variance).sum::<f64>() / points.width as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::lloyd::squared_distance;
    use super::super::parameters::{Init, Scale, Tolerance};
    use super::*;

    fn parameters(k: usize, seed: u64) -> KMeansParameters {
        KMeansParameters {
            k,
            features: vec![],
            partition_by: vec![],
            labels: None,
            label_by: String::new(),
            seed,
            scale: Scale::None,
            max_iterations: 1000,
            tolerance: Tolerance::default(),
            n_runs: 3,
            init: Init::KMeansPlusPlus,
        }
    }

    fn solve(values: &[f64], width: usize, parameters: &KMeansParameters) -> Solution {
        fit(
            Points { values, width },
            None,
            parameters,
            &Cancelled::default(),
        )
        .unwrap()
    }

    /// Checks with code of its own that nothing is left to improve by a step.
    fn assert_is_fixed_point(values: &[f64], width: usize, k: usize, solution: &Solution) {
        let Descent {
            centroids,
            nearest,
            distances,
            settled,
            ..
        } = &solution.descent;
        assert!(settled);
        let centroids: Vec<&[f64]> = centroids.chunks(width).collect();
        assert_eq!(centroids.len(), k);
        for ((row, &cluster), &distance) in values.chunks(width).zip(nearest).zip(distances) {
            assert_eq!(squared_distance(row, centroids[cluster as usize]), distance);
            for centroid in &centroids {
                assert!(squared_distance(row, centroid) >= distance);
            }
        }
        for (cluster, centroid) in centroids.iter().enumerate() {
            let rows: Vec<&[f64]> = values
                .chunks(width)
                .zip(nearest)
                .filter(|(_, nearest)| **nearest as usize == cluster)
                .map(|(row, _)| row)
                .collect();
            assert!(!rows.is_empty(), "cluster {cluster} is empty");
            for (feature, coordinate) in centroid.iter().enumerate() {
                let sum: f64 = rows.iter().map(|row| row[feature]).sum();
                let mean = sum / rows.len() as f64;
                assert!((coordinate - mean).abs() <= 1e-12 * (1.0 + mean.abs()));
            }
        }
        let inertia: f64 = distances.iter().sum();
        assert_eq!(inertia, solution.inertia);
    }

    fn different_rows(values: &[f64], width: usize) -> usize {
        let mut rows: Vec<Vec<u64>> = values
            .chunks(width)
            .map(|row| row.iter().map(|value| value.to_bits()).collect())
            .collect();
        rows.sort();
        rows.dedup();
        rows.len()
    }

    proptest! {
        #[test]
        fn a_solution_is_a_fixed_point(
            width in 1_usize..4,
            k in 1_usize..7,
            seed in any::<u64>(),
            // Few values, so that rows often repeat and clusters often run empty.
            numbers in prop::collection::vec(prop_oneof![(-4..5_i32).prop_map(f64::from), -1e3..1e3_f64], 21..240),
        ) {
            let values = &numbers[..numbers.len() / width * width];
            prop_assume!(different_rows(values, width) >= k);
            let solution = solve(values, width, &parameters(k, seed));
            assert_is_fixed_point(values, width, k, &solution);
        }

        #[test]
        fn more_runs_are_never_worse(seed in any::<u64>(), values in prop::collection::vec(-1e3..1e3_f64, 30..90)) {
            let runs = |n_runs| {
                let parameters = KMeansParameters { n_runs, tolerance: Tolerance::new(0.0).unwrap(), ..parameters(4, seed) };
                solve(&values, 1, &parameters).inertia
            };
            prop_assert!(runs(5) <= runs(1));
        }
    }

    /// Numbers without a pattern, the same on every machine.
    fn noise(count: usize) -> Vec<f64> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        // Several pieces of work, so that threads have something to share.
        let values = noise(4 * 9_000);
        let mut solutions = [1, 2, 5].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| solve(&values, 4, &parameters(6, 42)))
                .descent
        });
        let bits = |numbers: &[f64]| {
            numbers
                .iter()
                .map(|number| number.to_bits())
                .collect::<Vec<_>>()
        };
        let first = solutions[0].centroids.clone();
        for solution in &mut solutions {
            assert_eq!(bits(&solution.centroids), bits(&first));
        }
    }

    #[test]
    fn many_clusters_start_from_a_sample_or_at_random() {
        for (rows, k) in [(10_000, 80), (2000, 250)] {
            let values = noise(2 * rows);
            let parameters = KMeansParameters {
                n_runs: 1,
                ..parameters(k, 1)
            };
            let solution = solve(&values, 2, &parameters);
            assert_is_fixed_point(&values, 2, k, &solution);
        }
    }

    #[test]
    fn stops_when_told() {
        let values = noise(100);
        let points = Points {
            values: &values,
            width: 1,
        };
        let cancelled = Cancelled::default();
        cancelled.raise();
        let error = fit(points, None, &parameters(3, 1), &cancelled).unwrap_err();
        assert!(error.to_string().contains("was stopped"));
    }

    #[test]
    fn one_cluster_is_the_mean_and_as_many_as_rows_fit_exactly() {
        let values = [1.0, 2.0, 4.0, 9.0];
        let one = solve(&values, 1, &parameters(1, 42));
        assert_eq!(one.descent.centroids, [4.0]);
        let all = solve(&values, 1, &parameters(4, 42));
        assert_eq!(all.inertia, 0.0);
    }

    /// A run from given centroids over 0, 1, 10, 11, 12, 30.
    fn descend_from(given: &[f64], max_iterations: usize) -> Solution {
        let parameters = KMeansParameters {
            max_iterations,
            n_runs: 1,
            tolerance: Tolerance::new(0.0).unwrap(),
            ..parameters(given.len(), 42)
        };
        let points = Points {
            values: &[0.0, 1.0, 10.0, 11.0, 12.0, 30.0],
            width: 1,
        };
        fit(points, Some(given), &parameters, &Cancelled::default()).unwrap()
    }

    #[test]
    fn given_centroids_move_to_the_means_of_their_rows() {
        // {0} and {1, 10, 11, 12, 30}, of which 1 is nearer to the first from now on.
        let solution = descend_from(&[0.0, 1.0], 1);
        assert_eq!(solution.descent.centroids, [0.0, 12.8]);
        assert_eq!(solution.descent.nearest, [0, 0, 1, 1, 1, 1]);
        assert_eq!(solution.iterations, 1);
        assert!(!solution.descent.settled);
    }

    #[test]
    fn tolerance_0_stops_when_nothing_moves_any_more() {
        let solution = descend_from(&[0.0, 1.0], 300);
        assert_eq!(solution.descent.centroids, [0.5, 15.75]);
        assert_eq!(solution.iterations, 2);
        assert!(solution.descent.settled);
        assert_eq!(descend_from(&[0.5, 15.75], 300).iterations, 1);
    }

    #[test]
    fn a_given_centroid_without_rows_takes_the_farthest_row() {
        let solution = descend_from(&[5.0, 1e6], 300);
        assert_eq!(solution.descent.centroids, [6.8, 30.0]);
    }

    #[test]
    fn max_iterations_ends_a_run_early() {
        let parameters = KMeansParameters {
            max_iterations: 1,
            n_runs: 2,
            ..parameters(5, 42)
        };
        assert_eq!(solve(&noise(5000), 1, &parameters).iterations, 2);
    }
}
