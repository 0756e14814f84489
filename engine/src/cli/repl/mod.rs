//! The prompt: reads statements and commands, and runs them until the user leaves.
//!
//! ```text
//! tidemill> SELECT 1 AS one,
//!      ...>        2 AS two;
//! tidemill> .mode vertical
//! ```
//!
//! One file per concern: what was typed ([`input`]), how lines are edited ([`line`]), what is a
//! command and what is SQL ([`split`]), the commands ([`commands`]), what is remembered
//! ([`history`]), who runs it all ([`shell`]), and where results go ([`output`], [`pager`]).

mod commands;
mod history;
mod input;
mod last;
mod line;
mod output;
mod pager;
mod shell;
mod split;

use std::path::PathBuf;
use std::sync::Arc;

use self::input::{Input, Prompt};
use self::shell::{Flow, Shell};
use super::print::Format;
use super::runtime::Runtime;
use crate::session::Session;
use crate::sql::Parameters;
use crate::{Error, Kind, Result, report};

const WELCOME: &str = concat!(
    "tidemill ",
    env!("CARGO_PKG_VERSION"),
    ": end statements with ;   .help helps, Tab completes, Ctrl-D leaves"
);
/// Runs before the first prompt, in the home folder.
const STARTUP_FILE: &str = ".tidemillrc";

/// How the prompt is opened.
#[derive(Debug)]
pub struct Opening {
    /// Whether what is typed is kept for later sessions.
    pub remember: bool,
    /// Whether `~/.tidemillrc` runs first.
    pub startup_file: bool,
}

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
    opening: &Opening,
) -> Result<()> {
    let mut shell = Shell::new(session, runtime, parameters.clone(), format);
    let mut prompt = Prompt::open(&mut shell, opening.remember)?;
    report::note(WELCOME);
    let startup = opening.startup_file.then(startup_file).flatten();
    if let Some(file) = startup
        && shell.run_file_and_report(&file) == Flow::Leave
    {
        return Ok(());
    }
    loop {
        match prompt.read(&mut shell)? {
            Input::Text(text) => {
                runtime.forget_interrupt();
                if shell.run_typed(&text) == Flow::Leave {
                    return Ok(());
                }
            }
            Input::End => return Ok(()),
            Input::Interrupt if runtime.is_busy() => {
                return Err(Error::new(Kind::Interrupted, "left a query behind"));
            }
            Input::Interrupt => {}
        }
    }
}

fn startup_file() -> Option<PathBuf> {
    let path = etcetera::home_dir().ok()?.join(STARTUP_FILE);
    path.is_file().then_some(path)
}
