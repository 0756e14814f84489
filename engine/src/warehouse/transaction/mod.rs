//! One write to one table: files first, then one commit that makes them, the removals, the
//! ledger entries and the counts visible together, then the retired files go.
//!
//! Written with data files of our own and the library's commit builder rather than its write
//! operation, because that one cannot tag files with their source, put ledger entries and removals
//! of our choice into the same commit, nor keep digits (its casts cut them).

mod commit;
mod evolve;
mod rewrite;

pub use rewrite::DataFile;

use std::collections::HashSet;
use std::path::PathBuf;

use datafusion::execution::{SendableRecordBatchStream, SessionState};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::{Add, Remove, Transaction};
use futures::StreamExt;
use std::sync::Arc;
use tokio::sync::OnceCell;

use super::changes::data_files;
use super::data_files::{DataFiles, Limits, ParquetEncoding};
use super::lock::WriteLock;
use super::origin::{Origin, Tags, is_ours, source_of, tags_of};
use super::partitions::RowShaper;
use super::sweep::delete_file;
use super::{Entry, TableDefinition, TableId, Warehouse};
use crate::{Error, Result};

/// The key in the commit information under which Tidemill keeps the counts of a load.
pub(crate) const COMMIT_KEY: &str = "tidemill";
/// The application id whose version is the epoch of a table: raised whenever the table starts
/// over, so that the ledger of the former rows no longer counts.
pub(crate) const EPOCH: &str = "tidemill:epoch";
/// Its value in a new table.
pub(crate) const FIRST_EPOCH: i64 = 1;

/// A write in progress. Dropped without [`TableTransaction::commit`], it leaves the table and its
/// folder as they were; after a failed commit the next write cleans up.
pub struct TableTransaction {
    warehouse: Arc<Warehouse>,
    id: TableId,
    state: Arc<SessionState>,
    table: Option<DeltaTable>,
    /// Its data files, once somebody has asked.
    files: OnceCell<Vec<Add>>,
    definition: Option<TableDefinition>,
    change: Change,
    adds: Vec<Add>,
    removes: Vec<Remove>,
    ledger: Vec<Transaction>,
    /// Whether what is written depends on rows that the table held when the transaction began.
    depends_on_rows: bool,
    /// Whether the files of the table have former types and must be written anew.
    rewrites_all: bool,
    /// Whether the commit was begun: from then on the files may be part of the table, whatever
    /// is reported (a checkpoint may fail after the commit, a task may be stopped in it).
    committing: bool,
    lock: Option<WriteLock>,
}

/// What becomes of the definition that the table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// It stays, or is the first one.
    None,
    /// A new one takes its place, and that of all rows.
    Replaced,
    /// It gets further columns and wider types; the rows stay.
    Evolved,
}

/// What a commit did. As long as it is held, no other statement of this machine writes the table.
#[derive(Debug)]
pub struct Written {
    /// The version that it made.
    pub version: u64,
    /// Data files added.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
    _lock: Option<WriteLock>,
}

impl TableTransaction {
    /// Waits for other writers of the table, cleans up after killed ones, and opens it.
    ///
    /// # Errors
    /// A name that a view has, a warehouse that cannot be written, a table that cannot be read.
    pub async fn begin(
        warehouse: &Arc<Warehouse>,
        id: &TableId,
        state: &Arc<SessionState>,
    ) -> Result<Self> {
        if warehouse.entry(id) == Some(Entry::View) {
            return Err(Error::input(format!("{id} is a view"))
                .hint("write to a table, or DROP VIEW first"));
        }
        let lock = warehouse.lock_for_write(id).await?;
        let table = warehouse.open(id).await?;
        warehouse.delete_leftovers(id, table.as_ref()).await?;
        let definition = table.as_ref().map(TableDefinition::of).transpose()?;
        Ok(TableTransaction {
            warehouse: Arc::clone(warehouse),
            id: id.clone(),
            state: Arc::clone(state),
            table,
            files: OnceCell::new(),
            definition,
            change: Change::None,
            adds: Vec::new(),
            removes: Vec::new(),
            ledger: Vec::new(),
            depends_on_rows: false,
            rewrites_all: false,
            committing: false,
            lock: Some(lock),
        })
    }

    /// The table as it was when the transaction began.
    pub fn table(&self) -> Option<&DeltaTable> {
        self.table.as_ref()
    }

    /// The definition that rows are written with; `None` for a table that is still to be defined.
    pub fn definition(&self) -> Option<&TableDefinition> {
        self.definition.as_ref()
    }

    /// Makes the table, or puts the new one in place of it with all its rows.
    pub fn define(&mut self, definition: TableDefinition) {
        if self.table.is_some() {
            self.change = Change::Replaced;
        }
        self.definition = Some(definition);
    }

    /// Writes the rows of a stream, matched by column name, as files of one origin; `None` for rows
    /// that no load brought. Returns the number of rows that the written files hold.
    ///
    /// # Errors
    /// An error of the stream, a value that its column cannot hold, a full disk.
    pub async fn write(
        &mut self,
        rows: SendableRecordBatchStream,
        origin: Option<&Origin>,
    ) -> Result<u64> {
        self.write_files(rows, Some(tags_of(origin))).await
    }

    async fn write_files(
        &mut self,
        mut rows: SendableRecordBatchStream,
        tags: Option<Tags>,
    ) -> Result<u64> {
        let definition = self.definition.as_ref().ok_or_else(|| self.undefined())?;
        let shaper = RowShaper::new(definition, &rows.schema(), &self.state)?;
        let folder = self.warehouse.folder(&self.id);
        std::fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
        let limits = match definition.layout.sort_by.is_empty() {
            true => Limits::of(&self.state),
            false => Limits::of(&self.state).for_sorted_rows(),
        };
        let encoding = |schema| ParquetEncoding::zstd(schema, &definition.layout.sort_by);
        let mut files = DataFiles::new(folder, definition, shaper, limits, &self.state, encoding)?;
        while let Some(batch) = rows.next().await {
            files.write(batch?).await?;
        }
        let schema = Arc::clone(files.file_schema());
        let files = files.finish().await?.into_iter();
        let adds: Vec<Add> = files.map(|file| file.into_add(&schema)).collect();
        let count = adds.iter().map(rows_of).sum::<Result<u64>>()?;
        self.adds.extend(adds.into_iter().map(|add| Add {
            tags: tags.clone(),
            ..add
        }));
        Ok(count)
    }

    /// Removes all rows with the commit. The table keeps its ledger.
    ///
    /// # Errors
    /// A table that cannot be read.
    pub async fn remove_all(&mut self) -> Result<()> {
        let files = self.files().await?.to_vec();
        self.remove(&files);
        Ok(())
    }

    /// Removes the rows that were loaded from a source with the commit, and no others.
    ///
    /// # Errors
    /// A table that holds files of another tool, which do not tell the source of their rows.
    pub async fn remove_source(&mut self, source: &str) -> Result<()> {
        let files = self.files().await?;
        if let Some(foreign) = files.iter().find(|file| !is_ours(file)) {
            return Err(Error::input(format!(
                "{} holds rows that another tool wrote ({}): nobody knows whether they came from {source}",
                self.id, foreign.path
            ))
            .hint("load it with ON_CHANGE append, or make the table anew"));
        }
        let of_source = files.iter().filter(|file| source_of(file) == Some(source));
        let of_source: Vec<_> = of_source.cloned().collect();
        self.remove(&of_source);
        Ok(())
    }

    /// Writes an entry of the ledger with the commit; the last one of an application counts.
    pub fn record(&mut self, application: String, version: i64) {
        self.ledger.retain(|entry| entry.app_id != application);
        self.ledger.push(Transaction::new(application, version));
    }

    /// Makes everything visible at once, then deletes the files that are no longer part of the
    /// table. `counts` is kept with the commit.
    ///
    /// # Errors
    /// A conflict with a writer that does not use our locks, or a full disk; nothing is visible then.
    pub async fn commit(mut self, counts: Option<serde_json::Value>) -> Result<Written> {
        if self.rewrites_all {
            self.rewrite_all().await?;
        }
        let retired = self.retired().await?;
        let files = self.adds.len();
        let bytes = self.adds.iter().map(|add| add.size.unsigned_abs()).sum();
        let version = self.commit_actions(counts).await?;
        self.warehouse.retire(&self.id, retired);
        Ok(Written {
            version,
            files,
            bytes,
            _lock: self.lock.take(),
        })
    }

    /// Whether the table has no rows and no ledger of former commits.
    fn starts_over(&self) -> bool {
        self.change == Change::Replaced || self.table.is_none()
    }

    async fn retired(&self) -> Result<Vec<PathBuf>> {
        let paths: Vec<String> = match self.change {
            Change::Replaced => {
                let files = self.files().await?;
                files.iter().map(|file| file.path.clone()).collect()
            }
            Change::None | Change::Evolved => {
                self.removes.iter().map(|file| file.path.clone()).collect()
            }
        };
        self.warehouse.files_at(&self.id, &paths)
    }

    /// The data files of the table as it was when the transaction began.
    pub(super) async fn files(&self) -> Result<&[Add]> {
        let read = || async {
            let Some(table) = &self.table else {
                return Ok(Vec::new());
            };
            data_files(table).await
        };
        Ok(self.files.get_or_try_init(read).await?)
    }

    fn remove(&mut self, files: &[Add]) {
        let known: HashSet<String> = self.removes.iter().map(|file| file.path.clone()).collect();
        let new = files.iter().filter(|file| !known.contains(&file.path));
        self.removes.extend(new.map(removal));
    }

    fn undefined(&self) -> Error {
        Error::input(format!("there is no table {}", self.id))
            .hint("create it with CREATE TABLE or COPY INTO")
    }
}

/// The epoch of a table that starts over.
async fn next_epoch(table: Option<&DeltaTable>) -> Result<i64> {
    let Some(table) = table else {
        return Ok(FIRST_EPOCH);
    };
    let version = table
        .snapshot()?
        .snapshot()
        .transaction_version(table.log_store().as_ref(), EPOCH)
        .await?;
    Ok(version.unwrap_or(0) + 1)
}

impl Drop for TableTransaction {
    fn drop(&mut self) {
        if self.committing {
            return;
        }
        // Only what this one wrote: files that another tool has added meanwhile are its own.
        let folder = self.warehouse.folder(&self.id);
        let paths: Vec<_> = self.adds.iter().map(|file| file.path.clone()).collect();
        let written = self
            .warehouse
            .files_at(&self.id, &paths)
            .unwrap_or_default();
        written.iter().for_each(|file| delete_file(file, &folder));
        // The folder of a table that never came to be; one that holds anything refuses.
        let _ = std::fs::remove_dir(&folder);
    }
}

fn removal(file: &Add) -> Remove {
    Remove {
        path: file.path.clone(),
        deletion_timestamp: Some(chrono::Utc::now().timestamp_millis()),
        data_change: true,
        extended_file_metadata: Some(true),
        partition_values: Some(file.partition_values.clone()),
        size: Some(file.size),
        tags: file.tags.clone(),
        deletion_vector: file.deletion_vector.clone(),
        base_row_id: file.base_row_id,
        default_row_commit_version: file.default_row_commit_version,
    }
}

/// The number of rows in a data file, from its own footer.
pub(super) fn rows_of(add: &Add) -> Result<u64> {
    let stats: Option<serde_json::Value> = add
        .stats
        .as_deref()
        .and_then(|stats| serde_json::from_str(stats).ok());
    stats
        .and_then(|stats| stats.get("numRecords")?.as_u64())
        .ok_or_else(|| {
            Error::internal(format!(
                "the data file {} does not say its number of rows",
                add.path
            ))
        })
}
