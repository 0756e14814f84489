//! The driver of linfa, which is a crate: this program calls itself, so that linfa too is a process.
//!
//! It reads numbers from a flat file, since Parquet would be no work of linfa's.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_clustering::{KMeans, KMeansInit};
use ndarray::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Error, Result};

/// What to cluster, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// A file of numbers (f64, little-endian), row by row.
    pub numbers: PathBuf,
    /// The first centroids.
    pub centroids: Vec<Vec<f64>>,
    /// Steps to take.
    pub iterations: u64,
    /// Where to write the cluster of each row (`clusters.u32`) and the centroids (`centroids.f64`).
    pub output: Option<PathBuf>,
}

/// Does the task and writes the line that [`crate::clock::Clock::Driver`] reads; the peak is seen from
/// outside.
///
/// # Errors
/// A file that is not there, or one that is not made of such rows.
pub fn run(task: &str) -> Result<()> {
    let task: Task = serde_json::from_str(task).map_err(|error| Error::new(error.to_string()))?;
    let centroids = matrix(&task.centroids)?;
    let started = Instant::now();
    let numbers = numbers(&task.numbers)?;
    let width = centroids.ncols();
    let rows =
        Array2::from_shape_vec((numbers.len() / width, width), numbers).map_err(misshapen)?;
    let rows = DatasetBase::from(rows);
    let model = KMeans::params_with_rng(centroids.nrows(), Xoshiro256Plus::seed_from_u64(42))
        .init_method(KMeansInit::Precomputed(centroids))
        .n_runs(1)
        .max_n_iterations(task.iterations)
        // It refuses 0, which would mean the same.
        .tolerance(f64::MIN_POSITIVE)
        .fit(&rows)
        .map_err(|error| Error::new(error.to_string()))?;
    let clusters = model.predict(&rows);
    let work_seconds = started.elapsed().as_secs_f64();
    if let Some(folder) = &task.output {
        let clusters = clusters
            .iter()
            .flat_map(|cluster| (*cluster as u32).to_le_bytes());
        write(&folder.join("clusters.u32"), &clusters.collect::<Vec<_>>())?;
        let centroids = model
            .centroids()
            .iter()
            .flat_map(|number| number.to_le_bytes());
        write(
            &folder.join("centroids.f64"),
            &centroids.collect::<Vec<_>>(),
        )?;
    }
    let told = json!({ "work_seconds": work_seconds, "peak_bytes": 0 });
    writeln!(std::io::stdout(), "{told}").map_err(|error| Error::new(error.to_string()))
}

fn matrix(rows: &[Vec<f64>]) -> Result<Array2<f64>> {
    let width = rows.first().map_or(0, Vec::len);
    Array2::from_shape_vec((rows.len(), width), rows.concat()).map_err(misshapen)
}

fn misshapen(error: ndarray::ShapeError) -> Error {
    Error::new(format!("numbers in no rows: {error}"))
}

fn numbers(path: &Path) -> Result<Vec<f64>> {
    let bytes = std::fs::read(path).map_err(|error| Error::file("read", path, error))?;
    let (numbers, _) = bytes.as_chunks();
    Ok(numbers
        .iter()
        .map(|bytes| f64::from_le_bytes(*bytes))
        .collect())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|error| Error::file("write", path, error))
}
