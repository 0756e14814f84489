//! Arrow IPC, also called Feather: files and streams.

use std::io::{BufReader, Read, Seek};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::{FileReader, StreamReader};

use super::typed::TypedBatches;
use crate::landing::discover::SourceFile;
use crate::{Error, Place, Result};

const FILE_MAGIC: &[u8] = b"ARROW1";

/// The columns of the file.
pub(super) fn schema(file: &SourceFile) -> Result<SchemaRef> {
    Ok(open(file, None)?.0)
}

/// The rows of the file.
pub(super) fn read(file: &SourceFile, wanted: &[usize]) -> Result<TypedBatches> {
    let (_, batches) = open(file, Some(wanted.to_vec()))?;
    let name = file.name.clone();
    Ok(Box::new(batches.map(move |batch| {
        Ok(batch.map_err(|error| broken(&name, error))?.into())
    })))
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

fn open(file: &SourceFile, wanted: Option<Vec<usize>>) -> Result<(SchemaRef, Batches)> {
    let mut input = BufReader::new(file.open_uncompressed()?);
    let mut magic = Vec::with_capacity(FILE_MAGIC.len());
    let failed = |error| Error::file("read", &file.path, error);
    input
        .by_ref()
        .take(FILE_MAGIC.len() as u64)
        .read_to_end(&mut magic)
        .map_err(failed)?;
    input.rewind().map_err(failed)?;
    let opened: Result<(SchemaRef, Batches), ArrowError> = if magic == FILE_MAGIC {
        FileReader::try_new(input, wanted)
            .map(|reader| (reader.schema(), Box::new(reader) as Batches))
    } else {
        StreamReader::try_new(input, wanted)
            .map(|reader| (reader.schema(), Box::new(reader) as Batches))
    };
    opened.map_err(|error| broken(&file.name, error))
}

fn broken(file: &str, error: ArrowError) -> Error {
    Error::input("the file is not readable as Arrow IPC")
        .source(error)
        .place(Place::file(file))
}
