//! Finds a mixture: steps of expectation and maximisation from several starts, of which the most likely
//! end is kept. A start is the clusters of one run of `linfa-clustering`'s k-means.

use datafusion::common::{Result, exec_datafusion_err};
use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::KMeans;
use ndarray::ArrayView2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::NAME;
use super::arguments::Parameters;
use super::mixture::Mixture;
use crate::table::execution_refusal;
use crate::table::function::Cancelled;
use crate::table::learning::Matrix;

/// The share of each part in each row, of the most likely mixture.
pub(super) fn fit(
    matrix: &Matrix,
    parameters: &Parameters,
    cancelled: &Cancelled,
) -> Result<Vec<f64>> {
    let mut random = Xoshiro256Plus::seed_from_u64(parameters.seed);
    let mut best: Option<(f64, Vec<f64>)> = None;
    let mut unsettled = false;
    for _ in 0..parameters.n_runs {
        cancelled.check(NAME)?;
        let start = start(matrix, parameters.k, random.clone())?;
        // A jump leads to numbers that no other run sees.
        random.jump();
        match run(matrix, start, parameters, cancelled)? {
            Run::Settled(likelihood, shares) => {
                if best.as_ref().is_none_or(|(most, _)| likelihood > *most) {
                    best = Some((likelihood, shares));
                }
            }
            Run::Unsettled => unsettled = true,
            Run::Empty => {}
        }
    }
    match best {
        Some((_, shares)) => Ok(shares),
        None if unsettled => Err(execution_refusal(
            format!(
                "{NAME}: no run settled in {} steps",
                parameters.max_iterations
            ),
            "use more `max_iterations`, or a larger `tolerance`",
        )),
        None => Err(execution_refusal(
            format!("{NAME}: a cluster loses all its rows in every run"),
            "use a smaller `k`, or fewer features",
        )),
    }
}

/// How a run ended.
enum Run {
    Settled(f64, Vec<f64>),
    Unsettled,
    Empty,
}

fn run(
    matrix: &Matrix,
    mut shares: Vec<f64>,
    parameters: &Parameters,
    cancelled: &Cancelled,
) -> Result<Run> {
    let mut before = f64::NEG_INFINITY;
    for _ in 0..parameters.max_iterations {
        cancelled.check(NAME)?;
        let Some(mixture) = Mixture::of(matrix, &shares, parameters.k) else {
            return Ok(Run::Empty);
        };
        let (likelihood, next) = mixture.shares(matrix);
        shares = next;
        if (likelihood - before).abs() <= parameters.tolerance.get() {
            return Ok(Run::Settled(likelihood, shares));
        }
        before = likelihood;
    }
    Ok(Run::Unsettled)
}

/// Each row wholly in one cluster.
fn start(matrix: &Matrix, k: usize, random: Xoshiro256Plus) -> Result<Vec<f64>> {
    let fault = |error: &dyn std::fmt::Display| exec_datafusion_err!("{NAME}: {error}");
    let rows = ArrayView2::from_shape((matrix.len(), matrix.width), &matrix.values)
        .map_err(|error| fault(&error))?;
    let model = KMeans::params_with_rng(k, random)
        .n_runs(1)
        .max_n_iterations(100)
        .fit(&DatasetBase::from(rows))
        .map_err(|error| fault(&error))?;
    let mut shares = vec![0.0; matrix.len() * k];
    for (row, cluster) in model.predict(&rows).into_iter().enumerate() {
        shares[row * k + cluster] = 1.0;
    }
    Ok(shares)
}
