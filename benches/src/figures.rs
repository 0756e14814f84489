//! Median, minimum and maximum of repeated runs, and the ratio of two of them.

/// Seconds over several runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// The one in the middle; of an even number the mean of the two.
    pub median: f64,
    /// The fastest.
    pub minimum: f64,
    /// The slowest.
    pub maximum: f64,
}

impl Figures {
    /// The figures of these runs; `None` without any.
    pub fn of(seconds: &[f64]) -> Option<Self> {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median = match sorted.len().is_multiple_of(2) {
            true => f64::midpoint(sorted[middle - 1], upper),
            false => upper,
        };
        Some(Figures {
            median,
            minimum: *sorted.first()?,
            maximum: *sorted.last()?,
        })
    }

    /// How many times the median of `ours` this one takes: above 1, ours is faster.
    pub fn ratio_to(&self, ours: &Figures) -> f64 {
        self.median / ours.median
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_of_the_sorted_runs() {
        let odd = Figures::of(&[3.0, 1.0, 10.0]);
        let even = Figures::of(&[4.0, 1.0, 3.0, 2.0]);
        let figures = |median, minimum, maximum| {
            Some(Figures {
                median,
                minimum,
                maximum,
            })
        };
        assert_eq!(odd, figures(3.0, 1.0, 10.0));
        assert_eq!(even, figures(2.5, 1.0, 4.0));
        assert_eq!(Figures::of(&[]), None);
    }

    #[test]
    fn a_ratio_above_one_means_that_ours_is_faster() {
        let figures = |seconds| Figures::of(&[seconds]);
        let ratio = figures(6.0)
            .zip(figures(2.0))
            .map(|(theirs, ours)| theirs.ratio_to(&ours));
        assert_eq!(ratio, Some(3.0));
    }
}
