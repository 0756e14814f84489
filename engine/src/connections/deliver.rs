//! COPY INTO a table of a database: from the statement to the export.

use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::{Connection, Export, Mode};
use crate::reconciliation::{Copied, CopyStatus};
use crate::session::{Planner, Session};
use crate::sql::{CopyInto, CopyOptions, CopySource, ExportMode, Query};
use crate::{Error, Result};

/// Runs the query of a COPY INTO and exports its rows.
///
/// # Errors
/// An option that belongs to landing, an error of the query, or one of [`Connection::export`].
pub async fn deliver(
    session: &Session,
    copy: CopyInto,
    connection: &Connection,
    schema: String,
    table: String,
) -> Result<Copied> {
    let mode = checked_mode(&copy.options)?;
    let (query, source) = match copy.source {
        CopySource::Relation(name) => (Query::select_all(&name)?, name.to_string()),
        CopySource::Query(query) => (query, "query".to_owned()),
        CopySource::Files(_) => {
            return Err(copy.target.locate(
                Error::input("files land in the warehouse, not in a database")
                    .hint("COPY them INTO a table of a zone first, and export that"),
            ));
        }
    };
    let rows = run(session.begin(), query).await?;
    let exported = connection
        .export(
            &Export {
                schema,
                table,
                mode,
            },
            rows,
        )
        .await?;
    Copied {
        source,
        target: copy.target.to_string(),
        status: if exported.inserted + exported.updated + exported.deleted == 0 {
            CopyStatus::Skipped
        } else {
            CopyStatus::Loaded
        },
        read: exported.rows_read,
        loaded: exported.inserted + exported.updated,
        rejected: 0,
        duplicate: exported.unchanged,
        note: exported.note,
    }
    .reconciled()
}

/// Rows that keep what they are read from, and no longer than that: SQLite cannot write a file as
/// long as somebody reads it, unless it is in WAL mode.
async fn run(planner: Planner, query: Query) -> Result<SendableRecordBatchStream> {
    let rows = planner.query(query).await?;
    let schema = rows.schema();
    let rows = rows.inspect(move |_| {
        let _kept = &planner;
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}

fn checked_mode(options: &CopyOptions) -> Result<Mode> {
    let landing_only = options
        .of_landing()
        .into_iter()
        .map(|(name, _)| name)
        .chain((!options.partition_by.is_empty()).then_some("PARTITION_BY"))
        .next();
    if let Some(option) = landing_only {
        return Err(Error::input(format!("{option} belongs to landing files"))
            .hint("an export takes MODE and KEY"));
    }
    match (
        options.mode.unwrap_or(ExportMode::Append),
        options.key.is_empty(),
    ) {
        (ExportMode::Merge, false) => Ok(Mode::Merge {
            key: options.key.clone(),
        }),
        (ExportMode::Merge, true) => Err(Error::input("MODE merge needs a key")
            .hint("add KEY (column, ..): the columns that identify a row")),
        (mode, false) => Err(Error::input(format!("KEY does not go with MODE {mode}"))
            .hint("use MODE merge, or leave KEY out")),
        (ExportMode::Append, true) => Ok(Mode::Append),
        (ExportMode::Replace, true) => Ok(Mode::Replace),
    }
}
