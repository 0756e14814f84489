//! How the columns of an export meet those of the table: one place for names, types and casts.
//!
//! A table that is missing gets a column per exported one. In a table that is there, columns are
//! found by name; whether a type takes another is the one thing that each database decides itself.

use super::column_type::ColumnType;
use super::columns::Column;
use super::statements::quote;
use crate::error::{Error, Result};

/// A column of a table as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExistingColumn {
    pub(crate) name: String,
    /// The type in the words of the database: `numeric(12,2)`.
    pub(crate) declared: String,
    /// What the type counts as when types are compared: `numeric`.
    pub(crate) family: String,
    /// NOT NULL and no default: it must be exported.
    pub(crate) required: bool,
    /// Computed by the database: it cannot be exported.
    pub(crate) computed: bool,
}

/// What happens to a value between the staging table and the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passage {
    /// Nothing: the types are the same.
    Same,
    /// A cast to the type of the target, which must give the same value when cast back.
    Exact,
    /// A cast that reads text, such as to JSON, and fails by itself on a wrong one.
    Read,
}

/// A column on its way from the staging table to the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedColumn {
    /// The name in the target.
    pub(crate) name: String,
    pub(crate) kind: ColumnType,
    /// The type in the staging table.
    pub(crate) staged: String,
    /// The type in the target.
    pub(crate) target: String,
    pub(crate) passage: Passage,
    /// SQL that follows a value when two are compared, such as a collation.
    pub(crate) compare: &'static str,
}

/// Finds every exported column in the table. `same_name` compares names as the database does, `fit`
/// plans one pair or says that the types do not go together.
///
/// # Errors
/// All that does not fit, in one message.
pub(crate) fn match_columns(
    table: &str,
    columns: &[Column],
    existing: &[ExistingColumn],
    same_name: fn(&str, &str) -> bool,
    fit: impl Fn(&Column, &ExistingColumn) -> Option<PlannedColumn>,
) -> Result<Vec<PlannedColumn>> {
    let mut planned = Vec::with_capacity(columns.len());
    let mut faults = Vec::new();
    for column in columns {
        let name = &column.name;
        match existing
            .iter()
            .find(|existing| same_name(&existing.name, name))
        {
            None => faults.push(format!("the table has no column {}", quote(name))),
            Some(found) if found.computed => {
                faults.push(format!(
                    "{} is computed by the database and cannot be exported",
                    quote(name)
                ));
            }
            Some(found) => match fit(column, found) {
                Some(plan) => planned.push(plan),
                None => faults.push(format!(
                    "{} is {} and cannot go into {}",
                    quote(name),
                    column.kind,
                    found.declared
                )),
            },
        }
    }
    for needed in existing.iter().filter(|existing| existing.required) {
        if !columns
            .iter()
            .any(|column| same_name(&needed.name, &column.name))
        {
            faults.push(format!(
                "{} of the table is NOT NULL without a default and is not exported",
                quote(&needed.name)
            ));
        }
    }
    if faults.is_empty() {
        return Ok(planned);
    }
    let there: Vec<_> = existing
        .iter()
        .map(|column| format!("{} {}", quote(&column.name), column.declared))
        .collect();
    Err(Error::input(format!(
        "the export does not fit the table {table}: {}",
        faults.join("; ")
    ))
    .hint(format!(
        "rename with AS or cast in the query, or alter the table, which has {}",
        there.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn column(name: &str, kind: ColumnType) -> Column {
        Column {
            name: name.to_owned(),
            kind,
        }
    }

    fn existing(name: &str, required: bool, computed: bool) -> ExistingColumn {
        ExistingColumn {
            name: name.to_owned(),
            declared: "text".to_owned(),
            family: "text".to_owned(),
            required,
            computed,
        }
    }

    fn plan(columns: &[Column], table: &[ExistingColumn]) -> Result<Vec<PlannedColumn>> {
        match_columns(
            "\"t\"",
            columns,
            table,
            |a, b| a == b,
            |column, found| {
                (column.kind == ColumnType::Text).then(|| PlannedColumn {
                    name: found.name.clone(),
                    kind: column.kind,
                    staged: "text".to_owned(),
                    target: found.declared.clone(),
                    passage: Passage::Same,
                    compare: "",
                })
            },
        )
    }

    #[test]
    fn columns_are_found_by_name_and_others_left_alone() {
        let columns = [column("b", ColumnType::Text), column("a", ColumnType::Text)];
        let table = [
            existing("a", true, false),
            existing("b", false, false),
            existing("c", false, true),
        ];
        let names: Vec<_> = plan(&columns, &table)
            .unwrap()
            .into_iter()
            .map(|plan| plan.name)
            .collect();
        assert_eq!(names, ["b", "a"]);
    }

    #[test]
    fn every_fault_is_named() {
        let columns = [
            column("id", ColumnType::BigInt),
            column("sum", ColumnType::Text),
            column("lost", ColumnType::Text),
        ];
        let table = [
            existing("id", false, false),
            existing("sum", false, true),
            existing("must", true, false),
        ];
        let error = plan(&columns, &table).unwrap_err();
        assert_eq!(
            error.message(),
            "the export does not fit the table \"t\": \"id\" is BIGINT and cannot go into text; \
             \"sum\" is computed by the database and cannot be exported; the table has no column \"lost\"; \
             \"must\" of the table is NOT NULL without a default and is not exported"
        );
        assert!(error.get_hint().unwrap().contains("\"must\" text"));
    }
}
