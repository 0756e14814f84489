//! How the columns of an export meet those of the table: one place for names, types and casts.
//!
//! A table that is missing gets a column per exported one. In a table that is there, columns are
//! found by name; whether a type takes another is the one thing that each database decides itself.

use super::column_type::ColumnType;
use super::columns::Column;
use super::statements::quote;
use crate::error::{Error, Result};
use crate::sql::OnSchemaChange;

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
    /// The same for a binary fraction that goes into decimals, where NaN and infinity have no place.
    Finite,
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

/// How an export meets a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matched {
    /// The columns that are exported, in the order of the batch.
    pub(crate) planned: Vec<PlannedColumn>,
    /// Where each of them stands in the batch.
    pub(crate) places: Vec<usize>,
    /// Those of them that the table is still to get.
    pub(crate) added: Vec<PlannedColumn>,
    /// Columns of the batch that are left out.
    pub(crate) ignored: Vec<String>,
    /// Columns of the table that the batch does not have.
    pub(crate) missing: Vec<String>,
}

impl Matched {
    /// An export into a table that is made for it.
    pub(crate) fn new_table(planned: Vec<PlannedColumn>) -> Self {
        Matched {
            places: (0..planned.len()).collect(),
            planned,
            ..Matched::default()
        }
    }

    /// What the reader of the counts should know.
    pub(crate) fn notes(&self) -> Vec<String> {
        let list = |names: &[String]| {
            let names: Vec<_> = names.iter().map(|name| quote(name)).collect();
            names.join(", ")
        };
        let added: Vec<_> = self.added.iter().map(|new| new.name.clone()).collect();
        [
            ("added to the table", added.as_slice()),
            (
                "left out, for the table does not have it",
                self.ignored.as_slice(),
            ),
            ("not exported, which the table has", self.missing.as_slice()),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what}: {}", list(names)))
        .collect()
    }
}

/// How one database takes columns.
pub(crate) struct Rules<Fit> {
    /// Compares names as the database does.
    pub(crate) same_name: fn(&str, &str) -> bool,
    /// A column of a table that Tidemill makes.
    pub(crate) create: fn(&Column) -> PlannedColumn,
    /// A column that goes into one that is there; `None` when the types do not go together.
    pub(crate) fit: Fit,
}

/// Finds every exported column in the table. `on_schema_change` is `None` for a statement that has
/// no such option.
///
/// # Errors
/// All that does not fit, in one message.
pub(crate) fn match_columns(
    table: &str,
    columns: &[Column],
    existing: &[ExistingColumn],
    on_schema_change: Option<OnSchemaChange>,
    rules: &Rules<impl Fn(&Column, &ExistingColumn) -> Option<PlannedColumn>>,
) -> Result<Matched> {
    let mut matched = Matched::default();
    let mut faults = Vec::new();
    let mut is_unknown = false;
    for (place, column) in columns.iter().enumerate() {
        let name = &column.name;
        let found = existing
            .iter()
            .find(|existing| (rules.same_name)(&existing.name, name));
        let plan = match (found, on_schema_change.unwrap_or_default()) {
            (None, OnSchemaChange::Fail) => {
                is_unknown = true;
                faults.push(format!("the table has no column {}", quote(name)));
                None
            }
            (None, OnSchemaChange::Ignore) => {
                matched.ignored.push(name.clone());
                None
            }
            (None, OnSchemaChange::Add) => {
                let plan = (rules.create)(column);
                matched.added.push(plan.clone());
                Some(plan)
            }
            (Some(found), _) if found.computed => {
                faults.push(format!(
                    "{} is computed by the database and cannot be exported",
                    quote(name)
                ));
                None
            }
            (Some(found), _) => {
                let plan = (rules.fit)(column, found);
                if plan.is_none() {
                    faults.push(format!(
                        "{} is {} and cannot go into {}",
                        quote(name),
                        column.kind,
                        found.declared
                    ));
                }
                plan
            }
        };
        if let Some(plan) = plan {
            matched.planned.push(plan);
            matched.places.push(place);
        }
    }
    let is_exported = |existing: &&ExistingColumn| {
        let mut columns = columns.iter();
        columns.any(|column| (rules.same_name)(&existing.name, &column.name))
    };
    for missing in existing.iter().filter(|existing| !is_exported(existing)) {
        match missing.required {
            true => faults.push(format!(
                "{} of the table is NOT NULL without a default and is not exported",
                quote(&missing.name)
            )),
            false if missing.computed => {}
            false => matched.missing.push(missing.name.clone()),
        }
    }
    if faults.is_empty() && matched.planned.is_empty() {
        faults.push("the table has none of its columns".to_owned());
    }
    if faults.is_empty() {
        return Ok(matched);
    }
    if is_unknown {
        // One of these may be what the unknown column was meant for.
        let missing = matched.missing.iter();
        faults.extend(missing.map(|name| format!("{} of the table is not exported", quote(name))));
    }
    let remedy = match on_schema_change {
        None => "name other columns or cast in the query",
        Some(_) if is_unknown => {
            "rename with AS or cast in the query, add ON_SCHEMA_CHANGE add or ignore for columns that the table does not have"
        }
        Some(_) => "rename with AS or cast in the query",
    };
    Err(does_not_fit(table, &faults, remedy, existing))
}

fn does_not_fit(
    table: &str,
    faults: &[String],
    remedy: &str,
    existing: &[ExistingColumn],
) -> Error {
    let there: Vec<_> = existing
        .iter()
        .map(|column| format!("{} {}", quote(&column.name), column.declared))
        .collect();
    Error::input(format!(
        "the export does not fit the table {table}: {}",
        faults.join("; ")
    ))
    .hint(format!(
        "{remedy}, or alter the table, which has {}",
        there.join(", ")
    ))
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

    fn text_column(name: &str, kind: ColumnType) -> PlannedColumn {
        PlannedColumn {
            name: name.to_owned(),
            kind,
            staged: "text".to_owned(),
            target: "text".to_owned(),
            passage: Passage::Same,
            compare: "",
        }
    }

    fn plan(
        columns: &[Column],
        table: &[ExistingColumn],
        on_schema_change: OnSchemaChange,
    ) -> Result<Matched> {
        let rules = Rules {
            same_name: |a, b| a == b,
            create: |column| text_column(&column.name, column.kind),
            fit: |column: &Column, found: &ExistingColumn| {
                (column.kind == ColumnType::Text).then(|| text_column(&found.name, column.kind))
            },
        };
        match_columns("\"t\"", columns, table, Some(on_schema_change), &rules)
    }

    #[test]
    fn columns_are_found_by_name_and_others_left_alone() {
        let columns = [column("b", ColumnType::Text), column("a", ColumnType::Text)];
        let table = [
            existing("a", true, false),
            existing("b", false, false),
            existing("c", false, true),
        ];
        let matched = plan(&columns, &table, OnSchemaChange::Fail).unwrap();
        let names: Vec<_> = matched.planned.iter().map(|plan| &plan.name).collect();
        assert_eq!(names, ["b", "a"]);
        assert!(matched.notes().is_empty());
    }

    #[test]
    fn new_columns_are_added_or_left_out() {
        let columns = [
            column("new", ColumnType::Text),
            column("a", ColumnType::Text),
        ];
        let table = [existing("a", true, false), existing("b", false, false)];
        let added = plan(&columns, &table, OnSchemaChange::Add).unwrap();
        assert_eq!((added.places.len(), added.added.len()), (2, 1));
        assert_eq!(
            added.notes(),
            [
                "added to the table: \"new\"",
                "not exported, which the table has: \"b\""
            ]
        );
        let ignored = plan(&columns, &table, OnSchemaChange::Ignore).unwrap();
        assert_eq!(ignored.places, [1]);
        assert_eq!(
            ignored.notes()[0],
            "left out, for the table does not have it: \"new\""
        );
        let nothing = plan(&columns[..1], &table[1..], OnSchemaChange::Ignore);
        assert!(nothing.is_err());
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
            existing("may", false, false),
        ];
        let error = plan(&columns, &table, OnSchemaChange::Fail).unwrap_err();
        assert_eq!(
            error.message(),
            "the export does not fit the table \"t\": \"id\" is BIGINT and cannot go into text; \
             \"sum\" is computed by the database and cannot be exported; the table has no column \"lost\"; \
             \"must\" of the table is NOT NULL without a default and is not exported; \"may\" of the table is not exported"
        );
        assert!(error.get_hint().unwrap().contains("\"must\" text"));
    }
}
