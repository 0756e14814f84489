//! Writing batches into Parquet files, one set per partition, with a bound on what is open.
//!
//! Each open partition costs an encoder with buffers for every column, which no one accounts for.
//! So the number of open partitions is counted here and reserved in the session's memory pool;
//! when the pool refuses, or too many are open, all are closed and reopened as rows come.

use std::collections::HashSet;
use std::num::NonZeroU64;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use delta_kernel::table_properties::DataSkippingNumIndexedCols;
use deltalake_core::DeltaTable;
use deltalake_core::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake_core::kernel::Add;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::sync::Arc;

use crate::Result;

/// Open partitions at once; beyond, files are closed and the next rows start new ones.
const MAX_OPEN_PARTITIONS: usize = 512;
/// What one column of an open partition holds, measured at 15 columns: dictionary, page and level buffers.
const BYTES_PER_OPEN_COLUMN: usize = 64 * 1024;
const TARGET_FILE_SIZE: NonZeroU64 = NonZeroU64::new(256 * 1024 * 1024).expect("not zero");
const ROWS_PER_ENCODE: usize = 8192;
const COLUMNS_WITH_STATISTICS: u64 = 32;

/// The data files of one write, until they are committed.
pub(super) struct DataFiles {
    store: deltalake_core::logstore::ObjectStoreRef,
    config: WriterConfig,
    writer: DeltaWriter,
    closed: Vec<Add>,
    keys: Option<PartitionKeys>,
    reservation: MemoryReservation,
    bytes_per_partition: usize,
}

struct PartitionKeys {
    columns: Vec<usize>,
    converter: RowConverter,
    open: HashSet<OwnedRow>,
}

impl DataFiles {
    pub(super) fn new(
        table: &DeltaTable,
        schema: &SchemaRef,
        partition_columns: Vec<String>,
        pool: &Arc<dyn MemoryPool>,
    ) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        let keys = PartitionKeys::new(schema, &partition_columns)?;
        let config = WriterConfig::new(
            Arc::clone(schema),
            partition_columns,
            Some(properties),
            Some(TARGET_FILE_SIZE),
            Some(ROWS_PER_ENCODE),
            DataSkippingNumIndexedCols::NumColumns(COLUMNS_WITH_STATISTICS),
            None,
        );
        let store = table.log_store().object_store(None);
        Ok(DataFiles {
            writer: DeltaWriter::new(Arc::clone(&store), config.clone()),
            store,
            config,
            closed: Vec::new(),
            keys,
            reservation: MemoryConsumer::new("open Parquet files").register(pool),
            bytes_per_partition: BYTES_PER_OPEN_COLUMN * schema.fields().len(),
        })
    }

    /// Appends a batch that has exactly the schema of the table.
    ///
    /// # Errors
    /// A disk that is full or cannot be written.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let open = match &mut self.keys {
            Some(keys) => keys.note(batch)?,
            None => 1,
        };
        let refused = self
            .reservation
            .try_resize(open * self.bytes_per_partition)
            .is_err();
        if open > MAX_OPEN_PARTITIONS || (refused && open > 1) {
            self.close_open_files().await?;
        }
        Ok(self.writer.write(batch).await?)
    }

    /// Closes all files. They are on disk, but part of no table before they are committed.
    ///
    /// # Errors
    /// A disk that is full or cannot be written.
    pub(super) async fn finish(mut self) -> Result<Vec<Add>> {
        self.closed.extend(self.writer.close().await?);
        Ok(self.closed)
    }

    async fn close_open_files(&mut self) -> Result<()> {
        let fresh = DeltaWriter::new(Arc::clone(&self.store), self.config.clone());
        let full = std::mem::replace(&mut self.writer, fresh);
        self.closed.extend(full.close().await?);
        if let Some(keys) = &mut self.keys {
            keys.open.clear();
        }
        self.reservation.free();
        Ok(())
    }
}

impl PartitionKeys {
    fn new(schema: &SchemaRef, partition_columns: &[String]) -> Result<Option<Self>> {
        if partition_columns.is_empty() {
            return Ok(None);
        }
        let columns: Vec<_> = partition_columns
            .iter()
            .map(|name| schema.index_of(name))
            .collect::<Result<_, _>>()?;
        let fields = columns
            .iter()
            .map(|column| SortField::new(schema.field(*column).data_type().clone()))
            .collect();
        Ok(Some(PartitionKeys {
            columns,
            converter: RowConverter::new(fields)?,
            open: HashSet::new(),
        }))
    }

    /// Counts the partitions that are open once the batch is written.
    fn note(&mut self, batch: &RecordBatch) -> Result<usize> {
        let arrays: Vec<_> = self
            .columns
            .iter()
            .map(|column| Arc::clone(batch.column(*column)))
            .collect();
        let rows = self.converter.convert_columns(&arrays)?;
        let mut last = None;
        for row in &rows {
            // Neighbours mostly share their partition.
            if last != Some(row) {
                self.open.insert(row.owned());
                last = Some(row);
            }
        }
        Ok(self.open.len())
    }
}
