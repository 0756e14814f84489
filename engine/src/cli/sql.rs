//! `-c`, `-f` and standard input: scripts from the command line, statement by statement.

use std::sync::Arc;

use super::print::Format;
use super::runtime::Runtime;
use super::statement;
use crate::session::Session;
use crate::sql::{Parameters, Script};
use crate::{Kind, Result};

/// Runs scripts in order. All of them are parsed before the first statement runs, so that a typing
/// error at the end does not leave half of the work done; the first error ends them all. With
/// `timer`, each statement says how long it took.
///
/// # Errors
/// The first error, with its place in the script.
pub fn run(
    session: Session,
    runtime: &Runtime,
    scripts: &[Script],
    parameters: &Parameters,
    format: Format,
    timer: bool,
) -> Result<()> {
    let session = Arc::new(session);
    let run_statement = match timer {
        true => statement::run_with_timer,
        false => statement::run,
    };
    let parsed = scripts
        .iter()
        .map(|script| script.parse(parameters))
        .collect::<Result<Vec<_>>>()?;
    for (script, statements) in scripts.iter().zip(parsed) {
        for parsed in statements {
            run_statement(&session, runtime, parsed.statement.clone(), format).map_err(
                |error| match error.kind() {
                    // Where the key was pressed is nothing that a place in the script could explain.
                    Kind::Interrupted => error,
                    _ => script.locate(parsed.locate(error)),
                },
            )?;
        }
    }
    Ok(())
}
