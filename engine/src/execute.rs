//! One statement in, one outcome out: the only place that dispatches a statement.
//!
//! The prompt, `-c`, a script and a step of a pipeline all come through here.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use futures::{Stream, StreamExt, TryStreamExt};

use crate::connections::{
    create_in_database, deliver, execute_in_database, explain_export, insert_into_database,
};
use crate::explain::analyze;
use crate::landing::{explain, land, retry_rejects, validate};
use crate::models::{create_model, drop_model, show_models};
use crate::pii::{Mask, tagged_columns};
use crate::reconciliation::Copied;
use crate::scans::warnings;
use crate::session::{Session, Target};
use crate::sql::{
    Assert, Attach, CopyInto, CreateTable, DatabaseExecute, Detach, Insert, Name, Parameters,
    Query, Script, ShowTables, Statement, literal,
};
use crate::summarize::summarize;
use crate::unloading::unload;
use crate::warehouse::{
    Snapshot, Zone, alter_table, create_table, create_view, describe, drop_entry, insert,
};
use crate::{Error, Kind, Result, Subject};

/// What a statement gave.
#[derive(Debug)]
pub enum Outcome {
    /// Rows, as they come.
    Rows(Rows),
    /// What became of the sources of a COPY INTO.
    Copied(Vec<Copied>),
    /// Something was made, changed or checked.
    Done(Done),
}

/// The end of a statement that returns no rows.
#[derive(Debug, Clone)]
pub struct Done {
    /// What was done, such as `created table curated.t`.
    pub message: String,
    /// Rows that were written, where that is what it does.
    pub rows: Option<u64>,
}

/// A stream of rows, which keeps the files that it reads.
pub struct Rows {
    schema: SchemaRef,
    stream: SendableRecordBatchStream,
    mask: Mask,
    warnings: Vec<String>,
    _snapshot: Option<Arc<Snapshot>>,
}

/// Runs one statement. A query has only started when this returns: its rows, and its errors,
/// come with the stream.
///
/// # Errors
/// Whatever the statement meets; nothing is half-written then.
pub async fn execute(session: &Session, statement: Statement) -> Result<Outcome> {
    match statement {
        Statement::Query(query) => query_rows(session, query).await.map(Outcome::Rows),
        Statement::CopyInto(copy) => copy_into(session, *copy).await,
        Statement::Unload(to_files) => unload(session, &to_files)
            .await
            .map(|copied| Outcome::Copied(vec![copied])),
        Statement::ExplainCopy(explain) => explain_copy(session, &explain.copy).await,
        Statement::RetryRejects(retry) => retry_rejects(session, &retry).await.map(Outcome::Copied),
        Statement::CreateTable(create) => {
            create_any_table(session, create).await.map(Outcome::Done)
        }
        Statement::CreateView(create) => create_view(session, create).await.map(Outcome::Done),
        Statement::Insert(insert) => insert_into(session, *insert).await.map(Outcome::Done),
        Statement::DatabaseExecute(execute) => call(session, &execute).await,
        Statement::AlterTable(alter) => alter_table(session, &alter).await.map(Outcome::Done),
        Statement::Drop(drop) => drop_entry(session, drop).await.map(Outcome::Done),
        Statement::Set(set) => {
            session.set(&set)?;
            Ok(Outcome::Done(Done {
                message: format!("{} = {}", set.name, set.value),
                rows: None,
            }))
        }
        Statement::Reset(reset) => session.reset(&reset).map(|value| {
            Outcome::Done(Done {
                message: format!("{} = {value}", reset.name),
                rows: None,
            })
        }),
        Statement::ShowTables(show) => show_tables(session, &show).await.map(Outcome::Rows),
        Statement::Describe(describe_table) => describe(session, &describe_table)
            .await
            .map(|batch| Outcome::Rows(Rows::of(batch))),
        Statement::Summarize(statement) => {
            let (batch, mask) = summarize(session, &statement).await?;
            Ok(Outcome::Rows(Rows::of(batch).masked(mask)))
        }
        Statement::Assert(assert) => check(session, assert).await.map(Outcome::Done),
        Statement::Attach(attach) => attach_database(session, &attach).map(Outcome::Done),
        Statement::Detach(detach) => detach_database(session, &detach).map(Outcome::Done),
        Statement::ShowConnections(_) => {
            let batch = session.connections().list()?;
            Ok(Outcome::Rows(Rows::of(batch)))
        }
        Statement::CreateModel(create) => create_model(session, &create).await.map(Outcome::Done),
        Statement::DropModel(drop) => drop_model(session, &drop).map(Outcome::Done),
        Statement::ShowModels(_) => {
            show_models(session).map(|batch| Outcome::Rows(Rows::of(batch)))
        }
    }
}

/// Runs a query and collects its rows, for what the engine asks itself.
///
/// # Errors
/// Those of the query.
pub async fn collect(session: &Session, sql: &str) -> Result<Vec<RecordBatch>> {
    stream(session, sql).await?.try_collect().await
}

/// Starts a query, for what the engine asks itself.
///
/// # Errors
/// What can be known before the first row.
pub async fn stream(session: &Session, sql: &str) -> Result<Rows> {
    query_rows(session, internal_query(sql)?).await
}

const KIND: &str = "CASE table_type WHEN 'BASE TABLE' THEN 'table' ELSE 'view' END AS kind";
/// What a database has of its own accord.
const OF_THE_SYSTEM: &str = "('information_schema', 'pg_catalog', 'pg_toast')";

/// Lists what is in the warehouse, in a zone, in a database or in a schema of one.
async fn show_tables(session: &Session, show: &ShowTables) -> Result<Rows> {
    let located = |error| match &show.from {
        Some(from) => from.locate(error),
        None => error,
    };
    let all = "table_schema <> 'information_schema'".to_owned();
    let (schema_is, tables, condition) = match show.from.as_ref().map(Name::parts) {
        None => ("zone", "information_schema.tables".to_owned(), all),
        Some([zone]) if zone.parse::<Zone>().is_ok() => {
            let condition = format!("table_schema = {}", literal(zone));
            ("zone", "information_schema.tables".to_owned(), condition)
        }
        Some([_, _, more, ..]) => {
            let error = Error::input(format!("SHOW TABLES knows no part of a schema: `{more}`"))
                .hint("write SHOW TABLES FROM connection, or connection.schema");
            return Err(located(error));
        }
        Some([database, schema @ ..]) => {
            let tables = Name::new([database, "information_schema", "tables"]).to_string();
            let condition = match schema {
                [] => format!("table_schema NOT IN {OF_THE_SYSTEM}"),
                [schema, ..] => format!("table_schema = {}", literal(schema)),
            };
            ("schema", tables, condition)
        }
        Some([]) => return Err(Error::internal("a name without parts")),
    };
    let query = format!(
        "SELECT table_schema AS {schema_is}, table_name AS name, {KIND} FROM {tables} WHERE {condition} ORDER BY 1, 2"
    );
    let shown = query_rows(session, internal_query(&query)?).await;
    // The place is one in a query that nobody has written.
    shown.map_err(|error| located(error.map_place(|_| None)))
}

fn attach_database(session: &Session, attach: &Attach) -> Result<Done> {
    let attached = session.connections().attach(attach, session.folder());
    let message = match attached.map_err(|error| attach.locate(error))? {
        Some(connection) => format!("attached {connection}"),
        None => format!("{} is there already", attach.name),
    };
    Ok(Done {
        message,
        rows: None,
    })
}

fn detach_database(session: &Session, detach: &Detach) -> Result<Done> {
    let detached = session.connections().detach(detach);
    detached.map_err(|error| detach.locate(error))?;
    Ok(Done {
        message: format!("detached {}", detach.name),
        rows: None,
    })
}

async fn query_rows(session: &Session, query: Query) -> Result<Rows> {
    let planner = session.begin();
    let (text, analyzes) = (query.to_string(), query.is_analyze());
    let plan = planner.plan(query).await?;
    if let (LogicalPlan::Analyze(explained), true) = (&plan, analyzes) {
        return analyze(&planner, &explained.input).await.map(Rows::of);
    }
    let mask = Mask::of_columns(&tagged_columns(&plan), &text);
    let operators = planner.physical(&plan).await?;
    let warnings = warnings(&operators, planner.snapshot(), session.warn_scan_bytes());
    let stream = planner.start(operators)?;
    Ok(Rows {
        warnings,
        schema: stream.schema(),
        stream,
        mask,
        _snapshot: Some(Arc::clone(planner.snapshot())),
    })
}

async fn copy_into(session: &Session, copy: CopyInto) -> Result<Outcome> {
    match session.resolve(&copy.target)? {
        Target::Warehouse(id) if copy.options.rejects.validate => validate(session, &copy, &id)
            .await
            .map(|batch| Outcome::Rows(Rows::of(batch))),
        Target::Warehouse(id) => land(session, &copy, &id).await.map(Outcome::Copied),
        Target::Database {
            connection,
            schema,
            table,
        } => {
            let writable = connection.check_writable();
            writable.map_err(|error| copy.target.locate(error))?;
            deliver(session, copy, &connection, schema, table)
                .await
                .map(|copied| Outcome::Copied(vec![copied]))
        }
    }
}

async fn insert_into(session: &Session, statement: Insert) -> Result<Done> {
    match session.resolve(&statement.table)? {
        Target::Warehouse(_) => insert(session, statement).await,
        Target::Database {
            connection,
            schema,
            table,
        } => insert_into_database(session, statement, &connection, schema, table).await,
    }
}

async fn create_any_table(session: &Session, create: CreateTable) -> Result<Done> {
    match session.resolve(&create.name)? {
        Target::Warehouse(_) => create_table(session, create).await,
        Target::Database {
            connection,
            schema,
            table,
        } => create_in_database(session, create, &connection, schema, table).await,
    }
}

async fn call(session: &Session, execute: &DatabaseExecute) -> Result<Outcome> {
    let connection = session.connection(&execute.connection)?;
    let batch = execute_in_database(execute, &connection).await?;
    Ok(Outcome::Rows(Rows::of(batch)))
}

async fn explain_copy(session: &Session, copy: &CopyInto) -> Result<Outcome> {
    let batch = match session.resolve(&copy.target)? {
        Target::Warehouse(id) => explain(session, copy, &id).await?,
        Target::Database {
            connection,
            schema,
            table,
        } => explain_export(session, copy, &connection, schema, table).await?,
    };
    Ok(Outcome::Rows(Rows::of(batch)))
}

async fn check(session: &Session, assert: Assert) -> Result<Done> {
    let planner = session.begin();
    let mut stream = planner.query(assert.query).await?;
    let mut holds = None;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let column = batch.column(0).as_boolean_opt().ok_or_else(|| {
            Error::input(format!("ASSERT {} is not a condition", assert.condition))
                .hint("it must be true, false or NULL, such as (SELECT count(*) FROM t) > 0")
        })?;
        holds = holds.or(column.iter().next().flatten());
    }
    if holds == Some(true) {
        return Ok(Done {
            message: format!("holds: {}", assert.condition),
            rows: None,
        });
    }
    let message = assert
        .message
        .unwrap_or_else(|| format!("does not hold: {}", assert.condition));
    Err(
        Error::new(Kind::Assertion, format!("assertion failed: {message}"))
            .about(Subject::word("ASSERT")),
    )
}

fn internal_query(sql: &str) -> Result<Query> {
    let mut statements = Script::inline(sql).parse(&Parameters::new())?;
    match statements.pop().map(|parsed| parsed.statement) {
        Some(Statement::Query(query)) => Ok(query),
        _ => Err(Error::internal(
            "a query of the engine itself is not a query",
        )),
    }
}

impl Rows {
    /// Rows that are there already.
    pub fn of(batch: RecordBatch) -> Self {
        let schema = batch.schema();
        let stream = datafusion::physical_plan::stream::RecordBatchStreamAdapter::new(
            Arc::clone(&schema),
            futures::stream::once(async move { Ok(batch) }),
        );
        Rows {
            schema,
            stream: Box::pin(stream),
            mask: Mask::default(),
            warnings: Vec::new(),
            _snapshot: None,
        }
    }

    /// The same rows, of which a terminal is not to show all values.
    #[must_use]
    pub fn masked(self, mask: Mask) -> Self {
        Rows { mask, ..self }
    }

    /// What the user should know before the first row.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What a terminal must not show.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Stream for Rows {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context).map_err(Error::from)
    }
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}
