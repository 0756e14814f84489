//! Rows under construction, from records whose values say what they are.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::filter;
use arrow::datatypes::SchemaRef;

use super::value::Value;
use super::value_column::{ValueColumn, check_not_null};
use super::{Column, Piece, RowError, RowPlace};
use crate::Result;
use crate::sql::OnLoss;

/// How many characters of a refused value a message shows.
const SHOWN_CHARACTERS: usize = 60;

/// Builds the rows of a piece.
#[derive(Debug)]
pub(super) struct ValueRows {
    schema: SchemaRef,
    columns: Vec<ValueColumn>,
    /// For each field its column in the file.
    sources: Vec<Option<usize>>,
    kept: Vec<bool>,
    /// Where the kept records stand.
    places: Vec<RowPlace>,
    rejects: Vec<RowError>,
}

/// A value that does not fit its column.
#[derive(Debug, Clone)]
pub(super) struct Misfit {
    /// The column, by its place in the file and its name in the table.
    pub(super) column: Column,
    /// The value as text.
    pub(super) value: Option<String>,
    /// What is wrong.
    pub(super) reason: String,
    /// What to do about it.
    pub(super) hint: Option<String>,
}

impl ValueRows {
    /// No rows yet.
    ///
    /// # Errors
    /// A type that values have no strict form for.
    pub(super) fn new(
        schema: SchemaRef,
        sources: &[Option<usize>],
        on_loss: OnLoss,
    ) -> Result<Self> {
        let rounds = on_loss == OnLoss::Round;
        let fields = schema.fields().iter();
        let columns = fields.map(|field| ValueColumn::new(field, rounds));
        Ok(ValueRows {
            columns: columns.collect::<Result<_>>()?,
            sources: sources.to_vec(),
            schema,
            kept: Vec::new(),
            places: Vec::new(),
            rejects: Vec::new(),
        })
    }

    /// Appends the record at `place`; `value_of` gives its value in a column of the file. `reject` makes an
    /// error of the first value that does not fit.
    pub(super) fn append<'v, 'a: 'v>(
        &mut self,
        place: RowPlace,
        value_of: impl Fn(usize) -> Option<&'v Value<'a>>,
        reject: impl Fn(Misfit) -> RowError,
    ) {
        let mut misfit = None;
        for ((field, column), source) in self
            .schema
            .fields()
            .iter()
            .zip(&mut self.columns)
            .zip(&self.sources)
        {
            let value = source.and_then(&value_of).unwrap_or(&Value::Null);
            let appended = column.append(value);
            let checked = appended.and(check_not_null(field, value));
            if let (Err(refused), None) = (checked, &misfit) {
                let shown = value.as_text().map(shorten);
                misfit = Some(Misfit {
                    column: Column {
                        index: source.unwrap_or_default(),
                        name: field.name().clone(),
                    },
                    reason: match &shown {
                        Some(value) => {
                            format!(
                                "value {value:?} of column `{}`: {}",
                                field.name(),
                                refused.reason
                            )
                        }
                        None => format!("column `{}`: {}", field.name(), refused.reason),
                    },
                    value: value.as_text().map(str::to_owned),
                    hint: refused.hint,
                });
            }
        }
        self.kept.push(misfit.is_none());
        if misfit.is_none() {
            self.places.push(place);
        }
        self.rejects.extend(misfit.map(reject));
    }

    /// Adds a record that could not even be read.
    pub(super) fn reject(&mut self, error: RowError) {
        self.rejects.push(error);
    }

    /// Records taken in since the last piece.
    pub(super) fn records(&self) -> usize {
        self.kept.len() + self.rejects.len()
    }

    /// The piece, if there is anything in it.
    pub(super) fn finish(&mut self) -> Result<Option<Piece>> {
        if self.records() == 0 {
            return Ok(None);
        }
        let kept = BooleanArray::from(std::mem::take(&mut self.kept));
        let rows = kept.true_count();
        let rounded = self.columns.iter_mut();
        let rounded = rounded.map(|column| column.take_rounded(&|row| kept.value(row)));
        let rounded = rounded.sum();
        let columns: Vec<ArrayRef> = self
            .columns
            .iter_mut()
            .map(|column| {
                let values = column.finish()?;
                Ok(match rows == kept.len() {
                    true => values,
                    false => filter(&values, &kept)?,
                })
            })
            .collect::<Result<_>>()?;
        let count = RecordBatchOptions::new().with_row_count(Some(rows));
        let rows = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &count)?;
        Ok(Some(Piece {
            rounded,
            places: std::mem::take(&mut self.places),
            ..Piece::new(rows, std::mem::take(&mut self.rejects))
        }))
    }
}

fn shorten(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}..", &value[..end]),
        None => value.to_owned(),
    }
}
