//! Draws amounts from the shape of real ones, with no formula that fits them badly.

use super::random::Random;

/// The shares of the drawn amounts that are below the given ones.
const SHARES: [f64; 14] = [
    0.0, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0,
];

/// The least amount, those that 1 %, 5 %, 10 %, 20 %, 35 %, 50 %, 65 %, 80 %, 90 %, 95 %, 99 % and
/// 99.9 % of the amounts are below, and the largest. Between them amounts are even.
#[derive(Debug)]
pub struct Quantiles(pub [f64; SHARES.len()]);

impl Quantiles {
    /// One amount.
    pub fn draw(&self, random: &mut Random) -> f64 {
        let share = random.share();
        // A share is below 1, so there is an upper end.
        let upper = SHARES
            .iter()
            .skip(1)
            .take_while(|end| **end <= share)
            .count()
            + 1;
        let (low, high) = (SHARES[upper - 1], SHARES[upper]);
        let along = (share - low) / (high - low);
        self.0[upper - 1] + along * (self.0[upper] - self.0[upper - 1])
    }

    /// One amount in hundredths.
    pub fn draw_cents(&self, random: &mut Random) -> u64 {
        (self.draw(random) * 100.0).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::random::Stream;
    use super::*;

    #[test]
    fn amounts_are_below_the_quantiles_as_often_as_these_say() {
        let quantiles = Quantiles([
            1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0, 144.0, 233.0, 377.0, 610.0,
        ]);
        let mut random = Stream::new(3, 0).at(0);
        let drawn: Vec<f64> = (0..100_000).map(|_| quantiles.draw(&mut random)).collect();
        assert!(drawn.iter().all(|amount| (1.0..610.0).contains(amount)));
        for (share, quantile) in SHARES.iter().zip(quantiles.0) {
            let below = drawn.iter().filter(|amount| **amount < quantile).count();
            assert!(
                (below as f64 / 1e5 - share).abs() < 0.01,
                "{share}: {below}"
            );
        }
    }
}
