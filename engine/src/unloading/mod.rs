//! Unloading: rows leave the warehouse as files, whole or not at all.
//!
//! The rows of a query are brought into types that files have (`rows.rs`), checked for what the
//! format cannot hold (`limits.rs`), and written into a hidden folder beside the target
//! (`staging.rs`) by the code that writes tables: split by partition, in bounded memory, encoded
//! on all threads. When all are on the disk, one rename puts them where readers look
//! (`publish.rs`); objects of a store are uploaded then (`remote.rs`).

mod checksum;
mod formats;
mod limits;
mod options;
mod publish;
mod remote;
mod rows;
mod staging;
mod target;
mod written;

use futures::TryStreamExt;

use formats::{ArrowEncoding, AvroEncoding, OrcEncoding, TextEncoding, parquet_encoding};
use options::UnloadingOptions;
use rows::FileRows;
use staging::Staging;
use target::Target;
use written::WrittenFiles;

use crate::reconciliation::{Copied, CopyStatus};
use crate::report::grouped;
use crate::secrets::hide_passwords;
use crate::session::{Planner, Session};
use crate::sql::{CopySource, Layout, Query, Unload, WrittenFormat, literal};
use crate::warehouse::{DataFiles, Encoding, Limits, RowShaper, TableDefinition};
use crate::{Error, Result};

/// Writes the rows of a COPY INTO 'path' to its file or folder.
///
/// # Errors
/// A target that is there and may not be replaced, or lies in the warehouse; a value that the
/// format cannot hold, with row and column; an error of the query; a full disk. The target is as
/// it was then.
pub async fn unload(session: &Session, unload: &Unload) -> Result<Copied> {
    let located = |error| unload.locate(error);
    let options = UnloadingOptions::checked(&unload.options, &unload.target).map_err(located)?;
    let target = Target::find(session, &unload.target, &options).map_err(located)?;
    target.check_free(&options).await.map_err(located)?;
    let (query, source) = query_of(&unload.source)?;
    let shown = hide_passwords(&unload.target);
    let task = format!("writing {shown}");
    let _running = session.progress().start(task, 0);
    let staging = target.stage(session).map_err(located)?;
    let (files, rows) = write_rows(session, query, &options, &staging).await?;
    let note = describe(&files, &options);
    let published = target.publish(staging, files, &options).await;
    published.map_err(located)?;
    Copied {
        read: rows,
        loaded: rows,
        note: Some(note),
        ..Copied::new(source, shown, CopyStatus::Loaded)
    }
    .reconciled()
}

/// The query whose rows are written, and what results call it.
fn query_of(source: &CopySource) -> Result<(Query, String)> {
    Ok(match source {
        CopySource::Relation(name) => (Query::select_all(name)?, name.to_string()),
        CopySource::Query(query) => (query.clone(), "query".to_owned()),
        CopySource::Files(paths) => {
            let listed: Vec<_> = paths.iter().map(|path| literal(path)).collect();
            let listed = listed.join(", ");
            let files = Query::of_text(&format!("SELECT * FROM read_files(({listed}))"))?;
            let shown: Vec<_> = paths.iter().map(|path| hide_passwords(path)).collect();
            (files, shown.join(", "))
        }
    })
}

/// Writes the rows of a query into the folder of `staging`; gives its files and the number of
/// rows.
async fn write_rows(
    session: &Session,
    query: Query,
    options: &UnloadingOptions,
    staging: &Staging,
) -> Result<(WrittenFiles, u64)> {
    let planner = session.begin();
    let mut stream = planner.query(query).await?;
    let mut rows = FileRows::new(&stream.schema(), options)?;
    let layout = Layout {
        partition_by: options.partition_by.clone(),
        ..Layout::default()
    };
    let definition = TableDefinition::for_rows(rows.schema(), layout, planner.state())?;
    let mut writer = Writer::new(options, &definition, &rows, staging, &planner)?;
    while let Some(batch) = stream.try_next().await? {
        session.progress().add_rows(batch.num_rows() as u64);
        writer.write(rows.checked(&batch)?).await?;
    }
    Ok((writer.finish(staging).await?, rows.count()))
}

/// The files of one statement, in one of the formats.
enum Writer {
    Text(DataFiles<TextEncoding>),
    Parquet(DataFiles<crate::warehouse::ParquetEncoding>),
    Avro(DataFiles<AvroEncoding>),
    Orc(DataFiles<OrcEncoding>),
    Arrow(DataFiles<ArrowEncoding>),
}

/// Does the same with the files of any format.
macro_rules! with_files {
    ($writer:expr, $files:ident => $do:expr) => {
        match $writer {
            Writer::Text($files) => $do,
            Writer::Parquet($files) => $do,
            Writer::Avro($files) => $do,
            Writer::Orc($files) => $do,
            Writer::Arrow($files) => $do,
        }
    };
}

impl Writer {
    fn new(
        options: &UnloadingOptions,
        definition: &TableDefinition,
        rows: &FileRows,
        staging: &Staging,
        planner: &Planner,
    ) -> Result<Self> {
        let start = Start {
            options,
            definition,
            rows,
            staging,
            planner,
        };
        let codec = options.codec;
        Ok(match options.format {
            WrittenFormat::Parquet => {
                Writer::Parquet(start.files(|schema| parquet_encoding(schema, codec))?)
            }
            WrittenFormat::Avro => {
                Writer::Avro(start.files(|schema| AvroEncoding::new(schema, codec))?)
            }
            WrittenFormat::Orc => {
                Writer::Orc(start.files(|schema| OrcEncoding::new(schema, codec))?)
            }
            WrittenFormat::Arrow => {
                Writer::Arrow(start.files(|schema| ArrowEncoding::new(schema, codec))?)
            }
            WrittenFormat::Csv
            | WrittenFormat::Tsv
            | WrittenFormat::Ndjson
            | WrittenFormat::Json => {
                Writer::Text(start.files(|schema| Ok(TextEncoding::new(schema, options)))?)
            }
        })
    }

    async fn write(&mut self, batch: arrow::array::RecordBatch) -> Result<()> {
        with_files!(self, files => files.write(batch).await)
    }

    async fn finish(self, staging: &Staging) -> Result<WrittenFiles> {
        with_files!(self, files => {
            let encoding = files.encoding();
            let finished = files.finish().await?;
            match finished.is_empty() {
                true => WrittenFiles::without_rows(staging, encoding.as_ref()),
                false => Ok(WrittenFiles::of(staging, finished)),
            }
        })
    }
}

/// What it takes to begin.
struct Start<'a> {
    options: &'a UnloadingOptions,
    definition: &'a TableDefinition,
    rows: &'a FileRows,
    staging: &'a Staging,
    planner: &'a Planner,
}

impl Start<'_> {
    fn files<E: Encoding>(
        &self,
        encoding: impl FnOnce(arrow::datatypes::SchemaRef) -> Result<E>,
    ) -> Result<DataFiles<E>> {
        let state = self.planner.state();
        let shaper = RowShaper::new(self.definition, self.rows.schema(), state)?;
        let limits = match self.options.is_folder() {
            true => Limits::of(state),
            false => Limits {
                file_bytes: usize::MAX,
                ..Limits::of(state)
            },
        };
        let folder = self.staging.files();
        DataFiles::new(folder, self.definition, shaper, limits, state, encoding)
    }
}

fn describe(files: &WrittenFiles, options: &UnloadingOptions) -> String {
    let count = match files.count() {
        1 => "1 file".to_owned(),
        count => format!("{} files", grouped(count as u64)),
    };
    let checksum = match options.checksum {
        true => ", with checksum",
        false => "",
    };
    format!("{count}, {} bytes{checksum}", grouped(files.bytes()))
}

/// Runs what waits for a disk or a library on a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal("writing files stopped").source(error))?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_result_shows_no_password_of_its_source() {
        let paths = ["http://user:geheim@host/a.csv", "b.csv"].map(str::to_owned);
        let (_, source) = query_of(&CopySource::Files(paths.to_vec())).unwrap();
        assert_eq!(source, "http://user:******@host/a.csv, b.csv");
    }
}
