//! What was typed: lines until a statement is complete, or a command.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::{Behavior, Config, DefaultEditor};

use super::command::{self, Command};
use super::history::History;
use crate::sql::{Script, TideDialect};
use crate::{Error, Result, report};

const PROMPT: &str = "tidemill> ";
const CONTINUATION: &str = "     ...> ";
const REMEMBERED_STATEMENTS: usize = 10_000;

/// What the user wants.
#[derive(Debug)]
pub enum Input {
    /// One or more statements, the last one with its semicolon.
    Script(Script),
    /// A command, or something that looks like one.
    Command(Result<Command>),
    /// Ctrl-C where there was nothing to forget.
    Interrupt,
    /// Ctrl-D.
    End,
}

/// The line editor and what it remembers.
pub struct Prompt {
    editor: DefaultEditor,
    history: History,
    /// Whether it was said that some statements are not kept.
    said_left_out: bool,
}

impl Prompt {
    /// Takes the terminal.
    ///
    /// # Errors
    /// A terminal that cannot be used.
    pub fn open() -> Result<Self> {
        // The prompt is no result: it goes to the terminal also when stdout is a file.
        let config = Config::builder().behavior(Behavior::PreferTerm).build();
        let mut editor = DefaultEditor::with_config(config).map_err(unreadable)?;
        editor
            .set_max_history_size(REMEMBERED_STATEMENTS)
            .map_err(unreadable)?;
        let history = History::open(&mut editor);
        Ok(Prompt {
            editor,
            history,
            said_left_out: false,
        })
    }

    /// Reads until something can be done.
    ///
    /// # Errors
    /// A terminal that cannot be read.
    pub fn read(&mut self) -> Result<Input> {
        let mut text = String::new();
        loop {
            let prompt = if text.is_empty() {
                PROMPT
            } else {
                CONTINUATION
            };
            let line = match self.editor.readline(prompt) {
                Ok(line) => line,
                Err(ReadlineError::Interrupted) if text.is_empty() => return Ok(Input::Interrupt),
                Err(ReadlineError::Interrupted) => {
                    text.clear();
                    continue;
                }
                Err(ReadlineError::Eof) => return Ok(Input::End),
                Err(error) => return Err(unreadable(error)),
            };
            if text.is_empty() {
                if line.trim().is_empty() {
                    continue;
                }
                if let Some(command) = command::parse(&line) {
                    return Ok(Input::Command(command));
                }
            }
            text.push_str(&line);
            if is_complete(&text) {
                return Ok(Input::Script(Script::inline(text)));
            }
            text.push('\n');
        }
    }

    /// Keeps a script in the history. One with personal data is left out, which is said once.
    pub fn remember(&mut self, script: &Script, holds_personal_data: bool) {
        if !holds_personal_data {
            self.history.add(&mut self.editor, script.text().trim_end());
        } else if !std::mem::replace(&mut self.said_left_out, true) {
            report::note("statements with values of pii columns are not kept in the history");
        }
    }
}

/// Whether the last statement has its semicolon, outside of strings and comments. Text with an
/// error that no further line can mend counts as complete, so that the error is shown.
fn is_complete(text: &str) -> bool {
    match Tokenizer::new(&TideDialect, text).tokenize() {
        Ok(tokens) => tokens
            .iter()
            .rfind(|token| !matches!(token, Token::Whitespace(_)))
            .is_some_and(|token| *token == Token::SemiColon),
        Err(error) => !["Unterminated", "Unexpected EOF", "Expected close delimiter"]
            .iter()
            .any(|open| error.message.starts_with(open)),
    }
}

fn unreadable(error: ReadlineError) -> Error {
    Error::input("cannot read from the terminal").source(error)
}

#[cfg(test)]
mod tests {
    use super::is_complete;

    #[test]
    fn a_statement_is_complete_with_its_semicolon() {
        for text in [
            "select 1;",
            "select 1; -- done",
            "select 1; /* done */ ",
            "select ';' ;",
            "select $$ ; $$;",
            "select 1; select 2;",
            ";",
        ] {
            assert!(is_complete(text), "{text}");
        }
    }

    #[test]
    fn what_is_open_goes_on_in_the_next_line() {
        for text in [
            "select 1",
            "select 1; select 2",
            "select ';",
            "select \"a;",
            "select $$ ;",
            "select $tag$ ; $$;",
            "/* ;",
            "/* /* */ ;",
            "-- only a comment;",
            "select E'a\\';",
        ] {
            assert!(!is_complete(text), "{text}");
        }
    }
}
