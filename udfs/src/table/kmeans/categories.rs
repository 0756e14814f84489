//! A column of `one_hot`: its values become features, 1 in the rows that have them and 0 in others.
//! Never a code for each value: codes would make up distances.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{HashMap, Result};

use super::NAME;
use crate::table::execution_refusal;

/// The code of a row without a value.
pub(super) const NO_CATEGORY: u32 = u32::MAX;

/// More values than this would be no categories.
const MOST: usize = 100;

/// The values of a column, by row.
#[derive(Debug, Clone, Default)]
pub(super) struct Categories {
    /// For each row the number of its value, as they came; or [`NO_CATEGORY`].
    pub(super) codes: Vec<u32>,
    known: HashMap<String, u32>,
}

impl Categories {
    /// The codes of the rows of a batch; new values get new ones.
    pub(super) fn codes_of(&mut self, name: &str, column: &ArrayRef) -> Result<Vec<u32>> {
        let texts = texts(column)?;
        let mut codes = Vec::with_capacity(texts.len());
        for text in texts.as_string::<i32>() {
            codes.push(match text {
                None => NO_CATEGORY,
                Some(text) => match self.known.get(text) {
                    Some(code) => *code,
                    None => self.enter(name, text)?,
                },
            });
        }
        Ok(codes)
    }

    fn enter(&mut self, name: &str, text: &str) -> Result<u32> {
        let code = self.known.len();
        if code == MOST {
            return Err(execution_refusal(
                format!("{NAME}: '{name}' (in `one_hot`) has more than {MOST} values"),
                "put rare ones together in the SELECT of the input, such as CASE WHEN .. ELSE 'other' END",
            ));
        }
        self.known.insert(text.to_owned(), code as u32);
        Ok(code as u32)
    }

    /// The values, sorted.
    pub(super) fn values(&self) -> Vec<String> {
        let mut values: Vec<String> = self.known.keys().cloned().collect();
        values.sort();
        values
    }

    /// A column of 0 and 1 for each value, in their order.
    pub(super) fn indicators(&self) -> Vec<Vec<f64>> {
        let column = |value: &String| {
            let code = self.known.get(value).copied().unwrap_or(NO_CATEGORY);
            let indicator = |found: &u32| f64::from(u8::from(*found == code));
            self.codes.iter().map(indicator).collect()
        };
        self.values().iter().map(column).collect()
    }
}

/// The values as texts.
pub(super) fn texts(column: &ArrayRef) -> Result<ArrayRef> {
    Ok(cast(column, &DataType::Utf8)?)
}
