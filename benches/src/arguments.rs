//! Arguments of the command line.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use tidemill_benches::generate::Generate;

use crate::name::Name;
use crate::suites;

const EXAMPLES: &str = "\
Examples:
  tidemill-benches land --rows 5000000           measure one suite, replace its section of RESULTS.md
  tidemill-benches kmeans --only scikit-learn    beside one peer
  tidemill-benches export upsert read            measure several suites in one run
  tidemill-benches all                           measure all suites at their usual sizes
  tidemill-benches generate hospital --rows 5000000 --out hospital.csv

Exit codes: 0 ok, 1 a suite without a result, 2 usage";

/// Stands for all suites.
pub const ALL: &str = "all";

/// Tidemill beside its peers: the same work, in the same run.
#[derive(Debug, Parser)]
#[command(name = "tidemill-benches", version, about, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(arg_required_else_help = true)]
pub struct Arguments {
    /// What is no suite.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// What to measure, and with whom.
    #[command(flatten)]
    pub options: Options,
}

/// A run of suites as typed.
#[derive(Debug, Args)]
pub struct Options {
    /// The suites to measure, or all
    #[arg(required = true, value_name = "SUITE", value_parser = PossibleValuesParser::new(suites::names().chain([ALL])))]
    pub suites: Vec<String>,

    /// Rows of the data [default: the usual size of the suite]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub rows: Option<u64>,

    /// How often each contestant runs [default: the usual number of the suite]
    #[arg(long, value_name = "NUMBER", value_parser = positive)]
    pub runs: Option<usize>,

    /// The peers that take part [default: all that are here]
    #[arg(long, value_name = "PEER", value_delimiter = ',')]
    pub only: Vec<Name>,

    /// Threads for every contestant [default: all cores]
    #[arg(long, value_name = "NUMBER", value_parser = positive)]
    pub threads: Option<usize>,

    /// The binary to measure [default: the release build of these sources]
    #[arg(long, value_name = "FILE")]
    pub tidemill: Option<PathBuf>,

    /// Folder for data, virtual environment and what is written [default: benches-data, beside the build results]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,

    /// The file of the results
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md"))]
    pub results: PathBuf,
}

/// What is no suite.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a data set with the schema and the quirks of a real file
    Generate(Generate),
    /// How this program runs linfa: as a process, like the other peers
    #[command(hide = true)]
    Linfa {
        /// The task in JSON.
        task: String,
    },
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a number from 1 on is needed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(arguments: &str) -> Result<Arguments, clap::Error> {
        let program = std::iter::once("tidemill-benches");
        Arguments::try_parse_from(program.chain(arguments.split_whitespace()))
    }

    #[test]
    fn every_suite_is_a_word_of_its_own() {
        for suite in suites::names().chain([ALL]) {
            let parsed = parse(&format!("{suite} --rows 1000 --only duckdb,spark")).unwrap();
            assert_eq!(parsed.options.suites, [suite]);
            assert_eq!(parsed.options.only, [Name::DuckDb, Name::Spark]);
            assert!(parsed.command.is_none());
        }
        let several = parse("export read --runs 3").unwrap();
        assert_eq!(several.options.suites, ["export", "read"]);
    }

    #[test]
    fn what_is_no_suite_needs_none() {
        assert!(
            parse("generate hospital --rows 5 --out -")
                .unwrap()
                .command
                .is_some()
        );
        for wrong in [
            "--rows 5",
            "sort",
            "land sort",
            "land --runs 0",
            "land --only excel",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
