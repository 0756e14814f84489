//! What can be typed at the prompt that is no SQL.

use crate::sql::closest;
use crate::{Error, Result};

/// Something to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Says what can be typed.
    Help,
    /// Shows personal data.
    Unmask,
    /// Leaves.
    Exit,
}

/// A command, declared once: its names and its help.
struct Declaration {
    command: Command,
    /// The first one is shown; the others are what other prompts have taught.
    names: &'static [&'static str],
    description: &'static str,
}

const COMMANDS: [Declaration; 3] = [
    Declaration {
        command: Command::Help,
        names: &[".help", "help", "\\?", "\\h"],
        description: "this help",
    },
    Declaration {
        command: Command::Unmask,
        names: &[".unmask"],
        description: "show the values of pii columns; each such result is recorded in system.audit",
    },
    Declaration {
        command: Command::Exit,
        names: &[".exit", "exit", "quit", ".quit", "\\q"],
        description: "leave; so does Ctrl-D",
    },
];

const KEYS: &str = "\
Ctrl-C   at the prompt: forget what was typed; while a statement runs: cancel it
Ctrl-R   search what was typed earlier
SHOW TABLES; lists the tables and views, DESCRIBE name; the columns of one
SHOW CONNECTIONS; lists the databases, ATTACH 'postgres://user@host/database' AS name; adds one";

/// Recognises a command; `None` is SQL.
pub fn parse(line: &str) -> Option<Result<Command>> {
    let word = line.trim().trim_end_matches(';').trim_end().to_lowercase();
    let known = COMMANDS
        .iter()
        .find(|declaration| declaration.names.contains(&word.as_str()));
    match known {
        Some(declaration) => Some(Ok(declaration.command)),
        None if word.starts_with(['.', '\\']) => Some(Err(unknown(&word))),
        None => None,
    }
}

/// The text of `.help`.
pub fn help() -> String {
    let lines = COMMANDS
        .iter()
        .map(|declaration| format!("{:<8} {}", declaration.names[0], declaration.description));
    let lines: Vec<_> = lines.collect();
    format!("{}\n{KEYS}", lines.join("\n"))
}

fn unknown(word: &str) -> Error {
    let error = Error::input(format!("there is no command `{word}`"));
    let names = COMMANDS.iter().flat_map(|declaration| declaration.names);
    match closest(word, names.copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(".help lists the commands; a statement of SQL starts with a word"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_way_to_leave_leaves() {
        for typed in ["\\q", ".exit", "exit", "quit", " QUIT; ", ".quit"] {
            assert_eq!(parse(typed).unwrap().unwrap(), Command::Exit, "{typed}");
        }
    }

    #[test]
    fn an_unknown_command_is_not_taken_for_sql() {
        let error = parse(".hlep").unwrap().unwrap_err();
        assert_eq!(error.get_hint(), Some("did you mean `.help`?"));
        assert!(parse("\\dt").unwrap().is_err());
        assert!(parse("select 1").is_none());
        assert!(parse("exit_codes").is_none());
    }
}
