//! The order in which a table wants its rows: with it, the bounds of row groups and pages tell readers
//! what they can leave out.

use arrow::array::RecordBatch;
use arrow::compute::{concat, interleave_record_batch};
use arrow::datatypes::Schema;
use arrow::row::{RowConverter, SortField};

use crate::Result;

/// Columns by which rows are sorted, ascending, NULL first.
#[derive(Debug)]
pub(super) struct SortOrder {
    /// Their places in the files.
    columns: Vec<usize>,
}

impl SortOrder {
    /// The order by some columns of a schema; `None` for no column.
    ///
    /// # Errors
    /// A column that is not there.
    pub(super) fn new(schema: &Schema, names: &[String]) -> Result<Option<Self>> {
        let columns = names.iter().map(|name| Ok(schema.index_of(name)?));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok((!columns.is_empty()).then_some(SortOrder { columns }))
    }

    /// The places of the columns in the files.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The rows of some batches in this order. Of equal rows the one that came first stays first.
    ///
    /// # Errors
    /// A type that has no order.
    pub(super) fn sort(&self, batches: &[RecordBatch]) -> Result<RecordBatch> {
        let keys = self.columns.iter().map(|&column| {
            let parts: Vec<_> = batches.iter().map(|batch| batch.column(column)).collect();
            let parts: Vec<_> = parts.iter().map(AsRef::as_ref).collect();
            Ok(concat(&parts)?)
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let fields = keys
            .iter()
            .map(|key| SortField::new(key.data_type().clone()));
        let keys = RowConverter::new(fields.collect())?.convert_columns(&keys)?;
        let places = batches
            .iter()
            .enumerate()
            .flat_map(|(batch, rows)| (0..rows.num_rows()).map(move |row| (batch, row)));
        let mut places: Vec<_> = keys.iter().zip(places).collect();
        places.sort_by_key(|(key, _)| *key);
        let places: Vec<_> = places.into_iter().map(|(_, place)| place).collect();
        let batches: Vec<_> = batches.iter().collect();
        Ok(interleave_record_batch(&batches, &places)?)
    }
}
