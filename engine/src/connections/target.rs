//! The target of an export as it is planned: what both databases know about it before anything
//! moves, and what `EXPLAIN COPY INTO` prints.

use super::dialect::Dialect;
use super::plan::{Matched, PlannedColumn};
use super::statements::Statements;

/// The target.
#[derive(Debug)]
pub(crate) struct Target {
    /// Which database it is in.
    pub(crate) dialect: Dialect,
    /// The quoted name.
    pub(crate) name: String,
    /// How the columns meet those of the table.
    pub(crate) matched: Matched,
    /// The columns of the merge key.
    pub(crate) key: Vec<String>,
    /// Whether the table is there.
    pub(crate) exists: bool,
}

impl Target {
    /// The planned columns of the merge key.
    pub(crate) fn key(&self) -> Vec<&PlannedColumn> {
        self.planned(&self.key).unwrap_or_default()
    }

    /// The planned columns of these names; `None` if one of them is not exported.
    pub(crate) fn planned(&self, names: &[String]) -> Option<Vec<&PlannedColumn>> {
        let planned = &self.matched.planned;
        let same = self.dialect.same_name();
        names
            .iter()
            .map(|name| planned.iter().find(|column| same(&column.name, name)))
            .collect()
    }

    /// The statements that move rows into it.
    pub(crate) fn statements(&self) -> Statements<'_> {
        Statements {
            dialect: self.dialect,
            target: &self.name,
            columns: &self.matched.planned,
        }
    }

    /// Whether rows that were staged for `other` are staged for this one as well.
    pub(crate) fn stages_like(&self, other: &Target) -> bool {
        let staged = |target: &Target| -> Vec<String> {
            let columns = target.matched.planned.iter();
            columns.map(|column| column.staged.clone()).collect()
        };
        staged(self) == staged(other) && self.matched.places == other.matched.places
    }
}
