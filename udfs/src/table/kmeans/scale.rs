//! Levels features, so that one in dollars does not drown one in years.

use super::parameters::Scale;

/// How to scale each feature of some vectors. Vectors lie one after the other.
#[derive(Debug)]
pub(super) struct Levels(Vec<Level>);

impl Levels {
    /// The levels of the vectors in `features`. Sums run in the order of the rows.
    pub(super) fn of(features: &[f64], width: usize, scale: Scale) -> Self {
        let level = |feature: usize| {
            let column = || features.iter().skip(feature).step_by(width).copied();
            match scale {
                Scale::None => Level {
                    zero: 0.0,
                    unit: 1.0,
                },
                Scale::Standard => standard(column),
                Scale::MinMax => min_max(column),
            }
        };
        Levels((0..width).map(level).collect())
    }

    /// Scales vectors: these or others. A feature that is the same in all rows becomes 0, save with
    /// [`Scale::None`].
    pub(super) fn apply(&self, vectors: &mut [f64]) {
        for vector in vectors.chunks_exact_mut(self.0.len()) {
            for (value, level) in vector.iter_mut().zip(&self.0) {
                *value = level.apply(*value);
            }
        }
    }
}

/// Where the scaled feature is 0, and how much makes 1; a unit of 0 marks a constant feature.
#[derive(Debug)]
struct Level {
    zero: f64,
    unit: f64,
}

impl Level {
    fn apply(&self, value: f64) -> f64 {
        if self.unit > 0.0 {
            (value - self.zero) / self.unit
        } else {
            0.0
        }
    }
}

/// The mean and the population standard deviation (not that of a sample: the rows are all there are).
fn standard<Column: Iterator<Item = f64>>(column: impl Fn() -> Column) -> Level {
    let range = min_max(&column);
    if range.unit == 0.0 {
        return range;
    }
    let count = column().count() as f64;
    let mean = column().sum::<f64>() / count;
    let variance = column().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    Level {
        zero: mean,
        unit: variance.sqrt(),
    }
}

fn min_max<Column: Iterator<Item = f64>>(column: impl Fn() -> Column) -> Level {
    let smallest = column().fold(f64::INFINITY, f64::min);
    let largest = column().fold(f64::NEG_INFINITY, f64::max);
    // Averages of one and the same amount differ in the last bits; that is noise, not structure.
    let noise = 8.0 * f64::EPSILON * smallest.abs().max(largest.abs());
    let spread = largest - smallest;
    Level {
        zero: smallest,
        unit: if spread > noise { spread } else { 0.0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leveled(features: &[f64], width: usize, scale: Scale) -> Vec<f64> {
        let mut features = features.to_vec();
        Levels::of(&features, width, scale).apply(&mut features);
        features
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
        Levels::of(&[1.0, 10.0, 5.0, 20.0], 2, Scale::MinMax).apply(&mut others);
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
