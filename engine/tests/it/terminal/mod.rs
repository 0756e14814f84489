//! The prompt as a person at a terminal has it: keys go in, and what counts is what stands on the
//! screen, which is worked out from the escape sequences as a terminal does it.

mod editing;
mod results;
mod stopping;

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

/// Debug builds on busy machines are slow.
const PATIENCE: Duration = Duration::from_secs(60);
const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_R: &str = "\x12";
const ENTER: &str = "\r";
const PROMPT: &str = "tidemill>";

/// Tidemill in a terminal of its own, with a home and a warehouse of its own.
pub struct Terminal {
    folder: TempDir,
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// All that was ever shown, with its escape sequences.
    shown: Vec<u8>,
    _terminal: Box<dyn MasterPty + Send>,
}

/// What is there before the prompt opens.
#[derive(Default)]
pub struct Setting<'s> {
    /// Files by name; `.tidemillrc` runs first.
    pub files: &'s [(&'s str, &'s str)],
    /// Variables.
    pub variables: &'s [(&'s str, &'s str)],
    /// Arguments.
    pub arguments: &'s [&'s str],
    /// Columns of the screen; 0 is 80.
    pub width: u16,
}

impl Terminal {
    /// The prompt, once it is there.
    pub fn open() -> Terminal {
        Terminal::with(&Setting::default())
    }

    /// The same with something prepared.
    pub fn with(setting: &Setting<'_>) -> Terminal {
        Terminal::in_folder(tempfile::tempdir().unwrap(), setting)
    }

    /// Another session in the folder of an earlier one.
    pub fn reopened(self, setting: &Setting<'_>) -> Terminal {
        Terminal::in_folder(self.leave(), setting)
    }

    fn in_folder(folder: TempDir, setting: &Setting<'_>) -> Terminal {
        for (name, text) in setting.files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let size = PtySize {
            rows: 24,
            cols: if setting.width == 0 {
                80
            } else {
                setting.width
            },
            ..PtySize::default()
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair
            .slave
            .spawn_command(command(folder.path(), setting))
            .unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut terminal = Terminal {
            folder,
            child,
            keys: pair.master.take_writer().unwrap(),
            output,
            screen: vt100::Parser::new(size.rows, size.cols, 0),
            shown: Vec::new(),
            _terminal: pair.master,
        };
        terminal.wait_for_prompt();
        terminal
    }

    /// Where the session runs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Types a line and runs it, then waits for the next prompt.
    pub fn run(&mut self, line: &str) -> String {
        self.press("\x0c");
        self.wait_until(&format!("a clear screen before `{line}`"), |screen| {
            screen.trim() == PROMPT
        });
        self.press(line);
        self.press(ENTER);
        self.wait_for_next_prompt()
    }

    /// Pastes text, as a terminal with bracketed paste does.
    pub fn paste(&mut self, text: &str) {
        self.press(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Waits until this stands on the screen; gives the screen.
    pub fn wait_for(&mut self, text: &str) -> String {
        self.wait_until(&format!("`{text}`"), |screen| screen.contains(text))
    }

    /// Waits until the last line is an empty prompt.
    pub fn wait_for_prompt(&mut self) -> String {
        self.wait_until("a prompt", ends_with_prompt)
    }

    /// Waits until an empty prompt stands below something else.
    pub fn wait_for_next_prompt(&mut self) -> String {
        self.wait_until("another prompt", |screen| {
            ends_with_prompt(screen) && screen.lines().count() > 1
        })
    }

    /// What stands on the screen.
    pub fn screen(&self) -> String {
        let screen = self.screen.screen();
        let rows = screen.rows(0, screen.size().1);
        let rows: Vec<_> = rows.map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }

    /// All that was ever written to the terminal.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// Waits for the process; its exit code.
    pub fn wait_for_end(&mut self) -> u32 {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(
                started.elapsed() < PATIENCE,
                "it goes on:\n{}",
                self.screen()
            );
            self.take_output(Duration::from_millis(20));
        }
    }

    /// Leaves with Ctrl-D; the folder stays.
    pub fn leave(mut self) -> TempDir {
        self.press(CTRL_D);
        assert_eq!(self.wait_for_end(), 0, "{}", self.screen());
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Waits until the screen is as it should be; gives the screen.
    pub fn wait_until(&mut self, what: &str, done: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if done(&screen) {
                return screen;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "no {what} on the screen:\n{screen}"
            );
            self.take_output(Duration::from_millis(100));
        }
    }

    /// Presses a key until this stands on the screen: a program that is about to read drops what comes
    /// too early.
    pub fn press_until(&mut self, key: &str, text: &str) {
        let started = Instant::now();
        while !self.screen().contains(text) {
            assert!(
                started.elapsed() < PATIENCE,
                "no `{text}` on the screen:\n{}",
                self.screen()
            );
            self.press(key);
            for _ in 0..10 {
                self.take_output(Duration::from_millis(50));
            }
        }
    }

    fn take_output(&mut self, patience: Duration) {
        match self.output.recv_timeout(patience) {
            Ok(bytes) => {
                self.shown.extend_from_slice(&bytes);
                self.screen.process(&bytes);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(patience),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ends_with_prompt(screen: &str) -> bool {
    screen
        .lines()
        .next_back()
        .is_some_and(|line| line.trim() == PROMPT)
}

fn command(folder: &Path, setting: &Setting<'_>) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tidemill"));
    command.env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder);
    command.env("XDG_STATE_HOME", folder.join("state"));
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    for (name, value) in setting.variables {
        command.env(name, value);
    }
    command.args(setting.arguments);
    command.cwd(folder);
    command
}
