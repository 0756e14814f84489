//! `system.loads`: one record per loaded file.
//!
//! The record travels with the commit of the rows, and is then copied to the system table. A
//! process that was killed between the two leaves it in the log of the table, from where the
//! next load puts it right.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use deltalake_core::DeltaTable;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use crate::session::Session;
use crate::warehouse::system::{self, SystemTable};
use crate::warehouse::{COMMIT_KEY, TableId};
use crate::{Error, Result};

/// How many commits back a missing record is looked for.
const COMMITS_SEARCHED: usize = 20;

/// One loaded file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadRecord {
    /// Unique, and ordered in time.
    pub load_id: String,
    /// The table.
    pub target: String,
    /// The file, absolute.
    pub source: String,
    /// BLAKE3 of its content.
    pub content_hash: String,
    /// Its size.
    pub bytes: u64,
    /// Rows in the file.
    pub rows_read: u64,
    /// Rows in the table.
    pub rows_loaded: u64,
    /// Rows set aside.
    pub rows_rejected: u64,
    /// Rows left out because the table had them.
    pub rows_duplicate: u64,
    /// How long reading and writing took.
    #[serde(default)]
    pub seconds: f64,
    /// When, in microseconds since 1970 UTC.
    pub loaded_at: i64,
}

/// Adds records to `system.loads`.
///
/// # Errors
/// A warehouse that cannot be written.
pub async fn keep(session: &Session, records: &[(LoadRecord, u64)]) -> Result<()> {
    let text = |value: fn(&LoadRecord) -> &String| {
        Arc::new(
            records
                .iter()
                .map(|(record, _)| Some(value(record)))
                .collect::<StringArray>(),
        ) as ArrayRef
    };
    let count = |value: fn(&LoadRecord) -> u64| {
        Arc::new(
            records
                .iter()
                .map(|(record, _)| Some(value(record) as i64))
                .collect::<Int64Array>(),
        ) as ArrayRef
    };
    let loaded_at = records
        .iter()
        .map(|(record, _)| Some(record.loaded_at))
        .collect::<TimestampMicrosecondArray>();
    let batch = system::record(
        SystemTable::Loads,
        vec![
            text(|record| &record.load_id),
            text(|record| &record.target),
            text(|record| &record.source),
            text(|record| &record.content_hash),
            count(|record| record.bytes),
            count(|record| record.rows_read),
            count(|record| record.rows_loaded),
            count(|record| record.rows_rejected),
            count(|record| record.rows_duplicate),
            Arc::new(
                records
                    .iter()
                    .map(|(_, version)| Some(*version as i64))
                    .collect::<Int64Array>(),
            ),
            Arc::new(
                records
                    .iter()
                    .map(|(record, _)| Some(record.seconds))
                    .collect::<Float64Array>(),
            ),
            Arc::new(loaded_at.with_timezone("UTC")),
        ],
    )?;
    system::append(session, SystemTable::Loads, batch).await
}

/// Copies records that are in the log of a table but not in `system.loads`.
///
/// # Errors
/// A log or a table that cannot be read.
pub async fn repair(session: &Session, id: &TableId, table: &DeltaTable) -> Result<()> {
    let committed = committed(table).await?;
    if committed.is_empty() {
        return Ok(());
    }
    let target = id.to_string().replace('\'', "''");
    let kept =
        system::records(session, SystemTable::Loads, &format!("target = '{target}'")).await?;
    let mut known = HashSet::new();
    for batch in &kept {
        let ids = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8)?;
        known.extend(ids.as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    let missing: Vec<_> = committed
        .into_iter()
        .filter(|(record, _)| !known.contains(&record.load_id))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        keep(session, &missing).await
    }
}

async fn committed(table: &DeltaTable) -> Result<Vec<(LoadRecord, u64)>> {
    let newest = table.version().unwrap_or_default();
    let mut records = Vec::new();
    let commits: Vec<_> = table.history(Some(COMMITS_SEARCHED)).try_collect().await?;
    for (age, commit) in commits.into_iter().enumerate() {
        let version = newest.saturating_sub(age as u64);
        if let Some(counts) = commit.info.get(COMMIT_KEY) {
            let counts: Vec<LoadRecord> =
                serde_json::from_value(counts.clone()).map_err(|error| {
                    Error::internal(format!("the record of version {version} cannot be read"))
                        .source(error)
                })?;
            records.extend(counts.into_iter().map(|record| (record, version)));
        }
    }
    Ok(records)
}
