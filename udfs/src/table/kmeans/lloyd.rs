//! One descent from given centroids to a solution, by Lloyd's algorithm (S. P. Lloyd, "Least squares
//! quantization in PCM", 1982): assign each row to its nearest centroid, move each centroid to the
//! mean of its rows, repeat. A step takes O(rows x clusters x features).
//!
//! `linfa` has such a step too, but counts the old centroid as one more row of its cluster, so it
//! never reaches the exact means; and it cannot be stopped.
//!
//! Rows are cut into pieces of a fixed size that run on all cores. Each row is assigned by itself, and
//! the sums of the pieces are added in order: the number of threads changes no bit.

use std::mem::swap;

use datafusion::common::{Result, exec_err};
use ndarray::parallel::prelude::{IntoParallelIterator, ParallelIterator};

use super::NAME;
use crate::table::function::Cancelled;

/// Rows per piece of work: long enough to be worth handing to another core.
const PIECE_ROWS: usize = 2048;

/// Vectors of `width` numbers, one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Points<'a> {
    pub(super) values: &'a [f64],
    pub(super) width: usize,
}

impl<'a> Points<'a> {
    pub(super) fn len(self) -> usize {
        self.values.len() / self.width
    }

    pub(super) fn rows(self) -> impl Iterator<Item = &'a [f64]> {
        self.values.chunks_exact(self.width)
    }

    /// The rows in pieces, each with the number of its first row.
    fn pieces(self) -> impl ParallelIterator<Item = (usize, Points<'a>)> {
        let starts: Vec<usize> = (0..self.len()).step_by(PIECE_ROWS).collect();
        starts.into_par_iter().map(move |start| {
            let end = (start + PIECE_ROWS).min(self.len());
            let values = &self.values[start * self.width..end * self.width];
            (start, Points { values, ..self })
        })
    }
}

/// When a descent ends, apart from having nowhere to go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_iterations: usize,
    /// Ends when the centroids together move less, squared; negative for never.
    pub(super) movement: f64,
}

/// Where a descent ended.
#[derive(Debug)]
pub(super) struct Descent {
    /// The centroids, one after the other.
    pub(super) centroids: Vec<f64>,
    /// The nearest centroid of each row; of two as near, the first.
    pub(super) nearest: Vec<u32>,
    /// The squared distance of each row to it.
    pub(super) distances: Vec<f64>,
    pub(super) iterations: usize,
    /// Whether another step would change nothing: each centroid is the mean of its rows.
    pub(super) settled: bool,
}

impl Descent {
    /// The sum of the squared distances, which k-means makes small.
    pub(super) fn inertia(&self) -> f64 {
        self.distances.iter().sum()
    }
}

/// Descends from `centroids`. Fails only when `cancelled` turns true.
pub(super) fn descend(
    points: Points<'_>,
    mut centroids: Vec<f64>,
    limits: Limits,
    cancelled: &Cancelled,
) -> Result<Descent> {
    let mut nearest = vec![0; points.len()];
    let mut distances = vec![0.0; points.len()];
    assign(points, &centroids, &mut nearest, &mut distances);
    let mut next = nearest.clone();
    for iterations in 1.. {
        cancelled.check(NAME)?;
        fill_empty_clusters(centroids.len() / points.width, &mut nearest, &mut distances);
        let moved = means(points, &nearest, &centroids);
        let movement = squared_distance(&centroids, &moved);
        centroids = moved;
        assign(points, &centroids, &mut next, &mut distances);
        let settled = next == nearest;
        swap(&mut nearest, &mut next);
        if settled || movement <= limits.movement || iterations >= limits.max_iterations {
            return Ok(Descent {
                centroids,
                nearest,
                distances,
                iterations,
                settled,
            });
        }
    }
    exec_err!("{NAME} ran out of numbers for its iterations")
}

/// Finds the nearest centroid of each row, and how far it is, squared.
fn assign(points: Points<'_>, centroids: &[f64], nearest: &mut [u32], distances: &mut [f64]) {
    let transposed = transpose(centroids, points.width);
    let outputs = nearest
        .chunks_mut(PIECE_ROWS)
        .zip(distances.chunks_mut(PIECE_ROWS));
    let work: Vec<_> = points
        .values
        .chunks(PIECE_ROWS * points.width)
        .zip(outputs)
        .collect();
    work.into_par_iter()
        .for_each(|(values, (nearest, distances))| {
            let piece = Points { values, ..points };
            assign_piece(piece, &transposed, nearest, distances);
        });
}

fn assign_piece(
    points: Points<'_>,
    transposed: &[f64],
    nearest: &mut [u32],
    distances: &mut [f64],
) {
    let k = transposed.len() / points.width;
    let mut sums = vec![0.0; k];
    for ((row, nearest), distance) in points.rows().zip(nearest).zip(distances) {
        sums.fill(0.0);
        // One feature of all centroids at a time, which the compiler turns into vector instructions.
        for (value, coordinates) in row.iter().zip(transposed.chunks_exact(k)) {
            for (sum, coordinate) in sums.iter_mut().zip(coordinates) {
                let difference = value - coordinate;
                *sum += difference * difference;
            }
        }
        *distance = f64::INFINITY;
        for (cluster, sum) in (0..).zip(&sums) {
            if sum < distance {
                *distance = *sum;
                *nearest = cluster;
            }
        }
    }
}

/// All first coordinates, then all second ones, and so on.
fn transpose(centroids: &[f64], width: usize) -> Vec<f64> {
    (0..width)
        .flat_map(|feature| centroids.iter().skip(feature).step_by(width))
        .copied()
        .collect()
}

/// Gives each empty cluster the row that lies farthest from its centroid (of several, the first),
/// never the only row of a cluster. Else fewer than k clusters would come out.
fn fill_empty_clusters(k: usize, nearest: &mut [u32], distances: &mut [f64]) {
    let mut sizes = vec![0_usize; k];
    for &cluster in nearest.iter() {
        sizes[cluster as usize] += 1;
    }
    for empty in (0..k)
        .filter(|&cluster| sizes[cluster] == 0)
        .collect::<Vec<_>>()
    {
        let mut farthest = None;
        let mut distance = 0.0;
        for (row, &candidate) in distances.iter().enumerate() {
            if candidate > distance && sizes[nearest[row] as usize] > 1 {
                farthest = Some(row);
                distance = candidate;
            }
        }
        // No row lies apart from its centroid: there is nothing to split.
        let Some(row) = farthest else { return };
        sizes[nearest[row] as usize] -= 1;
        sizes[empty] = 1;
        nearest[row] = empty as u32;
        distances[row] = 0.0;
    }
}

/// The mean of the rows of each cluster; an empty cluster keeps its centroid.
fn means(points: Points<'_>, nearest: &[u32], centroids: &[f64]) -> Vec<f64> {
    let k = centroids.len() / points.width;
    let pieces: Vec<Sums> = points
        .pieces()
        .map(|(start, piece)| {
            let mut sums = Sums::new(k, points.width);
            for (row, &cluster) in piece.rows().zip(&nearest[start..]) {
                sums.add_row(cluster as usize, row);
            }
            sums
        })
        .collect();
    let mut total = Sums::new(k, points.width);
    for piece in &pieces {
        total.add(piece);
    }
    total.means(centroids)
}

struct Sums {
    values: Vec<f64>,
    counts: Vec<u32>,
    width: usize,
}

impl Sums {
    fn new(k: usize, width: usize) -> Self {
        Sums {
            values: vec![0.0; k * width],
            counts: vec![0; k],
            width,
        }
    }

    fn add_row(&mut self, cluster: usize, row: &[f64]) {
        self.counts[cluster] += 1;
        let values = &mut self.values[cluster * self.width..(cluster + 1) * self.width];
        for (sum, value) in values.iter_mut().zip(row) {
            *sum += value;
        }
    }

    fn add(&mut self, other: &Sums) {
        for (sum, value) in self.values.iter_mut().zip(&other.values) {
            *sum += value;
        }
        for (sum, value) in self.counts.iter_mut().zip(&other.counts) {
            *sum += value;
        }
    }

    fn means(&self, otherwise: &[f64]) -> Vec<f64> {
        let rows = self
            .values
            .chunks_exact(self.width)
            .zip(otherwise.chunks_exact(self.width));
        rows.zip(&self.counts)
            .flat_map(|((sums, otherwise), &count)| {
                sums.iter()
                    .zip(otherwise)
                    .map(move |(sum, otherwise)| match count {
                        0 => *otherwise,
                        count => sum / f64::from(count),
                    })
            })
            .collect()
    }
}

/// The squared Euclidean distance of two vectors.
pub(super) fn squared_distance(left: &[f64], right: &[f64]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| (left - right).powi(2))
        .sum()
}
