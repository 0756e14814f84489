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
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow::row::{RowConverter, SortField};
use futures::TryStreamExt;
use tempfile::{NamedTempFile, TempPath};

use super::discover::{DATABASE, Discovered, SourceFile};
use super::formats::ReadOptions;
use crate::session::{Planner, Session};
use crate::sql::{FileFormat, Query, quote_always};
use crate::warehouse::SERVER_TYPE;
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
    check_options(options)?;
    let spooled = spool(session, &session.begin(), query).await?;
    let identity = format!("query:{}", spooled.hash);
    let file = SourceFile::of_rows(spooled.rows, "query".to_owned(), identity, &spooled.hash)?;
    file.remarks.add(spooled.remark);
    Ok(Discovered {
        files: vec![file],
        note: None,
    })
}

/// Reads a table of a database into a file to land.
///
/// # Errors
/// Options that only files have, a database that cannot be read, a full disk.
pub(super) async fn table_to_file(
    session: &Session,
    source: &DatabaseTable,
    options: &ReadOptions,
) -> Result<Discovered> {
    check_options(options)?;
    let planner = session.begin();
    let query = source.query(&source.columns(&planner).await?, None)?;
    let spooled = spool(session, &planner, query).await?;
    let (name, identity) = (source.name.clone(), source.identity());
    let file = SourceFile::of_rows(spooled.rows, name, identity, &spooled.hash)?;
    file.remarks.add(spooled.remark);
    Ok(Discovered {
        files: vec![file],
        note: None,
    })
}

/// A table of a database that is loaded.
#[derive(Debug, Clone)]
pub(super) struct DatabaseTable {
    /// `connection.schema.table`, the schema always said.
    pub(super) name: String,
    /// The same as SQL.
    sql: String,
}

impl DatabaseTable {
    /// A table of a connection.
    pub(super) fn new(connection: &str, schema: &str, table: &str) -> Self {
        DatabaseTable {
            name: format!("{connection}.{schema}.{table}"),
            sql: [connection, schema, table].map(quote_always).join("."),
        }
    }

    /// What the ledger knows it by. The connection's name and not its URL: a database may move.
    pub(super) fn identity(&self) -> String {
        format!("{DATABASE}{}", self.name)
    }

    /// All of its columns as a table can hold them: times of day, which no table has, as texts.
    ///
    /// # Errors
    /// A database that cannot be read, no such table.
    pub(super) async fn columns(&self, planner: &Planner) -> Result<String> {
        let plan = planner.plan(self.query("*", None)?).await?;
        let column = |field: &Arc<Field>| {
            let name = quote_always(field.name());
            match field.data_type() {
                DataType::Time64(_) => format!("CAST({name} AS TEXT) AS {name}"),
                _ => name,
            }
        };
        let columns: Vec<_> = plan.schema().fields().iter().map(column).collect();
        Ok(columns.join(", "))
    }

    /// `SELECT columns FROM table WHERE condition`.
    ///
    /// # Errors
    /// Text that is no query.
    pub(super) fn query(&self, columns: &str, condition: Option<&str>) -> Result<Query> {
        let condition = condition.map(|condition| format!(" WHERE {condition}"));
        let condition = condition.unwrap_or_default();
        Query::of_text(&format!("SELECT {columns} FROM {}{condition}", self.sql))
    }
}

/// The rows of a query in a file.
pub(super) struct Spooled {
    pub(super) rows: TempPath,
    /// Of the rows in any order.
    pub(super) hash: String,
    pub(super) count: u64,
    /// Which columns of a database became text.
    pub(super) remark: Option<String>,
}

/// Refuses options that say how files are read.
///
/// # Errors
/// Such an option.
pub(super) fn check_options(options: &ReadOptions) -> Result<()> {
    if let Some(format) = options.format {
        return Err(Error::input(format!("FORMAT {format} says what files are, not queries"))
            .hint("leave it out, or name it where the query reads the files: read_files('..', format => '..')"));
    }
    options.check_for(FileFormat::Arrow)
}

/// Runs a query and keeps its rows in a file.
///
/// # Errors
/// An error of the query, a full disk.
pub(super) async fn spool(session: &Session, planner: &Planner, query: Query) -> Result<Spooled> {
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
    Ok(Spooled {
        rows: file.into_temp_path(),
        count: hash.count,
        hash: hash.finish(),
        remark: remark_on_texts(&schema),
    })
}

/// Which columns have a type in their database that none here is like.
fn remark_on_texts(schema: &Schema) -> Option<String> {
    let fields = schema.fields().iter();
    let texts = fields.filter_map(|field| {
        let server_type = field.metadata().get(SERVER_TYPE)?;
        Some(format!("{} ({server_type})", field.name()))
    });
    match texts.collect::<Vec<_>>().as_slice() {
        [] => None,
        [column] => Some(format!("column {column} is read as TEXT")),
        columns => Some(format!("columns {} are read as TEXT", columns.join(", "))),
    }
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
