//! `system.loads`: one record per loaded file.
//!
//! The record travels with the commit of the rows, and is then copied to the system table. A
//! process that was killed between the two leaves it in the log of the table, from where the
//! next load puts it right. A mark says up to which version that has been done, so that a long log
//! is not read again and again.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray,
};
use deltalake_core::DeltaTable;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::session::Session;
use crate::sql::literal;
use crate::warehouse::system::{self, SystemTable, SystemWrite};
use crate::warehouse::{COMMIT_KEY, TableId};
use crate::{Error, Result};

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

/// Begins to write `system.loads`.
///
/// # Errors
/// A warehouse that cannot be written.
pub async fn begin(session: &Session) -> Result<SystemWrite<'_>> {
    SystemWrite::begin(session, SystemTable::Loads).await
}

/// Adds records to `system.loads`.
///
/// # Errors
/// A warehouse that cannot be written.
pub async fn keep(loads: SystemWrite<'_>, records: &[(LoadRecord, u64)]) -> Result<()> {
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
    loads.append(batch).await
}

/// Copies records that are in the log of a table but not in `system.loads`. Needs the write lock
/// of the table.
///
/// # Errors
/// A log or a table that cannot be read.
pub async fn repair(session: &Session, id: &TableId, table: &DeltaTable) -> Result<()> {
    let newest = table.version().unwrap_or_default();
    let done = kept_up_to(session, id, table)?;
    if done == Some(newest) {
        return Ok(());
    }
    let committed = committed_after(table, done, newest).await?;
    if !committed.is_empty() {
        let known = known_loads(session, id).await?;
        let missing: Vec<_> = committed
            .into_iter()
            .filter(|(record, _)| !known.contains(&record.load_id))
            .collect();
        if !missing.is_empty() {
            keep(begin(session).await?, &missing).await?;
        }
    }
    mark_kept(session, id, table, newest)
}

/// Marks that `system.loads` has all loads of a table up to a version.
///
/// # Errors
/// A warehouse that cannot be written.
pub fn mark_kept(session: &Session, id: &TableId, table: &DeltaTable, version: u64) -> Result<()> {
    let mark = format!("{} {version}", table.snapshot()?.metadata().id());
    session.warehouse().mark(&mark_name(id), &mark)
}

/// The version up to which `system.loads` is complete for a table; `None` where nobody knows.
fn kept_up_to(session: &Session, id: &TableId, table: &DeltaTable) -> Result<Option<u64>> {
    let loads = SystemTable::Loads.id()?;
    if session.warehouse().entry(&loads).is_none() {
        return Ok(None);
    }
    let mark = session.warehouse().marked(&mark_name(id));
    let known = mark.as_deref().and_then(|mark| mark.split_once(' '));
    let Some((table_id, version)) = known else {
        return Ok(None);
    };
    // A table that was dropped and made anew counts from 0 again.
    let same = table_id == table.snapshot()?.metadata().id();
    let version = version
        .parse()
        .ok()
        .filter(|version| Some(*version) <= table.version());
    Ok(version.filter(|_| same))
}

fn mark_name(id: &TableId) -> String {
    format!("{}.{}.loads", id.zone, id.name)
}

async fn known_loads(session: &Session, id: &TableId) -> Result<HashSet<String>> {
    let kept = system::records(
        session,
        SystemTable::Loads,
        &format!("target = {}", literal(&id.to_string())),
    )
    .await?;
    let mut known = HashSet::new();
    for batch in &kept {
        let ids = arrow::compute::cast(batch.column(0), &arrow::datatypes::DataType::Utf8)?;
        known.extend(ids.as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    Ok(known)
}

/// The records of the commits after `done`, up to `newest`.
async fn committed_after(
    table: &DeltaTable,
    done: Option<u64>,
    newest: u64,
) -> Result<Vec<(LoadRecord, u64)>> {
    let log_store = table.log_store();
    let mut records = Vec::new();
    for version in (done.map_or(0, |done| done + 1)..=newest).rev() {
        // The oldest commits may have been cleaned away; what is before is gone, too.
        let Some(commit) = log_store.read_commit_entry(version).await? else {
            break;
        };
        let unreadable = |error: serde_json::Error| {
            Error::internal(format!("the record of version {version} cannot be read")).source(error)
        };
        if let Some(counts) = counts_of(&commit) {
            let counts: Vec<LoadRecord> = serde_json::from_value(counts).map_err(unreadable)?;
            records.extend(counts.into_iter().map(|record| (record, version)));
        }
    }
    Ok(records)
}

/// What a load left in the information of its commit.
fn counts_of(commit: &[u8]) -> Option<Value> {
    let actions = commit.split(|byte| *byte == b'\n');
    let mut information = actions
        .filter(|action| action.starts_with(b"{\"commitInfo\""))
        .filter_map(|action| serde_json::from_slice::<Value>(action).ok());
    information.find_map(|mut action| {
        let counts = action.get_mut("commitInfo")?.get_mut(COMMIT_KEY)?.take();
        (!counts.is_null()).then_some(counts)
    })
}
