//! A mixture of normal distributions: how likely rows are, and the mixture that makes given shares most
//! likely (C. Bishop, "Pattern Recognition and Machine Learning", 9.2).
//!
//! Own code over the Cholesky decomposition of `linfa-linalg`: the mixture of `linfa-clustering` 0.8.1 takes
//! the exponents of likelihoods before it adds them, so that a row far from all clusters has the
//! probability infinity in each, and it cannot be stopped.

use linfa_linalg::cholesky::Cholesky;
use ndarray::Array2;

use crate::table::learning::{Matrix, in_pieces};

/// Added to each variance, so that a cluster of equal rows stays one.
const LEAST_VARIANCE: f64 = 1e-6;

/// A normal distribution and its share of the rows.
#[derive(Debug, Clone)]
struct Part {
    mean: Vec<f64>,
    /// The lower triangle L of the covariance L L', row by row.
    triangle: Array2<f64>,
    /// The logarithm of the share and of the height of the distribution.
    height: f64,
}

/// The parts of a mixture.
#[derive(Debug, Clone)]
pub(super) struct Mixture(Vec<Part>);

impl Mixture {
    /// The mixture that is most likely where each row belongs to each part by the given share; none if
    /// a part has no rows left.
    pub(super) fn of(matrix: &Matrix, shares: &[f64], k: usize) -> Option<Self> {
        let sums = in_pieces(matrix.len(), |rows| {
            let mut sums = vec![0.0; k * (matrix.width + 1)];
            for row in rows {
                let shares = &shares[row * k..(row + 1) * k];
                for (share, sums) in shares.iter().zip(sums.chunks_mut(matrix.width + 1)) {
                    sums[0] += share;
                    for (sum, value) in sums[1..].iter_mut().zip(matrix.row(row)) {
                        *sum += share * value;
                    }
                }
            }
            sums
        });
        let sums = added(sums, k * (matrix.width + 1));
        let parts = sums.chunks(matrix.width + 1).enumerate();
        let means: Vec<Vec<f64>> = sums
            .chunks(matrix.width + 1)
            .map(|sums| sums[1..].iter().map(|sum| sum / sums[0]).collect())
            .collect();
        let spreads = spreads(matrix, shares, &means);
        let parts = parts.zip(&means).map(|((part, sums), mean)| {
            // Less than this is rounding and no rows.
            if sums[0] < 10.0 * f64::EPSILON {
                return None;
            }
            let square = matrix.width * matrix.width;
            let spread = &spreads[part * square..(part + 1) * square];
            Part::new(mean.clone(), spread, sums[0], matrix.len())
        });
        parts.collect::<Option<Vec<_>>>().map(Mixture)
    }

    /// The mean logarithm of the likelihood of the rows, and the share of each part in each row.
    pub(super) fn shares(&self, matrix: &Matrix) -> (f64, Vec<f64>) {
        let pieces = in_pieces(matrix.len(), |rows| {
            let mut shares = vec![];
            let mut likelihood = 0.0;
            for row in rows {
                let row = matrix.row(row);
                let logs: Vec<f64> = self.0.iter().map(|part| part.log_likelihood(row)).collect();
                // Without the largest taken away, the exponents of a far row would all be 0.
                let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = logs.iter().map(|log| (log - largest).exp()).sum();
                likelihood += largest + sum.ln();
                shares.extend(logs.iter().map(|log| (log - largest).exp() / sum));
            }
            (likelihood, shares)
        });
        let likelihood: f64 = pieces.iter().map(|(likelihood, _)| likelihood).sum();
        let shares = pieces.into_iter().flat_map(|(_, shares)| shares).collect();
        (likelihood / matrix.len() as f64, shares)
    }
}

impl Part {
    fn new(mean: Vec<f64>, spread: &[f64], weight: f64, rows: usize) -> Option<Self> {
        let width = mean.len();
        let covariance = Array2::from_shape_fn((width, width), |(row, column)| {
            let least = if row == column { LEAST_VARIANCE } else { 0.0 };
            spread[row * width + column] / weight + least
        });
        let triangle = covariance.cholesky().ok()?;
        let determinant: f64 = triangle.diag().iter().map(|value| value.ln()).sum();
        let turns = width as f64 / 2.0 * (2.0 * std::f64::consts::PI).ln();
        Some(Part {
            mean,
            triangle,
            height: (weight / rows as f64).ln() - determinant - turns,
        })
    }

    /// By forward substitution: the squared length of what the triangle makes the distance of.
    fn log_likelihood(&self, row: &[f64]) -> f64 {
        let mut solved: Vec<f64> = Vec::with_capacity(row.len());
        for (place, (value, mean)) in row.iter().zip(&self.mean).enumerate() {
            let triangle = self.triangle.row(place);
            let known: f64 = solved.iter().zip(triangle).map(|(a, b)| a * b).sum();
            solved.push((value - mean - known) / triangle[place]);
        }
        self.height - solved.iter().map(|value| value * value).sum::<f64>() / 2.0
    }
}

/// The weighted squares and products of the distances to each mean.
fn spreads(matrix: &Matrix, shares: &[f64], means: &[Vec<f64>]) -> Vec<f64> {
    let width = matrix.width;
    let pieces = in_pieces(matrix.len(), |rows| {
        let mut sums = vec![0.0; means.len() * width * width];
        for row in rows {
            let weights = &shares[row * means.len()..(row + 1) * means.len()];
            let parts = weights
                .iter()
                .zip(means)
                .zip(sums.chunks_mut(width * width));
            for ((weight, mean), sums) in parts {
                let distances = matrix
                    .row(row)
                    .iter()
                    .zip(mean)
                    .map(|(value, mean)| value - mean);
                let distances: Vec<f64> = distances.collect();
                for (left, sums) in distances.iter().zip(sums.chunks_mut(width)) {
                    for (sum, right) in sums.iter_mut().zip(&distances) {
                        *sum += weight * left * right;
                    }
                }
            }
        }
        sums
    });
    added(pieces, means.len() * width * width)
}

fn added(pieces: Vec<Vec<f64>>, width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for piece in pieces {
        for (sum, part) in sums.iter_mut().zip(piece) {
            *sum += part;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_row_far_from_all_parts_has_probabilities() {
        let mut values: Vec<f64> = (0..100).map(|row| f64::from(row % 10) / 10.0).collect();
        values.extend((0..100).map(|row| 10.0 + f64::from(row % 10) / 10.0));
        let matrix = Matrix { values, width: 1 };
        let shares: Vec<f64> = (0..200)
            .flat_map(|row| if row < 100 { [1.0, 0.0] } else { [0.0, 1.0] })
            .collect();
        let mixture = Mixture::of(&matrix, &shares, 2).unwrap();
        let far = Matrix {
            values: vec![1e4],
            width: 1,
        };
        let (likelihood, shares) = mixture.shares(&far);
        assert!(likelihood.is_finite());
        assert_eq!(shares, [0.0, 1.0]);
    }
}
