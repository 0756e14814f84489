//! Where the runs of one group start: at centroids that were given, or at rows that are drawn from a
//! sample.

use datafusion::common::{Result, exec_datafusion_err};
use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::ArrayView2;
use rand_xoshiro::Xoshiro256Plus;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::NAME;
use super::kernel::Points;
use super::parameters::{Init, KMeansParameters};
use super::sample::sample;

/// So many rows show a start all that it can make use of: the descent that follows sees all rows.
const SEEDING_ROWS: usize = 1 << 16;

/// The seeding takes rows x k x k / 2 distances and cannot be stopped, so that so many must do: with too
/// few rows left for each cluster the start is plain random.
const SEEDING_DISTANCES: usize = 20_000_000;

/// Fewer rows per cluster than this make the choice of k-means++ no better than any.
const SEEDING_ROWS_PER_CLUSTER: usize = 5;

/// Where the runs start.
pub(super) enum Starts<'a> {
    Given(&'a [f64]),
    Seeded {
        /// The rows to choose from, one after the other.
        rows: Vec<f64>,
        width: usize,
        k: usize,
        init: KMeansInit<f64>,
    },
}

impl<'a> Starts<'a> {
    /// The starts of runs with `k` clusters.
    pub(super) fn new(
        points: Points<'_>,
        k: usize,
        given: Option<&'a [f64]>,
        parameters: &KMeansParameters,
    ) -> Self {
        if let Some(centroids) = given {
            return Starts::Given(centroids);
        }
        let wanted = match parameters.init {
            Init::KMeansPlusPlus | Init::Given(_) => KMeansInit::KMeansPlusPlus,
            Init::KMeansParallel => KMeansInit::KMeansPara,
            Init::Random => KMeansInit::Random,
        };
        let affordable = SEEDING_DISTANCES / (k.saturating_mul(k + 1) / 2);
        let fewest = k.saturating_mul(SEEDING_ROWS_PER_CLUSTER);
        let (limit, init) = if points.len() <= affordable || affordable >= fewest {
            (affordable.min(SEEDING_ROWS), wanted)
        } else {
            (SEEDING_ROWS, KMeansInit::Random)
        };
        Starts::Seeded {
            rows: sample(points, limit.max(fewest), parameters.seed),
            width: points.width(),
            k,
            init,
        }
    }

    /// Centroids to descend from.
    pub(super) fn next(&self, random: Xoshiro256Plus) -> Result<Vec<f64>> {
        let (rows, width, k, init) = match self {
            Starts::Given(centroids) => return Ok(centroids.to_vec()),
            Starts::Seeded {
                rows,
                width,
                k,
                init,
            } => (rows, *width, *k, init),
        };
        let observations = ArrayView2::from_shape((rows.len() / width, width), rows)
            .map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?;
        let fit = || {
            KMeans::params_with_rng(k, random)
                .init_method(init.clone())
                .n_runs(1)
                .max_n_iterations(1)
                .fit(&DatasetBase::from(observations))
        };
        let model = match init {
            // It draws on each thread from a source of its own.
            KMeansInit::KMeansPara => one_thread()?.install(fit),
            _ => fit(),
        };
        let model = model.map_err(|error| exec_datafusion_err!("{NAME}: {error}"))?;
        Ok(model.centroids().iter().copied().collect())
    }
}

fn one_thread() -> Result<ThreadPool> {
    let pool = ThreadPoolBuilder::new().num_threads(1).build();
    pool.map_err(|error| exec_datafusion_err!("{NAME}: {error}"))
}
