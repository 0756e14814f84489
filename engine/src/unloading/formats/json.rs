//! JSON, by the library's writer: decimals are numbers with all their digits, dates and timestamps
//! are texts, NULL is written, so that every object has every name.
//!
//! What that writer would change, NaN into null, does not come here.

use std::fmt::Debug;
use std::io::Write;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::{JsonFormat, LineDelimited};

use crate::Result;

/// One object per line.
pub(super) fn encode_lines(batches: &[RecordBatch]) -> Result<Vec<u8>> {
    encode::<LineDelimited>(batches)
}

/// Objects with a comma between them: a part of an array.
pub(super) fn encode_elements(batches: &[RecordBatch]) -> Result<Vec<u8>> {
    encode::<Elements>(batches)
}

fn encode<F: JsonFormat>(batches: &[RecordBatch]) -> Result<Vec<u8>> {
    let builder = WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, F>(Vec::new());
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    Ok(writer.into_inner())
}

/// An array without its brackets, which stand around all of its parts.
#[derive(Debug, Default)]
struct Elements {}

impl JsonFormat for Elements {
    fn start_row<W: Write>(&self, writer: &mut W, is_first_row: bool) -> Result<(), ArrowError> {
        match is_first_row {
            true => Ok(()),
            false => Ok(writer.write_all(b",\n")?),
        }
    }
}
