//! Arguments in two stages: as typed (`Arguments`), then as meant (`Invocation`).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::print::Format;
use super::scripts::Scripts;
use crate::config::Flags;
use crate::pipelines::RunRequest;
use crate::sql::{ParameterValue, Parameters, Script};
use crate::{Error, Result};

const EXAMPLES: &str = "\
Examples:
  tidemill                                       open the prompt
  tidemill -c \"SELECT * FROM curated.monthly_billing LIMIT 5\"
  tidemill -f report.sql --format csv > report.csv
  echo \"SHOW TABLES\" | tidemill                  run what comes from another program
  tidemill -c \"ATTACH 'postgres://me@host/sales' AS sales; SELECT count(*) FROM sales.orders\"
  tidemill run sql/hospital_billing              run a pipeline; again: only what changed
  tidemill run sql/hospital_billing -p source=/data/admissions.csv

Exit codes: 0 ok, 1 error, 2 usage, 3 assertion failed, 4 too many rejects,
5 outside system unavailable, 6 locked, 130 interrupted";

/// A SQL lakehouse engine in one binary.
#[derive(Debug, Parser)]
#[command(name = "tidemill", version, about, after_help = EXAMPLES, args_conflicts_with_subcommands = false)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    scripts: Scripts,

    /// Say after each statement of -c, -f or standard input how long it took
    #[arg(long)]
    timer: bool,

    /// Show the values of pii columns on the terminal; each such result is recorded in system.audit
    #[arg(long)]
    unmask: bool,

    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Args)]
struct Global {
    /// Folder that holds the tables [default: ./warehouse]
    #[arg(long, global = true, value_name = "FOLDER")]
    warehouse: Option<String>,

    /// Settings and databases, [connections.name] [default: tidemill.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Memory for queries, such as 4GB [default: 75 % of the machine's]
    #[arg(long, global = true, value_name = "SIZE")]
    memory_limit: Option<String>,

    /// Threads for queries [default: all cores]
    #[arg(long, global = true, value_name = "NUMBER")]
    threads: Option<String>,

    /// Folder for what does not fit in memory
    #[arg(long, global = true, value_name = "FOLDER")]
    spill_folder: Option<String>,

    /// Zone of table names without one [default: raw]
    #[arg(long, global = true, value_name = "ZONE")]
    default_zone: Option<String>,

    /// Say so before a query reads more of a whole table; 0 to say nothing [default: 10GB]
    #[arg(long, global = true, value_name = "SIZE")]
    warn_scan_bytes: Option<String>,

    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Value of a parameter: $name in the SQL; may be repeated
    #[arg(
        short = 'p',
        long = "parameter",
        global = true,
        value_name = "NAME=VALUE"
    )]
    parameters: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a pipeline: a folder of .sql files, in the order that their SQL asks for
    Run {
        /// Folder of the pipeline, or one .sql file
        path: PathBuf,
        /// Run all steps, also those whose inputs have not changed
        #[arg(long)]
        full_refresh: bool,
    },
}

/// What the arguments mean.
pub struct Invocation {
    /// What to do.
    pub action: Action,
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// Settings given as flags.
    pub flags: Flags,
    /// Parameters for scripts; a pipeline types its own.
    pub parameters: Parameters,
    /// How results are printed.
    pub format: Format,
    /// Whether each statement of a script says how long it took.
    pub timer: bool,
    /// Whether the values of pii columns are shown on the terminal.
    pub unmask: bool,
}

/// What to do.
pub enum Action {
    /// Open the prompt.
    Repl,
    /// Run scripts in order.
    Script(Vec<Script>),
    /// Run a pipeline.
    Pipeline(RunRequest),
}

impl Arguments {
    /// Checks what was typed and reads the scripts.
    ///
    /// # Errors
    /// A combination that means nothing, or a file that cannot be read.
    pub fn check(self) -> Result<Invocation> {
        let given = self
            .global
            .parameters
            .iter()
            .map(|text| parse_parameter(text))
            .collect::<Result<Vec<_>>>()?;
        let parameters = given
            .iter()
            .map(|(name, value)| (name.clone(), ParameterValue::guess(value)))
            .collect();
        let action = match self.command {
            Some(Command::Run { .. }) if !self.scripts.is_empty() => {
                return Err(Error::usage("run does not go with -c or -f")
                    .hint("run the pipeline first, then the SQL"));
            }
            Some(Command::Run { .. }) if self.timer => {
                return Err(Error::usage("run does not go with --timer")
                    .hint("leave it out: a run shows the time of each step"));
            }
            Some(Command::Run { path, full_refresh }) => Action::Pipeline(RunRequest {
                path,
                full_refresh,
                parameters: given.into_iter().collect(),
            }),
            None => match self.scripts.read()? {
                scripts if scripts.is_empty() => Action::Repl,
                scripts => Action::Script(scripts),
            },
        };
        let format = self.global.format;
        let config = self.global.config.clone();
        Ok(Invocation {
            action,
            config,
            flags: self.global.flags(),
            parameters,
            format,
            timer: self.timer,
            unmask: self.unmask,
        })
    }
}

impl Global {
    fn flags(self) -> Flags {
        let given = [
            ("warehouse", self.warehouse),
            ("memory_limit", self.memory_limit),
            ("threads", self.threads),
            ("spill_folder", self.spill_folder),
            ("default_zone", self.default_zone),
            ("warn_scan_bytes", self.warn_scan_bytes),
        ];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

fn parse_parameter(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Error::usage(format!("`{text}` is not NAME=VALUE"))
            .hint("write -p source=data/file.csv")),
    }
}
