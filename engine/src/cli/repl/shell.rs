//! The state of the prompt, and the one way in which it runs what was typed, pasted or read.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::commands;
use super::history::History;
use super::last::Last;
use super::output::{Output, Viewer};
use super::pager::Pager;
use super::split::{Item, items};
use crate::cli::print::{Format, Style};
use crate::cli::runtime::Runtime;
use crate::cli::statement;
use crate::pii::holds_values;
use crate::secrets::holds_password;
use crate::session::Session;
use crate::sql::{Parameters, Script, ScriptStatement, Statement};
use crate::{Error, Kind, Place, Result, report};

/// Files that read files that read files: further down it is a circle.
const MAX_DEPTH: usize = 16;
/// What `.save` can write; older statements are forgotten.
const TRANSCRIPT_BYTES: usize = 16 * 1024 * 1024;

/// What commands see and change.
pub struct Shell<'r> {
    /// Where statements run.
    pub session: Arc<Session>,
    /// What they run on.
    pub runtime: &'r Runtime,
    /// What was chosen.
    pub settings: Settings,
    /// Where results go.
    pub output: Output,
    /// The last result.
    pub last: Last,
    /// What was typed, here and earlier.
    pub history: History,
    /// The statements that ran, without those that hold a password.
    pub transcript: Vec<String>,
    /// What the next prompt begins with.
    pub draft: Option<String>,
    parameters: Parameters,
    depth: usize,
}

/// What commands set.
#[derive(Debug)]
pub struct Settings {
    /// How results look.
    pub style: Style,
    /// Whether a statement says how long it took.
    pub timer: bool,
    /// Whether what runs is shown before.
    pub echo: bool,
    /// Whether the first error ends a file or a paste.
    pub bail: bool,
    /// What shows results that are taller than the screen.
    pub pager: Pager,
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// With the next prompt.
    Stay,
    /// The user leaves.
    Leave,
}

impl<'r> Shell<'r> {
    /// A shell in which nothing has run.
    pub fn new(
        session: Arc<Session>,
        runtime: &'r Runtime,
        parameters: Parameters,
        format: Format,
    ) -> Self {
        Shell {
            session,
            runtime,
            settings: Settings {
                style: Style::from(format),
                timer: true,
                echo: false,
                bail: true,
                pager: Pager::usual(),
            },
            output: Output::default(),
            last: Last::default(),
            history: History::default(),
            transcript: Vec::new(),
            draft: None,
            parameters,
            depth: 0,
        }
    }

    /// Runs what was typed or pasted, and reports what went wrong.
    pub fn run_typed(&mut self, text: &str) -> Flow {
        let ran = self.run_items(items(None, text));
        self.report(ran)
    }

    /// Whether what was typed holds values of pii columns, as far as can be known.
    pub fn holds_personal_data(&self, text: &str) -> bool {
        items(None, text).into_iter().any(|item| match item {
            Item::Command(..) => false,
            Item::Sql(script) => {
                let (session, parameters) = (Arc::clone(&self.session), self.parameters.clone());
                let holds = self
                    .runtime
                    .run(async move { Ok(holds_values(&session, &script, &parameters).await) });
                holds.unwrap_or(true)
            }
        })
    }

    /// Runs a file, and reports what went wrong.
    pub fn run_file_and_report(&mut self, path: &Path) -> Flow {
        self.runtime.forget_interrupt();
        let ran = self.run_file(path);
        self.report(ran)
    }

    /// Runs the statements and commands of a file.
    ///
    /// # Errors
    /// A file that cannot be read; with `.bail on` the first error in it.
    pub fn run_file(&mut self, path: &Path) -> Result<Flow> {
        let bytes = std::fs::read(path).map_err(|error| Error::file("read", path, error))?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::input(format!("{} is not UTF-8 text", path.display()))
                .hint("save it as UTF-8, or convert it: iconv -f latin1 -t utf8")
        })?;
        if self.depth == MAX_DEPTH {
            return Err(Error::input(format!("{} reads itself", path.display()))
                .hint("take the .read out of it"));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        self.depth += 1;
        let ran = self.run_items(items(Some(&path.display().to_string()), text));
        self.depth -= 1;
        ran
    }

    /// Runs a statement of a command's own, which is neither timed nor kept.
    ///
    /// # Errors
    /// That of the statement.
    pub fn run_query(&mut self, sql: &str) -> Result<()> {
        let parsed = Script::inline(sql).parse(&Parameters::new())?;
        parsed
            .into_iter()
            .try_for_each(|parsed| self.show(parsed.statement))
            // Its place is in a text that nobody has written.
            .map_err(|error| error.map_place(|_| None))
    }

    /// Shows lines where results go.
    ///
    /// # Errors
    /// An output that cannot be written.
    pub fn show_text(&mut self, text: &str) -> Result<()> {
        let (settings, runtime) = (&self.settings, self.runtime);
        let write = |output: &mut dyn Write| {
            let written = output.write_all(text.as_bytes());
            written.map_err(|error| Error::input("cannot write the result").source(error))
        };
        self.output.write(&settings.pager, runtime, write)
    }

    fn run_items(&mut self, items: Vec<Item>) -> Result<Flow> {
        for item in items {
            let ran = match &item {
                Item::Command(line, number) => self.run_command(line, *number),
                Item::Sql(script) => self.run_script(script).map(|()| Flow::Stay),
            };
            match ran {
                Ok(Flow::Stay) => {}
                Ok(Flow::Leave) => return Ok(Flow::Leave),
                Err(error) => self.tolerate(error)?,
            }
        }
        Ok(Flow::Stay)
    }

    fn run_command(&mut self, line: &str, number: u64) -> Result<Flow> {
        if self.settings.echo {
            report::note(line);
        }
        let ran = commands::run(self, line);
        // At the prompt, the line stands right above.
        match self.depth {
            0 => ran,
            _ => ran.map_err(|error| error.map_place(|place| place.or(Some(Place::at(number, 1))))),
        }
    }

    fn run_script(&mut self, script: &Script) -> Result<()> {
        for parsed in script.parse(&self.parameters)? {
            let ran = self.run_statement(script, &parsed);
            if let Err(error) = ran {
                self.tolerate(error)?;
            }
        }
        Ok(())
    }

    fn run_statement(&mut self, script: &Script, parsed: &ScriptStatement) -> Result<()> {
        if self.settings.echo {
            report::note(&format!("{};", parsed.text));
        }
        let started = Instant::now();
        self.show(parsed.statement.clone()).map_err(|error| {
            let error = match self.depth {
                // A statement that was typed a moment ago need not be shown again, unless a place in it is known.
                0 => parsed.locate_token(error),
                _ => parsed.locate(error),
            };
            script.locate(error)
        })?;
        if self.settings.timer {
            statement::say_time(started);
        }
        self.keep(&parsed.text);
        Ok(())
    }

    fn show(&mut self, statement: Statement) -> Result<()> {
        let mut viewer = Viewer {
            settings: &self.settings,
            output: &mut self.output,
            last: &mut self.last,
            runtime: self.runtime,
        };
        statement::run_for(&mut viewer, &self.session, self.runtime, statement).map(drop)
    }

    fn keep(&mut self, text: &str) {
        if holds_password(text) {
            return;
        }
        self.transcript.push(text.to_owned());
        let mut bytes: usize = self.transcript.iter().map(String::len).sum();
        while bytes > TRANSCRIPT_BYTES {
            bytes -= self.transcript.remove(0).len();
        }
    }

    /// With `.bail off`, an error is reported and the next statement runs. Ctrl-C ends everything.
    fn tolerate(&self, error: Error) -> Result<()> {
        if self.settings.bail || error.kind() == Kind::Interrupted {
            return Err(error);
        }
        report::error(&error);
        Ok(())
    }

    fn report(&self, ran: Result<Flow>) -> Flow {
        ran.unwrap_or_else(|error| {
            report::error(&error);
            if error.kind() == Kind::Interrupted && self.runtime.is_busy() {
                report::note("the query ends in the background; Ctrl-C again leaves tidemill");
            }
            Flow::Stay
        })
    }
}
