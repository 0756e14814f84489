//! `--log-json`: what became of each statement of a script, for programs.
//!
//! ```json
//! {"file":"job.sql","line":3,"column":1,"statement":"INSERT","status":"succeeded","rows":2,"seconds":0.012,"error":null}
//! ```

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::secrets::hide_passwords;
use crate::{Error, Place, Result};

/// The file name that stands for standard error: standard output belongs to the results.
const STDERR: &str = "-";

/// Where the lines go.
pub struct ScriptLog(Option<Box<dyn Write>>);

/// What became of a statement.
pub struct Entry<'e> {
    /// The script, the line and the column at which the statement starts.
    pub place: &'e Place,
    /// What it is called; `None` for what is no statement.
    pub statement: Option<&'static str>,
    /// The rows that it gave or wrote, or what stopped it.
    pub result: std::result::Result<Option<u64>, &'e Error>,
    /// How long it took.
    pub time: Duration,
}

#[derive(Serialize)]
struct Line<'l> {
    file: Option<&'l str>,
    line: u64,
    column: u64,
    statement: Option<&'l str>,
    status: &'l str,
    rows: Option<u64>,
    seconds: f64,
    error: Option<Fault>,
}

#[derive(Serialize)]
struct Fault {
    message: String,
    file: Option<String>,
    line: u64,
    column: u64,
    hint: Option<String>,
    exit_code: u8,
}

impl ScriptLog {
    /// Opens the file anew; without one, nothing is written.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let writer: Option<Box<dyn Write>> = match path {
            None => None,
            Some(path) if path == Path::new(STDERR) => Some(Box::new(std::io::stderr())),
            Some(path) => {
                let file = File::create(path).map_err(|error| Error::file("write", path, error))?;
                Some(Box::new(file))
            }
        };
        Ok(ScriptLog(writer))
    }

    /// Writes a line at once, so that it is there when the process is killed by the next statement.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&mut self, entry: &Entry<'_>) -> Result<()> {
        let Some(writer) = &mut self.0 else {
            return Ok(());
        };
        let (status, rows, error) = match entry.result {
            Ok(rows) => ("succeeded", rows, None),
            Err(error) => ("failed", None, Some(Fault::of(error))),
        };
        let line = Line {
            file: entry.place.file.as_deref(),
            line: entry.place.line,
            column: entry.place.column,
            statement: entry.statement,
            status,
            rows,
            seconds: (entry.time.as_secs_f64() * 1000.0).round() / 1000.0,
            error,
        };
        let unwritable = |error| Error::input("cannot write the log").source(error);
        let text = serde_json::to_string(&line)
            .map_err(|error| Error::internal("cannot write a line of the log").source(error))?;
        writeln!(writer, "{text}").map_err(unwritable)?;
        writer.flush().map_err(unwritable)
    }
}

impl Fault {
    fn of(error: &Error) -> Self {
        let place = error.get_place();
        Fault {
            message: hide_passwords(error.message()),
            file: place.and_then(|place| place.file.clone()),
            line: place.map_or(0, |place| place.line),
            column: place.map_or(0, |place| place.column),
            hint: error.get_hint().map(hide_passwords),
            exit_code: error.kind().exit_code(),
        }
    }
}
