//! Deleting files that are no longer, or never became, part of a table.
//!
//! Two kinds: files that a commit retired, and files that a killed writer left. Both must go, so
//! that a plain reader of the folder sees exactly the rows of the table.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use deltalake_core::DeltaTable;
use futures::TryStreamExt;

use super::{Entry, TableId, Warehouse};
use crate::Result;

impl Warehouse {
    /// Hands over files that a commit has retired; they go now, or with the last query that
    /// still reads them.
    pub(super) fn retire(&self, id: &TableId, files: Vec<PathBuf>) {
        if let Ok(mut retired) = self.retired.lock() {
            retired.entry(id.clone()).or_default().extend(files);
        }
        self.sweep(id);
    }

    /// Deletes retired files unless somebody reads the table. Another process that reads keeps
    /// them until the next write, which finds them as leftovers.
    pub(super) fn sweep(&self, id: &TableId) {
        let Ok(mut retired) = self.retired.lock() else {
            return;
        };
        if !retired.contains_key(id) {
            return;
        }
        let Some(_no_readers) = self.try_exclude_readers(id) else {
            return;
        };
        for file in retired.remove(id).unwrap_or_default() {
            delete_file(&file, &self.folder(id));
        }
    }

    /// Deletes what a killed writer left in a table, without writing to it.
    ///
    /// # Errors
    /// [`crate::Kind::Locked`] while somebody writes the table; a log that cannot be read.
    pub async fn clean_up(&self, id: &TableId) -> Result<()> {
        if self.entry(id) != Some(Entry::Table) {
            return Ok(());
        }
        let _writer = self.lock_for_write(id).await?;
        let table = self.open(id).await?;
        self.delete_leftovers(id, table.as_ref()).await
    }

    /// Deletes what no version of the table holds: leftovers of killed writers, and retired files
    /// that somebody still read when they were retired. Needs the write lock of the table.
    pub(super) async fn delete_leftovers(
        &self,
        id: &TableId,
        table: Option<&DeltaTable>,
    ) -> Result<()> {
        let folder = self.folder(id);
        let found = data_files(&folder);
        if found.is_empty() {
            return Ok(());
        }
        let active: HashSet<PathBuf> = match table {
            Some(table) => {
                let log_store = table.log_store();
                let files = table
                    .snapshot()?
                    .snapshot()
                    .file_views(log_store.as_ref(), None);
                let paths: Vec<String> = files
                    .map_ok(|file| file.object_store_path().to_string())
                    .try_collect()
                    .await?;
                self.files_at(id, &paths)?.into_iter().collect()
            }
            None => HashSet::new(),
        };
        // Never delete by a listing that does not hold what it must hold.
        let found: HashSet<PathBuf> = found.into_iter().collect();
        if !active.is_subset(&found) {
            return Ok(());
        }
        let leftovers: Vec<_> = found.difference(&active).collect();
        if leftovers.is_empty() {
            return Ok(());
        }
        let Some(_no_readers) = self.try_exclude_readers(id) else {
            return Ok(());
        };
        for file in leftovers {
            delete_file(file, &folder);
        }
        Ok(())
    }
}

/// All data files under a table, finished or half-written: uploads are staged as `<name>#<n>`.
pub(super) fn data_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(items) = std::fs::read_dir(&folder) else {
            continue;
        };
        for item in items.flatten() {
            let name = item.file_name();
            let name = name.to_string_lossy();
            // What the listing says already: asking for each of many files would cost more.
            if item.file_type().is_ok_and(|kind| kind.is_dir()) {
                if name != "_delta_log" {
                    folders.push(item.path());
                }
            } else if name.starts_with("part-") {
                files.push(item.path());
            }
        }
    }
    files
}

/// A file that cannot be deleted now is found again by the next write, so failing is not an error.
pub(super) fn delete_file(file: &Path, table: &Path) {
    if std::fs::remove_file(file).is_err() {
        return;
    }
    // Partition folders that became empty go, too; one that is not empty refuses.
    let mut folder = file.parent();
    while let Some(empty) = folder.filter(|folder| *folder != table && folder.starts_with(table)) {
        if std::fs::remove_dir(empty).is_err() {
            return;
        }
        folder = empty.parent();
    }
}
