//! Arguments of the command line.

use clap::Parser;

/// Tidemill beside its peers: the same work, in the same run.
#[derive(Debug, Parser)]
#[command(name = "tidemill-benches", version, about)]
pub struct Arguments {}
