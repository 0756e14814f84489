//! Rows as directions, for the distance `cosine`: vectors of length 1, whose squared distance is twice
//! 1 - the cosine of their angle.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

/// Gives each row the length 1, and tells the lengths that they had. A row of zeros has no direction and
/// stays.
pub(super) fn to_unit_length(columns: &mut [&mut [f64]]) -> Vec<f64> {
    let rows = columns.first().map_or(0, |column| column.len());
    let lengths: Vec<f64> = {
        let columns: Vec<&[f64]> = columns.iter().map(|column| &**column).collect();
        let length = |row: usize| {
            columns
                .iter()
                .map(|column| column[row] * column[row])
                .sum::<f64>()
                .sqrt()
        };
        (0..rows)
            .into_par_iter()
            .with_min_len(1 << 12)
            .map(length)
            .collect()
    };
    for column in columns {
        for (value, length) in column.iter_mut().zip(&lengths) {
            if *length > 0.0 {
                *value /= length;
            }
        }
    }
    lengths
}

/// The distance of two directions from the square of that of their ends.
pub(super) fn cosine_distance(squared: f64) -> f64 {
    squared / 2.0
}
