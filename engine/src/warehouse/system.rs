//! The tables in which Tidemill keeps what it did: `system.loads`, `system.runs`, `system.steps`.
//!
//! They are tables like any other, written by Tidemill alone. Every record makes a small file; when
//! the files have become many, the next write puts them together.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;

use super::{TableDefinition, TableId, TableTransaction, Zone};
use crate::session::{Planner, Session};
use crate::{Error, Result};

/// Files of a system table before the next write compacts them.
const MAX_FILES: usize = 32;

/// A table of the zone `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemTable {
    /// One row per source that was loaded.
    Loads,
    /// One row per run of a pipeline.
    Runs,
    /// One row per step of a run.
    Steps,
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
                SystemTable::Runs => "runs",
                SystemTable::Steps => "steps",
            },
        )
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
        };
        Arc::new(Schema::new(fields))
    }
}

/// Adds records; puts the files of the table together when they have become many.
///
/// # Errors
/// A warehouse that cannot be written.
pub async fn append(session: &Session, table: SystemTable, records: RecordBatch) -> Result<()> {
    let files = match session.warehouse().open(&table.id()?).await? {
        Some(present) => present.snapshot()?.log_data().num_files(),
        None => 0,
    };
    if files >= MAX_FILES {
        return amend(session, table, "FALSE", records).await;
    }
    let planner = session.begin();
    let mut transaction = begin(session, table, &planner).await?;
    transaction
        .write(stream_of(vec![records], table), None)
        .await?;
    transaction.commit(None).await?;
    Ok(())
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
    let planner = session.begin();
    let mut transaction = begin(session, table, &planner).await?;
    let mut batches = self::records(session, table, &format!("({without}) IS NOT TRUE")).await?;
    batches.push(records);
    transaction.remove_all().await?;
    transaction.write(stream_of(batches, table), None).await?;
    transaction.commit(None).await?;
    Ok(())
}

async fn begin(
    session: &Session,
    table: SystemTable,
    planner: &Planner,
) -> Result<TableTransaction> {
    let mut transaction =
        TableTransaction::begin(session.warehouse(), &table.id()?, planner.state()).await?;
    if transaction.table().is_none() {
        transaction.define(TableDefinition::for_rows(
            &table.schema(),
            Vec::new(),
            planner.state(),
        )?);
    }
    Ok(transaction)
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
    if session.warehouse().entry(&id).is_none() {
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

fn stream_of(batches: Vec<RecordBatch>, table: SystemTable) -> SendableRecordBatchStream {
    let schema = table.schema();
    // Rows that come from a query have its representation of text.
    let batches = batches.into_iter().map(move |batch| {
        let columns = batch.columns().iter().zip(schema.fields());
        let columns = columns
            .map(|(column, field)| cast(column, field.data_type()))
            .collect::<Result<_, _>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
    });
    Box::pin(RecordBatchStreamAdapter::new(
        table.schema(),
        futures::stream::iter(batches),
    ))
}
