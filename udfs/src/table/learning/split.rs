//! Which rows are held out, so that a model is measured on rows that it has not seen.
//!
//! A hash of the seed and of the values of a row decides. So the choice does not depend on the order of
//! the rows, does not change when other rows come or go, and equal rows are always on the same side.

use super::rows::Rows;

/// Whether each row is held out, at about the given share.
pub(super) fn held_out(rows: &Rows, width: usize, share: f64, seed: u64) -> Vec<bool> {
    let categories: Vec<Vec<u64>> = rows
        .categories
        .iter()
        .map(|values| values.iter().map(|value| text(value)).collect())
        .collect();
    let classes: Vec<u64> = rows.classes.iter().map(|class| text(class)).collect();
    (0..rows.len())
        .map(|row| {
            let mut state = mix(seed);
            for number in &rows.numbers[row * width..(row + 1) * width] {
                state = mix(state ^ number.to_bits());
            }
            for (column, values) in categories.iter().enumerate() {
                let code = rows.codes[row * categories.len() + column];
                state = mix(state ^ values.get(code as usize).copied().unwrap_or_default());
            }
            let target = rows.targets[row];
            let target = classes.get(target as usize).copied();
            state = mix(state ^ target.unwrap_or(rows.targets[row].to_bits()));
            // The upper 53 bits are a number from 0 to 1.
            ((state >> 11) as f64) / ((1_u64 << 53) as f64) < share
        })
        .collect()
}

/// The FNV-1a hash of a text.
fn text(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number
/// generators", 2014).
fn mix(state: u64) -> u64 {
    let state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: u32) -> Rows {
        Rows {
            places: (0..count as usize).collect(),
            numbers: (0..count).map(f64::from).collect(),
            targets: vec![0.0; count as usize],
            total: count as usize,
            ..Rows::default()
        }
    }

    #[test]
    fn holds_out_about_the_share() {
        for share in [0.1, 0.2, 0.5] {
            let held = held_out(&rows(20_000), 1, share, 42);
            let found = held.iter().filter(|held| **held).count() as f64 / 20_000.0;
            assert!((found - share).abs() < 0.01, "{found} for {share}");
        }
        assert!(held_out(&rows(100), 1, 0.0, 42).iter().all(|held| !held));
    }

    #[test]
    fn other_rows_change_nothing_and_another_seed_does() {
        let many = held_out(&rows(1000), 1, 0.3, 7);
        assert_eq!(held_out(&rows(300), 1, 0.3, 7), many[..300]);
        assert_ne!(held_out(&rows(1000), 1, 0.3, 8), many);
    }
}
