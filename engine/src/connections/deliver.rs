//! COPY INTO a table of a database: from the statement to the export.

use arrow::datatypes::Schema;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::follow::find_rows;
use super::{Connection, Export, Finish, Mode};
use crate::reconciliation::{Copied, CopyStatus};
use crate::session::{Planner, Session};
use crate::sql::{CopyInto, CopyOptions, CopySource, ExportMode, ExportOptions, Query};
use crate::{Error, Result};

/// Options that landing and exporting have both.
const SHARED: [&str; 2] = ["COMMENT", "FORCE"];

/// Exports the rows of a COPY INTO: all of them, or of a table of the warehouse those that it gained
/// since its last export to the same target.
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
    let mut export = checked_export(&copy.options, schema, table)?;
    export.run_id = Some(session.run_id().to_owned());
    let delivery = find_rows(session, &copy, connection, &export).await?;
    export.followed = delivery.followed;
    export.finish.column_comments = comments(&delivery.rows.schema());
    let exported = connection.export(&export, delivery.rows).await?;
    let exported = exported.noted(delivery.note);
    let (_, source) = query_of(&copy)?;
    Copied {
        source,
        target: copy.target.to_string(),
        status: match exported.wrote_nothing() {
            true => CopyStatus::Skipped,
            false => CopyStatus::Loaded,
        },
        read: exported.rows_read,
        loaded: exported.inserted + exported.updated,
        rejected: 0,
        duplicate: exported.unchanged,
        note: exported.note,
    }
    .reconciled()
}

/// The query that gives the rows, and what they are called in the result.
///
/// # Errors
/// Files: they land in the warehouse.
pub(super) fn query_of(copy: &CopyInto) -> Result<(Query, String)> {
    match &copy.source {
        CopySource::Relation(name) => Ok((Query::select_all(name)?, name.to_string())),
        CopySource::Query(query) => Ok((query.clone(), "query".to_owned())),
        CopySource::Files(_) => Err(copy.target.locate(
            Error::input("files land in the warehouse, not in a database")
                .hint("COPY them INTO a table of a zone first, and export that"),
        )),
    }
}

/// Runs a query.
pub(super) async fn run(planner: Planner, query: Query) -> Result<SendableRecordBatchStream> {
    let rows = planner.query(query).await?;
    Ok(keep(planner, rows))
}

/// Rows that keep what they are read from, and no longer than that: SQLite cannot write a file as
/// long as somebody reads it, unless it is in WAL mode.
pub(super) fn keep(planner: Planner, rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let rows = rows.inspect(move |_| {
        let _kept = &planner;
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// What tables of the warehouse say about their columns.
fn comments(schema: &Schema) -> Vec<(String, String)> {
    let fields = schema.fields().iter();
    fields
        .filter_map(|field| {
            Some((
                field.name().clone(),
                field.metadata().get("comment")?.clone(),
            ))
        })
        .collect()
}

/// The options as an export.
///
/// # Errors
/// Options that belong to landing files, or that do not go together.
pub(super) fn checked_export(
    options: &CopyOptions,
    schema: String,
    table: String,
) -> Result<Export> {
    refuse_landing(options)?;
    let typed = &options.export;
    Ok(Export {
        schema,
        table,
        mode: checked_mode(options)?,
        on_schema_change: typed.on_schema_change.unwrap_or_default(),
        nul: typed.nul.unwrap_or_default(),
        verify: typed.verify,
        finish: Finish {
            indexes: typed.indexes.clone(),
            comment: options.file.comment.clone(),
            column_comments: Vec::new(),
            grants: typed.grants.clone(),
            owner: typed.owner.clone(),
        },
        followed: None,
        force: options.reload.force,
        run_id: None,
    })
}

fn refuse_landing(options: &CopyOptions) -> Result<()> {
    let landing = options.of_landing().into_iter().map(|(name, _)| name);
    let layout = options.layout.given().into_iter().map(|(name, _)| name);
    // Of a file, COMMENT says which lines are passed over; of a table, what it is. FORCE means here
    // what it means there: once more.
    let mut others = landing
        .chain(layout)
        .filter(|option| !SHARED.contains(option));
    match others.next() {
        None => Ok(()),
        Some(option) => {
            let known: Vec<_> = ExportOptions::names().chain(SHARED).collect();
            Err(Error::input(format!("{option} belongs to landing files"))
                .hint(format!("an export takes {}", known.join(", "))))
        }
    }
}

fn checked_mode(options: &CopyOptions) -> Result<Mode> {
    let typed = &options.export;
    let mode = typed.mode.unwrap_or(ExportMode::Append);
    if let (Some(condition), ExportMode::Replace, true) =
        (&typed.delete_where, mode, typed.key.is_empty())
    {
        return Ok(Mode::ReplaceWhere {
            condition: Box::new(condition.clone()),
        });
    }
    if typed.delete_where.is_some() {
        return Err(
            Error::input(format!("DELETE_WHERE does not go with MODE {mode}"))
                .hint("add MODE replace: rows that meet the condition make way for the new ones"),
        );
    }
    match (mode, typed.key.is_empty()) {
        (ExportMode::Merge, _) => Ok(Mode::Merge {
            key: typed.key.clone(),
        }),
        (mode, false) => Err(Error::input(format!("KEY does not go with MODE {mode}"))
            .hint("use MODE merge, or leave KEY out")),
        (ExportMode::Append, true) => Ok(Mode::Append),
        (ExportMode::Replace, true) => Ok(Mode::Replace),
    }
}
