//! Typed pieces from a CSV stream.

use std::io::Read;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter;
use arrow::datatypes::{Field, SchemaRef};

use super::fault::Failure;
use super::header::open;
use super::options::CsvOptions;
use super::origins::KeptRecords;
use super::record::Record;
use super::records::RecordReader;
use crate::landing::formats::{Piece, RowError};
use crate::values::{ColumnBuilder, Refusal, sql_name};
use crate::{Error, Result};

/// A batch ends early when its records hold this many bytes, so that wide rows cannot take all
/// memory nor overflow the 32-bit offsets of a text column.
const MAX_BATCH_BYTES: usize = 64 << 20;
/// How many characters of a refused value a message shows.
const SHOWN_CHARACTERS: usize = 60;

/// Reads a CSV stream as pieces of a schema. A record that does not fit is set aside in its piece.
#[derive(Debug)]
pub struct CsvReader<R> {
    records: RecordReader<R>,
    schema: SchemaRef,
    columns: Vec<TypedColumn>,
    batch_size: usize,
    delimiter: u8,
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
            delimiter: options.delimiter.byte(),
            done: false,
        })
    }

    fn next_piece(&mut self) -> Result<Option<Piece>> {
        let (mut rejects, mut kept, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut origins = KeptRecords::new(self.delimiter);
        while kept.len() < self.batch_size
            && rejects.len() < self.batch_size
            && bytes < MAX_BATCH_BYTES
        {
            match self.records.read() {
                Ok(None) => break,
                Ok(Some(record)) => {
                    bytes += record.text().len();
                    let refused = append(&record, &mut self.columns, &self.schema);
                    kept.push(refused.is_none());
                    if refused.is_none() {
                        origins.push(&record);
                    }
                    rejects.extend(refused);
                }
                Err(Failure::Row(row)) => {
                    bytes += row.raw_record.len();
                    rejects.push(*row);
                }
                Err(Failure::Input(error)) => return Err(error),
            }
        }
        if kept.is_empty() && rejects.is_empty() {
            return Ok(None);
        }
        let rows = self.finish(kept)?;
        Ok(Some(Piece {
            origins: Some(Box::new(origins)),
            ..Piece::new(rows, rejects)
        }))
    }

    /// The rows that were kept, of all that the builders hold.
    fn finish(&mut self, kept: Vec<bool>) -> Result<RecordBatch> {
        let kept = BooleanArray::from(kept);
        let rows = kept.true_count();
        let columns = self.columns.iter_mut().map(|column| {
            let values = column.builder.finish();
            if rows == kept.len() {
                return Ok(values);
            }
            filter(&values, &kept)
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        // A schema without columns still has rows.
        let row_count = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &row_count,
        )?)
    }
}

impl<R: Read> Iterator for CsvReader<R> {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let piece = self.next_piece();
        self.done = !matches!(piece, Ok(Some(_)));
        piece.transpose()
    }
}

/// Appends one row. A row that is refused is there all the same, so that the columns stay equally
/// long; what it holds means nothing.
fn append(
    record: &Record<'_>,
    columns: &mut [TypedColumn],
    schema: &SchemaRef,
) -> Option<RowError> {
    let mut refused = None;
    for (column, field) in columns.iter_mut().zip(schema.fields()) {
        match refused {
            None => refused = column.append(record, field).err(),
            Some(_) => column.builder.append_null(),
        }
    }
    refused.map(|error| *error)
}

impl TypedColumn {
    /// Appends the value of the record, or NULL if that is refused.
    fn append(&mut self, record: &Record<'_>, field: &Field) -> Result<(), Box<RowError>> {
        let Some(index) = self.source else {
            self.builder.append_null();
            return Ok(());
        };
        let cell = record.cell(index);
        if cell.is_null() {
            self.builder.append_null();
            return match field.is_nullable() {
                true => Ok(()),
                false => Err(Box::new(not_null(record, index, field))),
            };
        }
        self.builder.append_text(&cell.text).map_err(|refusal| {
            self.builder.append_null();
            Box::new(refused(record, index, &cell.text, field, refusal))
        })
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
