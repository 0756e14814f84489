//! A load in progress: the table, its ledger, and what has been written for it so far.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;

use super::discover::SourceFile;
use super::ledger::Ledger;
use super::options::LandingOptions;
use super::read::{Counts, read_rows};
use super::records::{self, LoadRecord};
use super::schema::choose_columns;
use super::sort_out::FilesKnown;
use crate::reconciliation::{Copied, CopyStatus};
use crate::session::{Planner, Session};
use crate::warehouse::{Origin, TableDefinition, TableId, TableTransaction};
use crate::{Error, Result};

/// One COPY INTO between its begin and its commit. Dropped before, it leaves nothing.
pub(super) struct Load<'s> {
    session: &'s Session,
    planner: Planner,
    id: TableId,
    options: LandingOptions,
    transaction: TableTransaction,
    ledger: Ledger,
    /// What there is to say about files, by their identity.
    notes: HashMap<String, Vec<String>>,
    records: Vec<LoadRecord>,
}

impl<'s> Load<'s> {
    /// Waits for other writers of the table and puts right what a killed one left.
    ///
    /// # Errors
    /// A name that a view has, a warehouse that cannot be written, a table that cannot be read.
    pub(super) async fn begin(
        session: &'s Session,
        id: &TableId,
        options: LandingOptions,
    ) -> Result<Self> {
        let planner = session.begin();
        let transaction = TableTransaction::begin(session.warehouse(), id, planner.state()).await?;
        if let Some(table) = transaction.table() {
            records::repair(session, id, table).await?;
        }
        let epoch = transaction.epoch_of_next_rows().await?;
        let ledger = Ledger::read(transaction.table(), epoch).await?;
        Ok(Load {
            session,
            planner,
            id: id.clone(),
            options,
            transaction,
            ledger,
            notes: HashMap::new(),
            records: Vec::new(),
        })
    }

    /// Files to land, entered into the ledger; and what there is to say about the others.
    ///
    /// # Errors
    /// A file that was changed since it was loaded, unless ON_CHANGE says what to do with it.
    pub(super) async fn sort_out(
        &mut self,
        files: Vec<SourceFile>,
    ) -> Result<(Vec<SourceFile>, Vec<Copied>)> {
        let mut known = FilesKnown {
            ledger: &mut self.ledger,
            transaction: &mut self.transaction,
            options: &self.options.reload,
            id: &self.id,
        };
        let sorted = known.sort_out(files).await?;
        let mut to_land = Vec::with_capacity(sorted.to_land.len());
        for (file, note) in sorted.to_land {
            self.note(&file, note);
            to_land.push(file);
        }
        Ok((to_land, sorted.skipped))
    }

    /// Keeps what there is to say about a file for its result.
    fn note(&mut self, file: &SourceFile, note: Option<String>) {
        let notes = self.notes.entry(file.identity.clone()).or_default();
        notes.extend(note);
    }

    /// Finds the columns to write with: those of the table, or new ones made for the files.
    ///
    /// # Errors
    /// A file that cannot be read, columns that do not fit the table.
    pub(super) async fn choose_columns(&mut self, files: &[SourceFile]) -> Result<()> {
        let table = self.transaction.definition();
        let chosen = choose_columns(
            table,
            files,
            &self.options,
            Arc::clone(self.planner.state()),
        )
        .await?;
        if let Some(new) = chosen {
            self.transaction.define(new);
        }
        Ok(())
    }

    /// Reads a file, writes its rows, and accounts for every one of them.
    ///
    /// # Errors
    /// The first row that does not fit, a full disk, counts that do not add up.
    pub(super) async fn land_file(&mut self, file: &SourceFile) -> Result<Copied> {
        let started = Instant::now();
        let origin = Origin {
            source: file.identity.clone(),
            load_id: uuid::Uuid::now_v7().to_string(),
        };
        let counts = Arc::new(Counts::default());
        let rows = read_rows(
            file,
            &self.options.read,
            self.definition()?,
            Arc::clone(&counts),
        );
        let loaded = self.transaction.write(rows, Some(&origin)).await?;
        let notes = self.notes.remove(&file.identity).unwrap_or_default();
        let copied = Copied {
            read: counts.read(),
            loaded,
            note: (!notes.is_empty()).then(|| notes.join("; ")),
            ..Copied::new(file.name.clone(), &self.id, CopyStatus::Loaded)
        }
        .reconciled()?;
        self.records.push(LoadRecord {
            load_id: origin.load_id,
            target: self.id.to_string(),
            source: origin.source,
            content_hash: file.hash.clone(),
            bytes: file.bytes,
            rows_read: copied.read,
            rows_loaded: copied.loaded,
            rows_rejected: copied.rejected,
            rows_duplicate: copied.duplicate,
            seconds: started.elapsed().as_secs_f64(),
            loaded_at: Utc::now().timestamp_micros(),
        });
        Ok(copied)
    }

    /// Makes rows, removals, ledger and counts visible at once, then tells the system tables.
    ///
    /// # Errors
    /// A conflict with a writer that does not use our locks, a full disk; nothing is visible then.
    pub(super) async fn commit(self) -> Result<()> {
        let counts = serde_json::to_value(&self.records)
            .map_err(|error| Error::internal("counts are not JSON").source(error))?;
        let written = self.transaction.commit(Some(counts)).await?;
        let records: Vec<_> = self
            .records
            .into_iter()
            .map(|record| (record, written.version))
            .collect();
        records::keep(self.session, &records).await
    }

    fn definition(&self) -> Result<&TableDefinition> {
        self.transaction
            .definition()
            .ok_or_else(|| Error::internal("rows are read before their columns are chosen"))
    }
}
