//! Moving rejects to `system.rejects` once their load has committed.

use std::collections::HashSet;
use std::path::PathBuf;

use arrow::array::AsArray;
use arrow::datatypes::DataType;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;

use super::marks::{MarksFile, apply};
use super::spool::Spool;
use crate::landing::ledger::Ledger;
use crate::session::Session;
use crate::sql::literal;
use crate::warehouse::TableId;
use crate::warehouse::system::{SystemTable, SystemWrite};
use crate::{Error, Result};

/// Moves the rejects of loads that have committed. Whoever else does the same at the same time
/// waits, and then finds nothing left to do.
///
/// # Errors
/// A warehouse that cannot be written; the files stay for the next load of the table then.
pub(in crate::landing) async fn keep(session: &Session, spools: Vec<Spool>) -> Result<()> {
    if spools.is_empty() {
        return Ok(());
    }
    let mut write = SystemWrite::begin(session, SystemTable::Rejects).await?;
    let there: Vec<&Spool> = spools.iter().filter(|spool| spool.path.exists()).collect();
    let known = known_loads(session, &there).await?;
    let new = there.iter().filter(|spool| !known.contains(&spool.load_id));
    let paths: Vec<PathBuf> = new.map(|spool| spool.path.clone()).collect();
    if !paths.is_empty() {
        write.add(rows_of(paths)).await?;
        write.commit().await?;
    }
    there.iter().for_each(|spool| spool.delete());
    Ok(())
}

/// Moves what a killed process left of loads that committed, and deletes the rest. Needs the
/// write lock of the table: no load of it is under way then.
///
/// # Errors
/// A warehouse that cannot be written.
pub(in crate::landing) async fn repair(
    session: &Session,
    id: &TableId,
    ledger: &Ledger,
) -> Result<()> {
    let left = Spool::left(session.warehouse(), id);
    let (committed, lost): (Vec<_>, Vec<_>) = left
        .into_iter()
        .partition(|spool| ledger.holds_load(&spool.load_id));
    lost.iter().for_each(Spool::delete);
    keep(session, committed).await?;
    let marks = MarksFile::left(session.warehouse(), id);
    let (committed, lost): (Vec<_>, Vec<_>) = marks
        .into_iter()
        .partition(|marks| ledger.holds_load(&marks.retried_by));
    lost.iter().for_each(MarksFile::delete);
    apply(session, committed).await?;
    // Killed after its last file was deleted, or before its first was made.
    let _ = std::fs::remove_dir(Spool::folder(session.warehouse(), id));
    Ok(())
}

/// Which of the loads have rejects in the table already.
async fn known_loads(session: &Session, spools: &[&Spool]) -> Result<HashSet<String>> {
    let loads: Vec<_> = spools.iter().map(|spool| literal(&spool.load_id)).collect();
    if loads.is_empty() || !SystemTable::Rejects.exists(session)? {
        return Ok(HashSet::new());
    }
    let query = format!(
        "SELECT DISTINCT load_id FROM system.rejects WHERE load_id IN ({})",
        loads.join(", ")
    );
    let mut known = HashSet::new();
    for batch in crate::execute::collect(session, &query).await? {
        let ids = arrow::compute::cast(batch.column(0), &DataType::Utf8)?;
        known.extend(ids.as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    Ok(known)
}

fn rows_of(paths: Vec<PathBuf>) -> SendableRecordBatchStream {
    let mut stream = RecordBatchReceiverStreamBuilder::new(SystemTable::Rejects.schema(), 2);
    let sender = stream.tx();
    stream.spawn_blocking(move || {
        let read_all = || -> Result<()> {
            for path in &paths {
                for batch in Spool::read(path)? {
                    if sender.blocking_send(Ok(batch?)).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        read_all().map_err(Error::into_datafusion)
    });
    stream.build()
}
