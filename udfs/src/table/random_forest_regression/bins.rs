//! Features as small numbers: the values of each are cut into at most 256 bins of about as many rows,
//! so that a tree looks at bins rather than sorts rows (G. Ke et al., "LightGBM", 2017).

use rayon::prelude::*;

use crate::table::learning::Matrix;

/// The most bins; a number of one is a byte.
pub(super) const MOST: usize = 256;

/// The features of all rows as numbers of bins.
#[derive(Debug)]
pub(super) struct Bins {
    pub(super) columns: Vec<Column>,
    pub(super) rows: usize,
}

/// One feature.
#[derive(Debug)]
pub(super) struct Column {
    /// A bin holds the values up to its cut; the last one holds the rest.
    pub(super) cuts: Vec<f64>,
    pub(super) bins: Vec<u8>,
}

impl Bins {
    pub(super) fn of(matrix: &Matrix) -> Self {
        let columns = (0..matrix.width).into_par_iter().map(|column| {
            let values: Vec<f64> = matrix.rows().map(|row| row[column]).collect();
            let cuts = cuts(values.clone());
            let bin = |value: &f64| cuts.partition_point(|cut| cut < value);
            // There are at most 255 cuts.
            let bins = values
                .iter()
                .map(|value| u8::try_from(bin(value)).unwrap_or(u8::MAX));
            Column {
                bins: bins.collect(),
                cuts,
            }
        });
        Bins {
            columns: columns.collect(),
            rows: matrix.len(),
        }
    }
}

/// Where to cut: between all values if they are few, else after about as many rows each.
fn cuts(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let rows = values.len();
    let ends: Vec<usize> = (1..rows)
        .filter(|&end| values[end - 1] < values[end])
        .collect();
    let chosen: Vec<usize> = match ends.len() < MOST {
        true => ends,
        false => {
            let mut chosen: Vec<usize> = (1..MOST)
                .filter_map(|part| {
                    let wanted = part * rows / MOST;
                    let next = ends.partition_point(|&end| end < wanted);
                    ends.get(next).copied()
                })
                .collect();
            chosen.dedup();
            chosen
        }
    };
    chosen
        .into_iter()
        .map(|end| {
            let (below, above) = (values[end - 1], values[end]);
            let middle = below + (above - below) / 2.0;
            if middle < above { middle } else { below }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each_and_many_share() {
        assert_eq!(cuts(vec![3.0, 1.0, 1.0, 2.0]), [1.5, 2.5]);
        assert!(cuts(vec![7.0; 9]).is_empty());
        let many: Vec<f64> = (0..100_000).map(f64::from).collect();
        let matrix = Matrix {
            values: many,
            width: 1,
        };
        let bins = Bins::of(&matrix);
        let mut counts = [0_usize; MOST];
        for &bin in &bins.columns[0].bins {
            counts[usize::from(bin)] += 1;
        }
        assert!(
            counts.iter().all(|count| (385..=396).contains(count)),
            "{counts:?}"
        );
    }
}
