//! The formats that files come in. Each has two things to offer: what its columns are, and its
//! rows, piece by piece; everything else (ledger, rejects, commit) is the same for all of them.

pub mod csv;

mod found;
mod piece;
mod read_options;
mod row_error;

use arrow::datatypes::SchemaRef;

pub use found::{Found, FoundColumn};
pub use piece::{LateFault, Origins, Piece, Pieces};
pub use read_options::ReadOptions;
pub use row_error::{Column, RowError};

use super::discover::SourceFile;
use crate::Result;

/// The names of the columns of a file, as it writes them.
///
/// # Errors
/// A file whose beginning cannot be read.
pub fn column_names(file: &SourceFile, options: &ReadOptions) -> Result<Vec<String>> {
    let (_, names) = csv::open(file.read()?, &file.name, &options.csv)?;
    Ok(names)
}

/// What the columns of a file are, from every value in it where the format has no types. Columns
/// that `is_declared` knows by their name in the file are not looked at.
///
/// # Errors
/// The first record that cannot be read.
pub fn infer(
    file: &SourceFile,
    options: &ReadOptions,
    is_declared: impl Fn(&str) -> bool,
) -> Result<Vec<FoundColumn>> {
    let inference = csv::infer(file.read()?, &file.name, &options.csv, is_declared)?;
    let columns = inference.columns.into_iter().map(|column| FoundColumn {
        name: column.name,
        found: Found::Kinds(column.kinds),
        evidence: column.evidence,
    });
    Ok(columns.collect())
}

/// The rows of a file as rows of `schema`. For every field, `places` holds the place of its column
/// in the file, from 0, or `None` for a column that the file does not have and that reads as NULL.
///
/// # Errors
/// A file whose beginning cannot be read, or a field that no value of its column could become.
pub fn read(
    file: &SourceFile,
    options: &ReadOptions,
    schema: SchemaRef,
    places: &[Option<usize>],
) -> Result<Pieces> {
    let reader = csv::CsvReader::new(file.read()?, &file.name, &options.csv, schema, places)?;
    Ok(Box::new(reader))
}
