//! The one step that makes a write visible, and what happens when another writer was faster.
//!
//! Writers of this machine wait for each other, so a conflict comes from another machine or
//! another tool. Rows that were only added fit behind any commit that leaves columns and ledger
//! alone: their files stay, and the commit is tried again on the newer version. Whatever was
//! computed from the rows of the table is not repeated but refused.

use deltalake_core::DeltaTableError;
use deltalake_core::kernel::transaction::{
    CommitBuilder, CommitConflictError, CommitProperties, TransactionError,
};
use deltalake_core::kernel::{Action, EagerSnapshot, Transaction};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::table::config::TablePropertiesExt;
use tokio::sync::OnceCell;

use super::{Change, EPOCH, TableTransaction, next_epoch};
use crate::warehouse::COMMIT_KEY;
use crate::{Error, Kind, Result};

/// How often rows are committed anew after another writer changed the table.
const ATTEMPTS: usize = 5;

impl TableTransaction {
    pub(super) async fn commit_actions(
        &mut self,
        counts: Option<serde_json::Value>,
    ) -> Result<u64> {
        let mut ledger = self.ledger.clone();
        if self.starts_over() {
            let epoch = next_epoch(self.table.as_ref()).await?;
            ledger.push(Transaction::new(EPOCH, epoch));
        }
        let properties = CommitProperties::default()
            .with_metadata(counts.map(|counts| (COMMIT_KEY.to_owned(), counts)))
            .with_application_transactions(ledger)
            .with_cleanup_expired_logs(Some(false));
        self.committing = true;
        let committed = if self.starts_over() {
            self.commit_definition(properties).await
        } else {
            self.commit_rows(properties).await
        };
        if let Err(error) = &committed
            && error.kind() == Kind::Locked
        {
            // A lost race is the one failure after which the files are surely nobody's.
            self.committing = false;
        }
        committed
    }

    async fn commit_definition(&self, properties: CommitProperties) -> Result<u64> {
        let definition = self.definition.as_ref().ok_or_else(|| self.undefined())?;
        let folder = self.warehouse.folder(&self.id);
        std::fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
        let log_store = self.warehouse.builder(&self.id)?.build()?.log_store();
        let mode = match self.change {
            Change::Replaced => SaveMode::Overwrite,
            Change::None | Change::Evolved => SaveMode::ErrorIfExists,
        };
        let created = CreateBuilder::new()
            .with_log_store(log_store)
            .with_columns(definition.to_delta()?.fields().cloned())
            .with_partition_columns(definition.partition_columns())
            .with_configuration(definition.properties())
            .with_raise_if_key_not_exists(false)
            .with_actions(self.adds.iter().cloned().map(Action::Add))
            .with_save_mode(mode)
            .with_commit_properties(properties)
            .await;
        let table = created.map_err(|error| self.explain_conflict(error))?;
        Ok(table.version().unwrap_or_default())
    }

    async fn commit_rows(&mut self, properties: CommitProperties) -> Result<u64> {
        let mut attempt = 1;
        loop {
            let error = match self.try_commit_rows(properties.clone()).await {
                Ok(version) => return Ok(version),
                Err(error) => error,
            };
            if attempt == ATTEMPTS || !self.fits_behind_others() || !is_lost_race(&error) {
                return Err(self.explain_conflict(error));
            }
            attempt += 1;
            self.catch_up().await?;
        }
    }

    async fn try_commit_rows(&self, properties: CommitProperties) -> Result<u64, DeltaTableError> {
        let table = self.table.as_ref().ok_or(DeltaTableError::NotInitialized)?;
        let snapshot = table.snapshot()?;
        let mut actions = self.definition_actions(snapshot.snapshot())?;
        actions.extend(self.removes.iter().cloned().map(Action::Remove));
        actions.extend(self.adds.iter().cloned().map(Action::Add));
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
        let properties = if self.fits_behind_others() {
            properties
        } else {
            properties.with_max_retries(0)
        };
        let interval = snapshot.table_config().checkpoint_interval().get();
        let commit = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(snapshot), table.log_store(), operation)
            .into_prepared_commit_future()
            .await?
            .await?;
        let version = commit.version;
        // What follows a commit reads the log once more, for a checkpoint or for nothing.
        if (version + 1).is_multiple_of(interval) {
            commit.await?;
        }
        Ok(version)
    }

    /// Whether the rows are right behind whatever other writers do to theirs.
    fn fits_behind_others(&self) -> bool {
        self.change == Change::None && self.removes.is_empty() && !self.depends_on_rows
    }

    /// Opens the newest version for another try, if the rows still fit it.
    async fn catch_up(&mut self) -> Result<()> {
        let Some(newest) = self.warehouse.open(&self.id).await? else {
            return Err(self.lost_race("dropped it"));
        };
        if let Some(table) = &self.table {
            let (before, now) = (table.snapshot()?.metadata(), newest.snapshot()?.metadata());
            if before != now {
                return Err(self.lost_race("changed its columns"));
            }
        }
        if self
            .is_loaded(newest.snapshot()?.snapshot(), &newest)
            .await?
        {
            return Err(self.lost_race("loaded the same file"));
        }
        self.table = Some(newest);
        self.files = OnceCell::new();
        Ok(())
    }

    /// Whether another writer has made an entry of the ledger that this one is about to make.
    async fn is_loaded(
        &self,
        snapshot: &EagerSnapshot,
        table: &deltalake_core::DeltaTable,
    ) -> Result<bool> {
        let log_store = table.log_store();
        for entry in &self.ledger {
            let version = snapshot
                .transaction_version(log_store.as_ref(), &entry.app_id)
                .await?;
            if version.is_some_and(|version| version >= entry.version) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn explain_conflict(&self, error: DeltaTableError) -> Error {
        let what = match &error {
            DeltaTableError::VersionAlreadyExists(_) => "changed it",
            DeltaTableError::Transaction {
                source: TransactionError::MaxCommitAttempts(_),
            } => "changed it",
            DeltaTableError::Transaction {
                source: TransactionError::CommitConflict(conflict),
            } => match conflict {
                CommitConflictError::ConcurrentTransaction => "loaded the same file",
                CommitConflictError::MetadataChanged | CommitConflictError::ProtocolChanged(_) => {
                    "changed its columns"
                }
                _ => "changed it",
            },
            _ => return error.into(),
        };
        self.lost_race(what).source(error)
    }

    fn lost_race(&self, what: &str) -> Error {
        Error::new(
            Kind::Locked,
            format!("another writer of {} was faster and {what}", self.id),
        )
        .hint("nothing was written: run the statement again")
    }
}

fn is_lost_race(error: &DeltaTableError) -> bool {
    match error {
        DeltaTableError::VersionAlreadyExists(_) => true,
        DeltaTableError::Transaction {
            source: TransactionError::CommitConflict(conflict),
        } => !matches!(
            conflict,
            CommitConflictError::ConcurrentTransaction
                | CommitConflictError::MetadataChanged
                | CommitConflictError::ProtocolChanged(_)
        ),
        DeltaTableError::Transaction {
            source: TransactionError::MaxCommitAttempts(_),
        } => true,
        _ => false,
    }
}
