//! The ledger of exports, a table beside the targets: what was delivered to which table, from
//! where, and by which run.
//!
//! An entry is written in the transaction that moves the rows, so both are there or neither is. A
//! batch is known by its content, or, when it is a table of the warehouse, by the versions that it
//! spans: then the next export takes only what came since.

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

    /// The error about an append of a table whose rows the target may have: the ledger of an earlier time
    /// knew batches by their content alone.
    pub(crate) fn ambiguous(&self, target: &str) -> Error {
        Error::input(format!(
            "an earlier version of Tidemill exported batches to {target}, and did not keep whether they were rows of {}; nothing was exported",
            self.name
        ))
        .hint("MODE replace exports the table whole, and what follows is known; FORCE appends all of its rows")
    }
}

/// By whom and when a batch was exported.
pub(crate) fn by(run_id: Option<String>, exported_at: &str) -> String {
    match run_id {
        None => format!("at {exported_at} UTC"),
        Some(run_id) => format!("at {exported_at} UTC by run {run_id}"),
    }
}
