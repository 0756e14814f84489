//! The tables in which Tidemill keeps what it did: `system.loads`, `system.rejects`, `system.runs`,
//! `system.steps`, `system.audit`.
//!
//! They are tables like any other, written by Tidemill alone. Every record makes a small file; when
//! the files have become many, the next write puts them together. A table that was made before it
//! had all the columns of today gets them with its next write.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::{TableDefinition, TableId, TableTransaction, Zone};
use crate::session::Session;
use crate::sql::Layout;
use crate::{Error, Result};

/// Files of a system table before the next write compacts them.
const MAX_FILES: usize = 32;
/// A table of more bytes is not put together: that would take longer than reading its files.
const MAX_COMPACTED_BYTES: i64 = 64 << 20;

/// A table of the zone `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemTable {
    /// One row per source that was loaded.
    Loads,
    /// One row per record that a load has set aside.
    Rejects,
    /// One row per run of a pipeline.
    Runs,
    /// One row per step of a run.
    Steps,
    /// One row per result whose personal data a terminal has shown.
    Audit,
}

impl SystemTable {
    /// Its identity.
    ///
    /// # Errors
    /// None: the names are fixed.
    pub fn id(self) -> Result<TableId> {
        TableId::new(
            Zone::System,
            match self {
                SystemTable::Loads => "loads",
                SystemTable::Rejects => "rejects",
                SystemTable::Runs => "runs",
                SystemTable::Steps => "steps",
                SystemTable::Audit => "audit",
            },
        )
    }

    /// Whether it was ever written.
    ///
    /// # Errors
    /// None: the names are fixed.
    pub(crate) fn exists(self, session: &Session) -> Result<bool> {
        Ok(session.warehouse().entry(&self.id()?).is_some())
    }

    /// Its columns.
    pub fn schema(self) -> SchemaRef {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let count = |name: &str| Field::new(name, DataType::Int64, true);
        let time = |name: &str| {
            Field::new(
                name,
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                true,
            )
        };
        let fields = match self {
            SystemTable::Loads => vec![
                text("load_id"),
                text("target"),
                text("source"),
                text("content_hash"),
                count("bytes"),
                count("rows_read"),
                count("rows_loaded"),
                count("rows_rejected"),
                count("rows_duplicate"),
                count("version"),
                Field::new("seconds", DataType::Float64, true),
                time("loaded_at"),
            ],
            SystemTable::Rejects => vec![
                text("load_id"),
                count("reject"),
                text("target"),
                text("source"),
                count("line"),
                count("byte_offset"),
                text("column"),
                text("raw"),
                text("value"),
                text("reason"),
                text("hint"),
                Field::new("cut", DataType::Boolean, true),
                text("options"),
                time("rejected_at"),
                time("retried_at"),
                text("retried_by"),
            ],
            SystemTable::Runs => vec![
                text("run_id"),
                text("pipeline"),
                text("status"),
                text("parameters"),
                count("steps_run"),
                count("steps_skipped"),
                time("started_at"),
                time("finished_at"),
                text("error"),
            ],
            SystemTable::Steps => vec![
                text("run_id"),
                text("pipeline"),
                text("step"),
                text("status"),
                count("rows"),
                text("fingerprint"),
                time("started_at"),
                time("finished_at"),
                text("error"),
            ],
            SystemTable::Audit => vec![
                text("run_id"),
                text("user"),
                text("action"),
                text("columns"),
                text("statement_hash"),
                time("at"),
            ],
        };
        Arc::new(Schema::new(fields))
    }
}

/// A write to a system table. Holds its lock until it is dropped.
pub(crate) struct SystemWrite<'s> {
    session: &'s Session,
    table: SystemTable,
    transaction: TableTransaction,
    /// Whether the rows that were there lack columns of today until they are written again.
    outdated: bool,
    /// Whether the rows that were there are written again by this transaction.
    rewritten: bool,
}

/// Adds records; puts the files of the table together when they have become many.
///
/// # Errors
/// A warehouse that cannot be written.
pub async fn append(session: &Session, table: SystemTable, records: RecordBatch) -> Result<()> {
    SystemWrite::begin(session, table)
        .await?
        .append(records)
        .await
}

/// Adds records and removes those that satisfy a condition, in one commit. Rewrites the table,
/// which is small.
///
/// # Errors
/// A warehouse that cannot be written.
pub async fn amend(
    session: &Session,
    table: SystemTable,
    without: &str,
    records: RecordBatch,
) -> Result<()> {
    let mut write = SystemWrite::begin(session, table).await?;
    write
        .rewrite(&format!("({without}) IS NOT TRUE"), Ok)
        .await?;
    write.add(stream_of(records)).await?;
    write.commit().await
}

impl<'s> SystemWrite<'s> {
    /// Waits for other writers of the table, makes it if it is not there, and gives it the columns
    /// that it has today.
    ///
    /// # Errors
    /// A warehouse that cannot be written.
    pub(crate) async fn begin(session: &'s Session, table: SystemTable) -> Result<Self> {
        let planner = session.begin();
        let transaction =
            TableTransaction::begin(session.warehouse(), &table.id()?, planner.state()).await?;
        let mut write = SystemWrite {
            session,
            table,
            transaction,
            outdated: false,
            rewritten: false,
        };
        if write.has_columns_of_today() {
            return Ok(write);
        }
        let definition =
            TableDefinition::for_rows(&table.schema(), Layout::default(), planner.state())?;
        write.outdated = write.transaction.table().is_some();
        write.transaction.define(definition);
        Ok(write)
    }

    /// Adds records and commits them.
    ///
    /// # Errors
    /// A full disk; nothing is visible then.
    pub(crate) async fn append(mut self, records: RecordBatch) -> Result<()> {
        self.add(stream_of(records)).await?;
        self.commit().await
    }

    /// Adds records.
    ///
    /// # Errors
    /// A full disk.
    pub(crate) async fn add(&mut self, records: SendableRecordBatchStream) -> Result<()> {
        self.transaction.write(records, None).await.map(|_| ())
    }

    /// Writes the records that satisfy a condition again, each batch changed by `change`, and
    /// removes all others.
    ///
    /// # Errors
    /// A table that cannot be read, a full disk, an error of `change`.
    pub(crate) async fn rewrite(
        &mut self,
        condition: &str,
        mut change: impl FnMut(RecordBatch) -> Result<RecordBatch> + Send + 'static,
    ) -> Result<()> {
        self.rewritten = true;
        let id = self.table.id()?;
        if self.session.warehouse().entry(&id).is_none() {
            return Ok(());
        }
        let query = format!("SELECT * FROM {id} WHERE {condition}");
        let rows = crate::execute::stream(self.session, &query).await?;
        let schema = with_types_of(rows.schema(), &self.table.schema());
        let batches = Arc::clone(&schema);
        let rows = rows.map(move |batch| {
            batch
                .and_then(|batch| typed(batch, &batches))
                .and_then(&mut change)
                .map_err(Error::into_datafusion)
        });
        self.transaction.remove_all().await?;
        self.add(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
            .await
    }

    /// Makes it visible at once. Many small files become one on the way, and rows without the columns
    /// of today get them.
    ///
    /// # Errors
    /// A full disk; nothing is visible then.
    pub(crate) async fn commit(mut self) -> Result<()> {
        if !self.rewritten && (self.outdated || self.is_scattered()?) {
            self.rewrite("TRUE", Ok).await?;
        }
        self.transaction.commit(None).await.map(|_| ())
    }

    fn has_columns_of_today(&self) -> bool {
        self.transaction.definition().is_some_and(|definition| {
            let (present, today) = (definition.schema.fields(), self.table.schema());
            let names = present.iter().map(|field| field.name());
            names.eq(today.fields().iter().map(|field| field.name()))
        })
    }

    /// Whether the table lies in many files that are small all together.
    fn is_scattered(&self) -> Result<bool> {
        let Some(table) = self.transaction.table() else {
            return Ok(false);
        };
        let files = table.snapshot()?.log_data();
        let bytes: i64 = files.iter().map(|file| file.size()).sum();
        Ok(files.num_files() >= MAX_FILES && bytes <= MAX_COMPACTED_BYTES)
    }
}

/// Records of a system table that satisfy a condition; none when there is no such table yet.
///
/// # Errors
/// A table that cannot be read.
pub async fn records(
    session: &Session,
    table: SystemTable,
    condition: &str,
) -> Result<Vec<RecordBatch>> {
    let id = table.id()?;
    if !table.exists(session)? {
        return Ok(Vec::new());
    }
    crate::execute::collect(session, &format!("SELECT * FROM {id} WHERE {condition}")).await
}

/// A batch of records made column by column.
///
/// # Errors
/// Columns that do not fit the table: a defect.
pub fn record(table: SystemTable, columns: Vec<arrow::array::ArrayRef>) -> Result<RecordBatch> {
    RecordBatch::try_new(table.schema(), columns)
        .map_err(|error| Error::internal("a system record does not fit its table").source(error))
}

/// The columns that are there, in the types that they have today: rows that come from a query have
/// its representation of text.
fn with_types_of(present: &Schema, today: &Schema) -> SchemaRef {
    let fields = present
        .fields()
        .iter()
        .filter_map(|field| today.field_with_name(field.name()).ok().cloned());
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn typed(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema.fields().iter().map(|field| {
        let column = batch
            .column_by_name(field.name())
            .ok_or_else(|| Error::internal("a system table lost a column"))?;
        Ok(cast(column, field.data_type())?)
    });
    let columns = columns.collect::<Result<_>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

fn stream_of(records: RecordBatch) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(
        records.schema(),
        futures::stream::once(async { Ok(records) }),
    ))
}
