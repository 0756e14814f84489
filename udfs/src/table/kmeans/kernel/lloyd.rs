//! One descent from given centroids to a solution, by Lloyd's algorithm (S. P. Lloyd, "Least squares
//! quantization in PCM", 1982): assign each row to its nearest centroid, move each centroid to the
//! mean of its rows, repeat. A step takes O(rows x clusters x features).
//!
//! `linfa` has such a step too, but counts the old centroid as one more row of its cluster, so it
//! never reaches the exact means; and it cannot be stopped.

use std::iter::repeat_with;

use linfa::DatasetBase;
use linfa::traits::Fit;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::assign::{Assignment, UNASSIGNED};
use super::bounds::Bounds;
use super::params::{LloydError, LloydValidParams};
use super::points::{Points, ROWS_PER_TASK, compare_rows, squared_distance};
use super::sums::{Grids, Sums};

/// Where a descent ended.
#[derive(Debug)]
pub(crate) struct Descent {
    /// The centroids, one after the other.
    pub(crate) centroids: Vec<f64>,
    /// The nearest centroid of each row; of two as near, the first.
    pub(crate) nearest: Vec<u32>,
    /// The rows of each centroid.
    pub(crate) sums: Sums,
    pub(crate) iterations: usize,
    /// Whether another step would change nothing: each centroid is the mean of its rows.
    pub(crate) settled: bool,
}

impl Fit<Points<'_>, (), LloydError> for LloydValidParams<'_> {
    type Object = Descent;

    /// Descends to a solution.
    ///
    /// # Errors
    /// Centroids that do not fit the rows, and a descent that was cancelled.
    fn fit(&self, dataset: &DatasetBase<Points<'_>, ()>) -> Result<Descent, LloydError> {
        let points = *dataset.records();
        let width = points.width();
        if width == 0 || !self.centroids.len().is_multiple_of(width) {
            return Err(LloydError::Width { features: width });
        }
        let bounds = Bounds::new(points.len(), self.centroids.len() / width, width);
        descend(bounds, points, self)
    }
}

fn descend(
    mut bounds: Bounds,
    points: Points<'_>,
    params: &LloydValidParams<'_>,
) -> Result<Descent, LloydError> {
    let LloydValidParams {
        centroids,
        grids,
        limits,
        cancelled,
    } = params;
    let mut centroids = centroids.clone();
    let k = centroids.len() / points.width();
    let mut nearest = vec![UNASSIGNED; points.len()];
    let mut sums = Sums::new(k, points.width());
    assign(
        points,
        grids,
        &centroids,
        &mut bounds,
        &mut nearest,
        &mut sums,
    );
    let mut iterations = 0;
    loop {
        if cancelled.is_raised() {
            return Err(LloydError::Stopped);
        }
        iterations += 1;
        fill_empty_clusters(
            points,
            grids,
            &centroids,
            &mut bounds,
            &mut nearest,
            &mut sums,
        );
        let mut moved = sums.means(grids, &centroids);
        if limits.spherical {
            to_directions(&mut moved, points.width());
        }
        let movement = squared_distance(&centroids, &moved);
        bounds.centroids_move(&centroids, &moved, points.width());
        centroids = moved;
        let changed = assign(
            points,
            grids,
            &centroids,
            &mut bounds,
            &mut nearest,
            &mut sums,
        );
        let settled = changed == 0;
        if settled || movement <= limits.movement || iterations >= limits.max_iterations {
            return Ok(Descent {
                centroids,
                nearest,
                sums,
                iterations,
                settled,
            });
        }
    }
}

/// Gives vectors that lie one after the other the length 1; one of zeros has no direction and stays.
pub(crate) fn to_directions(vectors: &mut [f64], width: usize) {
    for vector in vectors.chunks_exact_mut(width) {
        let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
        if length > 0.0 {
            vector.iter_mut().for_each(|value| *value /= length);
        }
    }
}

/// Gives each row to its nearest centroid and returns how many changed hands.
fn assign(
    points: Points<'_>,
    grids: &Grids,
    centroids: &[f64],
    bounds: &mut Bounds,
    nearest: &mut [u32],
    sums: &mut Sums,
) -> usize {
    let assignment = Assignment {
        points,
        grids,
        centroids,
        bounds: &bounds.centroids,
    };
    if points.len() <= ROWS_PER_TASK {
        return assignment.assign(0, nearest, &mut bounds.lower, sums);
    }
    let lower = bounds.lower.chunks_mut(ROWS_PER_TASK);
    let work: Vec<_> = nearest
        .chunks_mut(ROWS_PER_TASK)
        .zip(lower.chain(repeat_with(Default::default)))
        .collect();
    let nothing = || (0, Sums::new(sums.counts().len(), points.width()));
    let (changed, change) = work
        .into_par_iter()
        .enumerate()
        .fold(
            nothing,
            |(changed, mut change), (piece, (nearest, lower))| {
                let found = assignment.assign(piece * ROWS_PER_TASK, nearest, lower, &mut change);
                (changed + found, change)
            },
        )
        .reduce(nothing, |(changed, mut change), (more, other)| {
            change.add(&other);
            (changed + more, change)
        });
    sums.add(&change);
    changed
}

/// Gives each empty cluster the row that lies farthest from its centroid (of several, the one that is
/// smallest by its values), never the only row of a cluster. Else fewer than k clusters would come out.
fn fill_empty_clusters(
    points: Points<'_>,
    grids: &Grids,
    centroids: &[f64],
    bounds: &mut Bounds,
    nearest: &mut [u32],
    sums: &mut Sums,
) {
    let counts = sums.counts().iter().zip(0..);
    let empty: Vec<u32> = counts
        .filter(|(count, _)| **count == 0)
        .map(|(_, cluster)| cluster)
        .collect();
    if empty.is_empty() {
        return;
    }
    let mut distances = vec![0.0; points.len()];
    points.squared_distances(centroids, nearest, &mut distances);
    for cluster in empty {
        let order = |left: &usize, right: &usize| {
            let farther = distances[*left].total_cmp(&distances[*right]);
            farther.then_with(|| compare_rows(points, *left, *right).reverse())
        };
        let farthest = (0..points.len())
            .into_par_iter()
            .with_min_len(ROWS_PER_TASK)
            .filter(|&row| distances[row] > 0.0 && sums.counts()[nearest[row] as usize] > 1)
            .max_by(order);
        // No row lies apart from its centroid: there is nothing to split.
        let Some(row) = farthest else { return };
        sums.move_row(points, grids, row, Some(nearest[row]), cluster);
        bounds.forget(row);
        nearest[row] = cluster;
        distances[row] = 0.0;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::exact::Grid;
    use super::super::params::Limits;
    use super::*;
    use crate::table::function::Cancelled;

    fn descend_from(columns: &[&[f64]], start: &[f64], bounds: Bounds) -> Descent {
        let points = Points::new(columns);
        let grids = Grids::of(points);
        let params = LloydValidParams {
            centroids: start.to_vec(),
            grids: &grids,
            limits: Limits {
                max_iterations: 40,
                movement: -1.0,
                spherical: false,
            },
            cancelled: &Cancelled::default(),
        };
        descend(bounds, points, &params).unwrap()
    }

    /// Rows without a pattern, rows around a few places, and whole numbers, of which many tie.
    fn any_column() -> impl Strategy<Value = Vec<f64>> {
        const ROWS: usize = 700;
        prop_oneof![
            prop::collection::vec(-1e3..1e3_f64, ROWS),
            prop::collection::vec(
                (0..5_i32, -0.5..0.5_f64).prop_map(|(place, noise)| f64::from(place * 9) + noise),
                ROWS
            ),
            prop::collection::vec((-4..5_i32).prop_map(f64::from), ROWS),
        ]
    }

    proptest! {
        #[test]
        fn bounds_change_no_bit(
            columns in prop::collection::vec(any_column(), 1..5),
            k in 1_usize..30,
        ) {
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            let points = Points::new(&columns);
            // Rows repeat, so that some clusters are empty at first.
            let start: Vec<f64> = (0..k).flat_map(|row| points.row(row / 2 * 3)).collect();
            let width = columns.len();
            let expected = descend_from(&columns, &start, Bounds::with(0, k, width));
            let found = descend_from(&columns, &start, Bounds::with(points.len(), k, width));
            prop_assert_eq!(found.nearest, expected.nearest);
            prop_assert_eq!(found.centroids, expected.centroids);
            prop_assert_eq!(found.iterations, expected.iterations);
        }
    }

    #[test]
    fn sums_that_are_kept_up_do_not_drift() {
        let column: Vec<f64> = (0..5000)
            .map(|row| f64::from(row * row % 7919) / 3.0)
            .collect();
        let descent = descend_from(&[&column], &[0.0, 1.0, 2.0, 3.0], Bounds::with(0, 4, 1));
        let grids = Grids::of(Points::new(&[&column]));
        let grid = Grid::of(&column);
        for cluster in 0..4 {
            let own = column
                .iter()
                .zip(&descent.nearest)
                .filter(|(_, nearest)| **nearest == cluster);
            let sum: i128 = own.clone().map(|(value, _)| grid.integer(*value)).sum();
            let anew = grid.mean(sum, own.count() as i64);
            let kept_up = descent.sums.means(&grids, &descent.centroids)[cluster as usize];
            assert_eq!(kept_up.to_bits(), anew.to_bits());
        }
    }
}
