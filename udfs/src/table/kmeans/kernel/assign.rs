//! Gives rows to their nearest centroids, a block at a time, and keeps the sums of the clusters.

use pulp::Arch;

use super::bounds::CentroidBounds;
use super::nearest::{BLOCK_ROWS, Block};
use super::points::Points;
use super::sums::{Grids, Sums};

/// The number of a cluster for a row that has none yet.
pub(super) const UNASSIGNED: u32 = u32::MAX;

/// One step for all rows: what each piece of them is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Assignment<'a> {
    pub(super) points: Points<'a>,
    pub(super) grids: &'a Grids,
    pub(super) centroids: &'a [f64],
    pub(super) bounds: &'a CentroidBounds,
}

impl Assignment<'_> {
    /// Gives the rows from `first` on to their nearest centroids, enters the change in `sums`, and
    /// returns how many changed hands. Without `lower` bounds each row is compared with all centroids.
    pub(super) fn assign(
        self,
        first: usize,
        nearest: &mut [u32],
        lower: &mut [f64],
        sums: &mut Sums,
    ) -> usize {
        if lower.is_empty() {
            self.assign_all(first, nearest, sums)
        } else {
            self.assign_bounded(first, nearest, lower, sums)
        }
    }

    fn assign_all(self, first: usize, nearest: &mut [u32], sums: &mut Sums) -> usize {
        let architecture = Arch::new();
        let mut block = Block::new();
        let mut changed = 0;
        for (number, nearest) in nearest.chunks_mut(BLOCK_ROWS).enumerate() {
            let first = first + number * BLOCK_ROWS;
            block.find(
                architecture,
                self.points,
                first,
                nearest.len(),
                self.centroids,
            );
            for ((row, nearest), &found) in (first..).zip(nearest).zip(&block.cluster) {
                changed += usize::from(self.hand_over(row, nearest, found as u32, sums));
            }
        }
        changed
    }

    fn assign_bounded(
        self,
        first: usize,
        nearest: &mut [u32],
        lower: &mut [f64],
        sums: &mut Sums,
    ) -> usize {
        let mut open = OpenRows::new(self.points.width());
        let mut changed = 0;
        for slot in 0..nearest.len() {
            let row = first + slot;
            if !self.stays(row, nearest[slot], &mut lower[slot]) {
                open.push(self.points, row, slot);
            }
            if open.slots.len() < BLOCK_ROWS && slot + 1 < nearest.len() {
                continue;
            }
            open.find(self.centroids);
            for (index, &slot) in open.slots.iter().enumerate() {
                lower[slot] = self.bounds.lower(open.block.second[index]);
                let found = open.block.cluster[index] as u32;
                changed +=
                    usize::from(self.hand_over(first + slot, &mut nearest[slot], found, sums));
            }
            open.clear();
        }
        changed
    }

    /// Whether a row certainly stays in its cluster. Brings its bound up to date.
    #[inline]
    fn stays(self, row: usize, cluster: u32, lower: &mut f64) -> bool {
        if cluster == UNASSIGNED {
            return false;
        }
        *lower = self.bounds.lowered(*lower, cluster);
        let width = self.points.width();
        let centroid = &self.centroids[cluster as usize * width..][..width];
        self.bounds
            .stays(self.points.squared_distance(row, centroid), *lower, cluster)
    }

    #[inline]
    fn hand_over(self, row: usize, nearest: &mut u32, found: u32, sums: &mut Sums) -> bool {
        if *nearest == found {
            return false;
        }
        let from = (*nearest != UNASSIGNED).then_some(*nearest);
        sums.move_row(self.points, self.grids, row, from, found);
        *nearest = found;
        true
    }
}

/// Rows from here and there that must be compared with all centroids, gathered in a block.
struct OpenRows {
    architecture: Arch,
    columns: Vec<Vec<f64>>,
    /// Where each row lies in its piece.
    slots: Vec<usize>,
    block: Block,
}

impl OpenRows {
    fn new(width: usize) -> Self {
        OpenRows {
            architecture: Arch::new(),
            columns: vec![Vec::with_capacity(BLOCK_ROWS); width],
            slots: Vec::with_capacity(BLOCK_ROWS),
            block: Block::new(),
        }
    }

    #[inline]
    fn push(&mut self, points: Points<'_>, row: usize, slot: usize) {
        for (gathered, column) in self.columns.iter_mut().zip(points.columns()) {
            gathered.push(column[row]);
        }
        self.slots.push(slot);
    }

    fn find(&mut self, centroids: &[f64]) {
        let columns: Vec<&[f64]> = self.columns.iter().map(Vec::as_slice).collect();
        let points = Points::new(&columns);
        self.block
            .find(self.architecture, points, 0, self.slots.len(), centroids);
    }

    fn clear(&mut self) {
        for column in &mut self.columns {
            column.clear();
        }
        self.slots.clear();
    }
}
