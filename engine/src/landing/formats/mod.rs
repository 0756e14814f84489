//! The formats that files come in. Each has two things to offer: what its columns are, and its
//! rows, piece by piece; everything else (ledger, rejects, commit) is the same for all of them.
//!
//! There are three families. CSV is text, and its types are found in the values. JSON and workbooks
//! have values that say what they are, each for itself. The others have types, which are kept.

pub mod csv;

mod arrow_ipc;
mod avro;
mod excel;
mod found;
mod json;
mod orc;
mod parquet;
mod path_columns;
mod piece;
mod read_options;
mod remarks;
mod row_error;
mod shape;
mod typed;
mod value;
mod value_column;
mod value_rows;

use std::io::Read;

use arrow::datatypes::SchemaRef;

pub use found::{Found, FoundColumn};
pub(super) use path_columns::value_of as path_value;
pub use piece::{LateFault, Origins, Piece, Pieces, RowPlace};
pub use read_options::ReadOptions;
pub use remarks::Remarks;
pub use row_error::{Column, RowError};

use path_columns::Split;
use typed::{TypedBatches, TypedPieces, wanted};

use super::discover::SourceFile;
use crate::Result;
use crate::sql::FileFormat;

/// The names of the columns of a file, as it writes them; those in its path come last.
///
/// # Errors
/// A file whose beginning cannot be read.
pub fn column_names(file: &SourceFile, options: &ReadOptions) -> Result<Vec<String>> {
    let mut names = own_names(file, options)?;
    let in_path: Vec<_> = path_columns::beside(file, &names)
        .map(|column| column.name.clone())
        .collect();
    names.extend(in_path);
    Ok(names)
}

/// What the columns of a file are, from every value in it where the format has no types. Columns
/// that `is_declared` knows by their name in the file need not be looked at.
///
/// # Errors
/// The first record that cannot be read.
pub fn infer(
    file: &SourceFile,
    options: &ReadOptions,
    is_declared: impl Fn(&str) -> bool,
) -> Result<Vec<FoundColumn>> {
    let mut columns = match file.format {
        FileFormat::Csv | FileFormat::Tsv => {
            let csv = options.csv_for(file.format);
            let inference = csv_file(file, &csv, &|| file.read()).infer(is_declared)?;
            if let Some(bad) = inference.first_bad.filter(|_| !options.sets_aside) {
                return Err(bad.into_error(&file.name));
            }
            let columns = inference.columns.into_iter().map(|column| FoundColumn {
                name: column.name,
                found: Found::Kinds(column.kinds),
                evidence: column.evidence,
            });
            columns.collect()
        }
        FileFormat::Json => json::infer(file, options)?,
        FileFormat::Excel => excel::infer(file, options)?,
        FileFormat::Parquet | FileFormat::Avro | FileFormat::Orc | FileFormat::Arrow => {
            let schema = typed_schema(file)?;
            let columns = schema.fields().iter().map(|field| FoundColumn {
                name: field.name().clone(),
                found: Found::Type(field.data_type().clone()),
                evidence: None,
            });
            columns.collect()
        }
    };
    let names = file.remember_names(|| names_of(&columns));
    columns.extend(path_columns::beside(file, names).map(path_columns::found));
    Ok(columns)
}

/// The rows of a file as rows of `schema`. For every field, `places` holds the place of its column
/// among the [`column_names`] of the file, or `None` for a column that the file does not have and
/// that reads as NULL.
///
/// # Errors
/// A file whose beginning cannot be read, or a field that no value of its column could become.
pub fn read(
    file: &SourceFile,
    options: &ReadOptions,
    schema: SchemaRef,
    places: &[Option<usize>],
) -> Result<Pieces> {
    let names = own_names(file, options)?;
    let split = Split::new(file, &names, schema, places)?;
    let pieces = read_own(file, options, &names, &split)?;
    Ok(split.join(pieces))
}

fn read_own(
    file: &SourceFile,
    options: &ReadOptions,
    names: &[String],
    split: &Split,
) -> Result<Pieces> {
    let (schema, places) = (split.schema.clone(), split.places.as_slice());
    Ok(match file.format {
        FileFormat::Csv | FileFormat::Tsv => {
            let csv = options.csv_for(file.format);
            Box::new(csv_file(file, &csv, &|| file.read()).read(schema, places)?)
        }
        FileFormat::Json => json::read(file, names, schema, places, options.on_loss)?,
        FileFormat::Excel => excel::read(file, options, schema, places)?,
        FileFormat::Parquet | FileFormat::Avro | FileFormat::Orc | FileFormat::Arrow => {
            let found = typed_schema(file)?;
            let batches = typed_batches(file, &wanted(places))?;
            Box::new(TypedPieces::new(
                batches,
                &file.name,
                &found,
                schema,
                places,
                options.on_loss,
            )?)
        }
    })
}

/// The names of the columns in the file itself. To know those of a JSON file is to read all of
/// it, so they are remembered.
fn own_names(file: &SourceFile, options: &ReadOptions) -> Result<Vec<String>> {
    if let Some(names) = file.remembered_names() {
        return Ok(names.to_vec());
    }
    let names = match file.format {
        FileFormat::Csv | FileFormat::Tsv => {
            let csv = options.csv_for(file.format);
            csv_file(file, &csv, &|| file.read()).columns()?
        }
        FileFormat::Json => names_of(&json::infer(file, options)?),
        FileFormat::Excel => names_of(&excel::infer(file, options)?),
        FileFormat::Parquet | FileFormat::Avro | FileFormat::Orc | FileFormat::Arrow => {
            let schema = typed_schema(file)?;
            schema
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect()
        }
    };
    Ok(file.remember_names(|| names).to_vec())
}

fn csv_file<'a>(
    file: &'a SourceFile,
    options: &'a csv::CsvOptions,
    open: &'a dyn Fn() -> Result<Box<dyn Read + Send>>,
) -> csv::CsvFile<'a> {
    csv::CsvFile {
        name: &file.name,
        options,
        remarks: &file.remarks,
        open,
    }
}

fn names_of(columns: &[FoundColumn]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// Whether a Parquet file holds timestamps in the old form, whose range the engine does not keep.
pub(super) fn has_int96(file: &SourceFile) -> Result<bool> {
    parquet::has_int96(file)
}

fn typed_schema(file: &SourceFile) -> Result<SchemaRef> {
    match file.format {
        FileFormat::Avro => avro::schema(file),
        FileFormat::Orc => orc::schema(file),
        FileFormat::Arrow => arrow_ipc::schema(file),
        _ => parquet::schema(file),
    }
}

fn typed_batches(file: &SourceFile, wanted: &[usize]) -> Result<TypedBatches> {
    match file.format {
        FileFormat::Avro => avro::read(file, wanted),
        FileFormat::Orc => orc::read(file, wanted),
        FileFormat::Arrow => arrow_ipc::read(file, wanted),
        _ => parquet::read(file, wanted),
    }
}
