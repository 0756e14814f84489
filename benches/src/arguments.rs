//! Arguments of the command line.

use clap::{Parser, Subcommand};

use crate::generate::Generate;

/// Tidemill beside its peers: the same work, in the same run.
#[derive(Debug, Parser)]
#[command(name = "tidemill-benches", version, about)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    /// What to do instead of measuring.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What there is beside the suites.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a data set with the schema and the quirks of a real file
    Generate(Generate),
}
