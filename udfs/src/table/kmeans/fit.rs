//! Finds the clusters of one group: several descents from seeded starts, of which the best is kept, or
//! one from given centroids.
//!
//! A seeded start comes from `linfa-clustering`: its k-means++ seeding (D. Arthur, S. Vassilvitskii,
//! "k-means++: the advantages of careful seeding", 2007) and first step. What follows is our own
//! descent (see [`super::kernel`]), as `linfa` 0.8.1 measures the inertia before its last update, mixes
//! the centroids of its best run with the memberships of its last one, and cannot be stopped.

use datafusion::common::{Result, exec_datafusion_err};
use linfa::DatasetBase;
use linfa::traits::Fit;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::NAME;
use super::kernel::{Descent, Grid, Grids, Limits, LloydError, LloydParams, Points};
use super::parameters::{Distance, KMeansParameters};
use super::starts::Starts;
use crate::table::function::Cancelled;

/// The clusters of one group.
#[derive(Debug)]
pub(super) struct Solution {
    /// The best descent. It is settled, unless `max_iterations` was too few.
    pub(super) descent: Descent,
    /// How the sums of the descent are to be read.
    pub(super) grids: Grids,
    /// The sum of the squared distances of the rows to their centroids, each times its weight.
    pub(super) inertia: f64,
    /// Steps over all runs.
    pub(super) iterations: usize,
}

/// Clusters `points`, which must hold `k` different rows or more, and fills `distances` with the squared
/// distances of the rows to their centroids. The runs start at centroids that are `given` in the scaled
/// space, or else at seeded ones; `variance` is that of a feature on average.
pub(super) fn fit(
    points: Points<'_>,
    k: usize,
    given: Option<&[f64]>,
    variance: f64,
    parameters: &KMeansParameters,
    distances: &mut [f64],
    cancelled: &Cancelled,
) -> Result<Solution> {
    let grids = Grids::of(points);
    let starts = Starts::new(points, k, given, parameters);
    let run = |start, movement| {
        let limits = Limits {
            max_iterations: parameters.max_iterations,
            movement,
            spherical: parameters.distance == Distance::Cosine,
        };
        LloydParams::new(start, &grids, limits, cancelled)
            .fit(&DatasetBase::new(points, ()))
            .map_err(|error: LloydError| exec_datafusion_err!("{NAME}: {error}"))
    };
    let mut measure = |descent: &Descent| {
        points.squared_distances(&descent.centroids, &descent.nearest, distances);
        weighted_sum(distances, points.weights())
    };
    let mut random = Xoshiro256Plus::seed_from_u64(parameters.seed);
    let mut iterations = 0;
    let mut best: Option<(f64, Descent)> = None;
    for _ in 0..parameters.n_runs {
        let start = starts.next(random.clone())?;
        // A jump leads to numbers that no other run sees.
        random.jump();
        let descent = run(start, parameters.tolerance.get() * variance)?;
        iterations += descent.iterations;
        let inertia = match parameters.n_runs {
            1 => f64::INFINITY,
            _ => measure(&descent),
        };
        if best.as_ref().is_none_or(|(lowest, _)| inertia < *lowest) {
            best = Some((inertia, descent));
        }
    }
    let (_, mut descent) = best.ok_or_else(|| exec_datafusion_err!("{NAME} made no run"))?;
    if !descent.settled && descent.iterations < parameters.max_iterations {
        // The tolerance ended the run near its goal: the best run goes all the way.
        descent = run(descent.centroids, -1.0)?;
        iterations += descent.iterations;
    }
    Ok(Solution {
        inertia: measure(&descent),
        descent,
        grids,
        iterations,
    })
}

/// The sum of numbers, each times its weight.
fn weighted_sum(numbers: &[f64], weights: Option<&[f64]>) -> f64 {
    let Some(weights) = weights else {
        let grid = Grid::of(numbers);
        return grid.number(grid.sum(numbers, |number| number));
    };
    let products: Vec<f64> = numbers
        .iter()
        .zip(weights)
        .map(|(number, weight)| number * weight)
        .collect();
    weighted_sum(&products, None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::parameters::{Clusters, Tolerance};
    use super::*;

    fn parameters(k: usize, seed: u64) -> KMeansParameters {
        KMeansParameters {
            seed,
            max_iterations: 1000,
            ..KMeansParameters::for_tests(k, 0)
        }
    }

    /// A solution, and the squared distances of the rows.
    struct Solved {
        solution: Solution,
        distances: Vec<f64>,
    }

    fn try_solve(
        values: &[f64],
        width: usize,
        given: Option<&[f64]>,
        parameters: &KMeansParameters,
        cancelled: bool,
    ) -> Result<Solved> {
        let column = |feature| {
            values
                .iter()
                .skip(feature)
                .step_by(width)
                .copied()
                .collect()
        };
        let columns: Vec<Vec<f64>> = (0..width).map(column).collect();
        let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let points = Points::new(&columns);
        let mut distances = vec![0.0; points.len()];
        let flag = Cancelled::default();
        if cancelled {
            flag.raise();
        }
        let k = match parameters.k {
            Clusters::Fixed(k) => k,
            Clusters::Auto => Clusters::MOST,
        };
        let solution = fit(points, k, given, 1.0, parameters, &mut distances, &flag)?;
        Ok(Solved {
            solution,
            distances,
        })
    }

    fn solve(values: &[f64], width: usize, parameters: &KMeansParameters) -> Solved {
        try_solve(values, width, None, parameters, false).unwrap()
    }

    fn squared_distance(left: &[f64], right: &[f64]) -> f64 {
        left.iter()
            .zip(right)
            .map(|(left, right)| (left - right).powi(2))
            .sum()
    }

    /// Checks with code of its own that nothing is left to improve by a step.
    fn assert_is_fixed_point(values: &[f64], width: usize, k: usize, solved: &Solved) {
        let Solved {
            solution,
            distances,
        } = solved;
        let Descent {
            centroids,
            nearest,
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
        assert!((inertia - solution.inertia).abs() <= 1e-12 * inertia);
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
        fn inertia_never_rises(
            k in 1_usize..7,
            seed in any::<u64>(),
            values in prop::collection::vec(prop_oneof![(-4..5_i32).prop_map(f64::from), -1e3..1e3_f64], 60..180),
        ) {
            prop_assume!(different_rows(&values, 2) >= k);
            let after = |max_iterations| {
                let parameters = KMeansParameters {
                    n_runs: 1,
                    max_iterations,
                    tolerance: Tolerance::new(0.0).unwrap(),
                    ..parameters(k, seed)
                };
                solve(&values[..values.len() / 2 * 2], 2, &parameters).solution
            };
            let mut before = f64::INFINITY;
            for steps in 1..40 {
                let solution = after(steps);
                // The last bits of a sum are rounded.
                prop_assert!(solution.inertia <= before * (1.0 + 1e-12), "step {steps}");
                before = solution.inertia;
                if solution.descent.settled {
                    break;
                }
            }
        }

        #[test]
        fn more_runs_are_never_worse(seed in any::<u64>(), values in prop::collection::vec(-1e3..1e3_f64, 30..90)) {
            let runs = |n_runs| {
                let parameters = KMeansParameters { n_runs, tolerance: Tolerance::new(0.0).unwrap(), ..parameters(4, seed) };
                solve(&values, 1, &parameters).solution.inertia
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
        let mut solutions = [1, 2, 8].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| solve(&values, 4, &parameters(6, 42)))
                .solution
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
        let error = try_solve(&noise(100), 1, None, &parameters(3, 1), true)
            .err()
            .unwrap();
        assert!(error.to_string().contains("was stopped"));
    }

    #[test]
    fn one_cluster_is_the_mean_and_as_many_as_rows_fit_exactly() {
        let values = [1.0, 2.0, 4.0, 9.0];
        let one = solve(&values, 1, &parameters(1, 42)).solution;
        assert_eq!(one.descent.centroids, [4.0]);
        let all = solve(&values, 1, &parameters(4, 42)).solution;
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
        let values = [0.0, 1.0, 10.0, 11.0, 12.0, 30.0];
        try_solve(&values, 1, Some(given), &parameters, false)
            .unwrap()
            .solution
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
        assert_eq!(solve(&noise(5000), 1, &parameters).solution.iterations, 2);
    }
}
