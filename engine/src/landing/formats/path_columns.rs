//! Columns that stand in the path of a file: the same value in each of its rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::csv::Kinds;
use super::{Found, FoundColumn, Piece, Pieces};
use crate::landing::discover::{PathColumn, SourceFile};
use crate::values::ColumnBuilder;
use crate::{Error, Place, Result};

/// The columns in the path that the file itself, whose columns are `names`, does not have. Some
/// writers put them in both; the value is the same.
pub(super) fn beside<'f>(
    file: &'f SourceFile,
    names: &[String],
) -> impl Iterator<Item = &'f PathColumn> {
    let columns = file.path_columns.iter();
    columns.filter(|column| !names.contains(&column.name))
}

/// What a column of the path is.
pub(super) fn found(column: &PathColumn) -> FoundColumn {
    let kinds = column.value.as_deref().map_or(Kinds::default(), Kinds::of);
    FoundColumn {
        name: column.name.clone(),
        found: Found::Kinds(kinds),
        evidence: None,
    }
}

/// The fields of `schema` that the file itself fills, and those that its path does.
pub(super) struct Split {
    /// The fields of the file.
    pub(super) schema: SchemaRef,
    /// Their places in the file.
    pub(super) places: Vec<Option<usize>>,
    whole: SchemaRef,
    constants: Vec<Option<ArrayRef>>,
}

impl Split {
    /// Takes apart `schema`, whose fields are at `places` of the columns `names` and, after them,
    /// of those in the path.
    ///
    /// # Errors
    /// A value of the path that its field cannot hold.
    pub(super) fn new(
        file: &SourceFile,
        names: &[String],
        schema: SchemaRef,
        places: &[Option<usize>],
    ) -> Result<Self> {
        let in_path: Vec<&PathColumn> = beside(file, names).collect();
        let (mut fields, mut own_places) = (Vec::new(), Vec::new());
        let mut constants = Vec::with_capacity(places.len());
        for (field, place) in schema.fields().iter().zip(places) {
            let constant = place
                .and_then(|place| place.checked_sub(names.len()))
                .and_then(|place| in_path.get(place));
            match constant {
                Some(column) => constants.push(Some(value_of(column, field, file)?)),
                None => {
                    constants.push(None);
                    fields.push(Arc::clone(field));
                    own_places.push(*place);
                }
            }
        }
        Ok(Split {
            schema: Arc::new(Schema::new(fields)),
            places: own_places,
            whole: schema,
            constants,
        })
    }

    /// Puts the columns of the path into the pieces of the file.
    pub(super) fn join(self, pieces: Pieces) -> Pieces {
        if self.constants.iter().all(Option::is_none) {
            return pieces;
        }
        Box::new(pieces.map(move |piece| {
            let piece = piece?;
            let rows = self.rows(&piece.rows)?;
            Ok(Piece { rows, ..piece })
        }))
    }

    fn rows(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let mut own = rows.columns().iter();
        let first = UInt32Array::from(vec![0; rows.num_rows()]);
        let columns = self.constants.iter().map(|constant| match constant {
            Some(value) => Ok(take(value, &first, None)?),
            None => own
                .next()
                .map(Arc::clone)
                .ok_or_else(|| Error::internal("a piece has too few columns")),
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        let count = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.whole),
            columns,
            &count,
        )?)
    }
}

/// The value as an array of one.
///
/// # Errors
/// A value that the field cannot hold.
pub(in crate::landing) fn value_of(
    column: &PathColumn,
    field: &Field,
    file: &SourceFile,
) -> Result<ArrayRef> {
    let mut builder = ColumnBuilder::new(field)?;
    match &column.value {
        None => builder.append_null(),
        Some(text) => builder.append_text(text).map_err(|refusal| {
            let error = Error::input(format!(
                "`{}={text}` in the path does not fit column `{}`: {refusal}",
                column.name,
                field.name()
            ))
            .place(Place::file(&file.name));
            match refusal.hint(field.name()) {
                Some(hint) => error.hint(hint),
                None => error,
            }
        })?,
    }
    Ok(builder.finish())
}
