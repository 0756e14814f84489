//! `-c`, `-f` and `-i`: which scripts were given, in the order in which they were typed.

use std::io::{ErrorKind, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::sql::Script;
use crate::{Error, Place, Result};

/// The file name that stands for standard input.
const STDIN: &str = "-";

/// The scripts as typed.
#[derive(Debug)]
pub struct Scripts {
    sources: Vec<Source>,
    stays: bool,
}

#[derive(Debug)]
enum Source {
    Sql(String),
    File(PathBuf),
}

/// The options as the parser sees them: each on its own.
#[derive(Debug, Args)]
struct Options {
    /// Run this SQL and leave; may be repeated
    #[arg(short = 'c', long = "command", value_name = "SQL")]
    sql: Vec<String>,

    /// Run the statements of these files (- for standard input) and leave; may be repeated
    #[arg(short = 'f', long = "file", value_name = "FILE", num_args = 1..)]
    files: Vec<PathBuf>,

    /// Run the statements of this file, then stay at the prompt; may be repeated
    #[arg(short = 'i', long = "init", value_name = "FILE")]
    init: Vec<PathBuf>,
}

impl Scripts {
    /// Reads the scripts. Without any, standard input is one, unless it is a terminal: then there
    /// is none.
    ///
    /// # Errors
    /// A file that cannot be read or is no text.
    pub fn read(self) -> Result<Vec<Script>> {
        if self.sources.is_empty() && !std::io::stdin().is_terminal() {
            return Ok(vec![read_file(Path::new(STDIN))?]);
        }
        self.sources.into_iter().map(Source::read).collect()
    }

    /// Whether none of the options was given.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether the prompt is to open after them.
    pub fn stays(&self) -> bool {
        self.stays
    }
}

impl Source {
    fn read(self) -> Result<Script> {
        match self {
            Source::Sql(text) => Ok(Script::inline(text)),
            Source::File(path) => read_file(&path),
        }
    }
}

impl FromArgMatches for Scripts {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let options = Options::from_arg_matches(matches)?;
        let places = |id| matches.indices_of(id).into_iter().flatten();
        let sql = places("sql").zip(options.sql.into_iter().map(Source::Sql));
        let files = places("files").zip(options.files.into_iter().map(Source::File));
        let stays = !options.init.is_empty();
        let init = places("init").zip(options.init.into_iter().map(Source::File));
        let mut sources: Vec<_> = sql.chain(files).chain(init).collect();
        sources.sort_by_key(|(place, _)| *place);
        Ok(Scripts {
            sources: sources.into_iter().map(|(_, source)| source).collect(),
            stays,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Scripts {
    fn augment_args(command: Command) -> Command {
        Options::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Options::augment_args_for_update(command)
    }
}

fn read_file(path: &Path) -> Result<Script> {
    let mut bytes = Vec::new();
    let (name, read) = if path == Path::new(STDIN) {
        let read = std::io::stdin().read_to_end(&mut bytes);
        ("standard input".to_owned(), read.map(|_| bytes))
    } else {
        (path.display().to_string(), std::fs::read(path))
    };
    let bytes = read.map_err(|error| match error.kind() {
        ErrorKind::IsADirectory => Error::usage(format!("{name} is a folder"))
            .hint(format!("run the pipeline in it with: tidemill run {name}")),
        _ => Error::file("read", &name, error),
    })?;
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&name, &error))?;
    // Editors on Windows put a mark in front that is no SQL.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(Script::named(name, text))
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Error {
    let valid = error.utf8_error().valid_up_to();
    let before = &error.as_bytes()[..valid];
    let line = before.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    Error::input("a script must be UTF-8 text")
        .place(Place {
            line,
            ..Place::file(name)
        })
        .hint("save it as UTF-8, or convert it: iconv -f latin1 -t utf8")
}
