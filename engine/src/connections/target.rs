//! The target of an export as it is planned: what both databases know about it before anything
//! moves, and what `EXPLAIN COPY INTO` prints.

use super::dialect::Dialect;
use super::export::{Export, Mode};
use super::plan::{Matched, Passage, PlannedColumn};
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
    /// Whether rules or row policies stand before it, which only an INSERT obeys.
    pub(crate) guarded: bool,
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

    /// Whether rows can be copied into it as they come, without a staging table: nothing has to be
    /// cast, compared or found out first. A batch that is known by its content alone is staged, so
    /// that a repeated one leaves no dead rows behind.
    pub(crate) fn takes_straight(&self, export: &Export) -> bool {
        let adds = match &export.mode {
            Mode::Append => export.followed.is_some(),
            Mode::Insert { on_conflict } => on_conflict.is_none(),
            Mode::Create => true,
            Mode::Replace | Mode::ReplaceWhere { .. } | Mode::Merge { .. } => false,
        };
        let same = |column: &PlannedColumn| column.passage == Passage::Same;
        let is_postgres = self.dialect == Dialect::Postgres;
        is_postgres
            && adds
            && !export.verify
            && !self.guarded
            && self.matched.planned.iter().all(same)
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
