//! Random numbers that start anew with every row, so that a row depends on nothing but its number.
//!
//! Only whole numbers and the four operations of arithmetic are drawn with: logarithms and the like
//! differ between machines in the last bit, and so would the data.

use rand::seq::SliceRandom;
use rand::{Rng, RngCore, SeedableRng};
use rand_xoshiro::{SplitMix64, Xoshiro256PlusPlus};

/// All random numbers of one kind of thing, such as the rows of a file or the prescribers in it.
#[derive(Debug, Clone, Copy)]
pub struct Stream(u64);

impl Stream {
    /// The stream of a seed for the things called `kind`. Hashed, as seeds are often neighbours.
    pub fn new(seed: u64, kind: u8) -> Self {
        let mut seeds = SplitMix64::seed_from_u64(seed);
        let skipped = (0..kind).map(|_| seeds.next_u64()).last();
        Stream(seeds.next_u64() ^ skipped.unwrap_or_default())
    }

    /// The random numbers of thing `number`.
    pub fn at(self, number: u64) -> Random {
        Random(Xoshiro256PlusPlus::seed_from_u64(
            self.0.wrapping_add(number),
        ))
    }
}

/// The random numbers of one thing.
#[derive(Debug)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to `bound - 1`. The bound is 1 or more.
    pub fn below(&mut self, bound: u32) -> u32 {
        self.0.gen_range(0..bound)
    }

    /// A number from `low` to `high`, both among them.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        self.0.gen_range(low..=high)
    }

    /// A number from 0 on, below 1.
    pub fn share(&mut self) -> f64 {
        self.0.gen_range(0.0..1.0)
    }

    /// Whether something happens that does so in `cases` of `of` cases.
    pub fn happens(&mut self, cases: u32, of: u32) -> bool {
        self.below(of) < cases
    }

    /// One of some words, each as likely as the others.
    pub fn pick<const COUNT: usize>(&mut self, words: &[&'static str; COUNT]) -> &'static str {
        // Drawn in 32 bits, as usize differs between machines.
        words[self.below(COUNT as u32) as usize]
    }

    /// Puts things into any order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        things.shuffle(&mut self.0);
    }

    /// One of `whole` numbers, from the part `part` of `parts` parts: for picks that never meet.
    /// There are at least as many numbers as parts.
    pub fn within_part(&mut self, part: u64, parts: u64, whole: u64) -> u64 {
        let start_of =
            |part: u64| (u128::from(part) * u128::from(whole) / u128::from(parts)) as u64;
        self.0.gen_range(start_of(part)..start_of(part + 1))
    }

    /// A number around 0 with standard deviation 1, within 3.5 of it: the sum of four even ones.
    pub fn deviation(&mut self) -> f64 {
        const MEAN: f64 = 2.0 * 65_535.0;
        const PER_UNIT: f64 = 37_837.0; // sqrt(4 / 12) of 65,536
        let bits = self.bits();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xFFFF).sum();
        (sum as f64 - MEAN) / PER_UNIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_seeds_kinds_and_rows_have_nothing_in_common() {
        let first = |seed, kind, row| Stream::new(seed, kind).at(row).bits();
        let mut drawn = vec![];
        for seed in 0..4 {
            for kind in 0..3 {
                drawn.extend((0..4).map(|row| first(seed, kind, row)));
            }
        }
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 4 * 3 * 4);
    }

    #[test]
    fn picks_from_different_parts_never_meet() {
        for (parts, whole) in [(1, 1), (7, 7), (7, 50), (3, 200)] {
            let mut random = Stream::new(1, 0).at(0);
            let picks: Vec<u64> = (0..parts)
                .map(|part| random.within_part(part, parts, whole))
                .collect();
            assert!(picks.windows(2).all(|pair| pair[0] < pair[1]), "{picks:?}");
            assert!(picks.iter().all(|pick| *pick < whole));
        }
    }

    #[test]
    fn deviations_have_mean_0_and_deviation_1() {
        let mut random = Stream::new(1, 0).at(0);
        let drawn: Vec<f64> = (0..100_000).map(|_| random.deviation()).collect();
        let mean = drawn.iter().sum::<f64>() / 1e5;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 1e5;
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02,
            "{mean} {variance}"
        );
    }
}
