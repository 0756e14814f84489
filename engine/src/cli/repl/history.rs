//! What was typed in earlier sessions, in the user's state folder: `tidemill/history`.
//!
//! Statements name patients and amounts, so the file is readable by its owner only and never lies
//! in a working directory. A statement that holds a password is not kept at all.

use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};
use rustyline::DefaultEditor;

use crate::report;

const FILE: &str = "tidemill/history";

/// Where statements are kept; nowhere once that has failed.
pub struct History {
    path: Option<PathBuf>,
}

impl History {
    /// Loads what earlier sessions have left. Says once if nothing will be kept.
    pub fn open(editor: &mut DefaultEditor) -> Self {
        let mut history = History { path: path() };
        if let Some(path) = &history.path
            && let Err(error) = prepare(path).and_then(|()| load(editor, path))
        {
            history.give_up(&error);
        }
        history
    }

    /// Keeps a statement, unless it holds a password.
    pub fn add(&mut self, editor: &mut DefaultEditor, statement: &str) {
        if has_password(statement) || !matches!(editor.add_history_entry(statement), Ok(true)) {
            return;
        }
        if let Some(path) = &self.path
            && let Err(error) = editor.append_history(path)
        {
            self.give_up(&error.to_string());
        }
    }

    fn give_up(&mut self, error: &str) {
        if let Some(path) = self.path.take() {
            report::note(&format!(
                "statements will not be remembered: cannot write {}: {error}",
                path.display()
            ));
        }
    }
}

fn path() -> Option<PathBuf> {
    let folders = choose_base_strategy().ok()?;
    let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
    Some(state.join(FILE))
}

/// Makes the folder, for its owner only.
fn prepare(path: &Path) -> Result<(), String> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| error.to_string())
}

fn load(editor: &mut DefaultEditor, path: &Path) -> Result<(), String> {
    if path.exists() {
        editor.load_history(path).map_err(|error| error.to_string())
    } else {
        editor.save_history(path).map_err(|error| error.to_string())
    }
}

/// `scheme://user:password@host`, or `password=..` as the databases' own tools write it.
fn has_password(text: &str) -> bool {
    let in_url = text.match_indices("://").any(|(at, _)| {
        let rest = &text[at + 3..];
        let end = rest
            .find(|char: char| char.is_whitespace() || matches!(char, '\'' | '"'))
            .unwrap_or(rest.len());
        // A password may hold anything, also a slash or another @.
        rest[..end]
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.contains(':'))
    });
    in_url || text.to_lowercase().contains("password=")
}

#[cfg(test)]
mod tests {
    use super::has_password;

    #[test]
    fn statements_with_a_password_are_recognised() {
        for text in [
            "ATTACH 'postgres://me:secret@host/db' AS d;",
            "attach 'postgres://me:se/cr@et@host/db' as d",
            "x 'host=h PASSWORD=secret'",
            "COPY INTO a FROM 's3://ok/'; ATTACH \"mysql://u:p@h\"",
        ] {
            assert!(has_password(text), "{text}");
        }
        for text in [
            "ATTACH 'postgres://me@host:5432/db' AS d",
            "SELECT 'https://example.org/a:b'",
            "SELECT '://' , 'a:b@c'",
            "select password from users",
        ] {
            assert!(!has_password(text), "{text}");
        }
    }
}
