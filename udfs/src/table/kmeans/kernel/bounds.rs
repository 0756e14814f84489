//! Lower bounds that spare most rows the comparison with all centroids.
//!
//! G. Hamerly, "Making k-means even faster", 2010: for each row a bound on how near any centroid but
//! its own can be. A centroid that moves lowers the bounds by how far it moved. While the own centroid
//! is nearer than the bound, or than half the way to any other centroid, the row stays where it is.
//!
//! Bounds are kept a little too low, by more than roundings can add up to. So a row that is spared would
//! have stayed in a comparison with all centroids too, which finds rounded distances: the result is the
//! same to the last bit, with ties and without.

use super::points::squared_distance;

/// With fewer centroids times features than this, comparing with all of them costs less than the bounds.
const WORTHWHILE: usize = 512;

/// What squares lose that are too small for a floating point number, and more.
const UNDERFLOW: f64 = 1e-150;

/// No distance that was rounded to infinity is shorter.
const LONGEST: f64 = 1e150;

/// The bounds of all rows, and how far the centroids moved since.
#[derive(Debug)]
pub(super) struct Bounds {
    /// For each row; empty where bounds do not pay.
    pub(super) lower: Vec<f64>,
    pub(super) centroids: CentroidBounds,
}

impl Bounds {
    pub(super) fn new(rows: usize, k: usize, width: usize) -> Self {
        let worthwhile = k.saturating_mul(width) >= WORTHWHILE;
        Bounds::with(if worthwhile { rows } else { 0 }, k, width)
    }

    pub(super) fn with(rows: usize, k: usize, width: usize) -> Self {
        Bounds {
            lower: vec![0.0; rows],
            centroids: CentroidBounds {
                half: vec![0.0; k],
                farthest: (0, 0.0),
                second_farthest: 0.0,
                // Each feature adds a rounding or two to a distance.
                margin: (width as f64 + 16.0) * 4.0 * f64::EPSILON,
            },
        }
    }

    /// Takes note that centroids have moved.
    pub(super) fn centroids_move(&mut self, before: &[f64], after: &[f64], width: usize) {
        if !self.lower.is_empty() {
            self.centroids.update(before, after, width);
        }
    }

    /// Makes sure that a row is compared with all centroids next.
    pub(super) fn forget(&mut self, row: usize) {
        if let Some(lower) = self.lower.get_mut(row) {
            *lower = 0.0;
        }
    }
}

/// The part of the bounds that is the same for all rows of a cluster.
#[derive(Debug)]
pub(super) struct CentroidBounds {
    /// Half the distance from each centroid to the nearest other one.
    half: Vec<f64>,
    /// The centroid that moved farthest, and how far.
    farthest: (u32, f64),
    second_farthest: f64,
    margin: f64,
}

impl CentroidBounds {
    fn update(&mut self, before: &[f64], after: &[f64], width: usize) {
        self.farthest = (0, 0.0);
        self.second_farthest = 0.0;
        let moves = before.chunks_exact(width).zip(after.chunks_exact(width));
        for (cluster, (before, after)) in (0..).zip(moves) {
            let moved = squared_distance(before, after).sqrt() * (1.0 + self.margin) + UNDERFLOW;
            if moved > self.farthest.1 {
                self.second_farthest = self.farthest.1;
                self.farthest = (cluster, moved);
            } else {
                self.second_farthest = self.second_farthest.max(moved);
            }
        }
        let half_way = |cluster: usize| {
            let own = &after[cluster * width..(cluster + 1) * width];
            let others = after
                .chunks_exact(width)
                .enumerate()
                .filter(|(other, _)| *other != cluster);
            let nearest = others
                .map(|(_, other)| squared_distance(own, other))
                .fold(f64::INFINITY, f64::min);
            0.5 * self.lower(nearest)
        };
        self.half = (0..self.half.len()).map(half_way).collect();
    }

    /// A bound from the squared distance to the second nearest centroid.
    pub(super) fn lower(&self, squared: f64) -> f64 {
        squared.sqrt().min(LONGEST) * (1.0 - self.margin) - UNDERFLOW
    }

    /// The bound of a row of `cluster` after the last move of the centroids.
    pub(super) fn lowered(&self, lower: f64, cluster: u32) -> f64 {
        let moved = if self.farthest.0 == cluster {
            self.second_farthest
        } else {
            self.farthest.1
        };
        lower - moved - lower.abs() * self.margin
    }

    /// Whether a row that is so far from its centroid, squared, is nearer to it than to any other.
    pub(super) fn stays(&self, squared: f64, lower: f64, cluster: u32) -> bool {
        squared.sqrt() * (1.0 + self.margin) + UNDERFLOW < lower.max(self.half[cluster as usize])
    }
}
