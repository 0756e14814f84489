//! The command line: what was typed, what it means, and what is printed.

mod arguments;
mod pipeline;
pub mod print;
mod progress_line;
mod repl;
mod runtime;
mod scripts;
mod sql;
mod statement;

use arguments::Action;
pub use arguments::Arguments;

use crate::Result;
use crate::config::Config;
use crate::session::Session;
use runtime::Runtime;

/// Does what the arguments ask for.
///
/// # Errors
/// Whatever is met; `main` shows it and ends with its exit code.
pub fn run(arguments: Arguments) -> Result<()> {
    let invocation = arguments.check()?;
    let config = Config::load(invocation.config.as_deref(), &invocation.flags)?;
    let runtime = Runtime::start(config.threads)?;
    let session = Session::open(config)?;
    if invocation.unmask {
        session.unmask();
    }
    match invocation.action {
        Action::Repl => repl::run(session, &runtime, &invocation.parameters, invocation.format),
        Action::Script(scripts) => sql::run(
            session,
            &runtime,
            &scripts,
            &invocation.parameters,
            invocation.format,
            invocation.timer,
        ),
        Action::Pipeline(request) => pipeline::run(session, &runtime, &request, invocation.format),
    }
}
