//! What was typed: text that is complete, or the wish to stop.

use rustyline::config::BellStyle;
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Behavior, ColorMode, CompletionType, Config, Editor};

use super::history::History;
use super::line::LineHelper;
use super::shell::Shell;
use crate::cli::print::colours_allowed;
use crate::{Error, Result, report};

const PROMPT: &str = "tidemill> ";
const BOLD_PROMPT: &str = "\x1b[1mtidemill>\x1b[0m ";
const REMEMBERED_STATEMENTS: usize = 10_000;

/// What the user wants.
#[derive(Debug)]
pub enum Input {
    /// Statements and commands, all of them complete.
    Text(String),
    /// Ctrl-C where there was nothing to forget.
    Interrupt,
    /// Ctrl-D.
    End,
}

/// The line editor.
pub struct Prompt<'r> {
    editor: Editor<LineHelper<'r>, FileHistory>,
    /// Whether it was said that some statements are not kept.
    said_left_out: bool,
}

impl<'r> Prompt<'r> {
    /// Takes the terminal, and gives the shell the history.
    ///
    /// # Errors
    /// A terminal that cannot be used.
    pub fn open(shell: &mut Shell<'r>, remember: bool) -> Result<Self> {
        let colours = match colours_allowed() {
            true => ColorMode::Enabled,
            false => ColorMode::Disabled,
        };
        let config = Config::builder()
            // The prompt is no result: it goes to the terminal also when stdout is a file.
            .behavior(Behavior::PreferTerm)
            .color_mode(colours)
            .completion_type(CompletionType::List)
            .completion_show_all_if_ambiguous(true)
            .bell_style(BellStyle::None)
            .max_history_size(REMEMBERED_STATEMENTS)
            .map_err(unreadable)?
            .build();
        let mut editor = Editor::with_config(config).map_err(unreadable)?;
        editor.set_helper(Some(LineHelper::new(shell)));
        shell.history = History::open(&mut editor, remember);
        Ok(Prompt {
            editor,
            said_left_out: false,
        })
    }

    /// Reads until something can be done.
    ///
    /// # Errors
    /// A terminal that cannot be read.
    pub fn read(&mut self, shell: &mut Shell<'r>) -> Result<Input> {
        if let Some(helper) = self.editor.helper() {
            // What ran may have made tables.
            helper.forget_names();
        }
        loop {
            let draft = shell.draft.take().unwrap_or_default();
            let prompt = (PROMPT, BOLD_PROMPT);
            let text = match self.editor.readline_with_initial(&prompt, (&draft, "")) {
                Ok(text) => text,
                Err(ReadlineError::Interrupted) if self.something_was_typed() => continue,
                Err(ReadlineError::Interrupted) => return Ok(Input::Interrupt),
                Err(ReadlineError::Eof) => return Ok(Input::End),
                Err(error) => return Err(unreadable(error)),
            };
            if !text.trim().is_empty() {
                self.remember(shell, text.trim_end());
                return Ok(Input::Text(text));
            }
        }
    }

    /// Keeps what was typed in the history. Personal data is left out, which is said once.
    fn remember(&mut self, shell: &mut Shell<'r>, typed: &str) {
        if !shell.holds_personal_data(typed) {
            shell.history.add(&mut self.editor, typed);
        } else if !std::mem::replace(&mut self.said_left_out, true) {
            report::note("statements with values of pii columns are not kept in the history");
        }
    }

    fn something_was_typed(&self) -> bool {
        self.editor
            .helper()
            .is_some_and(LineHelper::something_was_typed)
    }
}

fn unreadable(error: ReadlineError) -> Error {
    Error::input("cannot read from the terminal").source(error)
}
