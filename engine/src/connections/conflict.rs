//! `ON CONFLICT ..` of an INSERT in the words of a database.

use datafusion::sql::sqlparser::ast::Expr;

use super::plan::PlannedColumn;
use super::statements::quote;
use crate::error::Result;
use crate::sql::{ConflictAction, OnConflict};

/// The clause, and which rows it changes.
pub(crate) struct ConflictClause<'a> {
    /// Its text.
    pub(crate) sql: String,
    columns: &'a [String],
    changes: bool,
}

/// Writes the clause; `in_words` writes an expression.
///
/// # Errors
/// An expression that the database does not have.
pub(crate) fn conflict_clause(
    on_conflict: &OnConflict,
    in_words: impl Fn(&Expr) -> Result<String>,
) -> Result<ConflictClause<'_>> {
    let columns: Vec<_> = on_conflict.columns.iter().map(|name| quote(name)).collect();
    let of = match columns.is_empty() {
        true => String::new(),
        false => format!(" ({})", columns.join(", ")),
    };
    let action = match &on_conflict.action {
        ConflictAction::Nothing => "NOTHING".to_owned(),
        ConflictAction::Update(update) => {
            let set = update
                .set
                .iter()
                .map(|(column, value)| Ok(format!("{} = {}", quote(column), in_words(value)?)));
            let set = set.collect::<Result<Vec<_>>>()?.join(", ");
            match &update.condition {
                None => format!("UPDATE SET {set}"),
                Some(condition) => format!("UPDATE SET {set} WHERE {}", in_words(condition)?),
            }
        }
    };
    Ok(ConflictClause {
        sql: format!("ON CONFLICT{of} DO {action}"),
        columns: &on_conflict.columns,
        changes: matches!(on_conflict.action, ConflictAction::Update(_)),
    })
}

impl ConflictClause<'_> {
    /// The columns by which rows are found that are changed; `None` when none are, or when the
    /// batch does not have these columns.
    pub(crate) fn key<'p>(
        &self,
        planned: &'p [PlannedColumn],
        same_name: fn(&str, &str) -> bool,
    ) -> Option<Vec<&'p PlannedColumn>> {
        let find = |name: &String| {
            let mut planned = planned.iter();
            planned.find(|column| same_name(&column.name, name))
        };
        match self.changes {
            true => self.columns.iter().map(find).collect(),
            false => None,
        }
    }
}
