//! One statement from the command line or the prompt: run it, show what it gave.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::print::{Format, print_rows};
use super::progress_line::ProgressLine;
use super::runtime::Runtime;
use crate::Result;
use crate::execute::{Done, Outcome, Rows, execute};
use crate::pii::{Mask, record_unmasked};
use crate::reconciliation::Copied;
use crate::report;
use crate::session::Session;
use crate::sql::Statement;

/// Who takes the rows of a statement.
pub trait Reader {
    /// Takes all of them. The line says how far the query is; it must be gone before anything is
    /// written to the screen.
    ///
    /// # Errors
    /// Those of the batches, or an output that cannot be written.
    fn read(
        &mut self,
        schema: &SchemaRef,
        batches: &mut dyn Iterator<Item = Result<RecordBatch>>,
        line: &mut ProgressLine,
    ) -> Result<()>;
}

/// Prints rows on stdout.
struct Stdout(Format);

impl Reader for Stdout {
    fn read(
        &mut self,
        schema: &SchemaRef,
        batches: &mut dyn Iterator<Item = Result<RecordBatch>>,
        line: &mut ProgressLine,
    ) -> Result<()> {
        print_rows(self.0, schema, batches, line)
    }
}

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
    run_for(&mut Stdout(format), session, runtime, statement)
}

/// Runs a statement whose rows go to `reader`; gives what [`run`] gives.
///
/// # Errors
/// That of the statement, Ctrl-C, or that of the reader.
pub fn run_for(
    reader: &mut dyn Reader,
    session: &Arc<Session>,
    runtime: &Runtime,
    statement: Statement,
) -> Result<Option<u64>> {
    let running = Arc::clone(session);
    let mut line = ProgressLine::of_statement(session.progress().clone(), statement.verb());
    let outcome = runtime.run(async move { execute(&running, statement).await });
    match outcome? {
        Outcome::Rows(rows) => read_query(reader, session, runtime, rows, &mut line).map(Some),
        Outcome::Copied(copied) => {
            line.end();
            let batch = Copied::to_batch(&copied)?;
            let schema = batch.schema();
            reader.read(&schema, &mut std::iter::once(Ok(batch)), &mut line)?;
            report::rejected(&copied);
            Ok(Some(copied.iter().map(|source| source.loaded).sum()))
        }
        Outcome::Done(done) => {
            line.end();
            report::note(&describe(&done));
            Ok(done.rows)
        }
    }
}

/// Hands the rows of a query on and counts them. On a terminal, personal data is hidden, or recorded as
/// shown.
fn read_query(
    reader: &mut dyn Reader,
    session: &Arc<Session>,
    runtime: &Runtime,
    rows: Rows,
    line: &mut ProgressLine,
) -> Result<u64> {
    let schema = Arc::clone(rows.schema());
    rows.warnings()
        .iter()
        .for_each(|warning| report::note(warning));
    let mut mask = match std::io::stdout().is_terminal() {
        true => rows.mask().clone(),
        false => Mask::default(),
    };
    if mask.hides() && session.is_unmasked() {
        let (session, recorded) = (Arc::clone(session), Arc::clone(&schema));
        let unmasked = std::mem::take(&mut mask);
        runtime.run(async move { record_unmasked(&session, &unmasked, &recorded).await })?;
    }
    let mut count = 0;
    let mut shown = runtime.stream(rows)?.map(|batch| {
        let batch = mask.batch(&batch?)?;
        count += batch.num_rows() as u64;
        Ok(batch)
    });
    reader.read(&mask.schema(&schema), &mut shown, line)?;
    Ok(count)
}

/// Says how long something took.
pub fn say_time(started: Instant) {
    report::note(&format!("({:.3} s)", started.elapsed().as_secs_f64()));
}

fn describe(done: &Done) -> String {
    match done.rows {
        None => done.message.clone(),
        Some(1) => format!("{}, 1 row", done.message),
        Some(rows) => format!("{}, {} rows", done.message, report::grouped(rows)),
    }
}
