//! The `tidemill` binary: parse, run, report, exit code.

use std::process::ExitCode;

use clap::Parser;
use tidemill::cli::{self, Arguments};
use tidemill::report;

fn main() -> ExitCode {
    match cli::run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}
