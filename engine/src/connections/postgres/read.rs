//! A Postgres database, open for reading by one statement.
//!
//! The first session opens a transaction that only reads, and exports its snapshot. Every stream
//! of rows then has a session of its own on that snapshot, so that all rows of the statement are
//! of one moment, however many streams read them and whenever they begin. A stream that came to
//! its end leaves its session to the next one.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::SimpleQueryMessage;

use super::connect::{Session, connect};
use super::domains::TYPE_BEHIND;
use super::kinds::{CatalogType, read_as};
use super::relation::{PostgresTable, ReadColumn};
use super::sessions::Sessions;
use crate::connections::read::{Relation, Rows};
use crate::connections::statements::{qualified, quote};
use crate::connections::url::PostgresUrl;
use crate::error::{Error, Result};

/// Texts look the same whatever the server, the database or the user has set; nobody ends a
/// session that waits for its query to go on.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const SETTINGS: &str = "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, YMD'; \
    SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL extra_float_digits = 1; SET LOCAL standard_conforming_strings = on; \
    SET LOCAL idle_in_transaction_session_timeout = 0";
const SNAPSHOT: &str =
    "SELECT pg_catalog.pg_export_snapshot(), pg_catalog.current_setting('server_version_num')";

/// Tables, views and the like; with the pages of those whose rows are found by page.
const FIND: &str = "SELECT c.oid, CASE WHEN m.amname = 'heap' AND NOT c.relhassubclass \
      THEN pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint END \
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
    LEFT JOIN pg_catalog.pg_am AS m ON m.oid = c.relam \
    WHERE n.nspname = $1::text AND c.relname = $2::text AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";
const TABLES: &str = "SELECT c.relname::text FROM pg_catalog.pg_class AS c \
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1::text AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') ORDER BY 1";

/// The first version that reads a range of pages without reading those before it.
const READS_PAGE_RANGES: u32 = 140_000;

/// An open database.
pub(in crate::connections) struct PostgresReader {
    name: String,
    url: PostgresUrl,
    /// Holds the snapshot for the others. It never sends rows: a stream that is dropped half-way
    /// ends its session.
    first: Session,
    snapshot: String,
    version: u32,
    idle: Mutex<Vec<Session>>,
    sessions: Arc<Sessions>,
}

impl PostgresReader {
    /// Connects and begins the transaction. Beside this session there will be at most one for each
    /// of `most_streams`.
    ///
    /// # Errors
    /// A server that cannot be reached or refuses the login.
    pub(in crate::connections) async fn open(
        name: &str,
        url: &PostgresUrl,
        most_streams: usize,
    ) -> Result<Self> {
        let first = connect(url).await?;
        let doing = "begin to read";
        let begin = format!("{BEGIN}; {SETTINGS}; {SNAPSHOT}");
        let replies = match first.client.simple_query(&begin).await {
            Ok(replies) => replies,
            Err(error) => {
                let error = first.failed(doing, error);
                return Err(first.abandon(error).await);
            }
        };
        let row = replies.iter().find_map(|reply| match reply {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let (snapshot, version) = row
            .and_then(|row| Some((row.get(0)?.to_owned(), row.get(1)?.parse().ok()?)))
            .ok_or_else(|| Error::internal(format!("{url} gave no snapshot")))?;
        Ok(PostgresReader {
            name: name.to_owned(),
            url: url.clone(),
            first,
            snapshot,
            version,
            idle: Mutex::default(),
            sessions: Arc::new(Sessions::new(most_streams)),
        })
    }

    /// Finds a table or view.
    ///
    /// # Errors
    /// A connection that was lost.
    pub(in crate::connections) async fn relation(
        self: &Arc<Self>,
        schema: &str,
        table: &str,
    ) -> Result<Option<Arc<dyn Relation>>> {
        let doing = format!("look for the table {}", qualified(schema, table));
        let Some(row) = self
            .first
            .first_row(&doing, FIND, &[&schema, &table])
            .await?
        else {
            return Ok(None);
        };
        let found = || Ok((row.try_get(0)?, row.try_get(1)?));
        let (oid, pages): (u32, Option<i64>) =
            found().map_err(|error| self.first.failed(&doing, error))?;
        let pages = pages.and_then(|pages| u64::try_from(pages).ok());
        Ok(Some(Arc::new(PostgresTable::new(
            format!("{}.{schema}.{table}", self.name),
            qualified(schema, table),
            self.columns(oid, table).await?,
            pages.filter(|_| self.version >= READS_PAGE_RANGES),
            Arc::clone(self),
        ))))
    }

    /// A query in the server's own SQL, as the server describes it.
    ///
    /// # Errors
    /// A query that the server refuses, two columns of one name.
    pub(in crate::connections) async fn query(
        self: &Arc<Self>,
        sql: &str,
    ) -> Result<Arc<dyn Relation>> {
        let sql = sql.trim().trim_end_matches(';');
        let prepared = self.first.client.prepare(sql).await;
        let prepared = prepared.map_err(|error| self.first.failed("prepare the query", error))?;
        if !prepared.params().is_empty() {
            return Err(Error::input("the query has parameters, $1 and on")
                .hint("write the values into the query"));
        }
        let mut names = HashSet::new();
        let columns = prepared.columns().iter().map(|column| {
            if !names.insert(column.name()) {
                return Err(Error::input(format!(
                    "two columns of the query are named {}",
                    quote(column.name())
                ))
                .hint("give one of them another name with AS"));
            }
            let found = CatalogType::of(column.type_(), column.type_modifier());
            let read = read_as(&found);
            let foreign = found.is_foreign(&read).then(|| found.name.clone());
            // Nobody says under which collation texts of a query compare.
            Ok(ReadColumn::new(column.name().to_owned(), read, false).of_type(foreign))
        });
        Ok(Arc::new(PostgresTable::new(
            format!("postgres_query('{}')", self.name),
            // A comment at the end of the query ends with its line.
            format!("({sql}\n) AS \"query\""),
            columns.collect::<Result<_>>()?,
            None,
            Arc::clone(self),
        )))
    }

    /// The names of the tables and views in a schema.
    ///
    /// # Errors
    /// A connection that was lost.
    pub(in crate::connections) async fn tables(&self, schema: &str) -> Result<Vec<String>> {
        let failed = |error| self.first.failed("list the tables", error);
        let rows = self.first.client.query(TABLES, &[&schema]).await;
        let rows = rows.map_err(failed)?;
        let names = rows.iter().map(|row| row.try_get(0).map_err(failed));
        names.collect()
    }

    /// The plan of the server for a statement, as text.
    ///
    /// # Errors
    /// A statement that the server refuses, a connection that was lost.
    pub(super) async fn explain(&self, sql: &str) -> Result<String> {
        let explain = format!("EXPLAIN {sql}");
        let replies = self.first.client.simple_query(&explain).await;
        let replies = replies.map_err(|error| self.first.failed("plan the query", error))?;
        let lines = replies.iter().filter_map(|reply| match reply {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// A session for a stream of rows.
    ///
    /// # Errors
    /// A server that cannot be reached, or has no connection to spare.
    pub(super) async fn session(self: &Arc<Self>) -> Result<Lent> {
        let right = self.sessions.right_to_one().await;
        let idle = self.lock().pop();
        let session = match idle {
            Some(session) => session,
            None => self.join_snapshot().await?,
        };
        Ok(Lent {
            session: Some(session),
            reader: Arc::clone(self),
            _right: right,
        })
    }

    async fn join_snapshot(&self) -> Result<Session> {
        let session = connect(&self.url).await?;
        let begin = format!(
            "{BEGIN}; SET TRANSACTION SNAPSHOT '{}'; {SETTINGS}",
            self.snapshot
        );
        match session.client.batch_execute(&begin).await {
            Ok(()) => Ok(session),
            Err(error) => {
                let error = session.failed("begin to read", error);
                Err(session.abandon(error).await)
            }
        }
    }

    async fn columns(&self, oid: u32, table: &str) -> Result<Vec<ReadColumn>> {
        let doing = format!("read the columns of {}", quote(table));
        let failed = |error| self.first.failed(&doing, error);
        let rows = self.first.client.query(&columns_query(), &[&oid]).await;
        let read = |row: &tokio_postgres::Row| -> Result<ReadColumn, tokio_postgres::Error> {
            let name: String = row.try_get(0)?;
            let found = CatalogType {
                name: row.try_get(1)?,
                kind: row.try_get(2)?,
                is_built_in: row.try_get(3)?,
                modifier: row.try_get(4)?,
                element: row.try_get(5)?,
                element_is_built_in: row.try_get::<_, Option<bool>>(6)?.unwrap_or_default(),
                dimensions: row.try_get(7)?,
            };
            let (read, server_type) = (read_as(&found), row.try_get(9)?);
            let foreign = Some(server_type).filter(|_| found.is_foreign(&read));
            Ok(ReadColumn::new(name, read, row.try_get(8)?).of_type(foreign))
        };
        let columns: Result<Vec<_>, _> = rows.map_err(failed)?.iter().map(read).collect();
        columns.map_err(failed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        // A panic elsewhere leaves whole values.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for PostgresReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostgresReader({} at {})", self.name, self.url)
    }
}

/// The columns of a table, with the type of the elements of an array. `collisdeterministic` came with
/// Postgres 12.
fn columns_query() -> String {
    format!(
        "SELECT a.attname::text, b.typname::text, b.typtype::text, \
      b.typnamespace = 'pg_catalog'::pg_catalog.regnamespace, \
      d.modifier, e.typname::text, e.typnamespace = 'pg_catalog'::pg_catalog.regnamespace, \
      d.dimensions, coalesce((pg_catalog.to_jsonb(l) ->> 'collisdeterministic')::boolean, true), \
      pg_catalog.format_type(a.atttypid, a.atttypmod) \
    FROM pg_catalog.pg_attribute AS a \
    {TYPE_BEHIND} \
    LEFT JOIN pg_catalog.pg_type AS e ON e.oid = b.typelem AND b.typcategory = 'A' \
    LEFT JOIN pg_catalog.pg_collation AS l ON l.oid = a.attcollation \
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
}

/// A session that a stream uses. Dropped before [`Lent::give_back`], it ends at once, and the
/// server stops what it does for it.
pub(super) struct Lent {
    session: Option<Session>,
    reader: Arc<PostgresReader>,
    /// Given up last, when the session is idle again.
    _right: Option<OwnedSemaphorePermit>,
}

impl Lent {
    /// The session.
    ///
    /// # Errors
    /// None before it was given back.
    pub(super) fn session(&self) -> Result<&Session> {
        self.session
            .as_ref()
            .ok_or_else(|| Error::internal("a session is used after it was given back"))
    }

    /// Hands over rows; says whether more are wanted.
    ///
    /// # Errors
    /// No memory is left for them.
    pub(super) async fn give(&self, rows: &Rows, batch: RecordBatch) -> Result<bool> {
        let _waiting = self.reader.sessions.waits();
        rows.give(batch).await
    }

    /// Leaves the session to the next stream.
    pub(super) fn give_back(mut self) {
        self.reader.lock().extend(self.session.take());
    }

    /// Ends the session after an error and finds out why a cut connection was cut.
    pub(super) async fn abandon(mut self, error: Error) -> Error {
        match self.session.take() {
            Some(session) => session.abandon(error).await,
            None => error,
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            session.stop();
        }
    }
}
