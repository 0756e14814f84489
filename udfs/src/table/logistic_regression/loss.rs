//! The loss of logistic regression and its slope: the mean over the rows of minus the logarithm of the
//! probability of the true class, and a penalty on large weights (C. Bishop, "Pattern Recognition and
//! Machine Learning", 4.3).

use crate::table::learning::{Matrix, in_pieces};

/// The loss of one sample as a function of the weights.
#[derive(Debug)]
pub(super) struct Loss<'a> {
    matrix: &'a Matrix,
    targets: &'a [f64],
    /// One score tells two classes apart; more classes have one each.
    scores: usize,
    l2: f64,
}

impl<'a> Loss<'a> {
    pub(super) fn new(matrix: &'a Matrix, targets: &'a [f64], classes: usize, l2: f64) -> Self {
        Loss {
            matrix,
            targets,
            scores: if classes == 2 { 1 } else { classes },
            l2,
        }
    }

    /// How many weights there are: for each score an intercept and one per term.
    pub(super) fn weights(&self) -> usize {
        self.scores * (self.matrix.width + 1)
    }

    /// The loss and its slopes.
    pub(super) fn at(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        let count = self.matrix.len() as f64;
        let pieces = in_pieces(self.matrix.len(), |rows| self.of_rows(weights, rows));
        let mut loss = 0.0;
        let mut slopes = vec![0.0; weights.len()];
        for (piece, piece_slopes) in pieces {
            loss += piece;
            for (slope, piece) in slopes.iter_mut().zip(piece_slopes) {
                *slope += piece;
            }
        }
        for (place, (slope, weight)) in slopes.iter_mut().zip(weights).enumerate() {
            // An intercept only says how common a class is.
            if !place.is_multiple_of(self.matrix.width + 1) {
                loss += self.l2 * weight * weight / 2.0;
                *slope += self.l2 * weight;
            }
            *slope /= count;
        }
        (loss / count, slopes)
    }

    fn of_rows(&self, weights: &[f64], rows: std::ops::Range<usize>) -> (f64, Vec<f64>) {
        let stride = self.matrix.width + 1;
        let mut loss = 0.0;
        let mut slopes = vec![0.0; weights.len()];
        let mut scores = vec![0.0; self.scores];
        let mut probabilities = vec![];
        for row in rows {
            let target = self.targets[row] as usize;
            let terms = self.matrix.row(row);
            for (score, weights) in scores.iter_mut().zip(weights.chunks(stride)) {
                *score = self::score(weights, terms);
            }
            loss += surprise(&scores, target);
            probabilities.clear();
            append_probabilities(&scores, &mut probabilities);
            // The one score of two classes is that of the second.
            let first = probabilities.len() - self.scores;
            let wrong = probabilities[first..].iter().enumerate();
            for ((class, probability), slopes) in wrong.zip(slopes.chunks_mut(stride)) {
                let wrong = probability - f64::from(u8::from(class + first == target));
                slopes[0] += wrong;
                for (slope, term) in slopes[1..].iter_mut().zip(terms) {
                    *slope += wrong * term;
                }
            }
        }
        (loss, slopes)
    }
}

/// An intercept and a weighted sum.
pub(super) fn score(weights: &[f64], terms: &[f64]) -> f64 {
    let products = weights[1..].iter().zip(terms);
    weights[0] + products.map(|(weight, term)| weight * term).sum::<f64>()
}

/// The probability of each class. The largest score of the row is taken away before it becomes an
/// exponent, so that none overflows and one is 1.
pub(super) fn append_probabilities(scores: &[f64], probabilities: &mut Vec<f64>) {
    if let [score] = scores {
        let small = (-score.abs()).exp();
        let (less, more) = (small / (1.0 + small), 1.0 / (1.0 + small));
        probabilities.extend(if *score > 0.0 {
            [less, more]
        } else {
            [more, less]
        });
        return;
    }
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
    probabilities.extend(scores.iter().map(|score| (score - largest).exp() / sum));
}

/// Minus the logarithm of the probability of a class.
fn surprise(scores: &[f64], target: usize) -> f64 {
    if let [score] = scores {
        let wrong = if target == 1 { -score } else { *score };
        return wrong.max(0.0) + (-score.abs()).exp().ln_1p();
    }
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
    largest + sum.ln() - scores[target]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_loss() {
        let matrix = Matrix {
            values: vec![1.0, -2.0, 0.5, 3.0, -1.5, 0.25, 2.0, 2.0],
            width: 2,
        };
        for (classes, targets) in [(2, [0.0, 1.0, 1.0, 0.0]), (3, [0.0, 1.0, 2.0, 1.0])] {
            let loss = Loss::new(&matrix, &targets, classes, 0.7);
            let weights: Vec<f64> = (0..loss.weights())
                .map(|at| at as f64 * 0.3 - 0.8)
                .collect();
            let (_, slopes) = loss.at(&weights);
            for place in 0..weights.len() {
                let moved = |by: f64| {
                    let mut weights = weights.clone();
                    weights[place] += by;
                    loss.at(&weights).0
                };
                let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                assert!(
                    (slope - slopes[place]).abs() < 1e-8,
                    "{slope} {}",
                    slopes[place]
                );
            }
        }
    }

    #[test]
    fn far_scores_neither_overflow_nor_vanish() {
        for scores in [vec![1e4], vec![-1e4], vec![1e4, 0.0, -1e4]] {
            let mut probabilities = vec![];
            append_probabilities(&scores, &mut probabilities);
            assert_eq!(probabilities.iter().sum::<f64>(), 1.0);
        }
        assert_eq!(surprise(&[0.0, 1000.0, 0.0], 0), 1000.0);
        assert_eq!(surprise(&[1000.0], 0), 1000.0);
    }
}
