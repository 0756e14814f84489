//! The files that a plan is going to read, before it reads them.

use std::sync::Arc;

use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;

use crate::report;
use crate::warehouse::{ScannedTable, Snapshot};

/// Files that one operator reads.
#[derive(Debug)]
pub struct FileScan {
    /// Where one of them is, in the terms of its store.
    pub location: object_store::path::Path,
    /// How many there are.
    pub files: usize,
    /// Their size in bytes. Of columns that are not asked for, most is not read.
    pub bytes: u64,
}

impl FileScan {
    /// What an operator reads by itself, without those below it. `None` for one that reads no files.
    pub fn of(operator: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let source = operator.downcast_ref::<DataSourceExec>()?;
        let scan = source.data_source().downcast_ref::<FileScanConfig>()?;
        // Large files are read in several ranges, each of which names the file.
        let mut files: Vec<_> = scan
            .file_groups
            .iter()
            .flat_map(|group| group.files())
            .map(|file| (&file.object_meta.location, file.object_meta.size))
            .collect();
        files.sort_unstable();
        files.dedup();
        Some(FileScan {
            location: files.first()?.0.clone(),
            files: files.len(),
            bytes: files.iter().map(|(_, bytes)| bytes).sum(),
        })
    }
}

/// What to say before a plan reads more than `limit` bytes of tables of which nothing is left out,
/// although a condition might; one text per table.
pub fn warnings(plan: &Arc<dyn ExecutionPlan>, snapshot: &Snapshot, limit: u64) -> Vec<String> {
    let mut scans: Vec<(ScannedTable, u64)> = Vec::new();
    collect(plan, snapshot, &mut scans);
    scans
        .iter()
        .filter(|(_, bytes)| *bytes > limit)
        .map(|(table, bytes)| warning(table, *bytes))
        .collect()
}

fn collect(
    operator: &Arc<dyn ExecutionPlan>,
    snapshot: &Snapshot,
    scans: &mut Vec<(ScannedTable, u64)>,
) {
    if let Some(scan) = FileScan::of(operator)
        && let Some(table) = snapshot.scanned_table(&scan.location)
        && scan.files >= table.files
        && !scans.iter().any(|(known, _)| known.id == table.id)
    {
        scans.push((table, scan.bytes));
    }
    for child in operator.children() {
        collect(child, snapshot, scans);
    }
}

fn warning(table: &ScannedTable, bytes: u64) -> String {
    let reads = format!(
        "reads all of {}: up to {} in {} files",
        table.id,
        report::bytes(bytes),
        report::grouped(table.files as u64)
    );
    match table.partition_columns.as_slice() {
        [] => format!(
            "{reads}; it is not partitioned, so that no condition leaves out files by folder"
        ),
        columns => format!(
            "{reads}; a condition on {} would narrow it",
            columns.join(" or ")
        ),
    }
}
