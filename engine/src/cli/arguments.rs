//! Arguments in two stages: as typed (`Arguments`), then as meant (`Invocation`).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::print::Format;
use super::repl::Opening;
use super::script_options::ScriptOptions;
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
  tidemill -f load.sql checks.sql --keep-going   run two files, all of them, and fail at the end
  tidemill -f load.sql --dry-run                 what would it read and write?
  tidemill -f load.sql -p day=2024-12-31         $day in the file; SET day = DATE '2024-01-01' is its default
  tidemill -i views.sql                          run a file, then stay at the prompt
  echo \"SHOW TABLES\" | tidemill                  run what comes from another program
  tidemill -c \"ATTACH 'postgres://me@host/sales' AS sales; SELECT count(*) FROM sales.orders\"
  tidemill run sql/hospital_billing              run a pipeline; again: only what changed
  tidemill doctor                                is all well?

Exit codes: 0 ok, 1 error, 2 usage, 3 assertion failed, 4 too many rejects,
5 outside system unavailable, 6 locked, 130 interrupted";

const FEW_EXAMPLES: &str = "\
Examples:
  tidemill                                       open the prompt
  tidemill -c \"SELECT 42 AS answer\"              run SQL
  tidemill -f report.sql --format csv            run a file
  tidemill run sql/hospital_billing              run a pipeline

More with --help";

const RUN_EXAMPLES: &str = "\
Examples:
  tidemill run sql/hospital_billing              run what has changed
  tidemill run sql/hospital_billing --full-refresh
  tidemill run sql/hospital_billing -p source=/data/admissions.csv
  tidemill run sql/hospital_billing/10_raw.sql   one step of it";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  tidemill doctor                                what is wrong here?
  tidemill doctor --warehouse /data/lake --format json
  tidemill doctor --format csv | grep failed";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  tidemill completions bash > ~/.local/share/bash-completion/completions/tidemill
  tidemill completions zsh > ~/.zfunc/_tidemill
  tidemill completions fish > ~/.config/fish/completions/tidemill.fish";

const MANUAL_EXAMPLES: &str = "\
Examples:
  tidemill man > ~/.local/share/man/man1/tidemill.1
  tidemill man run > ~/.local/share/man/man1/tidemill-run.1
  tidemill man | man -l -";

/// A SQL lakehouse engine in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "tidemill",
    version,
    about,
    after_help = FEW_EXAMPLES,
    after_long_help = EXAMPLES,
    args_conflicts_with_subcommands = false
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    scripts: Scripts,

    #[command(flatten)]
    script_options: ScriptOptions,

    /// Show the values of pii columns on the terminal; each such result is recorded in system.audit
    #[arg(long, help_heading = "Prompt")]
    unmask: bool,

    /// Keep nothing of what is typed at the prompt for later sessions
    #[arg(long, help_heading = "Prompt")]
    no_history: bool,

    /// Open the prompt without running ~/.tidemillrc
    #[arg(long, help_heading = "Prompt")]
    no_startup_file: bool,

    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
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
    ///
    /// It is read in the type of the default, where there is one: SET name = value in a script,
    /// [parameters] of a pipeline. Without a default, what looks like a number is one.
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
    #[command(after_help = RUN_EXAMPLES)]
    Run {
        /// Folder of the pipeline, or one .sql file
        path: PathBuf,
        /// Run all steps, also those whose inputs have not changed
        #[arg(long)]
        full_refresh: bool,
    },
    /// Check configuration, secrets, connections, disk and warehouse
    ///
    /// Each check says ok, warning or failed, and what to do. Names of secrets are shown, values never.
    /// The exit code is 1 if a check failed. Nothing is changed.
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor,
    /// Write the completions for a shell to standard output
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual page to standard output
    #[command(after_help = MANUAL_EXAMPLES)]
    Man {
        /// The subcommand that the page is about [default: all of tidemill]
        subcommand: Option<String>,
    },
}

impl Command {
    fn name(&self) -> &'static str {
        match self {
            Command::Run { .. } => "run",
            Command::Doctor => "doctor",
            Command::Completions { .. } => "completions",
            Command::Man { .. } => "man",
        }
    }
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
    /// Whether the values of pii columns are shown on the terminal.
    pub unmask: bool,
}

/// What to do.
pub enum Action {
    /// What is done with SQL.
    InSession(Work),
    /// Say what is well and what is not.
    Doctor,
    /// Write the completions of a shell.
    Completions(Shell),
    /// Write the manual page, of all or of a subcommand.
    Manual(Option<String>),
}

/// What is done with SQL.
pub enum Work {
    /// Open the prompt.
    Repl(Opening),
    /// Run scripts in order.
    Scripts {
        /// The scripts.
        scripts: Vec<Script>,
        /// How they are run.
        options: ScriptOptions,
        /// How the prompt opens after them, if it does.
        stays: Option<Opening>,
    },
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
        if let Some(command) = &self.command {
            check_alone(command, &self.scripts, &self.script_options)?;
        }
        let action = match self.command {
            Some(Command::Run { path, full_refresh }) => {
                Action::InSession(Work::Pipeline(RunRequest {
                    path,
                    full_refresh,
                    parameters: given.into_iter().collect(),
                }))
            }
            Some(Command::Doctor) => Action::Doctor,
            Some(Command::Completions { shell }) => Action::Completions(shell),
            Some(Command::Man { subcommand }) => Action::Manual(subcommand),
            None => {
                let opening = Opening {
                    remember: !self.no_history,
                    startup_file: !self.no_startup_file,
                };
                let stays = self.scripts.stays();
                match self.scripts.read()? {
                    scripts if scripts.is_empty() => Action::InSession(Work::Repl(opening)),
                    scripts => Action::InSession(Work::Scripts {
                        scripts,
                        options: self.script_options,
                        stays: stays.then_some(opening),
                    }),
                }
            }
        };
        let format = self.global.format;
        let config = self.global.config.clone();
        Ok(Invocation {
            action,
            config,
            flags: self.global.flags(),
            parameters,
            format,
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

/// A subcommand has its own work; options for scripts would be forgotten.
fn check_alone(command: &Command, scripts: &Scripts, options: &ScriptOptions) -> Result<()> {
    let name = command.name();
    if !scripts.is_empty() {
        return Err(
            Error::usage(format!("{name} does not go with -c, -f or -i"))
                .hint("call tidemill twice, once for each"),
        );
    }
    let Some(option) = options.first_given() else {
        return Ok(());
    };
    let error = Error::usage(format!("{name} does not go with {option}"));
    Err(match (command, option) {
        (Command::Run { .. }, "--timer") => {
            error.hint("leave it out: a run shows the time of each step")
        }
        _ => error.hint("it is for the SQL of -c, -f, -i and standard input"),
    })
}

fn parse_parameter(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(Error::usage(format!("`{text}` is not NAME=VALUE"))
            .hint("write -p source=data/file.csv")),
    }
}
