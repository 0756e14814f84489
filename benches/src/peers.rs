//! The programs beside Tidemill: where they are, in which version, or why they are not here.
//!
//! Python packages are pinned in `peers/requirements.txt` and live in a virtual environment that is
//! made when it is first asked for. What a machine may lack (a JVM, `sqlite3`) is no failure: the
//! reason stands in the table instead of the figures.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::contest::{Contestant, Pass};
use crate::machine::first_line;
use crate::measure::measure;
use crate::name::Name;
use crate::report::note;

const REQUIREMENTS: &str = include_str!("../peers/requirements.txt");
const LOCKED: &str = include_str!("../../Cargo.lock");
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
const STAMP: &str = "requirements.installed";
const DEBIAN_WRAPPER: &str = "pg_wrapper";
const DEBIAN_VERSIONS: &str = "/usr/lib/postgresql";

/// The file or folder, in the folder of a run, that a contestant writes.
pub const OUTPUT: &str = "output";

/// Why one is not here, for the table.
pub type Absence = String;

/// Where the peers are.
#[derive(Clone)]
pub struct Peers {
    environment: PathBuf,
    python: OnceCell<Result<PathBuf, Absence>>,
    threads: usize,
}

impl Peers {
    /// Peers that use so many threads, with their virtual environment in this folder.
    pub fn new(environment: PathBuf, threads: usize) -> Self {
        Peers {
            environment,
            python: OnceCell::new(),
            threads,
        }
    }

    /// Python of the virtual environment.
    pub fn python(&self) -> Result<&Path, Absence> {
        let python = self.python.get_or_init(|| prepare(&self.environment));
        python.as_deref().map_err(Clone::clone)
    }

    /// A contestant that is a script of `peers/`; `task` is what it is asked to do. It writes into
    /// [`OUTPUT`], and what does not fit in memory beside it.
    pub fn driver(
        &self,
        name: Name,
        script: &'static str,
        task: Value,
    ) -> Result<Contestant, Absence> {
        let python = self.python()?.to_owned();
        if name == Name::Spark {
            java()?;
        }
        let threads = self.threads;
        Ok(Contestant {
            name,
            clock: Clock::Driver,
            command: Box::new(move |folder, pass| {
                let mut task = task.clone();
                task["output"] = json!(folder.join(OUTPUT));
                task["spill"] = json!(folder.join("spill"));
                task["keep"] = (pass == Pass::Checked).into();
                Ok(drive(&python, script, threads, task))
            }),
        })
    }

    /// A script that is no contestant: it prepares or checks.
    pub fn helper(&self, script: &str, task: Value) -> Result<Command, Absence> {
        Ok(drive(self.python()?, script, self.threads, task))
    }

    /// The shell of DuckDB, without the Python script that the package puts in front of it.
    pub fn duckdb_shell(&self) -> Result<PathBuf, Absence> {
        let mut python = Command::new(self.python()?);
        let find = "import duckdb_cli; print(duckdb_cli.__path__[0])";
        let folder = first_line(python.args(["-c", find]));
        let shell = folder.map(|folder| Path::new(&folder).join("duckdb"));
        shell
            .filter(|shell| shell.exists())
            .ok_or_else(|| "the package has no shell for this machine".to_owned())
    }
}

/// A program of the machine; `None` when PATH does not have it.
pub fn on_path(program: &str) -> Result<PathBuf, Absence> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{program} is not on PATH"))
}

/// The shell of Postgres itself. What Debian has on PATH is a script that looks for it, which takes
/// longer than a short statement.
pub fn psql() -> Result<PathBuf, Absence> {
    let found = on_path("psql")?;
    let real = found.canonicalize().map_err(|error| error.to_string())?;
    if !real.ends_with(DEBIAN_WRAPPER) {
        return Ok(found);
    }
    let versions = Path::new(DEBIAN_VERSIONS).read_dir();
    let number = |folder: &Path| -> Option<u32> { folder.file_name()?.to_str()?.parse().ok() };
    versions
        .map_err(|error| format!("{DEBIAN_VERSIONS}: {error}"))?
        .flatten()
        .map(|version| version.path())
        .filter(|version| version.join("bin/psql").is_file())
        .max_by_key(|version| number(version))
        .map(|version| version.join("bin/psql"))
        .ok_or_else(|| format!("no psql in {DEBIAN_VERSIONS}"))
}

/// Which version of a contestant runs here, as `DuckDB 2.0.0`; `None` for Tidemill, whose version is
/// not among the peers, and for what has none.
pub fn version(name: Name) -> Option<String> {
    let version = match name {
        Name::Tidemill | Name::EmptyProcess => None,
        Name::DuckDb => pinned("duckdb"),
        Name::DuckDbShell => pinned("duckdb-cli"),
        Name::Polars => pinned("polars"),
        Name::Spark => pinned("pyspark").map(|version| match java() {
            Ok(java) => format!("{version} ({java})"),
            Err(_) => version,
        }),
        Name::ScikitLearn | Name::ScikitLearnElkan => pinned("scikit-learn"),
        Name::Linfa => locked("linfa-clustering"),
        Name::Adbc => pinned("adbc-driver-postgresql"),
        Name::Psql => psql().ok().and_then(|psql| told(psql, 2)),
        Name::Sqlite => told("sqlite3", 0),
        Name::DataFusion => told("datafusion-cli", 1),
    };
    version.map(|version| format!("{name} {version}"))
}

/// The word at this place of what a program says of its version.
fn told(program: impl AsRef<OsStr>, word: usize) -> Option<String> {
    let line = first_line(Command::new(program).arg("--version"))?;
    line.split_whitespace().nth(word).map(str::to_owned)
}

fn pinned(package: &str) -> Option<String> {
    let pins = REQUIREMENTS
        .lines()
        .filter_map(|line| line.split_once("=="));
    let mut versions = pins.filter(|(name, _)| *name == package);
    versions
        .next()
        .map(|(_, version)| version.trim().to_owned())
}

fn locked(package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = LOCKED.lines().skip_while(|line| *line != name);
    let version = lines.nth(1)?.strip_prefix("version = ")?;
    Some(version.trim_matches('"').to_owned())
}

/// The version of the JVM, as `Java 17.0.15`.
pub fn java() -> Result<String, Absence> {
    let program = match std::env::var_os("JAVA_HOME") {
        Some(home) => Path::new(&home).join("bin/java"),
        None => PathBuf::from("java"),
    };
    let line = first_line(Command::new(program).arg("--version"));
    let version = line.and_then(|line| line.split_whitespace().nth(1).map(str::to_owned));
    version
        .map(|version| format!("Java {version}"))
        .ok_or_else(|| "no JVM here".to_owned())
}

fn drive(python: &Path, script: &str, threads: usize, mut task: Value) -> Command {
    task["threads"] = threads.into();
    let mut command = Command::new(python);
    command
        .arg(Path::new(SCRIPTS).join(script))
        .arg(task.to_string());
    for variable in [
        "POLARS_MAX_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
    ] {
        command.env(variable, threads.to_string());
    }
    // The folder of the scripts belongs to the sources.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Makes the virtual environment where there is none or its packages are not the pinned ones.
fn prepare(environment: &Path) -> Result<PathBuf, Absence> {
    let python = environment.join("bin/python");
    let stamp = environment.join(STAMP);
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(python);
    }
    note("making the virtual environment of the peers");
    let requirements = Path::new(SCRIPTS).join("requirements.txt");
    let mut create = Command::new("python3");
    create.args(["-m", "venv", "--clear"]).arg(environment);
    let mut install = Command::new(&python);
    install
        .args(["-m", "pip", "install", "--quiet", "--requirement"])
        .arg(requirements);
    for command in [&mut create, &mut install] {
        measure(command).map_err(|error| {
            note(&error.to_string());
            "no virtual environment: see what was said".to_owned()
        })?;
    }
    std::fs::write(&stamp, REQUIREMENTS).map_err(|error| error.to_string())?;
    Ok(python)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_package_is_pinned_and_has_a_version() {
        for line in REQUIREMENTS.lines() {
            assert!(line.contains("=="), "{line}");
        }
        let packages = [
            Name::DuckDb,
            Name::DuckDbShell,
            Name::Polars,
            Name::Spark,
            Name::ScikitLearn,
            Name::Linfa,
            Name::Adbc,
        ];
        for name in packages {
            let version = version(name).unwrap();
            assert!(version.contains('.'), "{version}");
        }
    }

    #[test]
    fn keys_tell_contestants_apart() {
        let mut keys: Vec<_> = Name::value_variants()
            .iter()
            .map(|name| name.key())
            .collect();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), Name::value_variants().len());
    }
}
