//! A table of SQLite: its columns, and the statement that reads them.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};

use super::error::explain;
use super::kinds::{Kind, read_as};
use super::read::SqliteReader;
use super::scan::ScanPlan;
use crate::connections::dialect::Dialect;
use crate::connections::read::{Aggregate, Aggregation, Relation, RemoteColumn, Rows, Selection};
use crate::connections::statements::{qualified, quote};
use crate::error::Result;

/// The exact name, and whether rows have an id. `wr` is "without rowid".
const FIND: &str = "SELECT name, type <> 'view' AND NOT wr FROM pragma_table_list \
    WHERE schema = 'main' AND name = ?1 COLLATE NOCASE";
/// Hidden columns of virtual tables are 1; generated ones are 2 and 3.
const COLUMNS: &str =
    "SELECT name, type FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1 ORDER BY cid";

/// What the file says about a table.
#[derive(Debug)]
pub(super) struct Found {
    from: String,
    columns: Vec<(String, Kind)>,
    row_id: Option<&'static str>,
}

impl Found {
    /// A query that has no table.
    pub(super) fn query(from: String, columns: Vec<(String, Kind)>) -> Self {
        Found {
            from,
            columns,
            row_id: None,
        }
    }

    /// The name under which the rows are numbered, if they are.
    pub(super) fn row_id(&self) -> Option<&'static str> {
        self.row_id
    }
}

/// Looks a table or view up.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn find(connection: &Connection, table: &str) -> Result<Option<Found>> {
    let read = || -> rusqlite::Result<Option<Found>> {
        let named = connection.query_row(FIND, [table], |row| Ok((row.get(0)?, row.get(1)?)));
        let Some((name, has_row_id)): Option<(String, bool)> = named.optional()? else {
            return Ok(None);
        };
        let mut statement = connection.prepare(COLUMNS)?;
        let columns = statement.query_map([&name], |row| {
            Ok((row.get(0)?, read_as(&row.get::<_, String>(1)?)))
        })?;
        let columns: Vec<(String, Kind)> = columns.collect::<rusqlite::Result<_>>()?;
        let names = columns.iter().map(|(name, _)| name.as_str());
        Ok(Some(Found {
            from: qualified("main", &name),
            row_id: Dialect::Sqlite.row_id(names).filter(|_| has_row_id),
            columns,
        }))
    };
    read().map_err(|error| explain(&format!("read the columns of {}", quote(table)), error))
}

/// A table or view.
#[derive(Debug)]
pub(super) struct SqliteTable {
    name: String,
    found: Found,
    columns: Vec<RemoteColumn>,
    reader: Arc<SqliteReader>,
}

impl SqliteTable {
    /// What was found, under the name that messages use.
    pub(super) fn new(name: String, found: Found, reader: Arc<SqliteReader>) -> Self {
        let columns = found.columns.iter().map(|(name, kind)| {
            let quoted = quote(name);
            RemoteColumn {
                sql: kind.expression(&quoted),
                data_type: kind.column.arrow(),
                compares: kind.compares(),
                misfit: kind.misfit(&quoted),
                server_type: None,
                name: name.clone(),
            }
        });
        SqliteTable {
            name,
            columns: columns.collect(),
            found,
            reader,
        }
    }
}

#[async_trait]
impl Relation for SqliteTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &[RemoteColumn] {
        &self.columns
    }

    /// Values that are not of their column's type pass every filter there.
    fn filters_exactly(&self) -> bool {
        false
    }

    /// Any value may lie in any column, and reading one that is not of its type is an error here. So
    /// only rows are counted there.
    fn aggregate(&self, aggregation: &Aggregation) -> Option<Arc<dyn Relation>> {
        let rows_only = aggregation.groups.is_empty()
            && aggregation.condition.is_none()
            && aggregation.aggregates == [Aggregate::CountAll];
        rows_only.then(|| {
            let from = format!(
                "(SELECT count(*) AS \"1\" FROM {}) AS \"groups\"",
                self.found.from
            );
            let found = Found::query(from, vec![("1".to_owned(), read_as("INTEGER"))]);
            let reader = Arc::clone(&self.reader);
            Arc::new(SqliteTable::new(self.name.clone(), found, reader)) as Arc<dyn Relation>
        })
    }

    async fn statements(&self, selection: &Selection, _streams: usize) -> Result<Vec<String>> {
        let columns = selection.columns.iter();
        let columns = columns.map(|at| quote(&self.columns[*at].name));
        let mut columns: Vec<String> = columns.collect();
        columns.extend(self.found.row_id.map(str::to_owned));
        if columns.is_empty() {
            columns.push("NULL".to_owned());
        }
        Ok(vec![selection.to_sql(columns, &self.found.from, None)])
    }

    async fn run(&self, sql: &str, selection: &Selection, rows: &Rows) -> Result<()> {
        let columns = selection.columns.iter();
        let scan = self.reader.scan(ScanPlan {
            sql: sql.to_owned(),
            columns: columns.map(|at| self.found.columns[*at].clone()).collect(),
            has_row_id: self.found.row_id.is_some(),
            schema: Arc::clone(&selection.schema),
        });
        while let Some(batch) = scan.next().await? {
            if !rows.give(batch).await? {
                break;
            }
        }
        Ok(())
    }
}
