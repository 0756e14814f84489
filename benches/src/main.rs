//! `tidemill-benches`: seeded data, and suites that run Tidemill and its peers on the same work.

mod arguments;
mod clock;
mod contest;
mod equality;
mod error;
mod figures;
mod limits;
mod linfa;
mod machine;
mod measure;
mod name;
mod peers;
mod postgres;
#[path = "../../engine/tests/it/postgres_server.rs"]
#[allow(
    dead_code,
    clippy::panic,
    clippy::unwrap_used,
    reason = "made for tests, and the only way to a server"
)]
mod postgres_server;
mod report;
mod results;
mod run;
mod suites;
mod tables;
mod tidemill;
mod volume;
mod workshop;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use error::{Error, Result};

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::note(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        Some(Command::Generate(generate)) => generate
            .run()
            .map_err(|error| Error::new(error.to_string())),
        Some(Command::Linfa { task }) => linfa::run(&task),
        None => run::run(&arguments.options),
    }
}
