//! The warehouse: what a zone, a table and a view are on disk.
//!
//! The folder tree is the catalog. `<root>/<zone>/<table>/` holds one Delta table, the file
//! `<root>/<zone>/<view>.sql` one view, `<root>/models/` what functions have learnt,
//! `<root>/.tidemill/` the locks. At rest the files `part-*.parquet` of a table are exactly its rows,
//! so that any reader of Parquet sees what we see: `transaction/` keeps that promise, `snapshot.rs` gives queries a stable view meanwhile.

mod catalog;
mod changes;
mod create;
mod data_files;
mod databases;
mod definition;
mod describe;
mod drop;
mod insert;
mod integrity;
mod limits;
mod lock;
mod marks;
mod models;
mod null_shares;
mod origin;
mod partition_check;
mod partitions;
mod snapshot;
mod sweep;
pub mod system;
mod tags;
mod transaction;
mod view;
mod zone;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use deltalake_core::{DeltaTable, DeltaTableBuilder};
use url::Url;

pub use changes::{Changes, TableVersion};
pub use create::{check_writable, columns_of_create, create_table, create_view, declared_type};
pub(crate) use data_files::{DataFiles, Encoding, Finished, GrowingFile, Limits, ParquetEncoding};
pub use databases::{ReadDatabases, SERVER_TYPE};
pub use definition::{TableDefinition, storable_type};
pub use describe::describe;
pub use drop::drop_entry;
pub use insert::insert;
pub use integrity::Integrity;
pub use limits::rules_that_keep_limits;
pub use lock::WriteLock;
pub use null_shares::NullShares;
pub use origin::Origin;
pub use partition_check::{PartitionCheck, RefusedRow};
pub(crate) use partitions::{HIVE_NULL, RowShaper};
pub use snapshot::{ReadFiles, ScannedTable, Snapshot};
pub use tags::alter_table;
pub(crate) use transaction::COMMIT_KEY;
pub use transaction::{DataFile, TableTransaction, Written};
pub(crate) use transaction::{EPOCH, FIRST_EPOCH};
pub use zone::{TableId, Zone};

use crate::{Error, Result};

/// The folder that holds everything.
#[derive(Debug)]
pub struct Warehouse {
    root: PathBuf,
    /// Files that a commit of this process retired while a query still read the older version.
    retired: Mutex<HashMap<TableId, Vec<PathBuf>>>,
}

/// What lies under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A Delta table.
    Table,
    /// A view.
    View,
}

impl Warehouse {
    /// A warehouse under the given root, which need not exist: it then reads as empty, and the
    /// first write makes it.
    ///
    /// # Errors
    /// A root that is a URL or a file.
    pub fn new(root: impl Into<PathBuf>) -> Result<Arc<Self>> {
        let root = root.into();
        if root.to_string_lossy().contains("://") {
            return Err(
                Error::input(format!("cannot use {} as the warehouse", root.display()))
                    .hint("object stores are not supported yet: give a folder with --warehouse"),
            );
        }
        if root.exists() && !root.is_dir() {
            return Err(
                Error::input(format!("the warehouse {} is not a folder", root.display()))
                    .hint("give a folder with --warehouse"),
            );
        }
        let root =
            std::path::absolute(&root).map_err(|error| Error::file("resolve", &root, error))?;
        Ok(Arc::new(Warehouse {
            root: without_detours(&root),
            retired: Mutex::default(),
        }))
    }

    /// The root folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a table.
    pub fn folder(&self, id: &TableId) -> PathBuf {
        self.root.join(id.zone.name()).join(&id.name)
    }

    /// The file of a view.
    pub fn view_file(&self, id: &TableId) -> PathBuf {
        self.root
            .join(id.zone.name())
            .join(format!("{}.sql", id.name))
    }

    /// What lies under a name, if anything.
    pub fn entry(&self, id: &TableId) -> Option<Entry> {
        if is_table(&self.folder(id)) {
            Some(Entry::Table)
        } else if self.view_file(id).is_file() {
            Some(Entry::View)
        } else {
            None
        }
    }

    /// Tables and views of a zone by name, sorted.
    pub fn entries(&self, zone: Zone) -> Vec<(String, Entry)> {
        let Ok(folder) = std::fs::read_dir(self.root.join(zone.name())) else {
            return Vec::new();
        };
        let mut entries: Vec<_> = folder
            .flatten()
            .filter_map(|item| {
                let name = item.file_name().into_string().ok()?;
                if is_table(&item.path()) {
                    return Some((name, Entry::Table));
                }
                let view = name.strip_suffix(".sql")?;
                Some((view.to_owned(), Entry::View))
            })
            .filter(|(name, _)| TableId::new(zone, name.as_str()).is_ok())
            .collect();
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        entries
    }

    /// The newest version of a table, or `None` when there is no such table.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub async fn open(&self, id: &TableId) -> Result<Option<DeltaTable>> {
        if !is_table(&self.folder(id)) {
            return Ok(None);
        }
        let table = self.builder(id)?.load().await;
        table
            .map(Some)
            .map_err(|error| Error::from(error).context(format!("cannot open table {id}")))
    }

    /// A table that can be asked for its log and nothing else, or `None` when there is none.
    ///
    /// # Errors
    /// A folder that cannot be one of a table.
    pub fn unopened(&self, id: &TableId) -> Result<Option<DeltaTable>> {
        match is_table(&self.folder(id)) {
            true => Ok(Some(self.builder(id)?.build()?)),
            false => Ok(None),
        }
    }

    /// A hash of a table's newest commit, which tells this state of it from every other, without
    /// opening it. Its version would not: a table that was dropped and made anew counts from 0.
    pub fn state(&self, id: &TableId) -> Option<String> {
        let log = std::fs::read_dir(self.folder(id).join("_delta_log")).ok()?;
        let commits = log.flatten().filter(|item| {
            let name = item.file_name().into_string().unwrap_or_default();
            name.strip_suffix(".json")
                .is_some_and(|version| version.parse::<u64>().is_ok())
        });
        let newest = commits.map(|commit| commit.path()).max()?;
        let commit = std::fs::read(newest).ok()?;
        Some(blake3::hash(&commit).to_hex().to_string())
    }

    /// Where data files lie, from the paths that the log gives them.
    fn files_at(&self, id: &TableId, paths: &[String]) -> Result<Vec<PathBuf>> {
        let bad_path = |error: object_store::path::Error| {
            Error::internal(format!("bad path in the log of {id}")).source(error)
        };
        let bad_folder = |error: object_store::Error| {
            Error::internal(format!("cannot open the folder of {id}")).source(error)
        };
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let folder = self.folder(id);
        let store =
            object_store::local::LocalFileSystem::new_with_prefix(folder).map_err(bad_folder)?;
        let locate = |path: &String| {
            let path = object_store::path::Path::parse(path).map_err(bad_path)?;
            store.path_to_filesystem(&path).map_err(bad_folder)
        };
        paths.iter().map(locate).collect()
    }

    fn builder(&self, id: &TableId) -> Result<DeltaTableBuilder> {
        let folder = self.folder(id);
        let url = Url::from_directory_path(&folder).map_err(|()| {
            Error::internal(format!("{} is not an absolute path", folder.display()))
        })?;
        Ok(DeltaTableBuilder::from_url(url)?)
    }
}

/// The path without links and `..`, as far as it exists: files are told apart by their paths, and
/// the log gives them in this form.
fn without_detours(path: &Path) -> PathBuf {
    let straight = |there: &Path| {
        let rest = path.strip_prefix(there).ok()?;
        let there = there.canonicalize().ok()?;
        // A joined empty rest would end the path with a slash.
        Some(match rest.as_os_str().is_empty() {
            true => there,
            false => there.join(rest),
        })
    };
    let found = path.ancestors().find_map(straight);
    found.unwrap_or_else(|| path.to_owned())
}

/// A folder is a table once its first commit is there; a killed first load leaves none.
fn is_table(folder: &Path) -> bool {
    let log = folder.join("_delta_log");
    log.join(format!("{:020}.json", 0)).is_file() || log.join("_last_checkpoint").is_file()
}
