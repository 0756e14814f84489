//! One write to one table: files first, then one commit that makes them, the removals, the
//! ledger entries and the counts visible together, then the retired files go.
//!
//! Written with the library's data writer and commit builder rather than its write operation,
//! because that one cannot tag files with their source, put ledger entries and removals of our
//! choice into the same commit, nor keep digits (its casts cut them).

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use datafusion::execution::{SendableRecordBatchStream, SessionState};
use deltalake_core::DeltaTable;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, Remove, Transaction};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use futures::{StreamExt, TryStreamExt};
use std::sync::Arc;

use super::data_files::DataFiles;
use super::lock::WriteLock;
use super::partitions::RowShaper;
use super::sweep::{data_files, delete_file};
use super::{Entry, TableDefinition, TableId, Warehouse};
use crate::{Error, Result};

/// The tag of a data file that names the source of its rows.
const SOURCE_TAG: &str = "tidemill.source";
/// The key in the commit information under which Tidemill keeps the counts of a load.
pub(crate) const COMMIT_KEY: &str = "tidemill";
/// The application id whose version is the epoch of a table: raised whenever the table starts
/// over, so that the ledger of the former rows no longer counts.
const EPOCH: &str = "tidemill:epoch";

/// A write in progress. Dropped without [`TableTransaction::commit`], it leaves the table and its
/// folder as they were; after a failed commit the next write cleans up.
pub struct TableTransaction {
    warehouse: Arc<Warehouse>,
    id: TableId,
    state: Arc<SessionState>,
    table: Option<DeltaTable>,
    definition: Option<TableDefinition>,
    replaces: bool,
    adds: Vec<Add>,
    removes: Vec<Remove>,
    ledger: Vec<Transaction>,
    /// Data files that were there before; what comes on top goes unless it is committed.
    present: HashSet<PathBuf>,
    /// Whether the commit was begun: from then on the files may be part of the table, whatever
    /// is reported (a checkpoint may fail after the commit, a task may be stopped in it).
    committing: bool,
    _lock: WriteLock,
}

/// What a commit did.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// The version that it made.
    pub version: u64,
    /// Data files added.
    pub files: usize,
    /// Their size in bytes.
    pub bytes: u64,
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
            definition,
            replaces: false,
            adds: Vec::new(),
            removes: Vec::new(),
            ledger: Vec::new(),
            present: data_files(&warehouse.folder(id)).into_iter().collect(),
            committing: false,
            _lock: lock,
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
        self.replaces = self.table.is_some();
        self.definition = Some(definition);
    }

    /// Writes the rows of a stream, matched by column name, as files of one source.
    /// Returns the number of rows that the written files hold.
    ///
    /// # Errors
    /// An error of the stream, a value that its column cannot hold, a full disk.
    pub async fn write(
        &mut self,
        mut rows: SendableRecordBatchStream,
        source: Option<&str>,
    ) -> Result<u64> {
        let definition = self.definition.as_ref().ok_or_else(|| self.undefined())?;
        let shaper = RowShaper::new(definition, &rows.schema(), &self.state)?;
        let folder = self.warehouse.folder(&self.id);
        std::fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
        let table = self.warehouse.builder(&self.id)?.build()?;
        let pool = &self.state.runtime_env().memory_pool;
        let mut files = DataFiles::new(
            &table,
            &definition.schema,
            definition.partition_columns(),
            pool,
        )?;
        while let Some(batch) = rows.next().await {
            let batch = shaper.shape(&batch?)?;
            if batch.num_rows() > 0 {
                files.write(&batch).await?;
            }
        }
        let tags =
            source.map(|source| HashMap::from([(SOURCE_TAG.to_owned(), Some(source.to_owned()))]));
        let adds = files.finish().await?;
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
        self.removes = self.files().await?;
        Ok(())
    }

    /// Writes an entry of the ledger with the commit.
    pub fn record(&mut self, application: String) {
        self.ledger.push(Transaction::new(application, 1));
    }

    /// Makes everything visible at once, then deletes the files that are no longer part of the
    /// table. `counts` is kept with the commit.
    ///
    /// # Errors
    /// A conflict with a writer that does not use our locks, or a full disk; nothing is visible then.
    pub async fn commit(mut self, counts: Option<serde_json::Value>) -> Result<Written> {
        let retired = self.retired().await?;
        let mut ledger = self.ledger.clone();
        if self.replaces || self.table.is_none() {
            ledger.push(Transaction::new(EPOCH, self.epoch_of_next_rows().await?));
        }
        let properties = CommitProperties::default()
            .with_metadata(counts.map(|counts| (COMMIT_KEY.to_owned(), counts)))
            .with_application_transactions(ledger)
            .with_cleanup_expired_logs(Some(false));
        let files = self.adds.len();
        let bytes = self.adds.iter().map(|add| add.size.unsigned_abs()).sum();
        self.committing = true;
        let version = if self.replaces || self.table.is_none() {
            self.commit_definition(properties).await?
        } else {
            self.commit_rows(properties).await?
        };
        self.warehouse.retire(&self.id, retired);
        Ok(Written {
            version,
            files,
            bytes,
        })
    }

    /// The epoch of the table; 0 for one that does not exist.
    ///
    /// # Errors
    /// A log that cannot be read.
    async fn epoch(&self) -> Result<i64> {
        let Some(table) = &self.table else {
            return Ok(0);
        };
        let version = table
            .snapshot()?
            .snapshot()
            .transaction_version(table.log_store().as_ref(), EPOCH)
            .await?;
        Ok(version.unwrap_or(0))
    }

    /// The epoch that the rows of this transaction will belong to.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub async fn epoch_of_next_rows(&self) -> Result<i64> {
        let starts_over = self.replaces || self.table.is_none();
        Ok(self.epoch().await? + i64::from(starts_over))
    }

    async fn commit_definition(&self, properties: CommitProperties) -> Result<u64> {
        let definition = self.definition.as_ref().ok_or_else(|| self.undefined())?;
        let folder = self.warehouse.folder(&self.id);
        std::fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
        let log_store = self.warehouse.builder(&self.id)?.build()?.log_store();
        let mode = if self.replaces {
            SaveMode::Overwrite
        } else {
            SaveMode::ErrorIfExists
        };
        let table = CreateBuilder::new()
            .with_log_store(log_store)
            .with_columns(definition.to_delta()?.fields().cloned())
            .with_partition_columns(definition.partition_columns())
            .with_configuration(definition.properties())
            .with_raise_if_key_not_exists(false)
            .with_actions(self.adds.iter().cloned().map(Action::Add))
            .with_save_mode(mode)
            .with_commit_properties(properties)
            .await?;
        Ok(table.version().unwrap_or_default())
    }

    async fn commit_rows(&self, properties: CommitProperties) -> Result<u64> {
        let table = self.table.as_ref().ok_or_else(|| self.undefined())?;
        let removes = self.removes.iter().cloned().map(Action::Remove);
        let actions = removes
            .chain(self.adds.iter().cloned().map(Action::Add))
            .collect();
        let mode = if self.removes.is_empty() {
            SaveMode::Append
        } else {
            SaveMode::Overwrite
        };
        let operation = DeltaOperation::Write {
            mode,
            partition_by: None,
            predicate: None,
        };
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(table.snapshot()?), table.log_store(), operation)
            .await?;
        Ok(commit.version())
    }

    async fn retired(&self) -> Result<Vec<PathBuf>> {
        let removes = if self.replaces {
            self.files().await?
        } else {
            self.removes.clone()
        };
        removes
            .iter()
            .map(|remove| self.warehouse.data_file(&self.id, &remove.path))
            .collect()
    }

    async fn files(&self) -> Result<Vec<Remove>> {
        let Some(table) = &self.table else {
            return Ok(Vec::new());
        };
        let log_store = table.log_store();
        let files = table
            .snapshot()?
            .snapshot()
            .file_views(log_store.as_ref(), None);
        Ok(files
            .map_ok(|file| file.remove_action(true))
            .try_collect()
            .await?)
    }

    fn undefined(&self) -> Error {
        Error::input(format!("there is no table {}", self.id))
            .hint("create it with CREATE TABLE or COPY INTO")
    }
}

impl Drop for TableTransaction {
    fn drop(&mut self) {
        if self.committing {
            return;
        }
        let folder = self.warehouse.folder(&self.id);
        let written = data_files(&folder)
            .into_iter()
            .filter(|file| !self.present.contains(file));
        written.for_each(|file| delete_file(&file, &folder));
        // The folder of a table that never came to be; one that holds anything refuses.
        let _ = std::fs::remove_dir(&folder);
    }
}

/// The number of rows in a data file, from its own footer.
fn rows_of(add: &Add) -> Result<u64> {
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
