//! Levels features, so that one in dollars does not drown one in years.

use std::f64::consts::SQRT_2;

use rayon::iter::{
    IndexedParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator,
};
use rayon::slice::ParallelSliceMut;
use serde::{Deserialize, Serialize};

use super::kernel::{Grid, ROWS_PER_TASK};
use super::parameters::Scale;
use crate::table::models::exact_number;

/// How to scale each feature of some rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Levels(pub(super) Vec<Level>);

impl Levels {
    /// The levels of the features in `columns`, of which those from `indicators` on tell categories.
    pub(super) fn of(columns: &[&mut [f64]], indicators: usize, scale: Scale) -> Self {
        let level = |(place, column): (usize, &&mut [f64])| match place < indicators {
            true => Level::of(column, scale),
            false => Level::of_indicator(),
        };
        Levels(columns.iter().enumerate().map(level).collect())
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Level {
    /// Whether the logarithm comes first.
    logarithm: bool,
    #[serde(with = "exact_number")]
    zero: f64,
    #[serde(with = "exact_number")]
    unit: f64,
    /// Of the scaled feature.
    #[serde(with = "exact_number")]
    variance: f64,
}

impl Level {
    /// The level of an indicator, which is 0 or 1: rows of different categories are 1 apart.
    pub(super) fn of_indicator() -> Self {
        Level {
            logarithm: false,
            zero: 0.0,
            unit: SQRT_2,
            variance: 0.0,
        }
    }

    fn of(column: &[f64], scale: Scale) -> Self {
        if scale == Scale::Log {
            let logarithms: Vec<f64> = column.par_iter().map(|&value| logarithm(value)).collect();
            return Level {
                logarithm: true,
                ..Level::of(&logarithms, Scale::Standard)
            };
        }
        let (smallest, largest) = range(column);
        let spread = largest - smallest;
        // Averages of one and the same amount differ in the last bits; that is noise, not structure.
        let noise = 8.0 * f64::EPSILON * smallest.abs().max(largest.abs());
        let (mean, variance) = mean_and_variance(column, smallest, largest);
        let (zero, unit) = match scale {
            Scale::None => (0.0, 1.0),
            _ if spread <= noise => (smallest, 0.0),
            Scale::Standard | Scale::Log => (mean, variance.sqrt()),
            Scale::MinMax => (smallest, spread),
            Scale::Robust => {
                let [low, median, high] = quartiles(column);
                // Half of the rows or more are alike: then all others set the measure.
                let range = if high > low { high - low } else { spread };
                (median, range)
            }
        };
        Level {
            logarithm: false,
            zero,
            unit,
            variance: if unit > 0.0 {
                variance / unit / unit
            } else {
                0.0
            },
        }
    }

    pub(super) fn apply(&self, value: f64) -> f64 {
        let value = if self.logarithm {
            logarithm(value)
        } else {
            value
        };
        if self.unit > 0.0 {
            // Adding 0 turns -0 into 0: rows are compared by their bits.
            (value - self.zero) / self.unit + 0.0
        } else {
            0.0
        }
    }

    /// The value that is scaled to this.
    pub(super) fn undo(&self, scaled: f64) -> f64 {
        let value = scaled * self.unit + self.zero;
        match self.logarithm {
            true => value.abs().exp_m1().copysign(value),
            false => value,
        }
    }

    /// Whether the mean of scaled values is the scaled mean of the values.
    pub(super) fn keeps_means(&self) -> bool {
        !self.logarithm
    }
}

/// Of 1 + the magnitude, with the sign.
fn logarithm(value: f64) -> f64 {
    value.abs().ln_1p().copysign(value)
}

/// The quartiles, between rows where they fall between two.
fn quartiles(column: &[f64]) -> [f64; 3] {
    let mut sorted = column.to_vec();
    sorted.par_sort_unstable_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|share| quantile(&sorted, share))
}

/// The median of numbers, of which there is one at least.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.par_sort_unstable_by(f64::total_cmp);
    quantile(&numbers, 0.5)
}

/// Linear between neighbours, as in R's type 7 and NumPy.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

pub(super) fn range(column: &[f64]) -> (f64, f64) {
    let wider = |left: (f64, f64), right: (f64, f64)| (left.0.min(right.0), left.1.max(right.1));
    column
        .par_iter()
        .with_min_len(ROWS_PER_TASK)
        .map(|&value| (value, value))
        .reduce(|| (f64::INFINITY, f64::NEG_INFINITY), wider)
}

/// The mean and the population variance (not that of a sample: the rows are all there are).
pub(super) fn mean_and_variance(column: &[f64], smallest: f64, largest: f64) -> (f64, f64) {
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
        Levels::of(&columns, width, scale)
    }

    #[test]
    fn columns_are_scaled_like_vectors() {
        let mut column = [1.0, 3.0, 5.0];
        let mut columns = [column.as_mut_slice()];
        Levels::of(&columns, 1, Scale::MinMax).apply(&mut columns);
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
    fn robust_gives_median_zero_and_interquartile_range_one() {
        let scaled = leveled(&[1.0, 2.0, 3.0, 4.0, 1000.0], 1, Scale::Robust);
        assert_eq!(scaled, [-1.0, -0.5, 0.0, 0.5, 498.5]);
        // More than half are alike.
        assert_eq!(
            leveled(&[2.0, 2.0, 2.0, 2.0, 6.0], 1, Scale::Robust),
            [0.0, 0.0, 0.0, 0.0, 1.0]
        );
    }

    #[test]
    fn log_levels_what_grows_by_factors() {
        let scaled = leveled(&[-9.0, 0.0, 9.0], 1, Scale::Log);
        let unit = 1.5_f64.sqrt();
        assert!((scaled[2] - unit).abs() < 1e-12 && scaled[1] == 0.0);
        assert_eq!(scaled[0], -scaled[2]);
    }

    #[test]
    fn scaling_can_be_undone() {
        let values = [1.0, 30.0, 2.0, 10.0, 5.0, -20.0];
        for scale in Scale::ALL {
            let Levels(levels) = levels(&values, 2, scale);
            for (value, level) in values.iter().zip(levels.iter().cycle()) {
                assert!(
                    (level.undo(level.apply(*value)) - value).abs() < 1e-12,
                    "{scale}"
                );
            }
        }
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
