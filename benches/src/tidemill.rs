//! The release binary of this workspace, as users run it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clock::Clock;
use crate::contest::{Contestant, Pass};
use crate::error::{Error, Result};
use crate::machine;
use crate::measure::measure;
use crate::name::Name;
use crate::report::note;

/// The sources of the workspace.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The binary, and how many threads it may use.
#[derive(Debug, Clone)]
pub struct Tidemill {
    /// Name, version and origin. Asked once, before anything runs: a profiler may stand in between.
    pub version: String,
    binary: PathBuf,
    threads: usize,
}

impl Tidemill {
    /// The binary at `path`; without one, the release build of these sources.
    ///
    /// # Errors
    /// A binary that is missing or does not build.
    pub fn find(path: Option<&Path>, target: &Path, threads: usize) -> Result<Self> {
        let (binary, origin) = match path {
            Some(path) => {
                let binary = path
                    .canonicalize()
                    .map_err(|error| Error::file("find", path, error))?;
                (binary, "as given".to_owned())
            }
            None => {
                let commit = machine::commit(Path::new(SOURCES));
                (
                    build(target)?,
                    commit.unwrap_or_else(|| "no commit".to_owned()),
                )
            }
        };
        Ok(Tidemill {
            version: version(&binary, &origin)?,
            binary,
            threads,
        })
    }

    /// The binary in this folder, without arguments and without the settings of whoever runs it.
    pub fn bare(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(folder);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TIDEMILL_") {
                command.env_remove(name);
            }
        }
        command
    }

    /// The binary in this folder with a warehouse and a script; each statement tells its time.
    pub fn script(&self, folder: &Path, warehouse: &Path, script: &str) -> Command {
        let mut command = self.bare(folder);
        command.arg("--warehouse").arg(warehouse);
        command.args(["--threads", &self.threads.to_string()]);
        command.args(["--timer", "--format", "csv", "-c", script]);
        command
    }

    /// Runs a script that only prepares.
    ///
    /// # Errors
    /// A statement that fails.
    pub fn prepare(&self, warehouse: &Path, script: &str) -> Result<()> {
        std::fs::create_dir_all(warehouse)
            .map_err(|error| Error::file("create", warehouse, error))?;
        note(&format!("preparing {}", warehouse.display()));
        measure(&mut self.script(warehouse, warehouse, script)).map(drop)
    }

    /// Takes part with the last statement of a script; a run's folder is where it begins.
    pub fn contestant(
        &self,
        command: impl Fn(&Tidemill, &Path, Pass) -> Command + 'static,
    ) -> Contestant {
        let tidemill = self.clone();
        Contestant {
            name: Name::Tidemill,
            clock: Clock::Tidemill,
            command: Box::new(move |folder, pass| Ok(command(&tidemill, folder, pass))),
        }
    }
}

/// Version, and which sources it was built from where that is known: `Tidemill 0.1.0 (1a2b3c4)`.
fn version(binary: &Path, origin: &str) -> Result<String> {
    let said = machine::first_line(Command::new(binary).arg("--version"));
    let number = said
        .as_deref()
        .and_then(|line| line.split_whitespace().nth(1));
    match number {
        Some(number) => Ok(format!("{} {number} ({origin})", Name::Tidemill)),
        None => Err(Error::new(format!("{} is no tidemill", binary.display()))),
    }
}

fn build(target: &Path) -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    // What `cargo run` tells a program about its package would be news to build scripts, and a
    // reason to build half of the dependencies again.
    let told = std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| is_told_by_cargo(&name.to_string_lossy()));
    told.for_each(|name| {
        command.env_remove(name);
    });
    command
        .current_dir(SOURCES)
        .args(["build", "--release", "--locked"]);
    command.args(["-p", "tidemill", "--target-dir"]).arg(target);
    let built = command.status();
    match built.is_ok_and(|status| status.success()) {
        true => Ok(target.join("release/tidemill")),
        false => Err(Error::new("tidemill does not build").hint("name a binary with --tidemill")),
    }
}

fn is_told_by_cargo(variable: &str) -> bool {
    let of_the_package = [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_CRATE_",
        "CARGO_BIN_",
    ];
    let of_the_call = ["CARGO", "CARGO_PRIMARY_PACKAGE"];
    of_the_call.contains(&variable)
        || of_the_package
            .iter()
            .any(|prefix| variable.starts_with(prefix))
}
