//! `--dry-run`: a row per statement with what it would read and write; nothing is run.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};

use super::print::print_batches;
use super::sql::{Piece, Scripting, all_went_well, locate};
use crate::dry_run::{DryRun, Planned};
use crate::sql::ScriptStatement;
use crate::{Error, Result, report};

/// A statement, and what it would do.
struct Row {
    place: String,
    statement: &'static str,
    planned: Planned,
}

/// Plans all statements in order and prints what they would do.
///
/// # Errors
/// The first mistake; with `--keep-going`, that there are some, after all were shown.
pub fn show(scripting: &Scripting<'_>, pieces: Vec<Piece<'_>>) -> Result<()> {
    let session = Arc::clone(scripting.session);
    let keep_going = scripting.options.keep_going;
    let count = pieces.len();
    let scripts: Vec<_> = pieces.iter().map(|piece| piece.script).collect();
    let parsed: Vec<Result<ScriptStatement>> =
        pieces.into_iter().map(|piece| piece.parsed).collect();
    let planned = scripting
        .runtime
        .run(async move { Ok(plan(&session, parsed, keep_going).await) })?;
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for (script, (parsed, planned)) in scripts.into_iter().zip(planned) {
        match (parsed, planned) {
            (Some(parsed), Ok(planned)) => rows.push(Row {
                place: script.place(parsed.line, parsed.column).to_string(),
                statement: parsed.statement.verb(),
                planned,
            }),
            (Some(parsed), Err(error)) => failures.push(locate(error, script, &parsed)),
            (None, Err(error)) => failures.push(error),
            (None, Ok(_)) => {}
        }
    }
    let batch = to_batch(&rows)?;
    print_batches(
        scripting.format,
        &batch.schema(),
        std::slice::from_ref(&batch),
    )?;
    if !keep_going {
        return match failures.into_iter().next() {
            Some(first) => Err(first),
            None => Ok(()),
        };
    }
    failures.iter().for_each(report::error);
    all_went_well(count, &failures)
}

/// What each statement would do, up to the first mistake unless told to go on.
async fn plan(
    session: &crate::session::Session,
    parsed: Vec<Result<ScriptStatement>>,
    keep_going: bool,
) -> Vec<(Option<ScriptStatement>, Result<Planned, Error>)> {
    let mut dry_run = DryRun::new(session);
    let mut all = Vec::new();
    for parsed in parsed {
        let planned = match parsed {
            Err(error) => (None, Err(error)),
            Ok(parsed) => {
                let planned = dry_run.plan(parsed.statement.clone()).await;
                (Some(parsed), planned)
            }
        };
        let failed = planned.1.is_err();
        all.push(planned);
        if failed && !keep_going {
            break;
        }
    }
    all
}

fn to_batch(rows: &[Row]) -> Result<RecordBatch> {
    let column = |value: &dyn Fn(&Row) -> Option<String>| {
        Arc::new(rows.iter().map(value).collect::<StringArray>()) as ArrayRef
    };
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("place", column(&|row| Some(row.place.clone())), false),
        (
            "statement",
            column(&|row| Some(row.statement.to_owned())),
            false,
        ),
        (
            "reads",
            column(&|row| (!row.planned.reads.is_empty()).then(|| row.planned.reads.join(", "))),
            true,
        ),
        ("writes", column(&|row| row.planned.writes.clone()), true),
    ])?)
}
