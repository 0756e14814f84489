//! Avro object container files.

use std::io::BufReader;

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow_avro::reader::{Reader, ReaderBuilder};

use super::typed::{BATCH_ROWS, TypedBatches};
use crate::landing::discover::SourceFile;
use crate::{Error, Place, Result};

/// The columns of the file.
pub(super) fn schema(file: &SourceFile) -> Result<SchemaRef> {
    Ok(open(file, None)?.schema())
}

/// The rows of the file.
pub(super) fn read(file: &SourceFile, wanted: &[usize]) -> Result<TypedBatches> {
    let reader = open(file, Some(wanted.to_vec()))?;
    let name = file.name.clone();
    Ok(Box::new(reader.map(move |batch| {
        Ok(batch.map_err(|error| broken(&name, error))?.into())
    })))
}

fn open(file: &SourceFile, wanted: Option<Vec<usize>>) -> Result<Reader<BufReader<std::fs::File>>> {
    let mut builder = ReaderBuilder::new().with_batch_size(BATCH_ROWS);
    if let Some(wanted) = wanted {
        builder = builder.with_projection(wanted);
    }
    builder
        .build(BufReader::new(file.open_uncompressed()?))
        .map_err(|error| broken(&file.name, error))
}

fn broken(file: &str, error: ArrowError) -> Error {
    Error::input("the file is not readable as Avro")
        .source(error)
        .place(Place::file(file))
}
