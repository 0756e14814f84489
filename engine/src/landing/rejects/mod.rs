//! What becomes of records that do not fit: the first one stops the load, or they are set aside.

mod keep;
mod marks;
mod read_again;
mod record;
mod spool;
mod tally;

use std::path::PathBuf;

use chrono::Utc;

pub(super) use keep::{keep, repair};
pub(super) use marks::{Marks, apply};
pub(super) use read_again::ReadAgain;
pub(super) use record::RejectedFrom;
use spool::{Spool, SpoolWriter};
pub(super) use tally::Tally;

use super::formats::RowError;
use crate::sql::{MaxErrors, OnError, RejectOptions};
use crate::warehouse::{TableId, Warehouse};
use crate::{Error, Result};

/// What is done with bad records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    /// The first one stops the load.
    Abort,
    /// They are set aside, up to a number or share of them.
    Quarantine(Option<MaxErrors>),
}

/// The bad records of one statement.
pub(super) struct Rejects {
    policy: Policy,
    folder: PathBuf,
    tally: Tally,
    open: Option<OpenFile>,
    spools: Vec<Spool>,
}

/// The file that is being read.
struct OpenFile {
    from: RejectedFrom,
    spool: Option<SpoolWriter>,
}

impl Policy {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A limit on rejects without rejects.
    pub(super) fn checked(options: &RejectOptions) -> Result<Self> {
        match (options.on_error.unwrap_or_default(), options.max_errors) {
            (OnError::Quarantine, max) => Ok(Policy::Quarantine(max)),
            (OnError::Abort, None) => Ok(Policy::Abort),
            (OnError::Abort, Some(_)) => {
                Err(Error::input("MAX_ERRORS goes with ON_ERROR quarantine")
                    .hint("ON_ERROR abort, the default, stops at the first row that does not fit"))
            }
        }
    }
}

impl Rejects {
    /// None so far, for a load of a table.
    pub(super) fn new(policy: Policy, warehouse: &Warehouse, id: &TableId) -> Self {
        Rejects {
            policy,
            folder: Spool::folder(warehouse, id),
            tally: Tally::default(),
            open: None,
            spools: Vec::new(),
        }
    }

    /// From here on records come from this file.
    pub(super) fn begin_file(&mut self, from: RejectedFrom) {
        self.open = Some(OpenFile { from, spool: None });
    }

    /// Takes in records of the file: how many there were, and which of them are bad.
    ///
    /// # Errors
    /// The first bad record, if it stops the load; more of them than allowed; a full disk.
    pub(super) fn set_aside(&mut self, records: u64, rejects: Vec<RowError>) -> Result<()> {
        let file = self.open.as_mut().ok_or_else(no_file)?;
        self.tally.add(&file.from.name, records, &rejects);
        let max = match self.policy {
            Policy::Quarantine(max) => max,
            Policy::Abort => {
                return match rejects.into_iter().next() {
                    Some(first) => Err(first.into_error(&file.from.name)),
                    None => Ok(()),
                };
            }
        };
        // A share can only be judged when all is read.
        if let Some(rows @ MaxErrors::Rows(_)) = max
            && self.tally.exceeds(rows)
        {
            return Err(self.tally.too_many(rows, false));
        }
        if rejects.is_empty() {
            return Ok(());
        }
        let spool = match &mut file.spool {
            Some(spool) => spool,
            none => none.insert(SpoolWriter::create(&self.folder, file.from.clone())?),
        };
        let now = Utc::now().timestamp_micros();
        rejects
            .iter()
            .try_for_each(|reject| spool.push(reject, now))
    }

    /// The number of bad records of the file, which are all on disk then.
    ///
    /// # Errors
    /// A full disk.
    pub(super) fn end_file(&mut self) -> Result<u64> {
        let Some(spool) = self.open.take().and_then(|file| file.spool) else {
            return Ok(0);
        };
        let rejected = spool.count();
        self.spools.push(spool.finish()?);
        Ok(rejected)
    }

    /// Judges the statement as a whole.
    ///
    /// # Errors
    /// A larger share of bad records than allowed.
    pub(super) fn check(&self) -> Result<()> {
        match self.policy {
            Policy::Quarantine(Some(max)) if self.tally.exceeds(max) => {
                Err(self.tally.too_many(max, true))
            }
            Policy::Quarantine(_) | Policy::Abort => Ok(()),
        }
    }

    /// The loads that have rejects.
    pub(super) fn loads(&self) -> impl Iterator<Item = &str> {
        self.spools.iter().map(|spool| spool.load_id.as_str())
    }

    /// The rejects, file by file, which outlive a failure from here on: whether they count is
    /// decided by the commit that follows.
    pub(super) fn into_spools(mut self) -> Vec<Spool> {
        self.spools.iter_mut().for_each(Spool::keep);
        self.spools
    }
}

fn no_file() -> Error {
    Error::internal("a record was rejected before a file was opened")
}
