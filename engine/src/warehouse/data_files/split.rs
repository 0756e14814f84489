//! Splitting rows by partition.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringArray, StringBuilder, UInt32Array,
};
use arrow::compute::{concat, take};
use arrow::datatypes::{DataType, Schema, SchemaRef};
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
        let keys = self.partition_columns.iter();
        let keys: Vec<_> = keys
            .map(|column| together(&parts_of(&shaped, *column)))
            .collect::<Result<_>>()?;
        if keys.is_empty() {
            return Ok(vec![Part {
                key: Key::default(),
                values: Vec::new(),
                rows: self.file_rows(&shaped)?,
            }]);
        }
        let converted = self.converter.convert_columns(&keys)?;
        let groups = Groups::of(converted.iter());
        let values = |first: &usize| keys.iter().map(|values| values.slice(*first, 1)).collect();
        let rows = match groups.count() {
            1 => vec![self.file_rows(&shaped)?],
            _ => self.gather(&groups, &shaped)?,
        };
        let parts = groups.first_rows.iter().zip(&groups.keys).zip(rows);
        Ok(parts
            .map(|((first, key), rows)| Part {
                key: key.as_ref().into(),
                values: values(first),
                rows,
            })
            .collect())
    }

    /// All rows, as they come.
    fn file_rows(&self, batches: &[RecordBatch]) -> Result<RecordBatch> {
        let columns = self.file_columns.iter();
        let columns = columns
            .map(|column| together(&parts_of(batches, *column)))
            .collect::<Result<_>>()?;
        Ok(RecordBatch::try_new(
            Arc::clone(&self.file_schema),
            columns,
        )?)
    }

    /// The rows of each group, in their order.
    fn gather(&self, groups: &Groups, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
        let indexes = groups.indexes();
        let mut columns = vec![Vec::with_capacity(self.file_columns.len()); groups.count()];
        for column in &self.file_columns {
            let parts = parts_of(batches, *column);
            let of_groups = match self.schema.field(*column).data_type() {
                DataType::Utf8 => groups.scatter(&parts, &indexes),
                _ => {
                    let column = together(&parts)?;
                    let of_groups = indexes.iter().map(|indexes| take(&column, indexes, None));
                    of_groups.collect::<Result<_, _>>()?
                }
            };
            for (columns, of_group) in columns.iter_mut().zip(of_groups) {
                columns.push(of_group);
            }
        }
        let batches = columns
            .into_iter()
            .map(|columns| RecordBatch::try_new(Arc::clone(&self.file_schema), columns));
        Ok(batches.collect::<Result<_, _>>()?)
    }
}

/// A column of some batches.
fn parts_of(batches: &[RecordBatch], column: usize) -> Vec<&dyn Array> {
    let parts = batches.iter().map(|batch| batch.column(column).as_ref());
    parts.collect()
}

/// A column of some batches as one; of one batch, as it is.
fn together(parts: &[&dyn Array]) -> Result<ArrayRef> {
    match parts {
        [one] => Ok(one.slice(0, one.len())),
        several => Ok(concat(several)?),
    }
}

/// Which rows share a key.
struct Groups<'r> {
    /// The keys, in the order of their first rows.
    keys: Vec<Row<'r>>,
    /// For each group its first row.
    first_rows: Vec<usize>,
    /// For each row its group.
    of_rows: Vec<u32>,
}

impl<'r> Groups<'r> {
    fn of(rows: impl Iterator<Item = Row<'r>>) -> Self {
        let mut groups = Groups {
            keys: Vec::new(),
            first_rows: Vec::new(),
            of_rows: Vec::with_capacity(rows.size_hint().0),
        };
        let mut places: HashMap<Row<'r>, u32> = HashMap::new();
        let mut place = 0;
        for (index, key) in rows.enumerate() {
            // Neighbours often share their partition.
            if groups
                .keys
                .get(place as usize)
                .is_none_or(|last| *last != key)
            {
                place = *places.entry(key).or_insert_with(|| {
                    groups.keys.push(key);
                    groups.first_rows.push(index);
                    groups.keys.len() as u32 - 1
                });
            }
            groups.of_rows.push(place);
        }
        groups
    }

    fn count(&self) -> usize {
        self.keys.len()
    }

    /// The rows of each group.
    fn indexes(&self) -> Vec<UInt32Array> {
        let mut indexes = vec![Vec::new(); self.count()];
        for (row, group) in (0_u32..).zip(&self.of_rows) {
            indexes[*group as usize].push(row);
        }
        indexes.into_iter().map(UInt32Array::from).collect()
    }

    /// The texts of each group. They are read once, from first to last: looked up group by group,
    /// nearly each would have to come from memory, for they lie far apart.
    fn scatter(&self, parts: &[&dyn Array], indexes: &[UInt32Array]) -> Vec<ArrayRef> {
        let parts: Vec<&StringArray> = parts.iter().map(|part| part.as_string()).collect();
        let lengths = parts.iter().flat_map(|part| part.offsets().lengths());
        let mut bytes = vec![0; self.count()];
        for (group, length) in self.of_rows.iter().zip(lengths) {
            bytes[*group as usize] += length;
        }
        let mut builders: Vec<_> = indexes
            .iter()
            .zip(bytes)
            .map(|(indexes, bytes)| StringBuilder::with_capacity(indexes.len(), bytes))
            .collect();
        let mut groups = self.of_rows.iter();
        for part in parts {
            let groups = groups.by_ref().take(part.len());
            match part.null_count() {
                0 => {
                    for (row, group) in groups.enumerate() {
                        builders[*group as usize].append_value(part.value(row));
                    }
                }
                _ => {
                    for (group, text) in groups.zip(part.iter()) {
                        builders[*group as usize].append_option(text);
                    }
                }
            }
        }
        let arrays = builders.into_iter().map(|mut builder| builder.finish());
        arrays.map(|array| Arc::new(array) as ArrayRef).collect()
    }
}
