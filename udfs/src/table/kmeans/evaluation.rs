//! How well clusters are told apart: silhouettes and the index of Davies and Bouldin.

use linfa::traits::Predict;

use super::kernel::{Centroids, Grid, Nearest, Points, squared_distance};
use super::learnt::Evaluation;
use super::sample::sample;

/// Rows whose silhouette is taken exactly, which needs all distances between them.
const SAMPLED_ROWS: usize = 2_000;

/// Judges the clusters of `centroids`, which lie one after the other.
pub(super) fn evaluate(points: Points<'_>, centroids: &[f64], seed: u64) -> Evaluation {
    let nearest = Centroids(centroids).predict(points);
    Evaluation {
        simplified_silhouette: simplified_silhouette(&nearest),
        sampled_silhouette: sampled_silhouette(points, centroids, seed),
        davies_bouldin: davies_bouldin(&nearest, centroids, points.width()),
    }
}

/// The mean of (b - a) / max(a, b) of all rows, from centroids in place of rows: O(rows x clusters).
/// NaN with one cluster.
pub(super) fn simplified_silhouette(nearest: &Nearest) -> f64 {
    let widths = nearest.distances.iter().zip(&nearest.seconds);
    let grid = Grid::up_to(1.0);
    let mut sum = 0;
    for (own, other) in widths {
        let (own, other) = (own.sqrt(), other.sqrt());
        if other.is_infinite() {
            return f64::NAN;
        }
        sum += grid.integer(if other > 0.0 {
            (other - own) / other
        } else {
            0.0
        });
    }
    grid.mean(sum, nearest.distances.len() as i64)
}

/// The silhouette of a sample that does not depend on the order of the rows. NaN with one cluster.
fn sampled_silhouette(points: Points<'_>, centroids: &[f64], seed: u64) -> f64 {
    let width = points.width();
    let rows = sample(points, SAMPLED_ROWS / 2, seed);
    let columns: Vec<Vec<f64>> = (0..width)
        .map(|feature| rows.iter().skip(feature).step_by(width).copied().collect())
        .collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let clusters = Centroids(centroids).predict(Points::new(&columns)).clusters;
    let k = centroids.len() / width;
    let mut counts = vec![0_usize; k];
    for &cluster in &clusters {
        counts[cluster as usize] += 1;
    }
    if counts.iter().filter(|count| **count > 0).count() < 2 {
        return f64::NAN;
    }
    let rows: Vec<&[f64]> = rows.chunks_exact(width).collect();
    let mut sum = 0.0;
    let mut distances = vec![0.0; k];
    for (row, &own) in rows.iter().zip(&clusters) {
        distances.fill(0.0);
        for (other, &cluster) in rows.iter().zip(&clusters) {
            distances[cluster as usize] += squared_distance(row, other).sqrt();
        }
        let own = own as usize;
        // Alone in its cluster, a row counts 0.
        if counts[own] < 2 {
            continue;
        }
        let within = distances[own] / (counts[own] - 1) as f64;
        let others = (0..k).filter(|&cluster| cluster != own && counts[cluster] > 0);
        let between = others
            .map(|cluster| distances[cluster] / counts[cluster] as f64)
            .fold(f64::INFINITY, f64::min);
        let longer = within.max(between);
        sum += if longer > 0.0 {
            (between - within) / longer
        } else {
            0.0
        };
    }
    sum / rows.len() as f64
}

/// The mean over clusters of the worst ratio of two mean distances to the way between their centroids.
/// NaN with one cluster.
fn davies_bouldin(nearest: &Nearest, centroids: &[f64], width: usize) -> f64 {
    let centroids: Vec<&[f64]> = centroids.chunks_exact(width).collect();
    let spreads = mean_distances(&nearest.clusters, &nearest.distances, centroids.len());
    let ratio = |left: usize, right: usize| {
        let between = squared_distance(centroids[left], centroids[right]).sqrt();
        let spread = spreads[left] + spreads[right];
        if between > 0.0 {
            spread / between
        } else {
            f64::INFINITY
        }
    };
    let worst = |cluster: usize| {
        let others = (0..centroids.len()).filter(|other| *other != cluster);
        others
            .map(|other| ratio(cluster, other))
            .fold(f64::NAN, f64::max)
    };
    (0..centroids.len()).map(worst).sum::<f64>() / centroids.len() as f64
}

/// The mean distance of the rows of each cluster; 0 for one without rows. `squared` are the squares.
pub(super) fn mean_distances(clusters: &[u32], squared: &[f64], k: usize) -> Vec<f64> {
    let longest = squared.iter().copied().fold(0.0, f64::max).sqrt();
    let grid = Grid::up_to(longest);
    let mut sums = vec![(0_i128, 0_i64); k];
    for (&cluster, squared) in clusters.iter().zip(squared) {
        let (sum, count) = &mut sums[cluster as usize];
        *sum += grid.integer(squared.sqrt());
        *count += 1;
    }
    let mean = |(sum, count)| {
        if count > 0 {
            grid.mean(sum, count)
        } else {
            0.0
        }
    };
    sums.into_iter().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(values: &[f64], centroids: &[f64]) -> Evaluation {
        evaluate(Points::new(&[values]), centroids, 42)
    }

    #[test]
    fn distant_clusters_are_told_apart() {
        // 0 and 2 around 1, 10 and 12 around 11.
        let found = evaluated(&[0.0, 2.0, 10.0, 12.0], &[1.0, 11.0]);
        let simplified = (10.0 / 11.0 + 8.0 / 9.0 + 8.0 / 9.0 + 10.0 / 11.0) / 4.0;
        assert!((found.simplified_silhouette - simplified).abs() < 1e-12);
        // a = 2; b = 11 for the outer rows and 9 for the inner ones.
        let exact = (9.0 / 11.0 + 7.0 / 9.0) / 2.0;
        assert!((found.sampled_silhouette - exact).abs() < 1e-12);
        assert_eq!(found.davies_bouldin, 0.2);
    }

    #[test]
    fn one_cluster_has_no_neighbours() {
        let found = evaluated(&[0.0, 2.0], &[1.0]);
        assert!(found.simplified_silhouette.is_nan());
        assert!(found.sampled_silhouette.is_nan());
        assert!(found.davies_bouldin.is_nan());
    }
}
