//! From rows to a matrix: numeric features as they are, and a column for each value of a category.

use serde::{Deserialize, Serialize};

use super::matrix::Matrix;
use super::rows::Rows;

/// How a matrix is made of rows. A kept model carries its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::table) struct Encoder {
    /// The numeric columns.
    pub(super) features: Vec<String>,
    pub(super) one_hot: Vec<Category>,
    /// Whether the first value of a category has no column: the others tell it already.
    drops_first: bool,
}

/// A categorical column and its values, sorted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Category {
    pub(super) column: String,
    pub(super) values: Vec<String>,
}

impl Encoder {
    pub(super) fn of(
        rows: &Rows,
        features: &[String],
        one_hot: &[String],
        drops_first: bool,
    ) -> Self {
        let categories = one_hot.iter().zip(&rows.categories);
        Encoder {
            features: features.to_vec(),
            one_hot: categories
                .map(|(column, values)| Category {
                    column: column.clone(),
                    values: values.clone(),
                })
                .collect(),
            drops_first,
        }
    }

    /// The columns of the matrix by name, such as `age` and `city = Rome`.
    pub(super) fn terms(&self) -> Vec<String> {
        let one_hot = self.one_hot.iter().flat_map(|category| {
            let values = category.values.iter().skip(self.skipped());
            values.map(|value| format!("{} = {value}", category.column))
        });
        self.features.iter().cloned().chain(one_hot).collect()
    }

    /// The matrix of some of the rows.
    pub(super) fn encode(&self, rows: &Rows, chosen: impl Iterator<Item = usize>) -> Matrix {
        let width = self.features.len();
        let categories = self.one_hot.len();
        let mut values = vec![];
        for row in chosen {
            values.extend_from_slice(&rows.numbers[row * width..(row + 1) * width]);
            let codes = &rows.codes[row * categories..(row + 1) * categories];
            for (category, &code) in self.one_hot.iter().zip(codes) {
                // An unknown value is none of them: all are 0.
                let columns = self.skipped()..category.values.len();
                values.extend(columns.map(|value| f64::from(u8::from(value == code as usize))));
            }
        }
        Matrix {
            values,
            width: self.width(),
        }
    }

    pub(super) fn width(&self) -> usize {
        let of_category =
            |category: &Category| category.values.len().saturating_sub(self.skipped());
        self.features.len() + self.one_hot.iter().map(of_category).sum::<usize>()
    }

    fn skipped(&self) -> usize {
        usize::from(self.drops_first)
    }
}
