//! Rows of formats that have types: from the types of the file to those of the table.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_empty_array, new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::json::LineDelimitedWriter;
use arrow::util::display::array_value_to_string;

use super::{Column, Piece, RowError};
use crate::sql::OnLoss;
use crate::values::{assign, assign_rounded};
use crate::{Error, Place, Result};

/// Rows per batch.
pub(super) const BATCH_ROWS: usize = 8192;

/// Rows as a file holds them, and what is wrong with some of them already.
#[derive(Debug)]
pub(super) struct TypedBatch {
    /// The wanted columns, in the order in which they were wanted.
    pub(super) rows: RecordBatch,
    /// Values that no array can hold.
    pub(super) faults: Vec<Fault>,
}

/// A value that could not be read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its row in the batch, from 0.
    pub(super) row: usize,
    /// Its column in the batch, from 0.
    pub(super) column: usize,
    /// What is wrong, for a person.
    pub(super) reason: String,
    /// What to do about it.
    pub(super) hint: Option<String>,
}

/// The batches of a file, in its order.
pub(super) type TypedBatches = Box<dyn Iterator<Item = Result<TypedBatch>> + Send>;

impl From<RecordBatch> for TypedBatch {
    fn from(rows: RecordBatch) -> Self {
        TypedBatch {
            rows,
            faults: Vec::new(),
        }
    }
}

/// The columns of the file that `places` ask for, each once. At least one, since the rows of no
/// column cannot be counted in every format.
pub(super) fn wanted(places: &[Option<usize>]) -> Vec<usize> {
    let mut wanted: Vec<usize> = places.iter().flatten().copied().collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        wanted.push(0);
    }
    wanted
}

/// Makes pieces of typed batches, value for value equal; a row with a value that the table's type
/// would change is set aside.
pub(super) struct TypedPieces {
    batches: TypedBatches,
    file: String,
    schema: SchemaRef,
    /// For each field its column in the batches.
    sources: Vec<Option<usize>>,
    /// The place in the file of each column of the batches.
    wanted: Vec<usize>,
    on_loss: OnLoss,
    rows_before: u64,
}

impl TypedPieces {
    /// Pieces of `schema` from the batches of the file called `file`, whose columns are `found`.
    ///
    /// # Errors
    /// A type that could become that of its field for no value at all.
    pub(super) fn new(
        batches: TypedBatches,
        file: &str,
        found: &Schema,
        schema: SchemaRef,
        places: &[Option<usize>],
        on_loss: OnLoss,
    ) -> Result<Self> {
        let wanted = wanted(places);
        for (field, place) in schema.fields().iter().zip(places) {
            if let Some(source) = place.and_then(|place| found.fields().get(place)) {
                assign(
                    &new_empty_array(source.data_type()),
                    &field.as_ref().clone(),
                )
                .map_err(|error| error.place(Place::file(file)))?;
            }
        }
        let sources = places
            .iter()
            .map(|place| place.and_then(|place| wanted.iter().position(|known| *known == place)));
        Ok(TypedPieces {
            sources: sources.collect(),
            batches,
            file: file.to_owned(),
            schema,
            wanted,
            on_loss,
            rows_before: 0,
        })
    }

    fn piece(&mut self, batch: TypedBatch) -> Result<Piece> {
        let rows = batch.rows.num_rows();
        let mut rejects: Vec<Option<RowError>> = vec![None; rows];
        for fault in &batch.faults {
            let column = batch.rows.schema_ref().field(fault.column).name().clone();
            rejects[fault.row].get_or_insert_with(|| {
                self.reject(
                    &batch.rows,
                    fault.row,
                    (fault.column, &column),
                    &fault.reason,
                    fault.hint.clone(),
                )
            });
        }
        for (field, source) in self.schema.fields().iter().zip(&self.sources) {
            let Some(source) = *source else { continue };
            let values = batch.rows.column(source);
            if self.assigned(values, field).is_ok() {
                continue;
            }
            for (row, reject) in rejects.iter_mut().enumerate() {
                if reject.is_none()
                    && let Err(error) = self.assigned(&values.slice(row, 1), field)
                {
                    let hint = error.get_hint().map(str::to_owned);
                    *reject = Some(self.reject(
                        &batch.rows,
                        row,
                        (source, field.name()),
                        error.message(),
                        hint,
                    ));
                }
            }
        }
        let kept: BooleanArray = rejects
            .iter()
            .map(|reject| Some(reject.is_none()))
            .collect();
        let good = match kept.true_count() == rows {
            true => batch.rows,
            false => filter_record_batch(&batch.rows, &kept)?,
        };
        self.rows_before += rows as u64;
        let (columns, rounded) = self.columns(&good)?;
        let count = RecordBatchOptions::new().with_row_count(Some(good.num_rows()));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &count)?;
        Ok(Piece {
            rounded,
            ..Piece::new(rows, rejects.into_iter().flatten().collect())
        })
    }

    /// The columns of the table, and how many of their values were rounded.
    fn columns(&self, rows: &RecordBatch) -> Result<(Vec<ArrayRef>, u64)> {
        let fields = self.schema.fields().iter().zip(&self.sources);
        let mut rounded = 0;
        let columns = fields.map(|(field, source)| match source {
            Some(source) => {
                let (values, of_column) = self.assigned(rows.column(*source), field)?;
                rounded += of_column;
                Ok(values)
            }
            None => missing(field, rows.num_rows()),
        });
        let columns = columns.collect::<Result<_>>()?;
        Ok((columns, rounded))
    }

    fn assigned(&self, values: &ArrayRef, field: &Field) -> Result<(ArrayRef, u64)> {
        match self.on_loss {
            OnLoss::Fail => Ok((assign(values, field)?, 0)),
            OnLoss::Round => assign_rounded(values, field),
        }
    }

    #[cold]
    fn reject(
        &self,
        rows: &RecordBatch,
        row: usize,
        (column, name): (usize, &str),
        reason: &str,
        hint: Option<String>,
    ) -> RowError {
        let number = self.rows_before + row as u64 + 1;
        let value = rows.column(column);
        RowError {
            line: 0,
            character: 0,
            record_line: number,
            byte_offset: 0,
            column: Some(Column {
                index: self.wanted.get(column).copied().unwrap_or(column),
                name: name.to_owned(),
            }),
            value: (!value.is_null(row))
                .then(|| array_value_to_string(value, row).ok())
                .flatten(),
            raw_record: as_json(&rows.slice(row, 1)),
            reason: format!("row {number}: {reason}"),
            hint,
        }
    }
}

impl Iterator for TypedPieces {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        let piece = batch.and_then(|batch| self.piece(batch));
        Some(
            piece.map_err(|error| error.map_place(|place| place.or(Some(Place::file(&self.file))))),
        )
    }
}

/// A column that the file does not have.
///
/// # Errors
/// A field that must have a value.
pub(super) fn missing(field: &Field, rows: usize) -> Result<ArrayRef> {
    if field.is_nullable() {
        return Ok(new_null_array(field.data_type(), rows));
    }
    Err(Error::input(format!(
        "column `{}` is NOT NULL and the file does not have it",
        field.name()
    ))
    .hint("add the column to the file, or declare it without NOT NULL"))
}

/// A row for people, as JSON.
fn as_json(row: &RecordBatch) -> String {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    match writer.write(row).and_then(|()| writer.finish()) {
        Ok(()) => String::from_utf8_lossy(&writer.into_inner())
            .trim_end()
            .to_owned(),
        Err(_) => String::new(),
    }
}
