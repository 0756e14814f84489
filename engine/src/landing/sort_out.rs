//! Which files of a statement are to land: those that the table does not hold yet, and what the
//! user decided about the others.

use super::discover::SourceFile;
use super::ledger::{Known, Ledger};
use crate::reconciliation::{Copied, CopyStatus};
use crate::sql::{OnChange, ReloadOptions};
use crate::warehouse::{TableId, TableTransaction};
use crate::{Error, Place, Result};

/// What the table knows about files, and what to do about it.
pub(super) struct FilesKnown<'l> {
    pub(super) ledger: &'l mut Ledger,
    pub(super) transaction: &'l mut TableTransaction,
    pub(super) options: &'l ReloadOptions,
    pub(super) id: &'l TableId,
}

/// The files of a statement, by what becomes of them.
#[derive(Default)]
pub(super) struct Sorted {
    /// Those to land, with what there is to say about them.
    pub(super) to_land: Vec<(SourceFile, Option<String>)>,
    /// What is said of those that are not.
    pub(super) skipped: Vec<Copied>,
}

impl FilesKnown<'_> {
    /// Sorts the files, notes in ledger and transaction what is to come and to go.
    ///
    /// # Errors
    /// A file that was changed since it was loaded and may not replace or join its former rows.
    pub(super) async fn sort_out(&mut self, files: Vec<SourceFile>) -> Result<Sorted> {
        let replaced = self.replace_changed(&files).await?;
        let mut sorted = Sorted::default();
        for (file, replaces) in files.into_iter().zip(replaced) {
            if replaces {
                let note = "its former rows were replaced".to_owned();
                sorted.to_land.push((file, Some(note)));
                continue;
            }
            let known = self.ledger.look_up(&file);
            let already = match (known, self.options.on_change.unwrap_or_default()) {
                (Known::New, _) => None,
                (Known::Unchanged, _) => Some("already loaded".to_owned()),
                (Known::SameContent { path }, _) => {
                    Some(format!("same content as {path}, already loaded"))
                }
                (Known::Changed, OnChange::Append) => {
                    self.enter(&file);
                    let note = "changed since it was loaded: its former rows stay".to_owned();
                    sorted.to_land.push((file, Some(note)));
                    continue;
                }
                (Known::Changed, OnChange::Error | OnChange::Replace) => {
                    return Err(changed(&file, self.id));
                }
            };
            match already {
                Some(note) if !self.options.force => sorted.skipped.push(Copied {
                    note: Some(note),
                    ..Copied::new(file.name, self.id, CopyStatus::Skipped)
                }),
                note => {
                    self.enter(&file);
                    let note = note.map(|note| format!("{note}: loaded again by FORCE"));
                    sorted.to_land.push((file, note));
                }
            }
        }
        Ok(sorted)
    }

    /// Takes the former rows of changed files away, before any other file is judged: a copy of
    /// what a changed file held before is new then, and one of what it holds now is not. Says
    /// for each file whether it replaces its former rows.
    async fn replace_changed(&mut self, files: &[SourceFile]) -> Result<Vec<bool>> {
        let mut replaced = Vec::with_capacity(files.len());
        for file in files {
            let replaces = self.options.on_change == Some(OnChange::Replace)
                && self.ledger.look_up(file) == Known::Changed;
            if replaces {
                self.transaction.remove_source(&file.identity).await?;
                for entry in self.ledger.withdraw(&file.identity) {
                    self.transaction.record(entry.application, entry.version);
                }
                self.enter(file);
            }
            replaced.push(replaces);
        }
        Ok(replaced)
    }

    fn enter(&mut self, file: &SourceFile) {
        for entry in self.ledger.enter(file) {
            self.transaction.record(entry.application, entry.version);
        }
    }
}

fn changed(file: &SourceFile, id: &TableId) -> Error {
    if file.is_of_database() {
        return Error::input(format!("{} has changed since it was loaded into {id}", file.name))
            .hint("ON_CHANGE replace puts its rows in place of the former ones, ON_CHANGE append adds all of them; a table that is loaded with WATERMARK from the start gets only what is new");
    }
    Error::input(format!("the file was changed since it was loaded into {id}"))
        .place(Place::file(&file.name))
        .hint("its former rows are still in the table: ON_CHANGE replace puts the new ones in their place, ON_CHANGE append adds them")
}
