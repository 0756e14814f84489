//! How a line is edited: completion, colours, and when Enter runs it.
//!
//! Everything here looks at the text through the tokenizer of the dialect ([`pieces`]), so that a
//! keyword in a string is no keyword.

mod complete;
mod context;
mod highlight;
mod keywords;
mod names;
mod pieces;

use std::borrow::Cow;
use std::cell::Cell;

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use self::names::Names;
use super::shell::Shell;
use super::split::is_complete;

/// What the line editor asks.
pub struct LineHelper<'r> {
    names: Names<'r>,
    /// Whether there is text in the line, as of its last change.
    typed: Cell<bool>,
    /// The line is about to be run: the bracket at the cursor is not marked any more.
    leaving: Cell<bool>,
}

impl<'r> LineHelper<'r> {
    /// Knows no names yet.
    pub fn new(shell: &Shell<'r>) -> Self {
        LineHelper {
            names: Names::new(&shell.session, shell.runtime),
            typed: Cell::new(false),
            leaving: Cell::new(false),
        }
    }

    /// Looks names up anew when they are needed next.
    pub fn forget_names(&self) {
        self.names.forget();
        self.typed.set(false);
    }

    /// Whether there was text in the line when it was left.
    pub fn something_was_typed(&self) -> bool {
        self.typed.get()
    }
}

impl Helper for LineHelper<'_> {}

impl Completer for LineHelper<'_> {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(complete::complete(&self.names, line, at))
    }
}

impl Hinter for LineHelper<'_> {
    type Hint = String;

    /// No hint; but this is where every change of the line comes by.
    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.typed.set(!line.trim().is_empty());
        None
    }
}

impl Highlighter for LineHelper<'_> {
    fn highlight<'l>(&self, line: &'l str, at: usize) -> Cow<'l, str> {
        let cursor = (!self.leaving.get()).then_some(at);
        Cow::Owned(highlight::highlight(line, cursor))
    }

    fn highlight_char(&self, _: &str, _: usize, kind: CmdKind) -> bool {
        self.leaving.set(kind == CmdKind::ForcedRefresh);
        // A quote changes the colour of all that follows.
        true
    }
}

impl Validator for LineHelper<'_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(match is_complete(context.input()) {
            true => ValidationResult::Valid(None),
            false => ValidationResult::Incomplete,
        })
    }
}
