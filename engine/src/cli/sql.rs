//! `-c`, `-f`, `-i` and standard input: scripts from the command line, statement by statement.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dry_run;
use super::print::Format;
use super::runtime::Runtime;
use super::script_log::{Entry, ScriptLog};
use super::script_options::ScriptOptions;
use super::statement;
use crate::secrets::hide_passwords;
use crate::session::Session;
use crate::sql::{ParameterScope, Parameters, Script, ScriptStatement};
use crate::{Error, Kind, Place, Result, report};

/// What scripts are run with.
pub struct Scripting<'r> {
    /// The session that all of them share.
    pub session: &'r Arc<Session>,
    /// The threads for their statements.
    pub runtime: &'r Runtime,
    /// What `-p` gave.
    pub parameters: &'r Parameters,
    /// How results are printed.
    pub format: Format,
    /// What is said, and what happens after a failure.
    pub options: &'r ScriptOptions,
    /// Whether the prompt follows, where a parameter may be used that no script uses.
    pub stays: bool,
}

/// A statement of a script, or what stands in its place.
pub struct Piece<'s> {
    /// The script that it is of.
    pub script: &'s Script,
    /// The statement, or what is wrong with it.
    pub parsed: Result<ScriptStatement>,
}

/// Runs scripts in order. All of them are parsed before the first statement runs, so that a typing
/// error at the end does not leave half of the work done; the first error ends them all, unless the
/// options say to go on.
///
/// # Errors
/// The first error, with its place in the script; after going on, that some failed.
pub fn run(scripting: &Scripting<'_>, scripts: &[Script]) -> Result<()> {
    let options = scripting.options;
    let mut log = ScriptLog::open(options.log_json.as_deref())?;
    let pieces = parse(scripting, scripts, &mut log)?;
    if options.dry_run {
        return dry_run::show(scripting, pieces);
    }
    let count = pieces.len();
    let mut failures = Vec::new();
    for piece in pieces {
        match run_piece(scripting, piece, &mut log)? {
            Ok(()) => {}
            Err(error) if options.keep_going && error.kind() != Kind::Interrupted => {
                report::error(&error);
                failures.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    all_went_well(count, &failures)
}

/// Lists what failed; the exit code is that of the first failure.
///
/// # Errors
/// There is a failure.
pub fn all_went_well(count: usize, failures: &[Error]) -> Result<()> {
    let Some(first) = failures.first() else {
        return Ok(());
    };
    let statements = if count == 1 {
        "statement"
    } else {
        "statements"
    };
    report::note(&format!(
        "{} of {count} {statements} failed:",
        failures.len()
    ));
    for failure in failures {
        report::note(&format!("  {failure}"));
    }
    Err(Error::new(first.kind(), "the script did not succeed"))
}

/// All statements of all scripts. Without going on, the first mistake ends everything.
fn parse<'s>(
    scripting: &Scripting<'_>,
    scripts: &'s [Script],
    log: &mut ScriptLog,
) -> Result<Vec<Piece<'s>>> {
    let mut scope = ParameterScope::new(scripting.parameters);
    let mut pieces = Vec::new();
    for script in scripts {
        let parsed = match script.parse_each(&mut scope) {
            Ok(parsed) => parsed,
            Err(error) => vec![Err(error)],
        };
        pieces.extend(parsed.into_iter().map(|parsed| Piece { script, parsed }));
    }
    if !scripting.options.keep_going
        && let Some(broken) = pieces.iter().position(|piece| piece.parsed.is_err())
        && let Err(error) = pieces.swap_remove(broken).parsed
    {
        log_unparsed(&error, log)?;
        return Err(error);
    }
    if !scripting.stays {
        scope.check_given()?;
    }
    Ok(pieces)
}

/// The outer result is about the log, the inner one about the statement.
fn run_piece(
    scripting: &Scripting<'_>,
    piece: Piece<'_>,
    log: &mut ScriptLog,
) -> Result<Result<()>> {
    let parsed = match piece.parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            log_unparsed(&error, log)?;
            return Ok(Err(error));
        }
    };
    if scripting.options.echo {
        report::note(&format!("{};", hide_passwords(&parsed.text)));
    }
    let started = Instant::now();
    let statement = parsed.statement.clone();
    let ran = statement::run(
        scripting.session,
        scripting.runtime,
        statement,
        scripting.format,
    );
    let time = started.elapsed();
    if scripting.options.timer && ran.is_ok() {
        report::note(&format!("({:.3} s)", time.as_secs_f64()));
    }
    let ran = ran.map_err(|error| locate(error, piece.script, &parsed));
    log.write(&Entry {
        place: &piece.script.place(parsed.line, parsed.column),
        statement: Some(parsed.statement.verb()),
        result: ran.as_ref().map(|rows| *rows),
        time,
    })?;
    Ok(ran.map(drop))
}

/// Puts an error where it is in the script.
pub fn locate(error: Error, script: &Script, parsed: &ScriptStatement) -> Error {
    match error.kind() {
        // Where the key was pressed is nothing that a place in the script could explain.
        Kind::Interrupted => error,
        _ => script.locate(parsed.locate(error)),
    }
}

fn log_unparsed(error: &Error, log: &mut ScriptLog) -> Result<()> {
    let nowhere = Place::default();
    log.write(&Entry {
        place: error.get_place().unwrap_or(&nowhere),
        statement: None,
        result: Err(error),
        time: Duration::ZERO,
    })
}
