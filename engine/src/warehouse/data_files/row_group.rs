//! Encoding rows as row groups of a Parquet file, in memory.

use std::collections::HashSet;
use std::mem;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type, SchemaRef};
use datafusion::common::hash_utils::{RandomState, create_hashes};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use uuid::Uuid;

use super::encoding::{Encoding, GrowingFile};
use super::sort_order::SortOrder;
use crate::{Error, Result};

/// Values per column that decide whether a dictionary pays.
const SAMPLED_VALUES: usize = 1024;
/// Above this share of distinct values a dictionary costs more time than it saves space.
const DISTINCT_SHARE: f64 = 0.5;

/// Parquet, for files of some columns.
#[derive(Debug)]
pub(crate) struct ParquetEncoding {
    schema: SchemaRef,
    compression: Compression,
    file_name: fn(Uuid) -> String,
    order: Option<SortOrder>,
    random_state: RandomState,
}

/// Rows of a row group: as many as other engines give it, so that readers can share out a file.
pub(super) const ROW_GROUP_ROWS: usize = 128 * 1024;

/// Encoded rows: one chunk per leaf column.
pub(crate) type RowGroup = Vec<ArrowColumnChunk>;

impl Encoding for ParquetEncoding {
    type Chunk = Vec<RowGroup>;
    type File = SerializedFileWriter<Vec<u8>>;

    fn file_name(&self, id: Uuid) -> String {
        (self.file_name)(id)
    }

    fn open(&self) -> Result<Self::File> {
        Ok(self.writers(WriterProperties::default())?.0)
    }

    /// Where rows have an order, so many may come that they make several row groups.
    ///
    /// None of its errors come up: [`ParquetEncoding::new`] has seen all types.
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<RowGroup>> {
        let Some(order) = &self.order else {
            return Ok(vec![self.encode_row_group(batches)?]);
        };
        let sorted = order.sort(batches)?;
        let groups = sorted.num_rows().div_ceil(ROW_GROUP_ROWS).max(1);
        let rows = sorted.num_rows().div_ceil(groups);
        let starts = (0..sorted.num_rows()).step_by(rows.max(1));
        starts
            .map(|start| {
                let rows = rows.min(sorted.num_rows() - start);
                self.encode_row_group(&[sorted.slice(start, rows)])
            })
            .collect()
    }
}

impl GrowingFile for SerializedFileWriter<Vec<u8>> {
    type Chunk = Vec<RowGroup>;
    type Footer = ParquetMetaData;

    fn append(&mut self, row_groups: Vec<RowGroup>) -> Result<()> {
        for row_group in row_groups {
            let mut writer = self.next_row_group().map_err(encoding_failed)?;
            for chunk in row_group {
                chunk
                    .append_to_row_group(&mut writer)
                    .map_err(encoding_failed)?;
            }
            writer.close().map_err(encoding_failed)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<ParquetMetaData> {
        SerializedFileWriter::finish(self).map_err(encoding_failed)
    }

    fn take_bytes(&mut self) -> Result<Vec<u8>> {
        self.flush()
            .map_err(|error| encoding_failed(error.into()))?;
        Ok(mem::take(self.inner_mut()))
    }
}

impl ParquetEncoding {
    /// As tables are written: with Zstandard, the rows sorted by some columns.
    ///
    /// # Errors
    /// A type that Parquet cannot hold, or a column to sort by that is not there.
    pub(crate) fn zstd(schema: SchemaRef, sort_by: &[String]) -> Result<Self> {
        let compression = Compression::ZSTD(ZstdLevel::default());
        let order = SortOrder::new(&schema, sort_by)?;
        let encoding = ParquetEncoding::new(schema, compression, |id| {
            format!("part-00000-{id}-c000.zstd.parquet")
        })?;
        Ok(ParquetEncoding { order, ..encoding })
    }

    /// With some compression, for files whose names `file_name` makes.
    ///
    /// # Errors
    /// A type that Parquet cannot hold.
    pub(crate) fn new(
        schema: SchemaRef,
        compression: Compression,
        file_name: fn(Uuid) -> String,
    ) -> Result<Self> {
        let encoding = ParquetEncoding {
            schema,
            compression,
            file_name,
            order: None,
            random_state: RandomState::default(),
        };
        encoding.open()?;
        Ok(encoding)
    }

    fn encode_row_group(&self, batches: &[RecordBatch]) -> Result<RowGroup> {
        let (_, factory) = self.writers(self.properties(batches))?;
        let mut encoders = factory
            .create_column_writers(0)
            .map_err(encoding_failed)?
            .into_iter();
        let mut chunks = Vec::with_capacity(encoders.len());
        for (index, field) in self.schema.fields().iter().enumerate() {
            let mut of_leaves = Vec::new();
            for batch in batches {
                let leaves = compute_leaves(field, batch.column(index)).map_err(encoding_failed)?;
                of_leaves.extend(encoders.by_ref().take(leaves.len() - of_leaves.len()));
                for (leaf, encoder) in leaves.iter().zip(&mut of_leaves) {
                    encoder.write(leaf).map_err(encoding_failed)?;
                }
            }
            for encoder in of_leaves {
                chunks.push(encoder.close().map_err(encoding_failed)?);
            }
        }
        Ok(chunks)
    }

    /// How to encode columns. Statistics are per row group: those of pages help only where rows are
    /// in an order.
    fn properties(&self, batches: &[RecordBatch]) -> WriterProperties {
        let mut properties = WriterProperties::builder()
            .set_compression(self.compression)
            .set_statistics_enabled(EnabledStatistics::Chunk);
        let sort_columns = self.order.as_ref().map_or(&[][..], SortOrder::columns);
        for (index, field) in self.schema.fields().iter().enumerate() {
            let parts: Vec<_> = batches.iter().map(|batch| batch.column(index)).collect();
            let path = || ColumnPath::new(vec![field.name().clone()]);
            if !self.repays_dictionary(&parts) {
                properties = properties.set_column_dictionary_enabled(path(), false);
            }
            if sort_columns.contains(&index) {
                let pages = EnabledStatistics::Page;
                properties = properties.set_column_statistics_enabled(path(), pages);
            }
            // The bounds of a column leave NaN out, yet NaN is more than any number: readers
            // that trust them would skip it.
            if parts.iter().any(|part| holds_nan(part)) {
                let none = EnabledStatistics::None;
                properties = properties.set_column_statistics_enabled(path(), none);
            }
        }
        properties.build()
    }

    fn writers(
        &self,
        properties: WriterProperties,
    ) -> Result<(SerializedFileWriter<Vec<u8>>, ArrowRowGroupWriterFactory)> {
        let options = ArrowWriterOptions::new().with_properties(properties);
        ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(&self.schema), options)
            .and_then(ArrowWriter::into_serialized_writer)
            .map_err(encoding_failed)
    }

    /// Whether the values of a column repeat so often that a dictionary of them pays, judged by a
    /// sample.
    fn repays_dictionary(&self, parts: &[&ArrayRef]) -> bool {
        let rows: usize = parts.iter().map(|part| part.len()).sum();
        let mut distinct = HashSet::with_capacity(SAMPLED_VALUES);
        let mut sampled = 0;
        for part in parts {
            let sample = part.slice(0, part.len().min(SAMPLED_VALUES - sampled));
            let mut hashes = vec![0; sample.len()];
            let nested = sample.data_type().is_nested();
            if nested || create_hashes([&sample], &self.random_state, &mut hashes).is_err() {
                return true;
            }
            sampled += sample.len();
            distinct.extend(hashes);
        }
        let expected = expected_distinct(distinct.len(), sampled, rows);
        expected <= DISTINCT_SHARE * rows as f64
    }
}

/// How many distinct values `rows` rows have, when `sampled` of them have `distinct`: the values
/// are taken to be drawn from a pool, all equally likely. From a pool of P values, n draws give
/// P (1 - e^(-n/P)) distinct ones on average (Feller, An Introduction to Probability Theory I, IV.2).
fn expected_distinct(distinct: usize, sampled: usize, rows: usize) -> f64 {
    if distinct >= sampled {
        return rows as f64;
    }
    let drawn = |pool: f64, draws: usize| -pool * (-(draws as f64) / pool).exp_m1();
    let (mut low, mut high) = (distinct as f64, (sampled * sampled) as f64);
    while high - low > 1.0 {
        let middle = f64::midpoint(low, high);
        match drawn(middle, sampled) < distinct as f64 {
            true => low = middle,
            false => high = middle,
        }
    }
    drawn(high, rows)
}

fn holds_nan(column: &ArrayRef) -> bool {
    match column.data_type() {
        DataType::Float32 => {
            let values = column.as_primitive::<Float32Type>();
            values.iter().flatten().any(f32::is_nan)
        }
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>();
            values.iter().flatten().any(f64::is_nan)
        }
        _ => false,
    }
}

/// Encoding in memory meets no disk; what fails is ours.
fn encoding_failed(error: ParquetError) -> Error {
    Error::internal("cannot encode rows as Parquet").source(error)
}
