//! How scripts are run, as typed: what is said about each statement, and what happens after a
//! failure.

use std::path::PathBuf;

use clap::Args;

/// The options of `-c`, `-f`, `-i` and standard input.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Scripts")]
pub struct ScriptOptions {
    /// Say after each statement how long it took
    #[arg(long)]
    pub timer: bool,

    /// Show each statement on standard error before it runs
    #[arg(long)]
    pub echo: bool,

    /// Go on after a statement that failed; list those at the end, and fail
    #[arg(long)]
    pub keep_going: bool,

    /// Run nothing: plan all statements, and show what each would read and write
    ///
    /// Statements are planned in order, and a table that one would make is known to those after it.
    /// Files are looked for, and read as far as it takes to find the columns of a new table.
    #[arg(long)]
    pub dry_run: bool,

    /// Write a line of JSON per statement to this file (- for standard error)
    ///
    /// Each is an object with file, line, column, statement, status, rows, seconds and error.
    /// Passwords are masked.
    #[arg(long, value_name = "FILE")]
    pub log_json: Option<PathBuf>,
}

impl ScriptOptions {
    /// The first option that was given, as typed.
    pub fn first_given(&self) -> Option<&'static str> {
        [
            ("--timer", self.timer),
            ("--echo", self.echo),
            ("--keep-going", self.keep_going),
            ("--dry-run", self.dry_run),
            ("--log-json", self.log_json.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }
}
