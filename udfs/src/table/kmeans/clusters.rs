//! What there is to say of the clusters of a group: their numbers, sizes and means.

use std::borrow::Cow;

use super::evaluation::mean_distances;
use super::fit::Solution;
use super::kernel::{Grid, Points};
use super::learnt::LearntCluster;
use super::model::LabelValues;
use super::scale::Levels;

/// The final number of each cluster. Clusters without any value in `label_by` come last; ties go to
/// the centroid that is smaller in its first feature that differs.
pub(super) fn numbers_by_mean(
    solution: &Solution,
    label_values: LabelValues<'_>,
    width: usize,
) -> Vec<u32> {
    let Solution { descent, grids, .. } = solution;
    let k = descent.centroids.len() / width;
    let means: Vec<f64> = match label_values {
        LabelValues::Feature(feature) => {
            let means = descent.sums.means(grids, &descent.centroids);
            means.into_iter().skip(feature).step_by(width).collect()
        }
        LabelValues::Column(values) => means_of(values, &descent.nearest, k),
    };
    let centroid = |cluster: usize| &descent.centroids[cluster * width..(cluster + 1) * width];
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&left, &right| {
        means[left].total_cmp(&means[right]).then_with(|| {
            let coordinates = centroid(left).iter().zip(centroid(right));
            coordinates
                .map(|(left, right)| left.total_cmp(right))
                .find(|ordering| ordering.is_ne())
                .unwrap_or(left.cmp(&right))
        })
    });
    let mut numbers = vec![0; k];
    for (number, cluster) in (0..).zip(order) {
        numbers[cluster] = number;
    }
    numbers
}

/// Vectors by the numbers of their clusters.
pub(super) fn in_order_of(numbers: &[u32], vectors: &[f64], width: usize) -> Vec<f64> {
    let mut ordered = vec![0.0; vectors.len()];
    for (vector, &number) in vectors.chunks_exact(width).zip(numbers) {
        ordered[number as usize * width..][..width].copy_from_slice(vector);
    }
    ordered
}

/// The rows of a group with their clusters.
pub(super) struct Clustered<'a> {
    pub(super) points: Points<'a>,
    pub(super) levels: &'a Levels,
    /// The lengths that rows had before they became directions.
    pub(super) lengths: Option<&'a [f64]>,
    pub(super) clusters: &'a [u32],
    /// The squared distances.
    pub(super) squared: &'a [f64],
}

impl Clustered<'_> {
    /// The clusters by number.
    pub(super) fn describe(
        &self,
        solution: &Solution,
        numbers: &[u32],
        k: usize,
    ) -> Vec<LearntCluster> {
        let mut rows = vec![0; k];
        for &cluster in self.clusters {
            rows[cluster as usize] += 1;
        }
        let means = self.means(solution, numbers, k);
        let mean_distances = mean_distances(self.clusters, self.squared, k);
        let inertias = self.inertias(k);
        let width = self.points.width();
        (0..k)
            .map(|cluster| LearntCluster {
                rows: rows[cluster],
                means: means[cluster * width..][..width].to_vec(),
                inertia: inertias[cluster],
                mean_distance: mean_distances[cluster],
            })
            .collect()
    }

    /// The sums of the squared distances, each times the weight of its row.
    fn inertias(&self, k: usize) -> Vec<f64> {
        let weighted = match self.points.weights() {
            None => Cow::Borrowed(self.squared),
            Some(weights) => {
                let rows = self.squared.iter().zip(weights);
                Cow::Owned(rows.map(|(squared, weight)| squared * weight).collect())
            }
        };
        let grid = Grid::of(&weighted);
        let mut sums = vec![0_i128; k];
        for (&cluster, &squared) in self.clusters.iter().zip(weighted.iter()) {
            sums[cluster as usize] += grid.integer(squared);
        }
        sums.into_iter().map(|sum| grid.number(sum)).collect()
    }

    /// The means of the clusters in the units of the input, by number.
    fn means(&self, solution: &Solution, numbers: &[u32], k: usize) -> Vec<f64> {
        let width = self.points.width();
        let Solution { descent, grids, .. } = solution;
        let scaled = descent.sums.means(grids, &descent.centroids);
        let mut means = in_order_of(numbers, &scaled, width);
        for (feature, level) in self.levels.0.iter().enumerate() {
            let column = means.iter_mut().skip(feature).step_by(width);
            if level.keeps_means() && self.lengths.is_none() {
                column.for_each(|mean| *mean = level.undo(*mean));
                continue;
            }
            let scaled = self.points.columns()[feature].iter().enumerate();
            let length = |row: usize| self.lengths.map_or(1.0, |lengths| lengths[row]);
            let values: Vec<f64> = scaled
                .map(|(row, value)| level.undo(value * length(row)))
                .collect();
            let found = means_of(&values, self.clusters, k);
            column.zip(found).for_each(|(mean, found)| *mean = found);
        }
        means
    }
}

/// The mean of the values in each cluster; infinite for a cluster without any.
fn means_of(values: &[f64], nearest: &[u32], k: usize) -> Vec<f64> {
    // The largest one passes over NaN.
    let grid = Grid::of(values);
    let mut sums = vec![(0_i128, 0_i64); k];
    for (&cluster, &value) in nearest.iter().zip(values) {
        if !value.is_nan() {
            let (sum, count) = &mut sums[cluster as usize];
            *sum += grid.integer(value);
            *count += 1;
        }
    }
    let mean = |(sum, count)| match count {
        0 => f64::INFINITY,
        count => grid.mean(sum, count),
    };
    sums.into_iter().map(mean).collect()
}
