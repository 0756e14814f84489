//! A table of Postgres: the statements that read it, and their rows.
//!
//! Rows come as `COPY (SELECT ..) TO STDOUT (FORMAT binary)`, which is the cheapest that the server
//! sends. A large table is read in several ranges of its pages at once, unless the server would
//! take the rows from an index: then one statement reads less than all ranges together.

use std::pin::pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;

use super::aggregate::aggregated;
use super::decode::Decoder;
use super::kinds::{Kind, ReadAs};
use super::read::{Lent, PostgresReader};
use crate::connections::read::{Aggregation, Relation, RemoteColumn, Rows, Selection};
use crate::connections::statements::quote;
use crate::error::{Error, Result};

/// From this size on, several streams are faster than one.
const LARGE_PAGES: u64 = 4_096;
/// A stream should be worth its session.
const PAGES_PER_STREAM: u64 = 1_024;

/// A column and how its values arrive.
#[derive(Debug, Clone)]
pub(super) struct ReadColumn {
    pub(super) column: RemoteColumn,
    pub(super) kind: Kind,
}

impl ReadColumn {
    /// A column that is read as the type asks for; `deterministic` says whether texts are equal
    /// there only if they are the same.
    pub(super) fn new(name: String, read: ReadAs, deterministic: bool) -> Self {
        ReadColumn {
            column: RemoteColumn {
                sql: read.expression(&quote(&name)),
                data_type: read.kind.arrow(),
                compares: read.compares(deterministic),
                misfit: None,
                server_type: None,
                name,
            },
            kind: read.kind,
        }
    }

    /// The same, of a column whose type there is to be told.
    pub(super) fn of_type(mut self, server_type: Option<String>) -> Self {
        self.column.server_type = server_type;
        self
    }
}

/// A table, a view or a query.
#[derive(Debug)]
pub(super) struct PostgresTable {
    name: String,
    from: String,
    columns: Vec<RemoteColumn>,
    kinds: Vec<Kind>,
    /// The size of a table whose pages can be read in ranges.
    pages: Option<u64>,
    reader: Arc<PostgresReader>,
}

impl PostgresTable {
    /// A relation that messages call `name` and SQL `from`.
    pub(super) fn new(
        name: String,
        from: String,
        columns: Vec<ReadColumn>,
        pages: Option<u64>,
        reader: Arc<PostgresReader>,
    ) -> Self {
        let (columns, kinds) = columns
            .into_iter()
            .map(|read| (read.column, read.kind))
            .unzip();
        PostgresTable {
            name,
            from,
            columns,
            kinds,
            pages,
            reader,
        }
    }

    /// Ranges of pages for so many streams; the last one is open, for the table may have grown
    /// since its size was taken.
    fn ranges(&self, streams: usize) -> Vec<String> {
        let Some(pages) = self.pages.filter(|pages| *pages > LARGE_PAGES) else {
            return Vec::new();
        };
        let count = (pages / PAGES_PER_STREAM).min(streams as u64);
        let start = |range: u64| range * pages / count;
        let range = |range: u64| match range + 1 == count {
            false => format!(
                "ctid >= '({},0)' AND ctid < '({},0)'",
                start(range),
                start(range + 1)
            ),
            true => format!("ctid >= '({},0)'", start(range)),
        };
        (0..count).map(range).collect()
    }

    async fn copy(
        &self,
        lent: &Lent,
        sql: &str,
        selection: &Selection,
        rows: &Rows,
    ) -> Result<bool> {
        let session = lent.session()?;
        let failed = |error| session.failed("read", error);
        let copy = format!("COPY ({sql}) TO STDOUT (FORMAT binary)");
        let mut messages = pin!(session.client.copy_out(&copy).await.map_err(failed)?);
        let columns = selection.columns.iter();
        let columns = columns.map(|at| (self.columns[*at].name.as_str(), &self.kinds[*at]));
        let mut decoder = Decoder::new(columns, Arc::clone(&selection.schema));
        while let Some(message) = messages.next().await {
            decoder.add(&message.map_err(failed)?)?;
            if decoder.is_full() && !lent.give(rows, decoder.finish()?).await? {
                return Ok(false);
            }
        }
        decoder.check_end()?;
        let rest = decoder.finish()?;
        Ok(rest.num_rows() == 0 || lent.give(rows, rest).await?)
    }
}

#[async_trait]
impl Relation for PostgresTable {
    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> &[RemoteColumn] {
        &self.columns
    }

    fn filters_exactly(&self) -> bool {
        true
    }

    fn aggregate(&self, aggregation: &Aggregation) -> Option<Arc<dyn Relation>> {
        let (from, columns) = aggregated(aggregation, &self.from, &self.columns, &self.kinds)?;
        let reader = Arc::clone(&self.reader);
        let groups = PostgresTable::new(self.name.clone(), from, columns, None, reader);
        Some(Arc::new(groups))
    }

    async fn statements(&self, selection: &Selection, streams: usize) -> Result<Vec<String>> {
        let columns = || {
            let columns = selection.columns.iter();
            columns.map(|at| self.columns[*at].sql.clone())
        };
        let whole = selection.to_sql(columns(), &self.from, None);
        let ranges = match selection.limit {
            Some(_) => Vec::new(),
            None => self.ranges(streams),
        };
        let by_index = || async {
            let plan = self.reader.explain(&whole).await?;
            Ok::<_, Error>(!plan.contains("Seq Scan on"))
        };
        if ranges.len() < 2 || (selection.condition.is_some() && by_index().await?) {
            return Ok(vec![whole]);
        }
        let ranges = ranges.iter();
        let statements = ranges.map(|range| selection.to_sql(columns(), &self.from, Some(range)));
        Ok(statements.collect())
    }

    async fn run(&self, sql: &str, selection: &Selection, rows: &Rows) -> Result<()> {
        let lent = self.reader.session().await?;
        match self.copy(&lent, sql, selection, rows).await {
            Ok(true) => lent.give_back(),
            // Nobody wants the rest: dropping the session stops the server, too.
            Ok(false) => {}
            Err(error) => return Err(lent.abandon(error).await),
        }
        Ok(())
    }
}
