//! What an export is asked to do, and what it did.

use datafusion::sql::sqlparser::ast::Expr;

use super::columns::{Column, Columns};
use super::ledger::{Entry, Followed, LEDGER, LastExport};
use super::plan::Matched;
use super::statements::quote;
use super::target::Target;
use crate::error::{Error, Result};
use crate::sql::{Grant, OnConflict, OnNul, OnSchemaChange};

/// What happens to the rows that the target table already holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// They stay, and the batch is added, once: a batch that was appended before adds nothing.
    Append,
    /// They go, in the same transaction; views, grants, indexes and keys survive. A batch equal to
    /// the table changes nothing.
    Replace,
    /// Those that meet the condition go, and every row of the batch must meet it: else the next
    /// export of the same window would leave it, and add it once more.
    ReplaceWhere {
        /// What the database evaluates.
        condition: Box<Expr>,
    },
    /// Rows with the same key are brought up to date, new ones are added, others stay.
    Merge {
        /// The columns that identify a row; none stands for the primary key of the table.
        key: Vec<String>,
    },
    /// They stay, and the rows are added, each time; the table must be there.
    Insert {
        /// What to do about rows that a unique index does not take.
        on_conflict: Option<OnConflict>,
    },
    /// There are none: the table must not be there.
    Create,
}

impl Mode {
    /// Its name in SQL.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Mode::Append => "append",
            Mode::Replace => "replace",
            Mode::ReplaceWhere { .. } => "replace where",
            Mode::Merge { .. } => "merge",
            Mode::Insert { .. } => "insert",
            Mode::Create => "create",
        }
    }

    /// Whether rows that the source lost would stay, and those that it changed be there twice.
    pub(crate) fn only_adds(&self) -> bool {
        matches!(self, Mode::Append)
    }

    /// The merge key; empty for the other modes.
    pub(crate) fn key(&self) -> &[String] {
        match self {
            Mode::Merge { key } => key,
            Mode::Append
            | Mode::Replace
            | Mode::ReplaceWhere { .. }
            | Mode::Insert { .. }
            | Mode::Create => &[],
        }
    }
}

/// One export: the target inside of the database, the mode, and what else is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The schema; SQLite has one and calls it `public`.
    pub schema: String,
    /// The table, created when missing.
    pub table: String,
    /// What happens to the rows that are there.
    pub mode: Mode,
    /// What to do about columns that the table does not have.
    pub on_schema_change: OnSchemaChange,
    /// What to do about texts with the character NUL.
    pub nul: OnNul,
    /// Whether the written rows are read back before the commit.
    pub verify: bool,
    /// What the table is to have when the rows are there.
    pub finish: Finish,
    /// The table of the warehouse whose rows these are, if the ledger is to follow it.
    pub followed: Option<Followed>,
    /// Whether a batch is added that was added before.
    pub force: bool,
    /// The run that exports, as the ledger calls it.
    pub run_id: Option<String>,
}

/// What a table is to have besides its rows; what it has already is left alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finish {
    /// Indexes, each by its columns.
    pub indexes: Vec<Vec<String>>,
    /// The comment of the table.
    pub comment: Option<String>,
    /// Comments of columns, by name: for a table that is created, or gets a comment itself.
    pub column_comments: Vec<(String, String)>,
    /// Rights of roles.
    pub grants: Vec<Grant>,
    /// The owner.
    pub owner: Option<String>,
}

impl Export {
    /// An export of which nothing special is asked.
    pub fn new(schema: impl Into<String>, table: impl Into<String>, mode: Mode) -> Self {
        Export {
            schema: schema.into(),
            table: table.into(),
            mode,
            on_schema_change: OnSchemaChange::default(),
            nul: OnNul::default(),
            verify: false,
            finish: Finish::default(),
            followed: None,
            force: false,
            run_id: None,
        }
    }

    /// What ON_SCHEMA_CHANGE says; `None` for an INSERT, which has no such option.
    pub(crate) fn schema_change(&self) -> Option<OnSchemaChange> {
        (!matches!(self.mode, Mode::Insert { .. })).then_some(self.on_schema_change)
    }

    /// Whether the ledger gets to know of it.
    pub(crate) fn is_recorded(&self) -> bool {
        match self.mode {
            Mode::Append => true,
            Mode::Merge { .. } | Mode::Replace => self.followed.is_some(),
            Mode::ReplaceWhere { .. } | Mode::Insert { .. } | Mode::Create => false,
        }
    }

    /// Whether the ledger can follow a table that is exported so.
    pub(crate) fn can_follow(&self) -> bool {
        matches!(self.mode, Mode::Append | Mode::Merge { .. } | Mode::Replace)
    }

    /// Whether rows that were exported before are left out.
    pub(crate) fn adds_once(&self) -> bool {
        matches!(self.mode, Mode::Append | Mode::Merge { .. }) && !self.force
    }

    /// The table of which only new rows are exported.
    pub(crate) fn follows(&self) -> Option<&Followed> {
        self.followed.as_ref().filter(|_| self.adds_once())
    }

    /// Checks, once the target is locked, that what the ledger says lets the rows be added: `last` is
    /// the last export of the table, `by_content` whether the target has batches of unknown sources.
    ///
    /// # Errors
    /// Somebody was faster, or the rows may be there already.
    pub(crate) fn check_ledger(
        &self,
        followed: &Followed,
        last: Option<&LastExport>,
        by_content: bool,
    ) -> Result<()> {
        followed.still_follows(last)?;
        match by_content && last.is_none() && self.mode.only_adds() {
            true => Err(followed.ambiguous(&self.table)),
            false => Ok(()),
        }
    }

    /// What the ledger keeps, of a batch with this content; `None` if it keeps nothing.
    pub(crate) fn entry(&self, content: Option<&str>, rows: u64) -> Option<Entry<'_>> {
        if !self.is_recorded() {
            return None;
        }
        let followed = self.followed.as_ref();
        if followed.is_some_and(|followed| followed.since == Some(followed.version)) {
            return None;
        }
        Some(Entry {
            target: &self.table,
            batch_hash: match followed {
                Some(followed) => followed.batch_hash(),
                None => content?.to_owned(),
            },
            followed,
            mode: self.mode.name(),
            rows,
            run_id: self.run_id.as_deref(),
        })
    }

    /// Checks what can be checked without the database.
    pub(crate) fn check(&self, columns: &Columns) -> Result<()> {
        for name in [&self.schema, &self.table] {
            if name.is_empty() || name.contains('\0') {
                return Err(Error::input(
                    "a schema or table to export to needs a name without NUL characters",
                ));
            }
        }
        if self.table.eq_ignore_ascii_case(LEDGER) {
            return Err(
                Error::input(format!("{LEDGER} is where exports are recorded"))
                    .hint("export to a table of another name"),
            );
        }
        if let Mode::Merge { key } = &self.mode {
            check_key(key, columns.list())?;
        }
        Ok(())
    }
}

/// What an export did. `rows_read = inserted + updated + unchanged`, in every mode.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows of the batch.
    pub rows_read: u64,
    /// Rows of the batch that the table did not hold, or that replace those deleted.
    pub inserted: u64,
    /// Rows of the batch that changed the row with their key.
    pub updated: u64,
    /// Rows of the table that made way: replace only.
    pub deleted: u64,
    /// Rows of the batch that the table held already.
    pub unchanged: u64,
    /// Whether the table was created.
    pub created_table: bool,
    /// What the reader of the counts should know.
    pub note: Option<String>,
}

impl Exported {
    /// All rows were new.
    pub(crate) fn inserted(rows: u64) -> Self {
        Exported {
            rows_read: rows,
            inserted: rows,
            ..Exported::default()
        }
    }

    /// Whether the table is as it was.
    pub(crate) fn wrote_nothing(&self) -> bool {
        self.inserted + self.updated + self.deleted == 0
    }

    /// An append of a batch that the ledger knows.
    pub(crate) fn known(rows: u64, by: &str) -> Self {
        Exported::unchanged(
            rows,
            format!("this batch was exported before, {by}; nothing was added"),
        )
    }

    /// A replace by the rows that the table holds; of a window, if there is a condition.
    pub(crate) fn equal(rows: u64, condition: Option<&str>) -> Self {
        let of = match condition {
            None => String::new(),
            Some(condition) => format!(" where {condition}"),
        };
        Exported::unchanged(
            rows,
            format!("the table holds exactly these rows{of}; nothing was changed"),
        )
    }

    /// A merge of `rows` rows, `known` of them with a key that the table held, that wrote `written`.
    pub(crate) fn merged(rows: u64, known: u64, written: u64) -> Self {
        let inserted = rows.saturating_sub(known).min(written);
        let updated = written - inserted;
        Exported {
            rows_read: rows,
            inserted,
            updated,
            unchanged: rows.saturating_sub(written),
            ..Exported::default()
        }
    }

    /// An insert of `rows` rows that wrote `written` of them.
    pub(crate) fn inserted_of(rows: u64, written: u64) -> Self {
        Exported {
            rows_read: rows,
            inserted: written.min(rows),
            unchanged: rows.saturating_sub(written),
            ..Exported::default()
        }
    }

    /// The same with more to say about it.
    pub(crate) fn noted(mut self, notes: impl IntoIterator<Item = String>) -> Self {
        let notes: Vec<_> = self.note.take().into_iter().chain(notes).collect();
        self.note = (!notes.is_empty()).then(|| notes.join("; "));
        self
    }

    /// The same with all that its reader should know about the target; `said` is what was done besides.
    pub(crate) fn into_target(
        self,
        export: &Export,
        target: &Target,
        said: impl IntoIterator<Item = String>,
    ) -> Self {
        let key = key_note(export, &target.key).into_iter();
        Exported {
            created_table: !target.exists,
            ..self
        }
        .noted(key.chain(target.matched.notes()).chain(said))
    }

    fn unchanged(rows: u64, note: String) -> Self {
        Exported {
            rows_read: rows,
            unchanged: rows,
            note: Some(note),
            ..Exported::default()
        }
    }
}

/// Checks that the database took as many rows as it was given: a trigger or a rule may drop some.
pub(crate) fn all_stored(given: u64, stored: u64) -> Result<()> {
    match given == stored {
        true => Ok(()),
        false => Err(Error::input(format!(
            "the table took {stored} of {given} rows; nothing was exported"
        ))
        .hint("a trigger, a rule or a row policy on the table drops rows")),
    }
}

/// The error about a table that was to be created.
pub(crate) fn exists(table: &str) -> Error {
    Error::input(format!("the table {table} exists")).hint(
        "use CREATE TABLE IF NOT EXISTS, or COPY INTO with MODE replace to put new rows in place of its own",
    )
}

/// The merge key of a table that is not there.
///
/// # Errors
/// None was named, or the mode wants the table to be there.
pub(crate) fn needs_key(export: &Export, table: &str) -> Result<Vec<String>> {
    match &export.mode {
        Mode::Insert { .. } => Err(Error::input(format!("there is no table {table}"))
            .hint("create it with CREATE TABLE .. AS SELECT or COPY INTO")),
        Mode::Merge { key } if key.is_empty() => Err(Error::input(format!(
            "a merge needs a key, and there is no table {table} whose primary key it could be"
        ))
        .hint("name the columns that identify a row: KEY (id)")),
        mode => Ok(mode.key().to_vec()),
    }
}

/// The merge key of a table whose primary key it is to be.
///
/// # Errors
/// There is none, or it is not exported.
pub(crate) fn check_primary_key(
    table: &str,
    key: Vec<String>,
    matched: &Matched,
    same_name: fn(&str, &str) -> bool,
) -> Result<Vec<String>> {
    if key.is_empty() {
        return Err(Error::input(format!(
            "a merge needs a key, and {table} has no primary key"
        ))
        .hint("name the columns that identify a row: KEY (id)"));
    }
    let is_planned = |name: &&String| {
        let mut planned = matched.planned.iter();
        planned.any(|column| same_name(&column.name, name))
    };
    match key.iter().find(|name| !is_planned(name)) {
        None => Ok(key),
        Some(name) => Err(Error::input(format!(
            "the primary key of {table} has the column {}, which is not exported",
            quote(name)
        ))
        .hint("export it, or name another unique key: KEY (column, ..)")),
    }
}

/// The note about a key that nobody named.
fn key_note(export: &Export, key: &[String]) -> Option<String> {
    let is_found = matches!(&export.mode, Mode::Merge { key } if key.is_empty());
    is_found.then(|| {
        let names: Vec<_> = key.iter().map(|name| quote(name)).collect();
        format!("merged by the primary key ({})", names.join(", "))
    })
}

fn check_key(key: &[String], columns: &[Column]) -> Result<()> {
    for (at, name) in key.iter().enumerate() {
        if key[..at].contains(name) {
            return Err(Error::input(format!(
                "the merge key names \"{name}\" twice"
            )));
        }
        if !columns.iter().any(|column| column.name == *name) {
            let names: Vec<_> = columns.iter().map(|column| column.name.as_str()).collect();
            return Err(Error::input(format!(
                "the merge key names \"{name}\", which is not exported"
            ))
            .hint(format!("the exported columns are {}", names.join(", "))));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::datatypes::{DataType, Field, Schema};

    use super::*;

    fn check(table: &str, key: &[&str]) -> Result<()> {
        let schema = Schema::new(vec![Field::new("id", DataType::Int64, true)]);
        let key = key.iter().map(ToString::to_string).collect();
        Export::new("public", table, Mode::Merge { key }).check(&Columns::of(&schema).unwrap())
    }

    #[test]
    fn keys_are_checked_against_the_columns() {
        assert!(check("t", &["id"]).is_ok());
        let error = check("t", &["ID"]).unwrap_err();
        assert_eq!(
            error.message(),
            "the merge key names \"ID\", which is not exported"
        );
        assert_eq!(error.get_hint(), Some("the exported columns are id"));
        assert!(check("t", &["id", "id"]).is_err());
    }

    #[test]
    fn the_ledger_is_no_target() {
        assert!(check("Tidemill_Exports", &["id"]).is_err());
        assert!(check("", &["id"]).is_err());
    }

    #[test]
    fn merged_counts_add_up() {
        let merged = Exported::merged(10, 6, 7);
        assert_eq!(
            (merged.inserted, merged.updated, merged.unchanged),
            (4, 3, 3)
        );
        // Another client may delete a row between count and merge.
        let raced = Exported::merged(1, 1, 1);
        assert_eq!(raced.inserted + raced.updated + raced.unchanged, 1);
    }
}
