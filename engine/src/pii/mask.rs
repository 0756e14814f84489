//! What a terminal shows of a result in place of personal data.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::Result;

/// What stands for a value; NULL stays NULL.
const HIDDEN: &str = "•••";

/// The values of a result that derive from tagged columns.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    columns: Vec<usize>,
    /// Only these rows of the first batch; all rows otherwise.
    rows: Option<Vec<usize>>,
    statement: String,
}

impl Mask {
    /// Of a result with these columns, as `tagged_columns` gives them. `statement` is what gave it.
    pub fn of_columns(tagged: &[bool], statement: &str) -> Self {
        Mask {
            columns: places(tagged),
            rows: None,
            statement: statement.to_owned(),
        }
    }

    /// Of a result in one batch that has one row per column of another: `columns` of the rows for
    /// tagged ones.
    pub fn of_rows(tagged: &[bool], columns: Vec<usize>, statement: &str) -> Self {
        Mask {
            columns: match tagged.contains(&true) {
                true => columns,
                false => Vec::new(),
            },
            rows: Some(places(tagged)),
            statement: statement.to_owned(),
        }
    }

    /// Whether there is anything to hide.
    pub fn hides(&self) -> bool {
        !self.columns.is_empty()
    }

    /// The statement that gave the result.
    pub fn statement(&self) -> &str {
        &self.statement
    }

    /// The names of the columns with hidden values.
    pub fn names<'s>(&self, schema: &'s Schema) -> Vec<&'s str> {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let named = names.enumerate();
        named
            .filter(|(index, _)| self.columns.contains(index))
            .map(|(_, name)| name)
            .collect()
    }

    /// The columns as they are shown.
    pub fn schema(&self, schema: &SchemaRef) -> SchemaRef {
        if !self.hides() {
            return Arc::clone(schema);
        }
        let fields = schema.fields().iter().enumerate();
        let shown = fields.map(|(index, field)| match self.columns.contains(&index) {
            true => Arc::new(Field::new(field.name(), DataType::Utf8, true)),
            false => Arc::clone(field),
        });
        Arc::new(Schema::new(shown.collect::<Vec<_>>()))
    }

    /// The rows as they are shown.
    ///
    /// # Errors
    /// Values that cannot be written as text.
    pub fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        if !self.hides() {
            return Ok(batch.clone());
        }
        let columns = batch.columns().iter().enumerate();
        let shown = columns.map(|(index, column)| match self.columns.contains(&index) {
            true => self.hidden(column),
            false => Ok(Arc::clone(column)),
        });
        let shown = shown.collect::<Result<Vec<_>>>()?;
        let schema = self.schema(&batch.schema());
        let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(schema, shown, &rows)?)
    }

    fn hidden(&self, column: &ArrayRef) -> Result<ArrayRef> {
        let nulls = column.logical_nulls();
        let is_null = |row| nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        let options = FormatOptions::default();
        let texts = match &self.rows {
            Some(_) => Some(ArrayFormatter::try_new(column.as_ref(), &options)?),
            None => None,
        };
        let mut shown = StringBuilder::new();
        for row in 0..column.len() {
            let kept = self.rows.as_ref().is_some_and(|rows| !rows.contains(&row));
            match &texts {
                _ if is_null(row) => shown.append_null(),
                Some(texts) if kept => shown.append_value(texts.value(row).to_string()),
                _ => shown.append_value(HIDDEN),
            }
        }
        Ok(Arc::new(shown.finish()))
    }
}

fn places(tagged: &[bool]) -> Vec<usize> {
    let places = tagged.iter().enumerate();
    places
        .filter(|(_, tagged)| **tagged)
        .map(|(place, _)| place)
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{AsArray, Int64Array, StringArray};

    fn batch() -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable([
            (
                "id",
                Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef,
                true,
            ),
            (
                "name",
                Arc::new(StringArray::from(vec![Some("Bob"), None])) as ArrayRef,
                true,
            ),
        ])
        .unwrap()
    }

    #[test]
    fn values_are_hidden_and_null_is_null() {
        let shown = Mask::of_columns(&[false, true], "")
            .batch(&batch())
            .unwrap();
        let names = shown.column(1).as_string::<i32>();
        assert_eq!(names.iter().collect::<Vec<_>>(), [Some(HIDDEN), None]);
        assert_eq!(shown.column(0), batch().column(0));
    }

    #[test]
    fn a_number_is_hidden_as_text() {
        let mask = Mask::of_columns(&[true, false], "");
        let shown = mask.batch(&batch()).unwrap();
        assert_eq!(shown.schema(), mask.schema(&batch().schema()));
        assert_eq!(shown.column(0).as_string::<i32>().value(1), HIDDEN);
    }

    #[test]
    fn of_a_summary_only_the_rows_of_tagged_columns_are_hidden() {
        let shown = Mask::of_rows(&[false, true], vec![0], "")
            .batch(&batch())
            .unwrap();
        let ids = shown.column(0).as_string::<i32>();
        assert_eq!(ids.iter().collect::<Vec<_>>(), [Some("1"), Some(HIDDEN)]);
    }
}
