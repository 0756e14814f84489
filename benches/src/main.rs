//! `tidemill-benches`: seeded data, and suites that run Tidemill and its peers on the same work.

mod arguments;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use tidemill_benches::generate;

use arguments::{Arguments, Command};

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Some(Command::Generate(generate)) => generate.run(),
        None => Ok(()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when this fails.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
