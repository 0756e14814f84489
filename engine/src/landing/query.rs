//! `COPY INTO raw.t FROM (SELECT ..)`: the result of a query lands as a file does.
//!
//! The rows are written to a file in the spill folder first, and that file is landed: so all that
//! a load does for rows (drift, duplicates, rejects, counts) it does for these, too.
//!
//! A query has no identity that would say whether it was loaded before: its text stays the same
//! while its tables change. What is remembered is a hash over its rows that does not depend on
//! their order. The same rows again, as after a run that was cut off, are skipped; other rows of the
//! same query are loaded.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::row::{RowConverter, SortField};
use futures::TryStreamExt;
use tempfile::NamedTempFile;

use super::discover::{Discovered, SourceFile};
use super::formats::ReadOptions;
use crate::session::Session;
use crate::sql::{FileFormat, Query};
use crate::{Error, Result};

/// Runs a query and keeps its rows in a file to land.
///
/// # Errors
/// Options that only files have, an error of the query, a full disk.
pub(super) async fn run_to_file(
    session: &Session,
    query: Query,
    options: &ReadOptions,
) -> Result<Discovered> {
    if let Some(format) = options.format {
        return Err(Error::input(format!("FORMAT {format} says what files are, not queries"))
            .hint("leave it out, or name it where the query reads the files: read_files('..', format => '..')"));
    }
    options.check_for(FileFormat::Arrow)?;
    let planner = session.begin();
    let mut rows = planner.query(query).await?;
    let schema = rows.schema();
    let folder = session.spill_folder();
    let failed = |error| Error::file("write", folder, error);
    let file = NamedTempFile::new_in(folder).map_err(failed)?;
    let packed =
        IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let mut writer = StreamWriter::try_new_with_options(
        std::io::BufWriter::new(file.as_file()),
        &schema,
        packed,
    )?;
    let mut hash = RowsHash::new(&schema)?;
    while let Some(batch) = rows.try_next().await? {
        hash.add(&batch)?;
        writer.write(&batch)?;
    }
    writer.finish()?;
    drop(writer);
    let hash = hash.finish();
    Ok(Discovered {
        files: vec![SourceFile::of_query(file.into_temp_path(), &hash)?],
        note: None,
    })
}

/// A hash over rows in any order, and over the names and types of their columns.
struct RowsHash {
    converter: RowConverter,
    sum: u128,
    count: u64,
    schema: SchemaRef,
}

impl RowsHash {
    fn new(schema: &SchemaRef) -> Result<Self> {
        let fields = schema.fields().iter();
        let fields = fields.map(|field| SortField::new(field.data_type().clone()));
        Ok(RowsHash {
            converter: RowConverter::new(fields.collect())?,
            sum: 0,
            count: 0,
            schema: Arc::clone(schema),
        })
    }

    /// Sums of hashes do not depend on order, and unlike other such ways see how often a row is
    /// there.
    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        for row in &self.converter.convert_columns(batch.columns())? {
            let hash = blake3::hash(row.data());
            let (first, _) = hash.as_bytes().split_at(16);
            let word = first
                .iter()
                .fold(0_u128, |word, byte| word << 8 | u128::from(*byte));
            self.sum = self.sum.wrapping_add(word);
        }
        self.count += batch.num_rows() as u64;
        Ok(())
    }

    fn finish(self) -> String {
        let columns: Vec<String> = self
            .schema
            .fields()
            .iter()
            .map(|field| format!("{} {}", field.name(), field.data_type()))
            .collect();
        let text = format!("{columns:?} {} {:032x}", self.count, self.sum);
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }
}
