//! What was typed in earlier sessions, in the user's state folder: `tidemill/history`.
//!
//! Statements name patients and amounts, so the file is readable by its owner only and never lies
//! in a working directory. A statement that holds a password is not kept at all.

use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};
use rustyline::DefaultEditor;

use crate::report;
use crate::secrets::holds_password;

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
        if holds_password(statement) || !matches!(editor.add_history_entry(statement), Ok(true)) {
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
