//! The rows of each cluster and the sums of their coordinates, kept up as rows change hands.

use super::exact::Grid;
use super::points::Points;

/// Counts and exact sums by cluster. A change of them is one as well: its numbers may be negative.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    /// For each cluster a sum for each feature, one after the other.
    coordinates: Vec<i128>,
    counts: Vec<i64>,
}

impl Sums {
    pub(super) fn new(k: usize, width: usize) -> Self {
        Sums {
            coordinates: vec![0; k * width],
            counts: vec![0; k],
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
        grids: &[Grid],
        row: usize,
        from: Option<u32>,
        to: u32,
    ) {
        let width = points.width();
        let to = to as usize;
        self.counts[to] += 1;
        let gaining = to * width..(to + 1) * width;
        let Some(from) = from else {
            let sums = &mut self.coordinates[gaining];
            for ((sum, column), grid) in sums.iter_mut().zip(points.columns()).zip(grids) {
                *sum += grid.integer(column[row]);
            }
            return;
        };
        let from = from as usize;
        self.counts[from] -= 1;
        for ((feature, column), grid) in points.columns().iter().enumerate().zip(grids) {
            let integer = grid.integer(column[row]);
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
    }

    /// The mean of the rows of each cluster; a cluster without rows keeps its centroid.
    pub(crate) fn means(&self, grids: &[Grid], centroids: &[f64]) -> Vec<f64> {
        let width = grids.len();
        let clusters = self
            .coordinates
            .chunks_exact(width)
            .zip(centroids.chunks_exact(width));
        let mut means = Vec::with_capacity(centroids.len());
        for ((sums, centroid), &count) in clusters.zip(&self.counts) {
            if count == 0 {
                means.extend_from_slice(centroid);
                continue;
            }
            means.extend(
                sums.iter()
                    .zip(grids)
                    .map(|(&sum, grid)| grid.mean(sum, count)),
            );
        }
        means
    }
}
