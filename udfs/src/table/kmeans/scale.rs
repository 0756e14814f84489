//! Levels features, so that one in dollars does not drown one in years.

use rayon::iter::{
    IndexedParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator,
};

use super::kernel::{Grid, ROWS_PER_TASK};
use super::parameters::Scale;

/// How to scale each feature of some rows.
#[derive(Debug)]
pub(super) struct Levels(Vec<Level>);

impl Levels {
    /// The levels of the features in `columns`.
    pub(super) fn of(columns: &[&mut [f64]], scale: Scale) -> Self {
        Levels(
            columns
                .iter()
                .map(|column| Level::of(column, scale))
                .collect(),
        )
    }

    /// Scales columns. A feature that is the same in all rows becomes 0, save with [`Scale::None`].
    pub(super) fn apply(&self, columns: &mut [&mut [f64]]) {
        for (column, level) in columns.iter_mut().zip(&self.0) {
            column
                .par_iter_mut()
                .with_min_len(ROWS_PER_TASK)
                .for_each(|value| *value = level.apply(*value));
        }
    }

    /// Scales vectors that lie one after the other.
    pub(super) fn apply_to_vectors(&self, vectors: &mut [f64]) {
        for (value, level) in vectors.iter_mut().zip(self.0.iter().cycle()) {
            *value = level.apply(*value);
        }
    }

    /// The variance of a scaled feature on average: the yardstick of the tolerance.
    pub(super) fn mean_variance(&self) -> f64 {
        self.0.iter().map(|level| level.variance).sum::<f64>() / self.0.len() as f64
    }
}

/// Where the scaled feature is 0, and how much makes 1; a unit of 0 marks a constant feature.
#[derive(Debug)]
struct Level {
    zero: f64,
    unit: f64,
    /// Of the scaled feature.
    variance: f64,
}

impl Level {
    fn of(column: &[f64], scale: Scale) -> Self {
        let (smallest, largest) = range(column);
        let spread = largest - smallest;
        // Averages of one and the same amount differ in the last bits; that is noise, not structure.
        let noise = 8.0 * f64::EPSILON * smallest.abs().max(largest.abs());
        let (mean, variance) = mean_and_variance(column, smallest, largest);
        let (zero, unit) = match scale {
            Scale::None => (0.0, 1.0),
            _ if spread <= noise => (smallest, 0.0),
            Scale::Standard => (mean, variance.sqrt()),
            Scale::MinMax => (smallest, spread),
        };
        Level {
            zero,
            unit,
            variance: if unit > 0.0 {
                variance / unit / unit
            } else {
                0.0
            },
        }
    }

    fn apply(&self, value: f64) -> f64 {
        if self.unit > 0.0 {
            // Adding 0 turns -0 into 0: rows are compared by their bits.
            (value - self.zero) / self.unit + 0.0
        } else {
            0.0
        }
    }
}

fn range(column: &[f64]) -> (f64, f64) {
    let wider = |left: (f64, f64), right: (f64, f64)| (left.0.min(right.0), left.1.max(right.1));
    column
        .par_iter()
        .with_min_len(ROWS_PER_TASK)
        .map(|&value| (value, value))
        .reduce(|| (f64::INFINITY, f64::NEG_INFINITY), wider)
}

/// The mean and the population variance (not that of a sample: the rows are all there are).
fn mean_and_variance(column: &[f64], smallest: f64, largest: f64) -> (f64, f64) {
    let count = column.len() as i64;
    let grid = Grid::up_to(smallest.abs().max(largest.abs()));
    let mean = grid.mean(grid.sum(column, |value| value), count);
    let reach = (largest - mean).max(mean - smallest);
    let grid = Grid::up_to(reach * reach);
    let squares = grid.sum(column, |value| (value - mean) * (value - mean));
    (mean, grid.mean(squares, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scales vectors that lie one after the other.
    fn leveled(vectors: &[f64], width: usize, scale: Scale) -> Vec<f64> {
        let mut scaled = vectors.to_vec();
        levels(vectors, width, scale).apply_to_vectors(&mut scaled);
        scaled
    }

    fn levels(vectors: &[f64], width: usize, scale: Scale) -> Levels {
        let column = |feature| {
            vectors
                .iter()
                .skip(feature)
                .step_by(width)
                .copied()
                .collect()
        };
        let mut columns: Vec<Vec<f64>> = (0..width).map(column).collect();
        let columns: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
        Levels::of(&columns, scale)
    }

    #[test]
    fn columns_are_scaled_like_vectors() {
        let mut column = [1.0, 3.0, 5.0];
        let mut columns = [column.as_mut_slice()];
        Levels::of(&columns, Scale::MinMax).apply(&mut columns);
        assert_eq!(column, [0.0, 0.5, 1.0]);
    }

    #[test]
    fn the_yardstick_is_the_variance_of_the_scaled_features() {
        let vectors = [1.0, 30.0, 3.0, 10.0, 5.0, 20.0];
        assert_eq!(levels(&vectors, 2, Scale::Standard).mean_variance(), 1.0);
        let none = levels(&vectors, 2, Scale::None).mean_variance();
        assert!((none - (8.0 / 3.0 + 200.0 / 3.0) / 2.0).abs() < 1e-12);
        let minmax = levels(&vectors, 2, Scale::MinMax).mean_variance();
        assert!((minmax - 1.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn standard_gives_mean_zero_and_population_deviation_one() {
        // 2, 4, 4, 4, 5, 5, 7, 9 has mean 5 and population standard deviation 2.
        let scaled = leveled(
            &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0],
            1,
            Scale::Standard,
        );
        assert_eq!(scaled, [-1.5, -0.5, -0.5, -0.5, 0.0, 0.0, 1.0, 2.0]);
    }

    #[test]
    fn minmax_gives_zero_to_one_per_feature() {
        let scaled = leveled(&[1.0, 30.0, 3.0, 10.0, 5.0, 20.0], 2, Scale::MinMax);
        assert_eq!(scaled, [0.0, 1.0, 0.5, 0.0, 1.0, 0.5]);
    }

    #[test]
    fn none_changes_nothing() {
        assert_eq!(leveled(&[1.0, 1.0, 7.5], 1, Scale::None), [1.0, 1.0, 7.5]);
    }

    #[test]
    fn other_vectors_are_scaled_alike() {
        let mut others = [3.0, 30.0, 9.0, 10.0];
        levels(&[1.0, 10.0, 5.0, 20.0], 2, Scale::MinMax).apply_to_vectors(&mut others);
        assert_eq!(others, [0.5, 2.0, 2.0, 0.0]);
    }

    #[test]
    fn a_constant_feature_becomes_zero() {
        let third = 0.1 + 0.2;
        for scale in [Scale::Standard, Scale::MinMax] {
            assert_eq!(leveled(&[7.0, 7.0, 7.0], 1, scale), [0.0, 0.0, 0.0]);
            assert_eq!(leveled(&[0.3, third, 0.3], 1, scale), [0.0, 0.0, 0.0]);
            assert_eq!(leveled(&[1e-200, 0.0], 1, Scale::MinMax), [1.0, 0.0]);
        }
    }
}
