//! Rows to seed a clustering on: all of them if they are few, else a sample. Either way they come in an
//! order of their own, so that the order of the input has no influence on random picks.
//!
//! Which rows a sample has depends on their values alone: each row is hashed with the seed, and the
//! different rows with the smallest hashes are taken. Equal rows share a hash, and cannot be told apart
//! whatever their order; they come along as copies, thinned out like all others so that the sample
//! stays small, but for a last one.

use datafusion::common::HashMap;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::kernel::{Points, compare_rows};

/// Rows that are hashed in one go.
const PIECE_ROWS: usize = 1 << 14;

/// The different rows of a sample by their hashes, and how often each is there.
type Picked = HashMap<u64, (usize, usize)>;

/// Up to twice `limit` rows, one after the other, sorted by their values.
pub(super) fn sample(points: Points<'_>, limit: usize, seed: u64) -> Vec<f64> {
    let copies = if points.len() <= limit {
        let mut rows: Vec<usize> = (0..points.len()).collect();
        rows.sort_unstable_by(|&left, &right| compare_rows(points, left, right));
        rows.into_iter().map(|row| (row, 1)).collect()
    } else {
        pick(points, limit, seed)
    };
    let mut values = Vec::with_capacity(copies.len() * points.width());
    for (row, copies) in copies {
        for _ in 0..copies {
            values.extend(points.row(row));
        }
    }
    values
}

/// The `limit` different rows with the smallest hashes, or all different rows if they are fewer.
fn pick(points: Points<'_>, limit: usize, seed: u64) -> Vec<(usize, usize)> {
    // So many hashes lie below this that there are enough, unless rows repeat.
    let mut highest = u64::MAX / (points.len() / (2 * limit) + 1) as u64;
    let mut picked = hashed_up_to(points, highest, seed);
    while picked.len() < limit && highest < u64::MAX {
        highest = highest.saturating_mul(8);
        picked = hashed_up_to(points, highest, seed);
    }
    let mut rows: Vec<(u64, (usize, usize))> = picked.into_iter().collect();
    rows.sort_unstable_by_key(|(hash, _)| *hash);
    rows.truncate(limit);
    let mut rows: Vec<(usize, usize)> = rows.into_iter().map(|(_, row)| row).collect();
    rows.sort_unstable_by(|left, right| compare_rows(points, left.0, right.0));
    let total: usize = rows.iter().map(|(_, copies)| copies).sum();
    for (_, copies) in &mut rows {
        let share = *copies as u128 * limit as u128 / total as u128;
        *copies = usize::try_from(share).unwrap_or(limit).max(1);
    }
    rows
}

fn hashed_up_to(points: Points<'_>, highest: u64, seed: u64) -> Picked {
    let starts = (0..points.len().div_ceil(PIECE_ROWS)).into_par_iter();
    starts
        .fold(Picked::default, |mut picked, piece| {
            let first = piece * PIECE_ROWS;
            let end = (first + PIECE_ROWS).min(points.len());
            for (row, hash) in (first..).zip(hashes(points, first, end, seed)) {
                if hash <= highest {
                    enter(points, &mut picked, hash, (row, 1));
                }
            }
            picked
        })
        .reduce(Picked::default, |left, right| {
            let (mut more, fewer) = if left.len() < right.len() {
                (right, left)
            } else {
                (left, right)
            };
            for (hash, found) in fewer {
                enter(points, &mut more, hash, found);
            }
            more
        })
}

/// Adds copies of a row. Of different rows with the same hash, the smaller one stands for both.
fn enter(points: Points<'_>, picked: &mut Picked, hash: u64, (row, copies): (usize, usize)) {
    let known = picked.entry(hash).or_insert((row, 0));
    known.1 += copies;
    if compare_rows(points, row, known.0).is_lt() {
        known.0 = row;
    }
}

fn hashes(points: Points<'_>, first: usize, end: usize, seed: u64) -> Vec<u64> {
    let mut hashes = vec![mix(seed); end - first];
    for column in points.columns() {
        for (hash, value) in hashes.iter_mut().zip(&column[first..end]) {
            *hash = mix(*hash ^ value.to_bits());
        }
    }
    hashes
}

/// The step of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
/// generators", 2014): each bit of the input changes about half of those of the output.
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_of_the_rows_does_not_matter(
            rows in prop::collection::vec((-5..5_i32, -50..50_i32), 20..300),
            limit in 5_usize..40,
            turn in any::<prop::sample::Index>(),
        ) {
            let sampled = |rows: &[(i32, i32)]| {
                let first: Vec<f64> = rows.iter().map(|row| row.0.into()).collect();
                let second: Vec<f64> = rows.iter().map(|row| row.1.into()).collect();
                sample(Points::new(&[&first, &second]), limit, 42)
            };
            let mut turned = rows.clone();
            turned.rotate_left(turn.index(rows.len()));
            let expected = sampled(&rows);
            prop_assert_eq!(&sampled(&turned), &expected);
            prop_assert!(expected.len() <= 2 * 2 * limit);
            let mut different: Vec<&[f64]> = expected.chunks(2).collect();
            prop_assert!(different.is_sorted_by(|left, right| left <= right));
            different.dedup();
            let all: std::collections::HashSet<_> = rows.iter().collect();
            prop_assert_eq!(different.len(), all.len().min(limit));
        }
    }

    #[test]
    fn copies_keep_their_share() {
        let column: Vec<f64> = (0..100_000).map(|row| f64::from(row % 4 / 3)).collect();
        let sampled = sample(Points::new(&[&column]), 1000, 42);
        assert_eq!(sampled.iter().filter(|value| **value == 1.0).count(), 250);
        assert_eq!(sampled.len(), 1000);
    }
}
