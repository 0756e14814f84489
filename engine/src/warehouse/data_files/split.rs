//! Splitting rows by partition.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{Schema, SchemaRef};
use arrow::row::{Row, RowConverter, SortField};

use crate::Result;
use crate::warehouse::partitions::RowShaper;

/// The values of the partition columns as comparable bytes; empty for a table without any.
pub(super) type Key = Box<[u8]>;

/// Rows of one partition.
#[derive(Debug)]
pub(super) struct Part {
    /// Its key.
    pub key: Key,
    /// Its values: one array of one row per partition column.
    pub values: Vec<ArrayRef>,
    /// Its rows without the partition columns, in the order in which they came.
    pub rows: RecordBatch,
}

/// Splits rows of one schema into rows of the files of one table.
#[derive(Debug)]
pub(super) struct Splitter {
    shaper: RowShaper,
    schema: SchemaRef,
    file_schema: SchemaRef,
    partition_columns: Vec<usize>,
    file_columns: Vec<usize>,
    converter: RowConverter,
}

impl Splitter {
    /// # Errors
    /// A partition column that the schema does not have.
    pub(super) fn new(
        shaper: RowShaper,
        schema: &SchemaRef,
        partition_columns: &[String],
    ) -> Result<Self> {
        let partition_columns: Vec<_> = partition_columns
            .iter()
            .map(|name| schema.index_of(name))
            .collect::<Result<_, _>>()?;
        let file_columns: Vec<_> = (0..schema.fields().len())
            .filter(|column| !partition_columns.contains(column))
            .collect();
        let fields = partition_columns
            .iter()
            .map(|column| SortField::new(schema.field(*column).data_type().clone()))
            .collect();
        Ok(Splitter {
            shaper,
            schema: Arc::clone(schema),
            file_schema: Arc::new(Schema::new(schema.project(&file_columns)?.fields().clone())),
            partition_columns,
            file_columns,
            converter: RowConverter::new(fields)?,
        })
    }

    /// The columns of the files.
    pub(super) fn file_schema(&self) -> &SchemaRef {
        &self.file_schema
    }

    /// The rows of some batches, partition by partition, in the order of their first rows.
    ///
    /// # Errors
    /// A value that its column cannot hold.
    pub(super) fn split(&self, batches: &[RecordBatch]) -> Result<Vec<Part>> {
        let shaped = batches
            .iter()
            .map(|batch| self.shaper.shape(batch))
            .collect::<Result<Vec<_>>>()?;
        let rows = match shaped.as_slice() {
            [one] => one.clone(),
            several => concat_batches(&self.schema, several)?,
        };
        let keys: Vec<_> = self
            .partition_columns
            .iter()
            .map(|column| Arc::clone(rows.column(*column)))
            .collect();
        let file_rows = self.file_rows(&rows)?;
        if keys.is_empty() {
            return Ok(vec![Part {
                key: Key::default(),
                values: Vec::new(),
                rows: file_rows,
            }]);
        }
        let converted = self.converter.convert_columns(&keys)?;
        let groups = group(converted.iter());
        let whole = groups.len() == 1;
        groups
            .into_iter()
            .map(|(key, indexes)| {
                let first = indexes[0] as usize;
                Ok(Part {
                    key: key.as_ref().into(),
                    values: keys.iter().map(|values| values.slice(first, 1)).collect(),
                    rows: match whole {
                        true => file_rows.clone(),
                        false => gather(&file_rows, indexes)?,
                    },
                })
            })
            .collect()
    }

    fn file_rows(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let columns = self.file_columns.iter();
        let columns = columns
            .map(|column| Arc::clone(rows.column(*column)))
            .collect();
        Ok(RecordBatch::try_new(
            Arc::clone(&self.file_schema),
            columns,
        )?)
    }
}

/// The row numbers of each key.
fn group<'r>(keys: impl Iterator<Item = Row<'r>>) -> Vec<(Row<'r>, Vec<u32>)> {
    let mut groups: Vec<(Row<'r>, Vec<u32>)> = Vec::new();
    let mut places: HashMap<Row<'r>, usize> = HashMap::new();
    let mut place = 0;
    for (index, key) in keys.enumerate() {
        // Neighbours often share their partition.
        if groups.get(place).is_none_or(|(last, _)| *last != key) {
            place = *places.entry(key).or_insert_with(|| {
                groups.push((key, Vec::new()));
                groups.len() - 1
            });
        }
        groups[place].1.push(index as u32);
    }
    groups
}

fn gather(rows: &RecordBatch, indexes: Vec<u32>) -> Result<RecordBatch> {
    let indexes = UInt32Array::from(indexes);
    let columns = rows
        .columns()
        .iter()
        .map(|column| take(column, &indexes, None))
        .collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}
