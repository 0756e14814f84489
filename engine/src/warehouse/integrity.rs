//! Whether what lies in the folder of a table is what its log says. Nothing is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use futures::TryStreamExt;

use super::sweep::data_files;
use super::{TableId, Warehouse};
use crate::{Error, Result};

/// The data files of a table, compared with its log.
#[derive(Debug, Default)]
pub struct Integrity {
    /// Files that the log names.
    pub files: u64,
    /// Their bytes, as the log has them.
    pub bytes: u64,
    /// Files that the log names and that are not there.
    pub missing: Vec<PathBuf>,
    /// Files of another size than the log says.
    pub changed: Vec<PathBuf>,
    /// Files that the log does not name: leftovers of a killed writer, which the next write deletes.
    pub orphans: Vec<PathBuf>,
}

impl Warehouse {
    /// Compares the files of a table with its log.
    ///
    /// # Errors
    /// No such table, a log that cannot be read.
    pub async fn inspect(self: &Arc<Self>, id: &TableId) -> Result<Integrity> {
        // A commit that comes in between cannot delete the files that are looked for.
        let _lease = self.lease(id);
        let table = self.open(id).await?;
        let table = table.ok_or_else(|| Error::input(format!("there is no table {id}")))?;
        let log_store = table.log_store();
        let views = table
            .snapshot()?
            .snapshot()
            .file_views(log_store.as_ref(), None);
        let logged: Vec<(String, u64)> = views
            .map_ok(|file| {
                let size = u64::try_from(file.size()).unwrap_or(0);
                (file.object_store_path().to_string(), size)
            })
            .try_collect()
            .await?;
        let paths: Vec<String> = logged.iter().map(|(path, _)| path.clone()).collect();
        let sizes = logged.iter().map(|(_, size)| *size);
        let logged: BTreeMap<PathBuf, u64> =
            self.files_at(id, &paths)?.into_iter().zip(sizes).collect();
        let mut integrity = Integrity {
            files: logged.len() as u64,
            bytes: logged.values().sum(),
            ..Integrity::default()
        };
        for (path, size) in &logged {
            match std::fs::metadata(path) {
                Err(_) => integrity.missing.push(path.clone()),
                Ok(there) if there.len() != *size => integrity.changed.push(path.clone()),
                Ok(_) => {}
            }
        }
        let there: BTreeSet<PathBuf> = data_files(&self.folder(id)).into_iter().collect();
        let orphans = there.into_iter().filter(|path| !logged.contains_key(path));
        integrity.orphans = orphans.collect();
        Ok(integrity)
    }
}
