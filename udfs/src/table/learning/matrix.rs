//! Numbers in rows, levelled, and cut into pieces for several threads.

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use rayon::prelude::*;

use crate::table::arguments::Argument;
use crate::table::columns::{check_column, check_numeric, columns};

/// Feature vectors, one row after the other.
#[derive(Debug, Clone, Default)]
pub(in crate::table) struct Matrix {
    pub(in crate::table) values: Vec<f64>,
    pub(in crate::table) width: usize,
}

impl Matrix {
    pub(in crate::table) fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.width.max(1))
    }

    pub(in crate::table) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..(row + 1) * self.width]
    }

    pub(in crate::table) fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }
}

/// Mean and population standard deviation of each column.
#[derive(Debug, Clone)]
pub(in crate::table) struct Levels {
    pub(in crate::table) means: Vec<f64>,
    /// 1 where the column does not vary, so that it may be divided by.
    pub(in crate::table) deviations: Vec<f64>,
    /// Whether the column does not vary.
    pub(in crate::table) constant: Vec<bool>,
}

impl Levels {
    pub(in crate::table) fn of(matrix: &Matrix) -> Self {
        let count = matrix.len().max(1) as f64;
        let column = |index: usize| matrix.rows().map(move |row| row[index]);
        let mut levels = Levels {
            means: vec![],
            deviations: vec![],
            constant: vec![],
        };
        for index in 0..matrix.width {
            let first = matrix.values.get(index).copied().unwrap_or_default();
            // Without this, rounding would make a small deviation of none.
            let constant = column(index).all(|value| value == first);
            let mean = match constant {
                true => first,
                false => column(index).sum::<f64>() / count,
            };
            let squares: f64 = column(index).map(|value| (value - mean).powi(2)).sum();
            let deviation = (squares / count).sqrt();
            levels.means.push(mean);
            levels.constant.push(constant || deviation == 0.0);
            levels.deviations.push(match constant || deviation == 0.0 {
                true => 1.0,
                false => deviation,
            });
        }
        levels
    }

    /// Takes the means away and divides by the deviations.
    pub(in crate::table) fn apply(&self, matrix: &mut Matrix) {
        let width = matrix.width.max(1);
        for row in matrix.values.chunks_exact_mut(width) {
            let levels = self.means.iter().zip(&self.deviations);
            for (value, (mean, deviation)) in row.iter_mut().zip(levels) {
                *value = (*value - mean) / deviation;
            }
        }
    }
}

/// Computes something of pieces of the rows `0..count` on all cores, and gives it in the order of the
/// pieces: what is added up in that order is the same for any number of threads.
pub(in crate::table) fn in_pieces<T: Send>(
    count: usize,
    compute: impl Fn(std::ops::Range<usize>) -> T + Sync,
) -> Vec<T> {
    const PIECE: usize = 4096;
    (0..count.div_ceil(PIECE))
        .into_par_iter()
        .map(|piece| compute(piece * PIECE..((piece + 1) * PIECE).min(count)))
        .collect()
}

/// Reads `features`: numeric columns, one or more. `hint` says what to do with text.
pub(in crate::table) fn check_features(
    argument: &Argument,
    input: &DFSchema,
    hint: &str,
) -> Result<Vec<String>> {
    let names = columns(argument, input)?;
    for name in &names {
        check_column(argument, name, input)?;
        let data_type = input
            .fields()
            .iter()
            .find(|field| field.name() == name)
            .map_or(&DataType::Null, |field| field.data_type());
        if is_text(data_type) {
            return Err(argument.refuse(
                format!(
                    "'{name}' (in `{}`) must be numeric or boolean, not {data_type}",
                    argument.name
                ),
                hint.to_owned(),
            ));
        }
        check_numeric(argument, name, input)?;
    }
    Ok(names)
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        other => other.is_string(),
    }
}
