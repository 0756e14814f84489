//! What was typed in earlier sessions, in the user's state folder: `tidemill/history`.
//!
//! Statements name patients and amounts, so the file is readable by its owner only and never lies
//! in a working directory. A statement that holds a password is not kept at all, and nothing is
//! while the user has switched recording off.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};
use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

use super::commands;
use crate::report;
use crate::secrets::holds_password;

const FILE: &str = "tidemill/history";
/// What the line editor knows its format by.
const FIRST_LINE: &str = "#V2\n";

/// What was typed, and where it is kept.
#[derive(Debug, Default)]
pub struct History {
    /// Nowhere once that has failed, or without a home.
    path: Option<PathBuf>,
    recording: bool,
    entries: Vec<String>,
}

impl History {
    /// Loads what earlier sessions have left. Says once if nothing will be kept.
    pub fn open<H: Helper>(editor: &mut Editor<H, FileHistory>, recording: bool) -> Self {
        let mut history = History {
            path: path(),
            recording,
            entries: Vec::new(),
        };
        if let Some(path) = &history.path
            && let Err(error) = prepare(path).and_then(|()| load(editor, path))
        {
            history.give_up(&error);
        }
        history.entries = editor.history().iter().cloned().collect();
        history
    }

    /// Whether what is typed from here on is kept for later sessions.
    pub fn record(&mut self, recording: bool) {
        self.recording = recording;
    }

    /// What was typed, the oldest first.
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// The last thing that was typed and is no command.
    pub fn last_statement(&self) -> Option<&str> {
        let mut entries = self.entries.iter().rev();
        let statement = entries.find(|entry| !commands::looks_like(entry));
        statement.map(String::as_str)
    }

    /// Keeps what was typed, unless it holds a password.
    pub fn add<H: Helper>(&mut self, editor: &mut Editor<H, FileHistory>, typed: &str) {
        if holds_password(typed) || !matches!(editor.add_history_entry(typed), Ok(true)) {
            return;
        }
        self.entries.push(typed.to_owned());
        if !self.recording {
            return;
        }
        if let Some(path) = &self.path
            && let Err(error) = append(path, typed)
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

fn load<H: Helper>(editor: &mut Editor<H, FileHistory>, path: &Path) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    match path.exists() {
        true => editor.load_history(path).map_err(|error| text(&error)),
        false => start(path).map_err(|error| text(&error)),
    }
}

/// An empty file, for its owner only.
fn start(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(FIRST_LINE.as_bytes())
}

/// Adds a line in the format of the line editor. The editor itself would write all that it holds,
/// also what was typed while recording was off.
fn append(path: &Path, typed: &str) -> std::io::Result<()> {
    let line = typed.replace('\\', "\\\\").replace('\n', "\\n");
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(format!("{line}\n").as_bytes())
}
