//! Finds the nearest centroid of many rows at once.
//!
//! The rows of a block fill the lanes of vector registers; the loop runs over centroids and features.
//! `pulp` compiles it for several instruction sets and takes the widest that the machine has. Products
//! and sums are never fused, so that all of them give the same bits as plain Rust.

use linfa::traits::Predict;
use pulp::{Arch, Scalar, Simd, WithSimd};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::points::{Points, ROWS_PER_TASK};

/// Rows per block: the columns of some ten features stay in the first cache, whatever the number of
/// centroids.
pub(super) const BLOCK_ROWS: usize = 256;

/// Vector registers that are filled at once, so that one addition need not wait for another.
const UNROLLED: usize = 4;

/// What is found for each row of a block.
#[derive(Debug)]
pub(super) struct Block {
    /// The nearest centroid; of two as near, the first.
    pub(super) cluster: [u64; BLOCK_ROWS],
    /// The squared distance to it.
    pub(super) distance: [f64; BLOCK_ROWS],
    /// The squared distance to the nearest of all others; infinite if there is none.
    pub(super) second: [f64; BLOCK_ROWS],
}

impl Block {
    pub(super) fn new() -> Self {
        Block {
            cluster: [0; BLOCK_ROWS],
            distance: [0.0; BLOCK_ROWS],
            second: [0.0; BLOCK_ROWS],
        }
    }

    /// Compares up to [`BLOCK_ROWS`] rows with all `centroids`, which lie one after the other.
    pub(super) fn find(
        &mut self,
        architecture: Arch,
        points: Points<'_>,
        first: usize,
        rows: usize,
        centroids: &[f64],
    ) {
        architecture.dispatch(Find {
            points,
            first,
            rows,
            centroids,
            block: self,
        });
    }
}

struct Find<'a> {
    points: Points<'a>,
    first: usize,
    rows: usize,
    centroids: &'a [f64],
    block: &'a mut Block,
}

impl WithSimd for Find<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let unrolled = S::F64_LANES * UNROLLED;
        let mut row = 0;
        while row + unrolled <= self.rows {
            find_lanes::<S, UNROLLED>(
                simd,
                self.points,
                self.first + row,
                row,
                self.centroids,
                self.block,
            );
            row += unrolled;
        }
        while row + S::F64_LANES <= self.rows {
            find_lanes::<S, 1>(
                simd,
                self.points,
                self.first + row,
                row,
                self.centroids,
                self.block,
            );
            row += S::F64_LANES;
        }
        while row < self.rows {
            find_lanes::<Scalar, 1>(
                Scalar,
                self.points,
                self.first + row,
                row,
                self.centroids,
                self.block,
            );
            row += 1;
        }
    }
}

/// Finds the nearest centroid for the rows of `N` registers: those from `row` on, which are those from
/// `slot` on in the block.
#[inline(always)]
fn find_lanes<S: Simd, const N: usize>(
    simd: S,
    points: Points<'_>,
    row: usize,
    slot: usize,
    centroids: &[f64],
    block: &mut Block,
) {
    let lanes = S::F64_LANES * N;
    let mut best = [simd.splat_f64s(f64::INFINITY); N];
    let mut second = [simd.splat_f64s(f64::INFINITY); N];
    let mut cluster = [simd.splat_u64s(0); N];
    for (number, centroid) in (0..).zip(centroids.chunks_exact(points.width())) {
        let mut sum = [simd.splat_f64s(0.0); N];
        for (column, &coordinate) in points.columns().iter().zip(centroid) {
            let (values, _) = S::as_simd_f64s(&column[row..row + lanes]);
            let coordinate = simd.splat_f64s(coordinate);
            for (sum, &values) in sum.iter_mut().zip(values) {
                let difference = simd.sub_f64s(values, coordinate);
                *sum = simd.add_f64s(*sum, simd.mul_f64s(difference, difference));
            }
        }
        let number = simd.splat_u64s(number);
        let found = best.iter_mut().zip(&mut second).zip(&mut cluster);
        for (((best, second), cluster), sum) in found.zip(sum) {
            let closer = simd.less_than_f64s(sum, *best);
            let farther = simd.select_f64s(closer, *best, sum);
            let nearer = simd.less_than_f64s(farther, *second);
            *second = simd.select_f64s(nearer, farther, *second);
            *best = simd.select_f64s(closer, sum, *best);
            *cluster = simd.select_u64s(closer, number, *cluster);
        }
    }
    let slots = slot..slot + lanes;
    S::as_mut_simd_f64s(&mut block.distance[slots.clone()])
        .0
        .copy_from_slice(&best);
    S::as_mut_simd_f64s(&mut block.second[slots.clone()])
        .0
        .copy_from_slice(&second);
    S::as_mut_simd_u64s(&mut block.cluster[slots])
        .0
        .copy_from_slice(&cluster);
}

/// The nearest centroids of some rows.
#[derive(Debug)]
pub(crate) struct Nearest {
    /// The nearest one; of two as near, the first.
    pub(crate) clusters: Vec<u32>,
    /// The squared distance to it.
    pub(crate) distances: Vec<f64>,
    /// The squared distance to the nearest of all others; infinite if there is none.
    pub(crate) seconds: Vec<f64>,
}

/// Centroids, one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Centroids<'a>(pub(crate) &'a [f64]);

impl Predict<Points<'_>, Nearest> for Centroids<'_> {
    /// Finds the two nearest centroids of each row.
    fn predict(&self, points: Points<'_>) -> Nearest {
        let rows = points.len();
        let mut nearest = Nearest {
            clusters: vec![0; rows],
            distances: vec![0.0; rows],
            seconds: vec![0.0; rows],
        };
        let pieces = nearest
            .clusters
            .chunks_mut(BLOCK_ROWS)
            .zip(nearest.distances.chunks_mut(BLOCK_ROWS))
            .zip(nearest.seconds.chunks_mut(BLOCK_ROWS))
            .enumerate();
        let architecture = Arch::new();
        let find = |block: &mut Box<Block>, (piece, found): (usize, Found<'_>)| {
            let ((clusters, distances), seconds) = found;
            let rows = clusters.len();
            block.find(architecture, points, piece * BLOCK_ROWS, rows, self.0);
            for (cluster, found) in clusters.iter_mut().zip(block.cluster) {
                *cluster = found as u32;
            }
            distances.copy_from_slice(&block.distance[..rows]);
            seconds.copy_from_slice(&block.second[..rows]);
        };
        let block = || Box::new(Block::new());
        // A few rows are sooner done than handed over.
        if rows <= ROWS_PER_TASK {
            let mut block = block();
            pieces.for_each(|piece| find(&mut block, piece));
        } else {
            let pieces: Vec<_> = pieces.collect();
            pieces.into_par_iter().for_each_init(block, find);
        }
        nearest
    }
}

/// The room for what is found in a block.
type Found<'a> = ((&'a mut [u32], &'a mut [f64]), &'a mut [f64]);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by plain Rust.
    fn one_by_one(points: Points<'_>, row: usize, centroids: &[f64]) -> (u64, f64, f64) {
        let mut found = (0, f64::INFINITY, f64::INFINITY);
        for (cluster, centroid) in (0..).zip(centroids.chunks(points.width())) {
            let distance = points.squared_distance(row, centroid);
            if distance < found.1 {
                found = (cluster, distance, found.1);
            } else if distance < found.2 {
                found.2 = distance;
            }
        }
        found
    }

    proptest! {
        #[test]
        fn vectors_give_the_bits_of_plain_code(
            width in 1_usize..7,
            k in 1_usize..12,
            // Few values, so that distances often tie.
            numbers in prop::collection::vec(prop_oneof![(-3..4_i32).prop_map(f64::from), -1e3..1e3_f64], 100..1800),
        ) {
            let (centroids, values) = numbers.split_at(k * width);
            let rows = (values.len() / width).min(BLOCK_ROWS);
            let columns: Vec<&[f64]> = values.chunks_exact(values.len() / width).take(width).collect();
            let points = Points::new(&columns);
            let mut block = Block::new();
            block.find(Arch::new(), points, 0, rows, centroids);
            for row in 0..rows {
                let (cluster, distance, second) = one_by_one(points, row, centroids);
                prop_assert_eq!(block.cluster[row], cluster);
                prop_assert_eq!(block.distance[row].to_bits(), distance.to_bits());
                prop_assert_eq!(block.second[row].to_bits(), second.to_bits());
            }
        }
    }
}
