//! Least squares by Householder reflections, a block of rows at a time.
//!
//! The triangle that a QR decomposition leaves of the rows so far takes the place of them when the next
//! block comes, so that the memory does not grow with the rows (G. Golub, C. Van Loan, "Matrix
//! Computations", 6.5 and 12.5). Terms are levelled first. A term that the ones before it tell already
//! is found in the last triangle and left out: `linfa-linear` 0.8.1 copies the whole matrix, and a column
//! that does not vary makes it fail or give weights of any size.

use datafusion::common::{Result, exec_datafusion_err};
use linfa_linalg::qr::QR;
use ndarray::{Array2, ArrayView2, Axis, concatenate};

use super::{LinearRegression, Weights};
use crate::table::execution_refusal;
use crate::table::function::RunContext;
use crate::table::learning::number::Number;
use crate::table::learning::{Family, Levels, Matrix, Sample};

const NAME: &str = LinearRegression::NAME;

/// Rows per reflection: many beside the columns, so that the triangle costs little.
const BLOCK: usize = 4096;

/// A term of which no more than this share is its own is told by those before it. R's `lm` takes 1e-7;
/// levelled terms bear more.
const OWN_SHARE: f64 = 1e-9;

pub(super) fn fit(sample: &Sample<'_>, context: &RunContext) -> Result<Weights> {
    let matrix = sample.matrix;
    let (rows, width) = (matrix.len(), matrix.width);
    let levels = Levels::of(matrix);
    let terms = levels
        .constant
        .iter()
        .filter(|constant| !**constant)
        .count();
    if rows < terms + 1 {
        return Err(execution_refusal(
            format!(
                "{NAME}: {rows} rows to learn from are too few for {} coefficients",
                terms + 1
            ),
            "use more rows, fewer features, or a smaller `held_out`",
        ));
    }
    let mean = sample.targets.iter().sum::<f64>() / rows as f64;
    let mut levelled = matrix.clone();
    levels.apply(&mut levelled);
    let triangle = triangle(&levelled, sample.targets, mean, context)?;
    let (kept, weights) = solve(&triangle, width);
    let mut intercept = mean;
    let mut of_terms = vec![None; width];
    for (&term, weight) in kept.iter().zip(weights) {
        let weight = weight / levels.deviations[term];
        intercept -= weight * levels.means[term];
        of_terms[term] = Some(Number::new(weight));
    }
    Ok(Weights {
        intercept: Number::new(intercept),
        weights: of_terms,
    })
}

/// The triangle R of the terms and, as the last column, the target without its mean.
fn triangle(
    matrix: &Matrix,
    targets: &[f64],
    mean: f64,
    context: &RunContext,
) -> Result<Array2<f64>> {
    let fault = |error: &dyn std::fmt::Display| exec_datafusion_err!("{NAME}: {error}");
    let columns = matrix.width + 1;
    let block = BLOCK.max(4 * columns);
    let bytes = 3 * size_of::<f64>() * (block + columns) * columns;
    context.memory.grow(bytes)?;
    let mut triangle = Array2::<f64>::zeros((columns, columns));
    let blocks = matrix.values.chunks(block * matrix.width);
    for (terms, targets) in blocks.zip(targets.chunks(block)) {
        context.cancelled.check(NAME)?;
        let terms = ArrayView2::from_shape((targets.len(), matrix.width), terms)
            .map_err(|error| fault(&error))?;
        let targets = Array2::from_shape_fn((targets.len(), 1), |(row, _)| targets[row] - mean);
        let next = concatenate(Axis(1), &[terms, targets.view()]).map_err(|error| fault(&error))?;
        let stacked =
            concatenate(Axis(0), &[triangle.view(), next.view()]).map_err(|error| fault(&error))?;
        triangle = stacked.qr().map_err(|error| fault(&error))?.into_r();
    }
    context.memory.shrink(bytes);
    Ok(triangle)
}

/// Solves for the weights of the terms that can be told apart: their places and weights.
///
/// Gram and Schmidt's way, each term cleaned twice; the triangle is small, and what it has lost to
/// rounding is what decides.
fn solve(triangle: &Array2<f64>, width: usize) -> (Vec<usize>, Vec<f64>) {
    let column = |index: usize| triangle.column(index).to_vec();
    let mut kept = vec![];
    let mut basis: Vec<Vec<f64>> = vec![];
    let mut factors: Vec<Vec<f64>> = vec![];
    for term in 0..width {
        let mut own = column(term);
        let whole = norm(&own);
        let mut factor = remove(&mut own, &basis);
        let length = norm(&own);
        if length <= OWN_SHARE * whole || whole == 0.0 {
            continue;
        }
        own.iter_mut().for_each(|value| *value /= length);
        factor.push(length);
        kept.push(term);
        basis.push(own);
        factors.push(factor);
    }
    let mut weights = remove(&mut column(width), &basis);
    for term in (0..kept.len()).rev() {
        weights[term] /= factors[term][term];
        let weight = weights[term];
        for (other, factor) in weights[..term].iter_mut().zip(&factors[term]) {
            *other -= weight * factor;
        }
    }
    (kept, weights)
}

/// Takes its part in each direction from a vector, and gives these parts.
fn remove(vector: &mut [f64], basis: &[Vec<f64>]) -> Vec<f64> {
    let mut parts = vec![0.0; basis.len()];
    for _ in 0..2 {
        for (part, direction) in parts.iter_mut().zip(basis) {
            let along: f64 = vector.iter().zip(direction).map(|(a, b)| a * b).sum();
            for (value, direction) in vector.iter_mut().zip(direction) {
                *value -= along * direction;
            }
            *part += along;
        }
    }
    parts
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|value| value * value).sum::<f64>().sqrt()
}
