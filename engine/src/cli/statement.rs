//! One statement from the command line or the prompt: run it, print what it gave.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::print::{Format, print_batches, print_rows};
use super::progress_line::ProgressLine;
use super::runtime::Runtime;
use crate::Result;
use crate::execute::{Done, Outcome, Rows, execute};
use crate::pii::{Mask, record_unmasked};
use crate::reconciliation::Copied;
use crate::report;
use crate::session::Session;
use crate::sql::Statement;

/// Runs a statement; its rows go to stdout as they come, what was done is said on stderr. Gives the
/// rows that it returned or wrote, where it is about rows.
///
/// # Errors
/// That of the statement, Ctrl-C, or an output that cannot be written.
pub fn run(
    session: &Arc<Session>,
    runtime: &Runtime,
    statement: Statement,
    format: Format,
) -> Result<Option<u64>> {
    let (session, shown_by) = (Arc::clone(session), Arc::clone(session));
    let line = match &statement {
        Statement::CopyInto(_) | Statement::Unload(_) => {
            Some(ProgressLine::alone(session.progress().clone()))
        }
        _ => None,
    };
    let outcome = runtime.run(async move { execute(&session, statement).await });
    drop(line);
    match outcome? {
        Outcome::Rows(rows) => print_query(&shown_by, runtime, rows, format).map(Some),
        Outcome::Copied(copied) => {
            let batch = Copied::to_batch(&copied)?;
            print_batches(format, &batch.schema(), std::slice::from_ref(&batch))?;
            report::rejected(&copied);
            Ok(Some(copied.iter().map(|source| source.loaded).sum()))
        }
        Outcome::Done(done) => {
            report::note(&describe(&done));
            Ok(done.rows)
        }
    }
}

/// Prints the rows of a result. On a terminal, personal data is hidden, or recorded as shown.
fn print_query(
    session: &Arc<Session>,
    runtime: &Runtime,
    rows: Rows,
    format: Format,
) -> Result<u64> {
    let schema = Arc::clone(rows.schema());
    rows.warnings()
        .iter()
        .for_each(|warning| report::note(warning));
    let mask = match std::io::stdout().is_terminal() {
        true => rows.mask().clone(),
        false => Mask::default(),
    };
    if mask.hides() && session.is_unmasked() {
        let (session, recorded) = (Arc::clone(session), Arc::clone(&schema));
        runtime.run(async move { record_unmasked(&session, &mask, &recorded).await })?;
        return print_counted(format, &schema, runtime.stream(rows)?);
    }
    let batches = runtime.stream(rows)?;
    let shown = batches.map(|batch| batch.and_then(|batch| mask.batch(&batch)));
    print_counted(format, &mask.schema(&schema), shown)
}

/// Prints batches and counts their rows.
fn print_counted(
    format: Format,
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch>>,
) -> Result<u64> {
    let mut count = 0;
    let counted = batches.inspect(|batch| {
        count += batch.as_ref().map_or(0, |batch| batch.num_rows() as u64);
    });
    print_rows(format, schema, counted)?;
    Ok(count)
}

/// Like [`run`]; a statement that succeeds then says how long it took, printing included.
///
/// # Errors
/// Those of [`run`].
pub fn run_with_timer(
    session: &Arc<Session>,
    runtime: &Runtime,
    statement: Statement,
    format: Format,
) -> Result<()> {
    let started = Instant::now();
    run(session, runtime, statement, format)?;
    report::note(&format!("({:.3} s)", started.elapsed().as_secs_f64()));
    Ok(())
}

fn describe(done: &Done) -> String {
    match done.rows {
        None => done.message.clone(),
        Some(1) => format!("{}, 1 row", done.message),
        Some(rows) => format!("{}, {} rows", done.message, report::grouped(rows)),
    }
}
