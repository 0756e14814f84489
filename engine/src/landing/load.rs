//! A load in progress: the table, its ledger, and what has been written for it so far.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use chrono::Utc;
use tokio::sync::OnceCell;

use super::blocking;
use super::discover::SourceFile;
use super::drift::{NullCounts, shifted_null_shares, with_retyped_columns};
use super::duplicates::{DuplicatesOfFile, find_duplicates};
use super::ledger::Ledger;
use super::options::LandingOptions;
use super::read::{Reading, Sink};
use super::records::{self, LoadRecord};
use super::rejects::{self, Marks, Policy, ReadAgain, RejectedFrom, Rejects};
use super::schema::{Columns, compare_columns, make_columns};
use super::sort_out::FilesKnown;
use crate::progress::Running;
use crate::reconciliation::{Copied, CopyStatus};
use crate::report::grouped;
use crate::session::{Planner, Session};
use crate::warehouse::{NullShares, Origin, TableId, TableTransaction};
use crate::{Error, Result};

/// One COPY INTO between its begin and its commit. Dropped before, it leaves nothing.
pub(super) struct Load<'s> {
    pub(super) session: &'s Session,
    pub(super) planner: Planner,
    pub(super) id: TableId,
    pub(super) options: LandingOptions,
    pub(super) transaction: TableTransaction,
    pub(super) ledger: Ledger,
    rejects: Arc<Mutex<Rejects>>,
    /// What there is to say about files, by their identity.
    notes: HashMap<String, Vec<String>>,
    /// The rows that files leave out, by their identity.
    duplicates: HashMap<String, DuplicatesOfFile>,
    /// Those of the table before this load, read once they are asked for.
    null_shares: OnceCell<NullShares>,
    pub(super) records: Vec<LoadRecord>,
    /// Rejects of earlier loads that this one loads.
    pub(super) marks: Vec<Marks>,
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
        let warehouse = session.warehouse();
        let log = warehouse.unopened(id)?;
        let begun = TableTransaction::begin(warehouse, id, planner.state());
        let (transaction, ledger) = Ledger::read_beside(log.as_ref(), begun).await?;
        if let Some(table) = transaction.table() {
            records::repair(session, id, table).await?;
        }
        rejects::repair(session, id, &ledger).await?;
        let rejects = Rejects::new(options.on_error, session.warehouse(), id);
        Ok(Load {
            session,
            planner,
            id: id.clone(),
            options,
            transaction,
            ledger,
            rejects: Arc::new(Mutex::new(rejects)),
            notes: HashMap::new(),
            duplicates: HashMap::new(),
            null_shares: OnceCell::new(),
            records: Vec::new(),
            marks: Vec::new(),
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
    pub(super) fn note(&mut self, file: &SourceFile, note: Option<String>) {
        let notes = self.notes.entry(file.identity.clone()).or_default();
        notes.extend(note);
    }

    /// Finds the columns to write with: those of the table, or new ones made for the files.
    ///
    /// # Errors
    /// A file that cannot be read, columns that do not fit the table.
    pub(super) async fn choose_columns(&mut self, files: &[SourceFile]) -> Result<()> {
        let _running = self.start("looking at", files);
        let state = Arc::clone(self.planner.state());
        let Some(table) = self.transaction.definition() else {
            let Columns { table, notes } = make_columns(files, &self.options, state).await?;
            self.transaction.define(table);
            self.note_each(files, notes);
            return Ok(());
        };
        let drift = compare_columns(table, &self.id, files, &self.options, state).await?;
        self.note_each(files, drift.notes);
        match drift.evolved {
            Some(evolved) => self.transaction.evolve(evolved),
            None => Ok(()),
        }
    }

    fn note_each(&mut self, files: &[SourceFile], notes: Vec<Vec<String>>) {
        for (file, notes) in files.iter().zip(notes) {
            let of_file = self.notes.entry(file.identity.clone()).or_default();
            of_file.extend(notes);
        }
    }

    /// Finds the rows to leave out because the load or the table has them.
    ///
    /// # Errors
    /// A key that is no column, a file or table that cannot be read, a full disk.
    pub(super) async fn find_duplicates(&mut self, files: &[SourceFile]) -> Result<()> {
        let Some(deduplicate) = &self.options.reload.deduplicate else {
            return Ok(());
        };
        let _running = self.start("looking for duplicates in", files);
        let readings = files.iter().map(|file| self.reading(file));
        let duplicates = find_duplicates(
            readings.collect::<Result<_>>()?,
            deduplicate,
            &mut self.transaction,
            self.planner.state().runtime_env(),
        )
        .await?;
        for (index, file) in files.iter().enumerate() {
            let replaced = duplicates.replaced_by(index);
            let rows = if replaced == 1 { "row" } else { "rows" };
            let note = format!("took the place of {replaced} {rows} of the table");
            self.note(file, (replaced > 0).then_some(note));
            let of_file = duplicates.of_file(index, file);
            self.duplicates.insert(file.identity.clone(), of_file);
        }
        Ok(())
    }

    /// Lands files one after the other.
    ///
    /// # Errors
    /// Those of the first file that does not land.
    pub(super) async fn land_files(&mut self, files: &[SourceFile]) -> Result<Vec<Copied>> {
        let running = self.start("loading", files);
        let mut passed = 0;
        let mut copied = Vec::with_capacity(files.len());
        for file in files {
            copied.push(self.land_file(file).await?);
            passed += file.bytes;
            running.passed(passed);
        }
        Ok(copied)
    }

    /// Tells whoever watches what is being done, and of how many bytes.
    fn start(&self, doing: &str, files: &[SourceFile]) -> Running {
        let bytes = files.iter().map(|file| file.bytes).sum();
        let what = match files {
            [one] => one.name.clone(),
            several => format!("{} files", several.len()),
        };
        let progress = self.session.progress();
        progress.start(format!("{doing} {what}"), bytes)
    }

    /// Reads a file, writes its rows, and accounts for every one of them.
    ///
    /// # Errors
    /// The first row that does not fit, a full disk, counts that do not add up.
    async fn land_file(&mut self, file: &SourceFile) -> Result<Copied> {
        let started = Instant::now();
        let origin = Origin {
            source: file.identity.clone(),
            load_id: uuid::Uuid::now_v7().to_string(),
        };
        let sink = Sink::new(&self.rejects);
        sink.rejects()
            .begin_file(self.rejected_from(file, &origin)?);
        let duplicates = self.duplicates.remove(&file.identity);
        let rows = self.reading(file)?.rows(duplicates, Arc::clone(&sink));
        let nulls = NullCounts::default();
        let written = self
            .transaction
            .write(nulls.count(rows), Some(&origin))
            .await;
        let loaded = match written {
            Ok(loaded) => loaded,
            Err(error) => return Err(self.explain(error, file).await),
        };
        if !nulls.are_few() {
            let shares = self
                .null_shares
                .get_or_try_init(|| self.transaction.null_shares());
            for shifted in shifted_null_shares(&nulls, shares.await?) {
                self.note(file, Some(shifted));
            }
        }
        let rejected = sink.rejects().end_file()?;
        let copied = Copied {
            read: sink.read(),
            loaded,
            rejected,
            duplicate: sink.duplicate(),
            note: self.notes_on(file, &origin.load_id, rejected, sink.rounded()),
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
    /// A larger share of rejects than allowed, a conflict with a writer that does not use our
    /// locks, a full disk; nothing is visible then.
    pub(super) async fn commit(mut self) -> Result<()> {
        let rejects = Arc::into_inner(self.rejects)
            .ok_or_else(|| Error::internal("a file is still being read"))?
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        rejects.check()?;
        let retries = self.marks.iter().map(|marks| marks.retried_by.as_str());
        for load in rejects.loads().chain(retries) {
            let entry = self.ledger.enter_load(load);
            self.transaction.record(entry.application, entry.version);
        }
        let counts = serde_json::to_value(&self.records)
            .map_err(|error| Error::internal("counts are not JSON").source(error))?;
        let spools = rejects.into_spools();
        let before = self.transaction.table().cloned();
        let warehouse = self.session.warehouse();
        let marks = self
            .marks
            .iter()
            .map(|marks| marks.write(warehouse, &self.id));
        let marks = marks.collect::<Result<_>>()?;
        // The rows go first in any case: this only opens the other table meanwhile.
        let commit = self.transaction.commit(Some(counts));
        let (written, loads) = tokio::join!(commit, records::begin(self.session));
        let written = written?;
        let records: Vec<_> = self
            .records
            .into_iter()
            .map(|record| (record, written.version))
            .collect();
        rejects::keep(self.session, spools).await?;
        rejects::apply(self.session, marks).await?;
        records::keep(loads?, &records).await?;
        match before {
            // Nobody came between, whose records might be missing.
            Some(table) if table.version().map(|version| version + 1) == Some(written.version) => {
                records::mark_kept(self.session, &self.id, &table, written.version)
            }
            _ => Ok(()),
        }
    }

    /// The error of a file with what its columns have to do with it.
    async fn explain(&self, error: Error, file: &SourceFile) -> Error {
        if self.transaction.table().is_none() {
            return error;
        }
        let reading = match self.reading(file) {
            Ok(reading) => reading,
            Err(_) => return error,
        };
        let explained = blocking(move || Ok(with_retyped_columns(error, &reading))).await;
        explained.unwrap_or_else(|error| error)
    }

    fn reading(&self, file: &SourceFile) -> Result<Reading> {
        let table = self
            .transaction
            .definition()
            .ok_or_else(|| Error::internal("rows are read before their columns are chosen"))?;
        Ok(Reading {
            file: file.clone(),
            options: self.options.read.clone(),
            table: table.clone(),
            state: Arc::clone(self.planner.state()),
        })
    }

    fn rejected_from(&self, file: &SourceFile, origin: &Origin) -> Result<RejectedFrom> {
        let options = match self.options.on_error {
            Policy::Abort => String::new(),
            Policy::Quarantine(_) => ReadAgain::of(file, &self.options.read)?.to_json()?,
        };
        Ok(RejectedFrom {
            load_id: origin.load_id.clone(),
            target: self.id.to_string(),
            source: origin.source.clone(),
            name: file.name.clone(),
            options,
        })
    }

    fn notes_on(
        &mut self,
        file: &SourceFile,
        load_id: &str,
        rejected: u64,
        rounded: u64,
    ) -> Option<String> {
        let mut notes = self.notes.remove(&file.identity).unwrap_or_default();
        notes.extend(file.remarks.all());
        notes.extend(rounded_note(rounded));
        if rejected > 0 {
            notes.push(format!(
                "{} rejected: SELECT * FROM system.rejects WHERE load_id = '{load_id}'",
                grouped(rejected)
            ));
        }
        (!notes.is_empty()).then(|| notes.join("; "))
    }
}

/// What to say about values that ON_LOSS round has changed.
pub(super) fn rounded_note(values: u64) -> Option<String> {
    match values {
        0 => None,
        1 => Some("1 value rounded".to_owned()),
        values => Some(format!("{} values rounded", grouped(values))),
    }
}
