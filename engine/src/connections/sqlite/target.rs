//! The target table in SQLite: find it, plan its columns, create it, check its key.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::error::explain;
use super::types;
use crate::connections::columns::Columns;
use crate::connections::dialect::Dialect;
use crate::connections::export::{Export, Mode, check_primary_key, exists, needs_key};
use crate::connections::plan::{ExistingColumn, Matched, Rules, match_columns};
use crate::connections::statements::{qualified, quote};
use crate::connections::target::Target;
use crate::error::{Error, Result};

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
/// The table is a view, is missing where it must be there, its columns do not fit, or it lacks the
/// merge key.
pub(super) fn plan(connection: &Connection, export: &Export, columns: &Columns) -> Result<Target> {
    let name = qualified("main", &export.table);
    match find(connection, &export.table)?.as_deref() {
        None => Ok(Target {
            key: needs_key(export, &name)?,
            matched: Matched::new_table(columns.list().iter().map(types::create).collect()),
            dialect: Dialect::Sqlite,
            name,
            exists: false,
            guarded: false,
        }),
        Some("table") if export.mode == Mode::Create => Err(exists(&name)),
        Some("table") => {
            let existing = existing_columns(connection, &export.table)?;
            let rules = Rules {
                same_name: Dialect::Sqlite.same_name(),
                create: types::create,
                fit: types::fit,
            };
            let change = export.schema_change();
            let matched = match_columns(&name, columns.list(), &existing, change, &rules)?;
            let key = match &export.mode {
                Mode::Merge { key } if key.is_empty() => {
                    let key = primary_key(connection, &export.table)?;
                    check_primary_key(&name, key, &matched, Dialect::Sqlite.same_name())?
                }
                _ => check_key(connection, export, &name)?,
            };
            Ok(Target {
                dialect: Dialect::Sqlite,
                name,
                matched,
                key,
                exists: true,
                guarded: false,
            })
        }
        Some(_) => Err(
            Error::input(format!("{name} is not a table and cannot be exported to"))
                .hint("choose another name, or export to the table behind it"),
        ),
    }
}

/// The names of the columns that rows can be inserted into, in order; `None` without such a table.
pub(super) fn insertable(connection: &Connection, table: &str) -> Result<Option<Vec<String>>> {
    if find(connection, table)?.is_none() {
        return Ok(None);
    }
    let columns = existing_columns(connection, table)?.into_iter();
    let given = columns.filter(|column| !column.computed);
    Ok(Some(given.map(|column| column.name).collect()))
}

/// The columns of the primary key, in its order.
pub(super) fn primary_key(connection: &Connection, table: &str) -> Result<Vec<String>> {
    names(
        connection,
        "SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk",
        table,
    )
    .map_err(|error| explain(&format!("read the primary key of {}", quote(table)), error))
}

/// The columns of each index without a condition, in its order.
pub(super) fn indexes(connection: &Connection, table: &str) -> Result<Vec<Vec<String>>> {
    let read = || {
        let indexes = "SELECT name FROM pragma_index_list(?1, 'main') WHERE NOT partial";
        let columns = "SELECT name FROM pragma_index_info(?1, 'main') ORDER BY seqno";
        let indexes = names(connection, indexes, table)?.into_iter();
        indexes
            .map(|index| names(connection, columns, &index))
            .collect::<rusqlite::Result<Vec<_>>>()
    };
    read().map_err(|error| explain(&format!("read the indexes of {}", quote(table)), error))
}

/// The texts of a query about a table or index; an expression in an index has no name.
fn names(connection: &Connection, sql: &str, of: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([of], |row| row.get::<_, Option<String>>(0))?;
    names.map(|name| Ok(name?.unwrap_or_default())).collect()
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

/// The merge key, if a unique index has exactly its columns.
fn check_key(connection: &Connection, export: &Export, name: &str) -> Result<Vec<String>> {
    let key = export.mode.key();
    if key.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: BTreeSet<_> = key
        .iter()
        .map(|column| column.to_ascii_lowercase())
        .collect();
    let keys = unique_keys(connection, &export.table)
        .map_err(|error| explain(&format!("read the keys of {name}"), error))?;
    if keys.contains(&wanted) {
        return Ok(key.to_vec());
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
    // An expression in an index has no name and makes it unfit for ON CONFLICT (columns).
    let column_set = |sql: &str, of: &str| -> rusqlite::Result<BTreeSet<String>> {
        let names = names(connection, sql, of)?.into_iter();
        Ok(names.map(|name| name.to_ascii_lowercase()).collect())
    };
    let mut keys = vec![column_set(
        "SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0",
        table,
    )?];
    let indexes = "SELECT name FROM pragma_index_list(?1, 'main') WHERE \"unique\" AND NOT partial";
    for index in names(connection, indexes, table)? {
        keys.push(column_set(
            "SELECT name FROM pragma_index_info(?1, 'main')",
            &index,
        )?);
    }
    Ok(keys)
}
