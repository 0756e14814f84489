//! Typed batches from a CSV stream.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, SchemaRef};

use super::fault::{Failure, RowError};
use super::header::open;
use super::options::CsvOptions;
use super::record::Record;
use super::records::RecordReader;
use crate::values::{ColumnBuilder, Refusal, sql_name};
use crate::{Error, Result};

/// A batch ends early when its records hold this many bytes, so that wide rows cannot take all
/// memory nor overflow the 32-bit offsets of a text column.
const MAX_BATCH_BYTES: usize = 64 << 20;
/// How many characters of a refused value a message shows.
const SHOWN_CHARACTERS: usize = 60;

/// Reads a CSV stream as batches of a schema. It ends after the first error.
#[derive(Debug)]
pub struct CsvReader<R> {
    records: RecordReader<R>,
    schema: SchemaRef,
    columns: Vec<TypedColumn>,
    batch_size: usize,
    done: bool,
}

#[derive(Debug)]
struct TypedColumn {
    /// The place in the file; `None` reads as NULL.
    source: Option<usize>,
    builder: ColumnBuilder,
}

impl<R: Read> CsvReader<R> {
    /// A reader of `input`, which errors call `name`. For every field of `schema`, `sources` holds
    /// the place of its column in the file, from 0, or `None` for a column that the file does not
    /// have and that reads as NULL. Columns of the file that no field asks for are passed over,
    /// although their records must still be well-formed.
    ///
    /// # Errors
    /// A header that cannot be read, a place that the file does not have, a type that text cannot
    /// be read as, and a NOT NULL field without a column.
    pub fn new(
        input: R,
        name: &str,
        options: &CsvOptions,
        schema: SchemaRef,
        sources: &[Option<usize>],
    ) -> Result<Self> {
        let (records, headers) = open(input, name, options)?;
        if sources.len() != schema.fields().len() {
            return Err(Error::internal(format!(
                "{} places were given for {} columns",
                sources.len(),
                schema.fields().len()
            )));
        }
        let columns = schema.fields().iter().zip(sources).map(|(field, source)| {
            check_source(field, *source, headers.len(), name)?;
            let builder = ColumnBuilder::new(field)?;
            Ok(TypedColumn {
                source: *source,
                builder,
            })
        });
        Ok(CsvReader {
            columns: columns.collect::<Result<_>>()?,
            records,
            schema,
            batch_size: options.batch_size.max(1),
            done: false,
        })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, Failure> {
        let (mut rows, mut bytes) = (0, 0);
        while rows < self.batch_size && bytes < MAX_BATCH_BYTES {
            let Some(record) = self.records.read()? else {
                break;
            };
            for (column, field) in self.columns.iter_mut().zip(self.schema.fields()) {
                column.append(&record, field)?;
            }
            rows += 1;
            bytes += record.text().len();
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns: Vec<ArrayRef> = self
            .columns
            .iter_mut()
            .map(|column| column.builder.finish())
            .collect();
        // A schema without columns still has rows.
        let row_count = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &row_count)
            .map(Some)
            .map_err(|error| Failure::Input(error.into()))
    }
}

impl<R: Read> Iterator for CsvReader<R> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self
            .next_batch()
            .map_err(|failure| failure.into_error(self.records.name()));
        self.done = !matches!(batch, Ok(Some(_)));
        batch.transpose()
    }
}

impl TypedColumn {
    fn append(&mut self, record: &Record<'_>, field: &Field) -> Result<(), Failure> {
        let Some(index) = self.source else {
            self.builder.append_null();
            return Ok(());
        };
        let cell = record.cell(index);
        if !cell.is_null() {
            return self
                .builder
                .append_text(&cell.text)
                .map_err(|refusal| refused(record, index, &cell.text, field, refusal).into());
        }
        if !field.is_nullable() {
            return Err(not_null(record, index, field).into());
        }
        self.builder.append_null();
        Ok(())
    }
}

#[cold]
fn refused(
    record: &Record<'_>,
    index: usize,
    value: &str,
    field: &Field,
    refusal: Refusal,
) -> RowError {
    let shown = match value.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}..", &value[..end]),
        None => value.to_owned(),
    };
    let reason = format!(
        "value {shown:?} does not fit column `{}` {}: {refusal}",
        field.name(),
        sql_name(field.data_type())
    );
    record.fault(index, field.name(), reason, refusal.hint(field.name()))
}

#[cold]
fn not_null(record: &Record<'_>, index: usize, field: &Field) -> RowError {
    let reason = format!(
        "column `{}` is NOT NULL and the field is empty",
        field.name()
    );
    let hint =
        "fill it, write \"\" for empty text, or declare the column without NOT NULL".to_owned();
    record.fault(index, field.name(), reason, Some(hint))
}

fn check_source(field: &Field, source: Option<usize>, width: usize, file: &str) -> Result<()> {
    match source {
        Some(index) if index >= width => Err(Error::internal(format!(
            "column `{}` is looked for at place {index} of {width} in {file}",
            field.name()
        ))),
        None if !field.is_nullable() => Err(Error::input(format!(
            "column `{}` is NOT NULL and {file} does not have it",
            field.name()
        ))
        .hint("add the column to the file, or declare it without NOT NULL")),
        _ => Ok(()),
    }
}
