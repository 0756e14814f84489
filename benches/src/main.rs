//! `tidemill-benches`: seeded data, and suites that run Tidemill and its peers on the same work.

mod arguments;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    arguments::Arguments::parse();
    ExitCode::SUCCESS
}
