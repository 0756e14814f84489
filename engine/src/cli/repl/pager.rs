//! What shows a result that is taller than the screen: `$PAGER`, or `less`.
//!
//! A result waits until it is known not to fit; one that fits is written as it is.

use std::io::{Result, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use unicode_width::UnicodeWidthStr;

use crate::cli::print::Screen;
use crate::cli::runtime::{Lent, Runtime};
use crate::report;

/// Long lines are cut rather than broken, colours stay, and the screen is left as it is.
const LESS_OPTIONS: &str = "-SRFX";
/// What the shell ends with when it finds no such program.
const NOT_FOUND: i32 = 127;
/// The prompt comes below the result.
const LINES_BELOW: usize = 1;

/// Which program, if any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pager {
    /// None: results run through the screen.
    Off,
    /// This one, as a shell would start it.
    Program(String),
}

impl Pager {
    /// What the user's environment asks for.
    pub fn usual() -> Pager {
        match std::env::var("PAGER") {
            Ok(program) if program.trim().is_empty() => Pager::Off,
            Ok(program) => Pager::Program(program),
            Err(_) => Pager::Program(format!("less {LESS_OPTIONS}")),
        }
    }
}

/// Writes to the screen, or to the pager once the screen is full.
pub struct Paged<'s> {
    pager: &'s Pager,
    screen: &'s Screen,
    runtime: &'s Runtime,
    output: &'s mut dyn Write,
    waiting: Vec<u8>,
    lines: usize,
    shown_by: ShownBy<'s>,
}

enum ShownBy<'s> {
    /// Nobody yet.
    Waiting,
    /// The screen itself.
    Screen,
    /// Another program, which has the terminal.
    Program(Child, Option<ChildStdin>, Lent<'s>),
}

impl<'s> Paged<'s> {
    /// Shows nothing yet.
    pub fn new(
        pager: &'s Pager,
        screen: &'s Screen,
        runtime: &'s Runtime,
        output: &'s mut dyn Write,
    ) -> Self {
        Paged {
            pager,
            screen,
            runtime,
            output,
            waiting: Vec::new(),
            lines: 0,
            shown_by: match pager {
                Pager::Off => ShownBy::Screen,
                Pager::Program(_) => ShownBy::Waiting,
            },
        }
    }

    /// Shows what waits, or waits until the user has seen enough.
    pub fn finish(mut self) {
        match &mut self.shown_by {
            ShownBy::Waiting => {
                let _ = self.output.write_all(&self.waiting);
            }
            ShownBy::Screen => {}
            ShownBy::Program(child, input, _lent) => {
                drop(input.take());
                let ended = child.wait();
                if ended.is_ok_and(|status| status.code() == Some(NOT_FOUND)) {
                    let _ = self.output.write_all(&self.waiting);
                    report::note("the pager cannot be started; see .pager");
                }
            }
        }
        // A terminal that went away has nobody to tell.
        let _ = self.output.flush();
    }

    fn count_lines(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for line in text.split_inclusive('\n') {
            let broken = line.trim_end().width().saturating_sub(1) / self.screen.width.max(1);
            self.lines += broken + usize::from(line.ends_with('\n'));
        }
    }

    fn start(&mut self, program: &str) -> Result<()> {
        // An empty write takes the progress line away, before the pager draws.
        let _ = self.output.write(b"")?;
        self.output.flush()?;
        let mut command = Command::new("sh");
        // The shell must outlive a Ctrl-C that is meant for the pager.
        let program = format!("trap : INT; {program}");
        command.args(["-c", &program]).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", LESS_OPTIONS);
        }
        let lent = self.runtime.lend_terminal();
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        self.shown_by = ShownBy::Program(child, input, lent);
        Ok(())
    }
}

impl Write for Paged<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        match &mut self.shown_by {
            ShownBy::Screen => return self.output.write(bytes),
            ShownBy::Program(_, Some(input), _) => return input.write(bytes),
            ShownBy::Program(_, None, _) => return Ok(bytes.len()),
            ShownBy::Waiting => {}
        }
        self.waiting.extend_from_slice(bytes);
        self.count_lines(bytes);
        let Pager::Program(program) = self.pager else {
            return Ok(bytes.len());
        };
        if self.lines + LINES_BELOW < self.screen.height {
            return Ok(bytes.len());
        }
        if self.start(program).is_err() {
            self.shown_by = ShownBy::Screen;
            self.output.write_all(&self.waiting)?;
        } else if let ShownBy::Program(_, Some(input), _) = &mut self.shown_by {
            input.write_all(&self.waiting)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        match &mut self.shown_by {
            ShownBy::Waiting | ShownBy::Program(_, None, _) => Ok(()),
            ShownBy::Screen => self.output.flush(),
            ShownBy::Program(_, Some(input), _) => input.flush(),
        }
    }
}
