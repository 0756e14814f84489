//! The command line: what was typed, what it means, and what is printed.

mod arguments;
mod completions;
mod doctor;
mod dry_run;
mod manual;
mod pipeline;
pub mod print;
mod progress_line;
mod repl;
mod runtime;
mod script_log;
mod script_options;
mod scripts;
mod sql;
mod statement;

use std::sync::Arc;

pub use arguments::Arguments;
use arguments::{Action, Invocation, Work};

use crate::config::Config;
use crate::session::Session;
use crate::{Kind, Result, report};
use runtime::Runtime;
use sql::Scripting;

/// Does what the arguments ask for.
///
/// # Errors
/// Whatever is met; `main` shows it and ends with its exit code.
pub fn run(arguments: Arguments) -> Result<()> {
    let invocation = arguments.check()?;
    match &invocation.action {
        Action::Completions(shell) => completions::write(*shell),
        Action::Manual(subcommand) => manual::write(subcommand.as_deref()),
        Action::Doctor => doctor::run(
            invocation.config.as_deref(),
            &invocation.flags,
            invocation.format,
        ),
        Action::InSession(work) => in_session(work, &invocation),
    }
}

fn in_session(work: &Work, invocation: &Invocation) -> Result<()> {
    let config = Config::load(invocation.config.as_deref(), &invocation.flags)?;
    let runtime = Runtime::start(config.threads)?;
    let session = Session::open(config)?;
    if invocation.unmask {
        session.unmask();
    }
    let (parameters, format) = (&invocation.parameters, invocation.format);
    match work {
        Work::Repl(opening) => repl::run(Arc::new(session), &runtime, parameters, format, opening),
        Work::Pipeline(request) => pipeline::run(session, &runtime, request, format),
        Work::Scripts {
            scripts,
            options,
            stays,
        } => {
            let session = Arc::new(session);
            let ran = sql::run(
                &Scripting {
                    session: &session,
                    runtime: &runtime,
                    parameters,
                    format,
                    options,
                    stays: stays.is_some(),
                },
                scripts,
            );
            match ran {
                Err(error) if stays.is_some() && error.kind() != Kind::Usage => {
                    report::error(&error);
                }
                ran => ran?,
            }
            match stays {
                Some(opening) => repl::run(session, &runtime, parameters, format, opening),
                None => Ok(()),
            }
        }
    }
}
