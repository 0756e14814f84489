//! The prompt: reads statements and runs them until the user leaves.
//!
//! ```text
//! tidemill> SELECT 1 AS one,
//!      ...>        2 AS two;
//! ```
//!
//! One file per concern: what was typed ([`input`]), what is no SQL ([`command`]), what is
//! remembered ([`history`]).

mod command;
mod history;
mod input;

use std::sync::Arc;

use self::command::Command;
use self::input::{Input, Prompt};
use super::print::Format;
use super::runtime::Runtime;
use super::statement;
use crate::pii::holds_values;
use crate::session::Session;
use crate::sql::{Parameters, Script, ScriptStatement};
use crate::{Error, Kind, Result, report};

const WELCOME: &str = concat!(
    "tidemill ",
    env!("CARGO_PKG_VERSION"),
    ". A statement ends with a semicolon; .help helps, Ctrl-D leaves."
);

/// Reads statements and runs them until the end of the input. An error ends what was typed, never
/// the session.
///
/// # Errors
/// A terminal that cannot be read; [`Kind::Interrupted`] when the user leaves a query behind that
/// does not end.
pub fn run(
    session: Arc<Session>,
    runtime: &Runtime,
    parameters: &Parameters,
    format: Format,
) -> Result<()> {
    let mut prompt = Prompt::open()?;
    report::note(WELCOME);
    loop {
        match prompt.read()? {
            Input::Script(script) => {
                runtime.forget_interrupt();
                remember(&mut prompt, &session, runtime, &script, parameters);
                run_script(&session, runtime, &script, parameters, format);
            }
            Input::Command(Ok(Command::Help)) => report::note(&command::help()),
            Input::Command(Ok(Command::Unmask)) => {
                session.unmask();
                report::note(
                    "values of pii columns are shown from here on, which system.audit records",
                );
            }
            Input::Command(Ok(Command::Exit)) | Input::End => return Ok(()),
            Input::Command(Err(unknown)) => report::error(&unknown),
            Input::Interrupt if runtime.is_busy() => {
                return Err(Error::new(Kind::Interrupted, "left a query behind"));
            }
            Input::Interrupt => {}
        }
    }
}

/// Keeps what was typed, unless it holds personal data.
fn remember(
    prompt: &mut Prompt,
    session: &Arc<Session>,
    runtime: &Runtime,
    script: &Script,
    parameters: &Parameters,
) {
    let (session, parameters) = (Arc::clone(session), parameters.clone());
    let asked = script.clone();
    let holds = runtime.run(async move { Ok(holds_values(&session, &asked, &parameters).await) });
    prompt.remember(script, holds.unwrap_or(true));
}

/// Runs statement by statement up to the first error, as a script does.
fn run_script(
    session: &Arc<Session>,
    runtime: &Runtime,
    script: &Script,
    parameters: &Parameters,
    format: Format,
) {
    let ran = script.parse(parameters).and_then(|statements| {
        statements
            .iter()
            .try_for_each(|parsed| run_statement(session, runtime, script, parsed, format))
    });
    let Err(error) = ran else { return };
    report::error(&error);
    if error.kind() == Kind::Interrupted && runtime.is_busy() {
        report::note("the query is still ending; Ctrl-C again leaves tidemill");
    }
}

fn run_statement(
    session: &Arc<Session>,
    runtime: &Runtime,
    script: &Script,
    parsed: &ScriptStatement,
    format: Format,
) -> Result<()> {
    statement::run_with_timer(session, runtime, parsed.statement.clone(), format)
        // A statement that was typed a moment ago need not be shown again, unless a place in it is known.
        .map_err(|error| script.locate(parsed.locate_token(error)))
}
