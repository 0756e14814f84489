//! What the log of a table says about a finished data file.

use std::time::{SystemTime, UNIX_EPOCH};

use arrow::datatypes::SchemaRef;
use deltalake_core::kernel::Add;
use parquet::file::metadata::ParquetMetaData;

use super::part_file::Finished;
use super::statistics::statistics;

impl Finished<ParquetMetaData> {
    /// The action that adds the file to a table; `schema` holds the columns of the file.
    pub(in crate::warehouse) fn into_add(self, schema: &SchemaRef) -> Add {
        Add {
            stats: Some(statistics(&self.footer, schema)),
            path: self.path.to_string(),
            partition_values: self.partition_values,
            size: self.bytes as i64,
            modification_time: milliseconds_now(),
            data_change: true,
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        }
    }
}

fn milliseconds_now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_millis() as i64)
}
