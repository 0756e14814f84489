//! The different texts of a column: each gets a number, in the order of the texts in the end.

use std::collections::HashMap;

use datafusion::common::Result;

use crate::table::execution_refusal;

/// More different values than this are no categories any more.
pub(in crate::table) const MOST_VALUES: usize = 100;

/// The number of a text that is none of the values.
pub(in crate::table) const UNKNOWN: u32 = u32::MAX;

/// The values of a column, numbered.
#[derive(Debug)]
pub(super) struct Values {
    column: String,
    names: Vec<String>,
    numbers: HashMap<String, u32>,
    /// Whether new values may come; a kept model knows its own only.
    open: bool,
}

impl Values {
    pub(super) fn open(column: String) -> Self {
        Values {
            column,
            names: vec![],
            numbers: HashMap::new(),
            open: true,
        }
    }

    pub(super) fn closed(column: String, names: &[String]) -> Self {
        Values {
            column,
            names: names.to_vec(),
            numbers: names.iter().cloned().zip(0..).collect(),
            open: false,
        }
    }

    /// The number of a value.
    ///
    /// # Errors
    /// More than [`MOST_VALUES`] of them.
    pub(super) fn number_of(&mut self, function: &str, value: &str) -> Result<u32> {
        if let Some(&number) = self.numbers.get(value) {
            return Ok(number);
        }
        if !self.open {
            return Ok(UNKNOWN);
        }
        let number = match u32::try_from(self.names.len()) {
            Ok(number) if self.names.len() < MOST_VALUES => number,
            _ => {
                return Err(execution_refusal(
                    format!(
                        "{function}: '{}' has more than {MOST_VALUES} different values",
                        self.column
                    ),
                    "put rare values together in the SELECT of the input, such as CASE WHEN .. ELSE 'other' END",
                ));
            }
        };
        self.names.push(value.to_owned());
        self.numbers.insert(value.to_owned(), number);
        Ok(number)
    }

    /// The values in the order of `key`, and the place there of each number.
    pub(super) fn in_order<K: Ord>(self, key: impl Fn(&str) -> K) -> (Vec<String>, Vec<u32>) {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        if self.open {
            order.sort_by_key(|&number| key(&self.names[number]));
        }
        let mut places = vec![0; order.len()];
        for (place, &number) in (0..).zip(&order) {
            places[number] = place;
        }
        let names = order.iter().map(|&number| self.names[number].clone());
        (names.collect(), places)
    }
}
