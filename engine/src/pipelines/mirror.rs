//! `status` of a pipeline: a table of a database that says what `system.runs` and `system.steps`
//! say, for those who look there and not into the warehouse.
//!
//! It is a copy. When the database is away the run goes on and says so at its end, and the next one
//! brings the table up to date.

use std::sync::{Mutex, MutexGuard, PoisonError};

use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;

use super::Pipeline;
use crate::connections::{Connection, Export, Mode};
use crate::execute;
use crate::session::{Session, Target};
use crate::sql::literal;
use crate::warehouse::system::SystemTable;
use crate::{Error, Result};

/// What tells a row from the others: a run may have a step of its own name.
const KEY: [&str; 3] = ["run_id", "kind", "name"];

/// The table that is kept like the history of one pipeline.
#[derive(Debug)]
pub(super) struct Mirror {
    connection: Connection,
    export: Export,
    pipeline: String,
    /// Why it may not be up to date.
    fault: Mutex<Option<String>>,
}

/// Which rows are brought up to date.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows<'r> {
    /// Those of every run: an earlier one may not have reached the database.
    All,
    /// Those of one run.
    OfRun(&'r str),
}

impl Mirror {
    /// The table that a pipeline asks for.
    ///
    /// # Errors
    /// A name that is no table of a connection, or of one that is read only.
    pub(super) fn of(pipeline: &Pipeline, session: &Session) -> Result<Option<Self>> {
        let Some(status) = &pipeline.status else {
            return Ok(None);
        };
        let Target::Database {
            connection,
            schema,
            table,
        } = session.resolve(status)?
        else {
            return Err(status.locate(
                Error::input(format!("status = \"{status}\" is not a table of a database"))
                    .hint("write connection.schema.table; in the warehouse, system.runs and system.steps say it"),
            ));
        };
        connection.check_writable()?;
        let key = KEY.map(str::to_owned).to_vec();
        Ok(Some(Mirror {
            connection,
            export: Export::new(schema, table, Mode::Merge { key }),
            pipeline: pipeline.name.clone(),
            fault: Mutex::default(),
        }))
    }

    /// Brings the table up to date. After it failed once, only all rows are tried again: waiting for
    /// a server at every step would hold up the run.
    pub(super) async fn keep(&self, session: &Session, rows: Rows<'_>) {
        if self.lock_fault().is_some() && !matches!(rows, Rows::All) {
            return;
        }
        let kept = self.try_keep(session, rows).await;
        *self.lock_fault() = kept.err().map(|error| error.to_string());
    }

    /// Why the table may not be up to date.
    pub(super) fn fault(&self) -> Option<String> {
        let fault = self.lock_fault().clone()?;
        let Export { schema, table, .. } = &self.export;
        Some(format!(
            "{}.{schema}.{table} may lack the status of this run: {fault}",
            self.connection.name()
        ))
    }

    fn lock_fault(&self) -> MutexGuard<'_, Option<String>> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn try_keep(&self, session: &Session, rows: Rows<'_>) -> Result<()> {
        let rows = execute::collect(session, &self.query(session, rows)?).await?;
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let schema = first.schema();
        let rows = stream::iter(rows.into_iter().map(Ok));
        let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
        self.connection.export(&self.export, rows).await?;
        Ok(())
    }

    fn query(&self, session: &Session, rows: Rows<'_>) -> Result<String> {
        let condition = match rows {
            Rows::All => format!("pipeline = {}", literal(&self.pipeline)),
            Rows::OfRun(run_id) => format!("run_id = {}", literal(run_id)),
        };
        let mut parts = vec![format!(
            "SELECT run_id, 'run' AS kind, pipeline AS name, pipeline, status, \
             CAST(NULL AS BIGINT) AS rows, error AS message, started_at, finished_at \
             FROM system.runs WHERE {condition}"
        )];
        if SystemTable::Steps.exists(session)? {
            parts.push(format!(
                "SELECT run_id, 'step', step, pipeline, status, rows, error, started_at, finished_at \
                 FROM system.steps WHERE {condition}"
            ));
        }
        Ok(parts.join(" UNION ALL "))
    }
}
