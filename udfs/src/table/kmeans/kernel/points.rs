//! Rows as the kernel sees them: a column for each feature.

use std::cmp::Ordering;

use linfa::dataset::Records;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefMutIterator, ParallelIterator};

/// Fewer rows than this are not worth handing to another thread.
pub(crate) const ROWS_PER_TASK: usize = 8192;

/// Rows whose features lie in columns of the same length; one column or more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Points<'a> {
    columns: &'a [&'a [f64]],
    /// How much each row counts; all alike where there are none.
    weights: Option<&'a [f64]>,
}

impl<'a> Points<'a> {
    /// The columns must be equally long.
    pub(crate) fn new(columns: &'a [&'a [f64]]) -> Self {
        Points {
            columns,
            weights: None,
        }
    }

    /// The same rows, which count as much as these numbers say.
    pub(crate) fn weighted(self, weights: Option<&'a [f64]>) -> Self {
        Points { weights, ..self }
    }

    /// How much each row counts.
    pub(crate) fn weights(self) -> Option<&'a [f64]> {
        self.weights
    }

    pub(crate) fn len(self) -> usize {
        self.columns.first().map_or(0, |column| column.len())
    }

    /// How many features there are.
    pub(crate) fn width(self) -> usize {
        self.columns.len()
    }

    pub(crate) fn columns(self) -> &'a [&'a [f64]] {
        self.columns
    }

    /// The features of a row.
    pub(crate) fn row(self, row: usize) -> impl Iterator<Item = f64> + Clone + 'a {
        self.columns.iter().map(move |column| column[row])
    }

    /// The squared distance of a row to a vector, by the same steps as the search for the nearest one.
    #[inline]
    pub(super) fn squared_distance(self, row: usize, vector: &[f64]) -> f64 {
        let mut sum = 0.0;
        for (column, coordinate) in self.columns.iter().zip(vector) {
            let difference = column[row] - coordinate;
            sum += difference * difference;
        }
        sum
    }

    /// Fills `distances` with the squared distance of each row to its centroid.
    pub(crate) fn squared_distances(
        self,
        centroids: &[f64],
        nearest: &[u32],
        distances: &mut [f64],
    ) {
        let width = self.width();
        let distance_of = |row: usize, distance: &mut f64| {
            let first = nearest[row] as usize * width;
            *distance = self.squared_distance(row, &centroids[first..first + width]);
        };
        distances
            .par_iter_mut()
            .with_min_len(ROWS_PER_TASK)
            .enumerate()
            .for_each(|(row, distance)| distance_of(row, distance));
    }
}

impl Records for Points<'_> {
    type Elem = f64;

    fn nsamples(&self) -> usize {
        self.len()
    }

    fn nfeatures(&self) -> usize {
        self.width()
    }
}

/// The order of two rows by their values, feature by feature.
pub(crate) fn compare_rows(points: Points<'_>, left: usize, right: usize) -> Ordering {
    points
        .columns
        .iter()
        .map(|column| column[left].total_cmp(&column[right]))
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// The squared Euclidean distance of two vectors.
pub(crate) fn squared_distance(left: &[f64], right: &[f64]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| (left - right) * (left - right))
        .sum()
}
