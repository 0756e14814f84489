//! The types of a CSV file, from every value in it.
//!
//! A sample would be faster and wrong: the value that does not fit is in the last month.

use std::io::Read;

use arrow::datatypes::DataType;

use super::header::open;
use super::kind::Kinds;
use super::options::CsvOptions;
use super::record::Record;
use crate::Result;

/// How many characters of a value [`Evidence`] keeps.
const SHOWN_CHARACTERS: usize = 80;

/// What a whole file says about its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inference {
    /// Rows without the header.
    pub rows: u64,
    /// The columns in the order of the file.
    pub columns: Vec<InferredColumn>,
}

/// One column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferredColumn {
    /// Its name as the file writes it.
    pub name: String,
    /// The narrowest type that holds all its values; `None` for a declared column, whose values
    /// were not looked at.
    pub data_type: Option<DataType>,
    /// What its values are, for putting several files together.
    pub kinds: Kinds,
    /// The value that made it this type; `None` for a column without a value.
    pub evidence: Option<Evidence>,
}

/// The first value in the file that ruled out a narrower type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The value, shortened to 80 characters.
    pub value: String,
    /// The line on which it stands.
    pub line: u64,
}

/// Reads all of `input`, which errors call `name`, and finds the type of every column that
/// `is_declared` does not know by its name in the file. The types do not depend on the order of
/// the rows.
///
/// # Errors
/// The first record that cannot be read.
pub fn infer<R: Read>(
    input: R,
    name: &str,
    options: &CsvOptions,
    is_declared: impl Fn(&str) -> bool,
) -> Result<Inference> {
    let (mut records, headers) = open(input, name, options)?;
    let mut open_columns: Vec<usize> = (0..headers.len())
        .filter(|index| !is_declared(&headers[*index]))
        .collect();
    let mut columns: Vec<Observed> = headers.iter().map(|_| Observed::default()).collect();
    for index in &open_columns {
        columns[*index].data_type = Some(DataType::Utf8);
    }
    let mut rows = 0;
    while let Some(record) = records.read().map_err(|failure| failure.into_error(name))? {
        rows += 1;
        open_columns.retain(|index| !columns[*index].observe(&record, *index));
    }
    let columns = headers
        .into_iter()
        .zip(columns)
        .map(|(name, observed)| InferredColumn {
            name,
            data_type: observed.data_type,
            kinds: observed.kinds,
            evidence: observed.evidence,
        });
    Ok(Inference {
        rows,
        columns: columns.collect(),
    })
}

#[derive(Debug, Default)]
struct Observed {
    kinds: Kinds,
    data_type: Option<DataType>,
    evidence: Option<Evidence>,
}

impl Observed {
    /// Takes in one field and says whether the column is settled, so that it need not be asked
    /// again.
    fn observe(&mut self, record: &Record<'_>, index: usize) -> bool {
        let cell = record.cell(index);
        if cell.is_null() {
            return false;
        }
        let kinds = self.kinds.and(Kinds::of(&cell.text));
        if kinds == self.kinds {
            return false;
        }
        self.kinds = kinds;
        let data_type = kinds.data_type();
        if self.evidence.is_none() || !same_kind(self.data_type.as_ref(), &data_type) {
            self.evidence = Some(Evidence {
                value: cell.text.chars().take(SHOWN_CHARACTERS).collect(),
                line: record.line_of(index),
            });
        }
        self.data_type = Some(data_type);
        kinds.is_settled()
    }
}

/// A DECIMAL that grows is still a DECIMAL.
fn same_kind(before: Option<&DataType>, after: &DataType) -> bool {
    match (before, after) {
        (Some(DataType::Decimal128(..)), DataType::Decimal128(..)) => true,
        (before, after) => before == Some(after),
    }
}
