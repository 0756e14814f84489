//! The rows of the table that rows of a load could be the same as.

use std::collections::HashSet;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::row::{OwnedRow, RowConverter, SortField};
use futures::StreamExt;

use super::fingerprint::Fingerprints;
use super::places::Places;
use crate::warehouse::{DataFile, TableDefinition, TableTransaction};
use crate::{Error, Result};

/// The partitions that the rows of a load are in.
pub(super) struct PartitionsSeen {
    columns: Vec<String>,
    converter: RowConverter,
    seen: HashSet<OwnedRow>,
}

impl PartitionsSeen {
    pub(super) fn new(table: &TableDefinition) -> Result<Self> {
        let columns = table.partition_columns();
        let fields = columns.iter().map(|name| {
            let field = table.schema.field_with_name(name)?;
            Ok(SortField::new(field.data_type().clone()))
        });
        Ok(PartitionsSeen {
            converter: RowConverter::new(fields.collect::<Result<_>>()?)?,
            columns,
            seen: HashSet::new(),
        })
    }

    /// Notes the partitions of rows in the shape of the table.
    pub(super) fn note(&mut self, rows: &RecordBatch) -> Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        let columns = self.columns.iter().map(|name| {
            let column = rows.column_by_name(name);
            column
                .cloned()
                .ok_or_else(|| Error::internal(format!("rows lack the partition column {name}")))
        });
        let encoded = self
            .converter
            .convert_columns(&columns.collect::<Result<Vec<_>>>()?)?;
        let mut last = None;
        for row in &encoded {
            // Neighbours mostly share their partition.
            if last != Some(row) && !self.seen.contains(&row.owned()) {
                self.seen.insert(row.owned());
            }
            last = Some(row);
        }
        Ok(())
    }

    /// Those of the files that lie in partitions of the load.
    pub(super) fn of_files(&self, files: Vec<DataFile>) -> Result<Vec<DataFile>> {
        if self.columns.is_empty() {
            return Ok(files);
        }
        let rows = self.seen.iter().map(OwnedRow::row);
        let columns: Vec<ArrayRef> = self
            .converter
            .convert_rows(rows)?
            .iter()
            .map(|column| cast(column, &DataType::Utf8))
            .collect::<Result<_, _>>()?;
        let value = |column: &ArrayRef, row: usize| {
            let texts = column.as_string::<i32>();
            texts.is_valid(row).then(|| texts.value(row).to_owned())
        };
        let partitions: HashSet<Vec<Option<String>>> = (0..self.seen.len())
            .map(|row| columns.iter().map(|column| value(column, row)).collect())
            .collect();
        let partition_of = |file: &DataFile| -> Vec<Option<String>> {
            let values = self.columns.iter().map(|name| file.partition_value(name));
            values.map(|value| value.map(str::to_owned)).collect()
        };
        let files = files.into_iter();
        Ok(files
            .filter(|file| partitions.contains(&partition_of(file)))
            .collect())
    }
}

/// Notes the rows of these files of the table, by the number of the file in the list.
pub(super) async fn could_be_same(
    transaction: &mut TableTransaction,
    files: &[DataFile],
    fingerprints: &Fingerprints,
    places: &mut Places,
) -> Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    let columns: Vec<&str> = fingerprints.columns().collect();
    let mut rows = transaction.read_rows(files, &columns).await?;
    while let Some(batch) = rows.next().await {
        let (batch, numbers) = batch?;
        for (fingerprint, number) in fingerprints.of(&batch)?.into_iter().zip(numbers) {
            places.add_present(fingerprint, number)?;
        }
    }
    Ok(())
}
