//! The axes of most variance.

use datafusion::common::{Result, exec_datafusion_err};
use linfa_linalg::Order;
use linfa_linalg::eigh::{EigSort, EighInto};
use ndarray::Array2;

use crate::table::learning::{Levels, Matrix, in_pieces};

/// An axis.
#[derive(Debug)]
pub(super) struct Axis {
    /// The variance of the rows along it, by n - 1.
    pub(super) variance: f64,
    /// The part of each feature; the squares add up to 1.
    pub(super) parts: Vec<f64>,
}

/// All axes, those of most variance first, of rows that are levelled here.
pub(super) fn axes(matrix: &mut Matrix, standard: bool) -> Result<Vec<Axis>> {
    let mut levels = Levels::of(matrix);
    if !standard {
        levels.deviations.fill(1.0);
    }
    levels.apply(matrix);
    let (variances, vectors) = covariance(matrix)
        .eigh_into()
        .map_err(|error| exec_datafusion_err!("pca: {error}"))?
        .sort_eig(Order::Largest);
    let vectors = vectors.columns();
    let axes = variances
        .into_iter()
        .zip(vectors)
        .map(|(variance, parts)| Axis {
            // Rounding may leave less than nothing.
            variance: variance.max(0.0),
            parts: turned(parts.to_vec()),
        });
    Ok(axes.collect())
}

/// The covariance of columns of mean 0.
fn covariance(matrix: &Matrix) -> Array2<f64> {
    let width = matrix.width;
    let pieces = in_pieces(matrix.len(), |rows| {
        let mut sums = vec![0.0; width * width];
        for row in rows {
            let row = matrix.row(row);
            for (place, left) in row.iter().enumerate() {
                let sums = &mut sums[place * width..(place + 1) * width];
                for (sum, right) in sums.iter_mut().zip(row) {
                    *sum += left * right;
                }
            }
        }
        sums
    });
    let mut covariance = Array2::zeros((width, width));
    for piece in pieces {
        for (sum, part) in covariance.iter_mut().zip(piece) {
            *sum += part;
        }
    }
    covariance / (matrix.len().max(2) - 1) as f64
}

/// Either direction is an axis: the one in which the largest part is positive. Of parts that are as
/// large but for rounding, the first counts.
fn turned(parts: Vec<f64>) -> Vec<f64> {
    let largest = parts
        .iter()
        .fold(0.0_f64, |largest, part| largest.max(part.abs()));
    let first = parts
        .iter()
        .find(|part| part.abs() >= largest * (1.0 - 1e-9));
    match first {
        Some(part) if *part < 0.0 => parts.into_iter().map(|part| -part).collect(),
        _ => parts,
    }
}
