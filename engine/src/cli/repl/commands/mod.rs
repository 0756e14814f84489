//! What can be typed that is no SQL: commands, declared once in [`table`].
//!
//! From that one table come help, completion and dispatch. The names that begin with `\` are those
//! of psql. The other files hold what the commands do.

mod catalogue;
mod display;
mod edit;
mod files;
mod help;
mod past;
mod table;

use super::shell::{Flow, Shell};
use crate::sql::closest;
use crate::{Error, Result};

pub use self::table::COMMANDS;

/// A command, declared once.
pub struct Command {
    /// The first one is shown; the others are what other prompts have taught.
    pub names: &'static [&'static str],
    /// What may follow, as help shows it; what is in brackets may be left out.
    pub arguments: &'static str,
    /// What an argument is completed to.
    pub argument: Argument,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What else is to know, in further lines.
    pub details: &'static str,
    /// How many arguments it takes, at least and at most.
    takes: (usize, usize),
    run: fn(&mut Shell<'_>, &[String]) -> Result<Flow>,
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// Nothing that could be completed.
    Free,
    /// The name of a command.
    Command,
    /// A table or a view.
    Relation,
    /// A format of results.
    Mode,
    /// A path.
    File,
    /// One of these words.
    Words(&'static [&'static str]),
}

/// Words of a switch.
pub const SWITCH: Argument = Argument::Words(&["on", "off"]);

/// Whether a line is meant as a command.
pub fn looks_like(line: &str) -> bool {
    let line = line.trim();
    let mut characters = line.chars();
    match characters.next() {
        Some('.') => characters.next().is_some_and(char::is_alphabetic),
        Some('\\') => true,
        Some(_) => find(line.trim_end_matches(';').trim_end()).is_some(),
        None => false,
    }
}

/// Runs the command of a line.
///
/// # Errors
/// There is no such command, its arguments are wrong, or it fails.
pub fn run(shell: &mut Shell<'_>, line: &str) -> Result<Flow> {
    let (name, arguments) = split(line)?;
    let command = find(&name).ok_or_else(|| unknown(&name))?;
    let (least, most) = command.takes;
    if arguments.len() < least || arguments.len() > most {
        return Err(wrong_arguments(&name, command));
    }
    (command.run)(shell, &arguments)
}

/// The command of a name.
pub fn find(name: &str) -> Option<&'static Command> {
    let name = name.to_lowercase();
    let mut commands = COMMANDS.iter();
    commands.find(|command| command.names.contains(&name.as_str()))
}

/// The name and the arguments of a line. Quotes hold an argument with blanks together; a semicolon
/// at the end is habit.
fn split(line: &str) -> Result<(String, Vec<String>)> {
    let mut words: Vec<String> = Vec::new();
    let mut characters = line.trim().trim_end_matches(';').chars().peekable();
    while let Some(first) = characters.peek().copied() {
        if first.is_whitespace() {
            characters.next();
            continue;
        }
        let mut word = String::new();
        while let Some(char) = characters.next_if(|char| !char.is_whitespace()) {
            if !matches!(char, '\'' | '"') {
                word.push(char);
                continue;
            }
            loop {
                match characters.next() {
                    Some(end) if end == char => break,
                    Some(inner) => word.push(inner),
                    None => {
                        return Err(Error::input(format!("a quote is not closed: {char}{word}"))
                            .hint("close it, or leave it out"));
                    }
                }
            }
        }
        words.push(word);
    }
    let mut words = words.into_iter();
    Ok((words.next().unwrap_or_default(), words.collect()))
}

fn unknown(name: &str) -> Error {
    let error = Error::input(format!("there is no command `{name}`"));
    let names = COMMANDS.iter().flat_map(|command| command.names);
    let like = |known: &&&str| known.starts_with(&name[..1]);
    match closest(name, names.filter(like).copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(".help lists the commands; a statement of SQL starts with a word"),
    }
}

fn wrong_arguments(name: &str, command: &Command) -> Error {
    let error = match command.arguments {
        "" => Error::input(format!("{name} takes no argument")),
        arguments => Error::input(format!("write {name} {arguments}")),
    };
    error.hint(format!(".help {} says more", command.names[0]))
}

/// Reads `on` or `off`; nothing turns the switch over.
fn switch(name: &str, present: bool, arguments: &[String]) -> Result<bool> {
    match arguments.first().map(|word| word.to_lowercase()).as_deref() {
        None => Ok(!present),
        Some("on" | "true" | "1") => Ok(true),
        Some("off" | "false" | "0") => Ok(false),
        Some(other) => Err(Error::input(format!("{name} is on or off, not `{other}`"))
            .hint(format!("write {name} on"))),
    }
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_name_stands_for_one_command() {
        let mut names: Vec<_> = COMMANDS.iter().flat_map(|command| command.names).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn every_command_that_was_promised_is_there() {
        let promised = ".help .tables .schema .mode .timer .read .output .once .pager .edit .last \
             .history .maxrows .nullvalue .echo .bail .save .exit \
             \\d \\dt \\dv \\df \\x \\timing \\i \\o \\e \\q \\? exit quit help";
        for name in promised.split_whitespace() {
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_line_is_a_command_by_its_first_character() {
        for line in [".x", "  .tables raw%", "\\d", "\\?", "exit;", " HELP "] {
            assert!(looks_like(line), "{line}");
        }
        for line in [
            "select 1",
            ".5",
            "exit_codes",
            "",
            "exit now",
            "..",
            "-- .x",
        ] {
            assert!(!looks_like(line), "{line}");
        }
    }

    #[test]
    fn quotes_hold_an_argument_together() {
        let (name, arguments) = split(" .once 'a b.csv' \"\" it\"'\"s ; ").unwrap();
        assert_eq!((name.as_str(), arguments.len()), (".once", 3));
        assert_eq!(arguments, ["a b.csv", "", "it's"]);
        assert!(split(".once 'a").is_err());
    }

    #[test]
    fn a_misspelt_command_is_told_the_right_one() {
        assert_eq!(unknown(".hlep").get_hint(), Some("did you mean `.help`?"));
        assert_eq!(
            unknown("\\timeing").get_hint(),
            Some("did you mean `\\timing`?")
        );
        assert!(
            unknown(".xyzzyx")
                .get_hint()
                .unwrap()
                .starts_with(".help lists")
        );
    }
}
