//! The ledger of exports, a table beside the targets: what was delivered to which table, from
//! where, and by which run.
//!
//! An entry is written in the transaction that moves the rows, so both are there or neither is. A
//! batch is known by its content, or, when it is a table of the warehouse, by the versions that it
//! spans: then the next export takes only what came since.

use super::plan::PlannedColumn;
use crate::error::{Error, Kind, Result};

/// Its name, in the schema of its targets.
pub(crate) const LEDGER: &str = "tidemill_exports";

/// The table of the warehouse that an export follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// Its name, for people: `curated.monthly_billing`.
    pub name: String,
    /// What tells it from a table of the same name that was dropped.
    pub table_id: String,
    /// The version that is delivered.
    pub version: u64,
    /// The version that was delivered last; `None` if all rows are.
    pub since: Option<u64>,
    /// The columns that it had then.
    pub columns_then: Vec<String>,
}

/// The last export of a followed table to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastExport {
    /// The version of the table.
    pub version: u64,
    /// When, and by which run.
    pub by: String,
}

/// What the ledger keeps of one export.
#[derive(Debug)]
pub(crate) struct Entry<'e> {
    /// The table.
    pub(crate) target: &'e str,
    /// What tells this batch from every other.
    pub(crate) batch_hash: String,
    pub(crate) followed: Option<&'e Followed>,
    pub(crate) mode: &'static str,
    pub(crate) rows: u64,
    pub(crate) run_id: Option<&'e str>,
}

/// A column of the ledger.
pub(crate) struct LedgerColumn {
    pub(crate) name: &'static str,
    pub(crate) postgres: &'static str,
    pub(crate) sqlite: &'static str,
}

/// Its columns, in order. The first two are its key; those after the first four came later, and a
/// ledger without them gets them.
pub(crate) const COLUMNS: [LedgerColumn; 9] = [
    column("target", "text", "TEXT NOT NULL COLLATE NOCASE"),
    column("batch_hash", "text", "TEXT NOT NULL"),
    column("rows", "bigint NOT NULL", "INTEGER NOT NULL"),
    column(
        "exported_at",
        "timestamptz NOT NULL",
        "TIMESTAMPTZ NOT NULL",
    ),
    column("mode", "text", "TEXT"),
    column("run_id", "text", "TEXT"),
    column("source", "text", "TEXT"),
    column("source_id", "text", "TEXT"),
    column("source_version", "bigint", "INTEGER"),
];

const fn column(name: &'static str, postgres: &'static str, sqlite: &'static str) -> LedgerColumn {
    LedgerColumn {
        name,
        postgres,
        sqlite,
    }
}

impl Followed {
    /// The hash of what is delivered: the same for every try, and for nothing else.
    pub(crate) fn batch_hash(&self) -> String {
        let since = self.since.map_or(-1, i128::from);
        let text = format!("{}\0{since}\0{}", self.table_id, self.version);
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    /// Checks, once the target is locked, that nobody was faster: `last` is what the ledger says now.
    ///
    /// # Errors
    /// Somebody exported the table, or took away the rows that these are to be added to.
    pub(crate) fn still_follows(&self, last: Option<&LastExport>) -> Result<()> {
        let name = &self.name;
        let what = match (last, self.since) {
            (Some(last), since) if Some(last.version) != since => format!(
                "{name} at version {} was exported meanwhile, {}",
                last.version, last.by
            ),
            (None, Some(since)) => format!(
                "the rows of {name} up to version {since} were replaced or dropped from the target meanwhile"
            ),
            _ => return Ok(()),
        };
        Err(Error::new(Kind::Locked, what).hint("nothing was written: run the statement again"))
    }

    /// The error about an append of a table whose rows the target may have, in batches that the ledger
    /// knows by their content alone.
    pub(crate) fn ambiguous(&self, target: &str) -> Error {
        let name = &self.name;
        Error::input(format!(
            "{target} has batches of queries, or of an earlier version of Tidemill, and nobody knows whether they are rows of {name}; nothing was exported"
        ))
        .hint(format!("if they are, use MODE replace; if they are not, FORCE appends {name} whole, and it is followed from then on"))
    }

    /// Checks that a column which the target is to get was not left out of the rows that it has.
    ///
    /// # Errors
    /// It was: rows that were exported before would lack its values for ever.
    pub(crate) fn check_added(&self, added: &[PlannedColumn]) -> Result<()> {
        let left_out = added.iter().find(|column| {
            let mut then = self.columns_then.iter();
            then.any(|name| *name == column.name)
        });
        match (left_out, self.since) {
            (Some(column), Some(since)) => Err(Error::input(format!(
                "\"{}\" was left out when {} was exported up to version {since}, so those rows would lack it; nothing was exported",
                column.name, self.name
            ))
            .hint("MODE replace exports the table whole; with MODE merge, FORCE does")),
            _ => Ok(()),
        }
    }
}

/// By whom and when a batch was exported.
pub(crate) fn by(run_id: Option<String>, exported_at: &str) -> String {
    match run_id {
        None => format!("at {exported_at} UTC"),
        Some(run_id) => format!("at {exported_at} UTC by run {run_id}"),
    }
}
