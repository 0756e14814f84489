//! What an export is asked to do, and what it did.

use super::columns::{Column, Columns};
use crate::error::{Error, Result};

/// The table that remembers which batches were appended, in the schema of its targets.
pub(crate) const LEDGER: &str = "tidemill_exports";

/// What happens to the rows that the target table already holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// They stay, and the batch is added, once: a batch that was appended before adds nothing.
    Append,
    /// They go, in the same transaction; views, grants, indexes and keys survive. A batch equal to
    /// the table changes nothing.
    Replace,
    /// Rows with the same key are brought up to date, new ones are added, others stay.
    Merge {
        /// The columns that identify a row.
        key: Vec<String>,
    },
}

impl Mode {
    /// The merge key; empty for the other modes.
    pub(crate) fn key(&self) -> &[String] {
        match self {
            Mode::Merge { key } => key,
            Mode::Append | Mode::Replace => &[],
        }
    }
}

/// One export: the target inside of the database, and the mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The schema; SQLite has one and calls it `public`.
    pub schema: String,
    /// The table, created when missing.
    pub table: String,
    /// What happens to the rows that are there.
    pub mode: Mode,
}

impl Export {
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

    /// An append of a batch that the ledger knows.
    pub(crate) fn known(rows: u64, when: &str) -> Self {
        Exported::unchanged(
            rows,
            format!("this batch was exported before, at {when}; nothing was added"),
        )
    }

    /// A replace by the rows that the table holds.
    pub(crate) fn equal(rows: u64) -> Self {
        Exported::unchanged(
            rows,
            "the table holds exactly these rows; nothing was changed".to_owned(),
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

fn check_key(key: &[String], columns: &[Column]) -> Result<()> {
    if key.is_empty() {
        return Err(Error::input("a merge needs a key")
            .hint("name the columns that identify a row: KEY (id)"));
    }
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
        Export {
            schema: "public".to_owned(),
            table: table.to_owned(),
            mode: Mode::Merge {
                key: key.iter().map(ToString::to_string).collect(),
            },
        }
        .check(&Columns::of(&schema).unwrap())
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
        assert!(check("t", &[]).is_err());
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
