//! Sums of floating point numbers that are the same in any order.
//!
//! Each number is cut to a grid whose step is a power of two, and so becomes an integer; integers are
//! added without rounding. The idea is that of J. Demmel, H. D. Nguyen, "Fast reproducible
//! floating-point summation", 2013, with one wide integer in place of several bins. As nothing is lost,
//! a number can also be taken out of a sum again.

use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::points::ROWS_PER_TASK;

/// Bits of a number above the point of the scaled number: a whole `i64`, save its sign and one more.
const HIGH_BITS: i32 = 62;

/// Bits below it. With the high ones that makes 93, so that 2^34 numbers fit an `i128`.
const LOW_BITS: i32 = 31;

/// The grid of some numbers.
///
/// A number that is up to 2^40 times smaller than the largest one keeps all of its 53 bits; what a
/// smaller one loses is less than 2^-92 of the largest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    scale: f64,
    unit: f64,
}

impl Grid {
    /// A grid for numbers from `-largest` to `largest`.
    pub(crate) fn up_to(largest: f64) -> Self {
        // The largest number is less than two to the power of this.
        let exponent = ((largest.to_bits() >> 52) & 0x7ff) as i32 - 1022;
        let shift = (HIGH_BITS - exponent).min(1022);
        Grid {
            scale: power_of_two(shift),
            unit: power_of_two(-shift),
        }
    }

    /// A grid for the numbers of a column.
    pub(crate) fn of(column: &[f64]) -> Self {
        Grid::up_to(largest_of(column))
    }

    /// The integer of a number, which must lie in the range of the grid.
    #[inline]
    pub(crate) fn integer(self, number: f64) -> i128 {
        let scaled = number * self.scale;
        let high = scaled as i64;
        let low = ((scaled - high as f64) * power_of_two(LOW_BITS)) as i64;
        (i128::from(high) << LOW_BITS) + i128::from(low)
    }

    /// The nearest number to a sum of integers.
    pub(crate) fn number(self, sum: i128) -> f64 {
        sum as f64 * power_of_two(-LOW_BITS) * self.unit
    }

    /// The mean of so many integers: a sum that is rounded once, divided.
    pub(crate) fn mean(self, sum: i128, count: i64) -> f64 {
        sum as f64 / count as f64 * power_of_two(-LOW_BITS) * self.unit
    }

    /// The sum of what `value` makes of each number of a column; in the range of the grid.
    pub(crate) fn sum(self, column: &[f64], value: impl Fn(f64) -> f64 + Sync) -> i128 {
        column
            .par_iter()
            .with_min_len(ROWS_PER_TASK)
            .map(|&number| self.integer(value(number)))
            .sum()
    }
}

/// The largest magnitude in a column; passes over NaN.
pub(super) fn largest_of(column: &[f64]) -> f64 {
    column
        .par_iter()
        .with_min_len(ROWS_PER_TASK)
        .map(|number| number.abs())
        .reduce(|| 0.0, f64::max)
}

/// Two to a power from -1022 to 1023.
const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_changes_no_bit(
            mut numbers in prop::collection::vec(-1e9..1e9_f64, 1..200),
            seed in any::<u64>(),
        ) {
            let grid = Grid::of(&numbers);
            let sum = grid.sum(&numbers, |number| number);
            numbers.sort_by_key(|number| number.to_bits().wrapping_mul(seed | 1));
            prop_assert_eq!(grid.sum(&numbers, |number| number), sum);
        }

        #[test]
        fn integers_sum_exactly(numbers in prop::collection::vec(-1_000_000..1_000_000_i32, 1..200)) {
            let column: Vec<f64> = numbers.iter().copied().map(f64::from).collect();
            let exact: i64 = numbers.iter().copied().map(i64::from).sum();
            let grid = Grid::of(&column);
            prop_assert_eq!(grid.number(grid.sum(&column, |number| number)), exact as f64);
        }

        #[test]
        fn a_number_up_to_a_trillion_times_smaller_comes_back(number in any::<f64>(), factor in 1.0..1e12_f64) {
            prop_assume!(number.is_finite() && (1e-250..1e250).contains(&number.abs()));
            let grid = Grid::up_to(number.abs() * factor);
            prop_assert_eq!(grid.number(grid.integer(number)), number);
        }
    }

    #[test]
    fn a_small_number_survives_large_ones_that_cancel() {
        let column = [1e10, 0.1, -1e10];
        let grid = Grid::of(&column);
        assert_eq!(grid.number(grid.sum(&column, |number| number)), 0.1);
    }

    #[test]
    fn the_ends_of_the_range_stay_finite() {
        for largest in [0.0, 5e-324, 1e-200, 1e150, f64::MAX] {
            let grid = Grid::up_to(largest);
            let sum = grid.integer(largest) + grid.integer(largest);
            let mean = grid.mean(sum, 2);
            assert!((mean - largest).abs() <= largest * f64::EPSILON || largest < 1e-300);
            assert!(mean.is_finite());
        }
    }
}
