//! The rows of each cluster and the sums of their coordinates, kept up as rows change hands.

use super::exact::{Grid, largest_of};
use super::points::Points;

/// The grids of what is added up.
#[derive(Debug)]
pub(crate) struct Grids {
    /// For each feature, that of its values, or of its values times their weights.
    columns: Vec<Grid>,
    /// That of the weights.
    weights: Option<Grid>,
}

impl Grids {
    /// The grids of some rows.
    pub(crate) fn of(points: Points<'_>) -> Self {
        let largest = points.weights().map(largest_of);
        let columns = points.columns().iter();
        let column = |column: &&[f64]| Grid::up_to(largest_of(column) * largest.unwrap_or(1.0));
        Grids {
            columns: columns.map(column).collect(),
            weights: largest.map(Grid::up_to),
        }
    }
}

/// Counts and exact sums by cluster. A change of them is one as well: its numbers may be negative.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    /// For each cluster a sum for each feature, one after the other.
    coordinates: Vec<i128>,
    counts: Vec<i64>,
    /// The sum of the weights of each cluster, where rows have any.
    weights: Vec<i128>,
}

impl Sums {
    pub(super) fn new(k: usize, width: usize) -> Self {
        Sums {
            coordinates: vec![0; k * width],
            counts: vec![0; k],
            weights: vec![0; k],
        }
    }

    /// How many rows each cluster has.
    pub(crate) fn counts(&self) -> &[i64] {
        &self.counts
    }

    /// Moves a row to a cluster, from another one unless it had none yet.
    #[inline]
    pub(super) fn move_row(
        &mut self,
        points: Points<'_>,
        grids: &Grids,
        row: usize,
        from: Option<u32>,
        to: u32,
    ) {
        let width = points.width();
        let weight = match (points.weights(), grids.weights) {
            (Some(weights), Some(grid)) => {
                let integer = grid.integer(weights[row]);
                self.weights[to as usize] += integer;
                if let Some(from) = from {
                    self.weights[from as usize] -= integer;
                }
                weights[row]
            }
            _ => 1.0,
        };
        let to = to as usize;
        self.counts[to] += 1;
        let gaining = to * width..(to + 1) * width;
        let Some(from) = from else {
            let sums = &mut self.coordinates[gaining];
            for ((sum, column), grid) in sums.iter_mut().zip(points.columns()).zip(&grids.columns) {
                *sum += grid.integer(column[row] * weight);
            }
            return;
        };
        let from = from as usize;
        self.counts[from] -= 1;
        let columns = points.columns().iter().enumerate();
        for ((feature, column), grid) in columns.zip(&grids.columns) {
            let integer = grid.integer(column[row] * weight);
            self.coordinates[to * width + feature] += integer;
            self.coordinates[from * width + feature] -= integer;
        }
    }

    /// Adds the sums or changes of other rows.
    pub(super) fn add(&mut self, other: &Sums) {
        for (sum, other) in self.coordinates.iter_mut().zip(&other.coordinates) {
            *sum += other;
        }
        for (count, other) in self.counts.iter_mut().zip(&other.counts) {
            *count += other;
        }
        for (weight, other) in self.weights.iter_mut().zip(&other.weights) {
            *weight += other;
        }
    }

    /// The mean of the rows of each cluster; a cluster without rows, or whose rows weigh nothing, keeps
    /// its centroid.
    pub(crate) fn means(&self, grids: &Grids, centroids: &[f64]) -> Vec<f64> {
        let width = grids.columns.len();
        let mut means = Vec::with_capacity(centroids.len());
        let clusters = self.coordinates.chunks_exact(width).enumerate();
        for ((cluster, sums), centroid) in clusters.zip(centroids.chunks_exact(width)) {
            let sums = sums.iter().zip(&grids.columns);
            let weight = grids.weights.map(|grid| grid.number(self.weights[cluster]));
            match (self.counts[cluster], weight) {
                (0, _) | (_, Some(0.0)) => means.extend_from_slice(centroid),
                (count, None) => means.extend(sums.map(|(&sum, grid)| grid.mean(sum, count))),
                (_, Some(weight)) => {
                    means.extend(sums.map(|(&sum, grid)| grid.number(sum) / weight));
                }
            }
        }
        means
    }
}
