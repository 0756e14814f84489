//! The target table in SQLite: find it, plan its columns, create it, check its key.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::error::explain;
use super::types;
use crate::connections::columns::Columns;
use crate::connections::export::Export;
use crate::connections::plan::{ExistingColumn, PlannedColumn, match_columns};
use crate::connections::statements::{qualified, quote};
use crate::error::{Error, Result};

/// The target, ready to be written or created.
#[derive(Debug)]
pub(super) struct Target {
    /// The quoted name.
    pub(super) name: String,
    pub(super) columns: Vec<PlannedColumn>,
    pub(super) exists: bool,
}

impl Target {
    /// The planned columns of the merge key.
    pub(super) fn key<'a>(&'a self, key: &'a [String]) -> Vec<&'a PlannedColumn> {
        key.iter()
            .filter_map(|name| {
                self.columns
                    .iter()
                    .find(|column| same_name(&column.name, name))
            })
            .collect()
    }

    /// Whether rows that were staged for `other` are staged for this one as well.
    pub(super) fn stages_like(&self, other: &Target) -> bool {
        let staged = |target: &Target| -> Vec<String> {
            let columns = target.columns.iter();
            columns.map(|column| column.staged.clone()).collect()
        };
        staged(self) == staged(other)
    }
}

/// SQLite takes names that differ in the case of ASCII letters for the same.
fn same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// What kind of object has this name: `table`, `view` or none.
pub(super) fn find(connection: &Connection, table: &str) -> Result<Option<String>> {
    connection
        .query_row(
            "SELECT type FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name = ?1 COLLATE NOCASE",
            [table],
            |row| row.get(0),
        )
        .optional()
        .map_err(|error| explain(&format!("look for the table {}", quote(table)), error))
}

/// Plans the columns of the target; changes nothing.
///
/// # Errors
/// The table is a view, its columns do not fit, or it lacks the merge key.
pub(super) fn plan(connection: &Connection, export: &Export, columns: &Columns) -> Result<Target> {
    let name = qualified("main", &export.table);
    match find(connection, &export.table)?.as_deref() {
        None => Ok(Target {
            name,
            columns: columns.list().iter().map(types::create).collect(),
            exists: false,
        }),
        Some("table") => {
            let existing = existing_columns(connection, &export.table)?;
            let columns = match_columns(&name, columns.list(), &existing, same_name, types::fit)?;
            check_key(connection, export, &name)?;
            Ok(Target {
                name,
                columns,
                exists: true,
            })
        }
        Some(_) => Err(
            Error::input(format!("{name} is not a table and cannot be exported to"))
                .hint("choose another name, or export to the table behind it"),
        ),
    }
}

fn existing_columns(connection: &Connection, table: &str) -> Result<Vec<ExistingColumn>> {
    let read = || {
        // A lone INTEGER PRIMARY KEY is the row id: SQLite numbers the rows itself. `hidden` is 2 or
        // 3 for a generated column.
        let mut statement = connection.prepare(
            "SELECT name, type, \"notnull\" AND dflt_value IS NULL AND NOT (pk = 1 AND type = 'INTEGER' COLLATE NOCASE), \
             hidden IN (2, 3) FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1",
        )?;
        let rows = statement.query_map([table], |row| {
            let declared: String = row.get(1)?;
            let computed: bool = row.get(3)?;
            Ok(ExistingColumn {
                name: row.get(0)?,
                family: types::affinity(&declared).to_owned(),
                declared,
                required: row.get::<_, bool>(2)? && !computed,
                computed,
            })
        })?;
        rows.collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|error| explain(&format!("read the columns of {}", quote(table)), error))
}

fn check_key(connection: &Connection, export: &Export, name: &str) -> Result<()> {
    let key = export.mode.key();
    if key.is_empty() {
        return Ok(());
    }
    let wanted: BTreeSet<_> = key
        .iter()
        .map(|column| column.to_ascii_lowercase())
        .collect();
    let keys = unique_keys(connection, &export.table)
        .map_err(|error| explain(&format!("read the keys of {name}"), error))?;
    if keys.contains(&wanted) {
        return Ok(());
    }
    let list: Vec<_> = key.iter().map(|column| quote(column)).collect();
    let list = list.join(", ");
    Err(Error::input(format!(
        "{name} has no unique index over exactly ({list}), which a merge needs"
    ))
    .hint(format!(
        "create one: CREATE UNIQUE INDEX {} ON {} ({list})",
        quote(&format!("{}_key", export.table)),
        quote(&export.table)
    )))
}

/// The column sets of the primary key and of every unique index without a condition.
fn unique_keys(connection: &Connection, table: &str) -> rusqlite::Result<Vec<BTreeSet<String>>> {
    let column_set = |sql: &str, name: &str| {
        let mut statement = connection.prepare(sql)?;
        let names = statement.query_map([name], |row| row.get::<_, Option<String>>(0))?;
        // An expression in an index has no name and makes it unfit for ON CONFLICT (columns).
        names
            .map(|name| {
                Ok(name?
                    .map(|name| name.to_ascii_lowercase())
                    .unwrap_or_default())
            })
            .collect::<rusqlite::Result<BTreeSet<_>>>()
    };
    let mut keys = vec![column_set(
        "SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0",
        table,
    )?];
    let mut indexes = connection.prepare(
        "SELECT name FROM pragma_index_list(?1, 'main') WHERE \"unique\" AND NOT partial",
    )?;
    let indexes = indexes.query_map([table], |row| row.get::<_, String>(0))?;
    for index in indexes {
        keys.push(column_set(
            "SELECT name FROM pragma_index_info(?1, 'main')",
            &index?,
        )?);
    }
    Ok(keys)
}
