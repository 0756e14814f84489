//! The `tidemill` binary: parse, run, report, exit code.

use std::process::ExitCode;

use clap::Parser;
use tidemill::cli::{self, Arguments};
use tidemill::report;

/// Batches of megabytes come and go all the time; this one keeps their pages, where that of the C library
/// gives them back to the system and takes zeroed ones anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}
