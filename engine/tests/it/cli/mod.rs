//! What a user of the command line reads: exit code, stdout and stderr of the real binary.

mod analyze;
mod doctor;
mod errors;
mod help;
mod mistakes;
mod pii;
mod rejects;
mod results;
mod run_flags;
mod script_flags;
mod scripts;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The binary in a folder of its own, without the settings of whoever runs the tests.
pub struct Tidemill {
    folder: TempDir,
}

impl Tidemill {
    pub fn new() -> Self {
        Tidemill {
            folder: TempDir::with_prefix("tidemill-").unwrap(),
        }
    }

    pub fn with_file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.write(name, contents);
        self
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidemill"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .env("XDG_STATE_HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TIDEMILL_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// Exit code, stdout and stderr of one run.
    pub fn run(&self, arguments: &[&str]) -> String {
        self.show(&self.command(arguments).output().unwrap())
    }

    /// Like `run`, with text on standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> String {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        self.show(&child.wait_with_output().unwrap())
    }

    fn show(&self, output: &Output) -> String {
        let text = |bytes: &[u8]| normalised(self.folder.path(), bytes);
        format!(
            "exit code {}\n--- stdout\n{}--- stderr\n{}",
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr)
        )
    }
}

fn normalised(folder: &Path, bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec())
        .unwrap()
        .replace(folder.to_str().unwrap(), "[folder]")
}
