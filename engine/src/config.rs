//! Settings in layers: default < `tidemill.toml` < `TIDEMILL_*` < flag (< `SET`, see `session.rs`).
//!
//! A setting is declared once, in [`SETTINGS`]; its key in the file, its variable, its flag and
//! its name in `SET` all come from there. Secrets never stand in a configuration: they are
//! referred to as `${NAME}` and looked up in the environment or in a `.env` file beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

pub use crate::connections::ConnectionConfig;
use crate::connections::{DeclaredConnections, located};
use crate::warehouse::Zone;
use crate::{Error, Place, Result};

/// The file that is read from the working directory when `--config` names no other.
pub const FILE_NAME: &str = "tidemill.toml";

/// One setting, declared once.
#[derive(Debug)]
pub struct Setting {
    /// Its name in the file and in `SET`; as a flag with `-` for `_`.
    pub name: &'static str,
    /// The environment variable.
    pub variable: &'static str,
    /// What it does, in a line.
    pub description: &'static str,
}

/// All settings.
pub const SETTINGS: [Setting; 6] = [
    Setting {
        name: "warehouse",
        variable: "TIDEMILL_WAREHOUSE",
        description: "folder that holds the tables (default: ./warehouse)",
    },
    Setting {
        name: "memory_limit",
        variable: "TIDEMILL_MEMORY_LIMIT",
        description: "memory for queries, such as 4GB; beyond it they spill to disk (default: 75 % of the machine's or its cgroup's)",
    },
    Setting {
        name: "threads",
        variable: "TIDEMILL_THREADS",
        description: "threads for queries (default: all cores)",
    },
    Setting {
        name: "spill_folder",
        variable: "TIDEMILL_SPILL_FOLDER",
        description: "folder for what does not fit in memory (default: the system's folder for temporary files)",
    },
    Setting {
        name: "default_zone",
        variable: "TIDEMILL_DEFAULT_ZONE",
        description: "zone of table names without one (default: raw)",
    },
    Setting {
        name: "warn_scan_bytes",
        variable: "TIDEMILL_WARN_SCAN_BYTES",
        description: "a query that reads more bytes of a table, without a condition that leaves out files, says so first; 0 to say nothing (default: 10GB)",
    },
];

/// The default of `warn_scan_bytes`.
pub const WARN_SCAN_BYTES: u64 = 10_000_000_000;

/// Checked settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// Root of the warehouse.
    pub warehouse: PathBuf,
    /// Bytes for queries.
    pub memory_limit: usize,
    /// Threads for queries.
    pub threads: usize,
    /// Where queries spill to.
    pub spill_folder: PathBuf,
    /// Zone of names without one.
    pub default_zone: Zone,
    /// Bytes of a whole table that a query reads without saying so; the greatest number for any.
    pub warn_scan_bytes: u64,
    /// Databases by name, as written; references are not yet looked up.
    pub connections: BTreeMap<String, ConnectionConfig>,
    /// Where references are looked up.
    pub environment: Environment,
    /// Where each setting has its value from, by name.
    pub origins: BTreeMap<&'static str, String>,
}

/// The process's variables, and those of a `.env` file, which yield to them.
#[derive(Clone, Default)]
pub struct Environment {
    file: BTreeMap<String, String>,
}

/// Settings as given on the command line, by name.
pub type Flags = BTreeMap<&'static str, String>;

impl Config {
    /// Reads all layers. `file` is what `--config` names; without it `tidemill.toml` of the
    /// working directory counts, if there is one.
    ///
    /// # Errors
    /// A file that is missing or is not TOML of ours, or a value that its setting cannot take.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Self> {
        let default = Path::new(FILE_NAME);
        let file = file.or_else(|| default.is_file().then_some(default));
        let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
        let (document, connections) = file.map(read_document).transpose()?.unwrap_or_default();
        let environment = Environment::beside(folder)?;
        let value = |name: &str| -> Option<Layered> {
            let setting = SETTINGS.iter().find(|setting| setting.name == name)?;
            let flag = flags
                .get(name)
                .map(|value| Layered::new(value, format!("--{}", name.replace('_', "-"))));
            let variable = || {
                std::env::var(setting.variable)
                    .ok()
                    .map(|value| Layered::new(&value, setting.variable))
            };
            let in_file = || {
                document
                    .settings
                    .get(name)
                    .map(|value| Layered::in_file(value, file, document.lines.get(name)))
            };
            flag.or_else(variable).or_else(in_file)
        };
        let origin = |setting: &Setting| {
            let origin = match value(setting.name) {
                None => "default".to_owned(),
                Some(Layered { origin, .. }) if origin == setting.variable => {
                    format!("environment, {origin}")
                }
                Some(Layered { origin, .. }) => origin,
            };
            (setting.name, origin)
        };
        let origins = SETTINGS.iter().map(origin).collect();
        Ok(Config {
            warehouse: folder_setting(value("warehouse"), folder)
                .unwrap_or_else(|| PathBuf::from("warehouse")),
            memory_limit: value("memory_limit").map_or_else(
                || Ok(default_memory_limit()),
                |value| value.parse_with(parse_bytes),
            )?,
            threads: value("threads").map_or_else(
                || Ok(default_threads()),
                |value| value.parse_with(parse_threads),
            )?,
            spill_folder: folder_setting(value("spill_folder"), folder)
                .unwrap_or_else(std::env::temp_dir),
            default_zone: value("default_zone")
                .map_or(Ok(Zone::Raw), |value| value.parse_with(Zone::from_str))?,
            warn_scan_bytes: value("warn_scan_bytes").map_or(Ok(WARN_SCAN_BYTES), |value| {
                value.parse_with(parse_scan_bytes)
            })?,
            connections,
            environment,
            origins,
        })
    }

    /// The value of a setting as text, whose name is one of [`SETTINGS`].
    pub fn shown(&self, name: &str) -> String {
        match name {
            "warehouse" => self.warehouse.display().to_string(),
            "memory_limit" => format!("{} MB", self.memory_limit / 1_000_000),
            "threads" => self.threads.to_string(),
            "spill_folder" => self.spill_folder.display().to_string(),
            "default_zone" => self.default_zone.name().to_owned(),
            _ => String::new(),
        }
    }
}

impl Environment {
    /// The environment for a configuration in `folder`.
    ///
    /// # Errors
    /// A `.env` file that cannot be read.
    pub fn beside(folder: &Path) -> Result<Self> {
        let path = folder.join(".env");
        if !path.is_file() {
            return Ok(Environment::default());
        }
        let lines = dotenvy::from_path_iter(&path).map_err(|error| unreadable_env(&path, error))?;
        let file = lines
            .collect::<Result<_, _>>()
            .map_err(|error| unreadable_env(&path, error))?;
        Ok(Environment { file })
    }

    /// The value of a variable; an empty one counts as not set.
    pub fn lookup(&self, name: &str) -> Option<String> {
        let value = std::env::var(name)
            .ok()
            .or_else(|| self.file.get(name).cloned());
        value.filter(|value| !value.is_empty())
    }

    /// Where a variable has its value from; `None` if it has none.
    pub fn origin(&self, name: &str) -> Option<&'static str> {
        self.lookup(name)?;
        Some(match std::env::var_os(name) {
            Some(_) => "environment",
            None => ".env",
        })
    }
}

impl Environment {
    /// These variables, and where they are silent, those of `other`.
    #[must_use]
    pub fn or(self, other: Environment) -> Environment {
        let mut file = other.file;
        file.extend(self.file);
        Environment { file }
    }
}

/// The values are secrets: only the names are shown.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.file.keys()).finish()
    }
}

/// A value and the layer that it comes from.
struct Layered {
    value: String,
    origin: String,
}

impl Layered {
    fn new(value: &str, origin: impl Into<String>) -> Self {
        Layered {
            value: value.to_owned(),
            origin: origin.into(),
        }
    }

    fn in_file(value: &toml::Value, file: Option<&Path>, line: Option<&u64>) -> Self {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let place = Place {
            line: line.copied().unwrap_or(0),
            ..Place::file(file.unwrap_or(Path::new(FILE_NAME)))
        };
        let origin = place.to_string();
        Layered {
            value: text,
            origin,
        }
    }

    fn parse_with<T>(&self, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
        parse(&self.value).map_err(|error| error.context(&self.origin))
    }
}

#[derive(Debug, Default, Deserialize)]
struct Document {
    #[serde(default)]
    connections: DeclaredConnections,
    #[serde(flatten)]
    settings: BTreeMap<String, toml::Value>,
    /// On which line each setting stands.
    #[serde(skip)]
    lines: BTreeMap<String, u64>,
}

fn read_document(path: &Path) -> Result<(Document, BTreeMap<String, ConnectionConfig>)> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::file("read", path, error))?;
    let mut document: Document =
        toml::from_str(&text).map_err(|error| toml_error(path, &text, &error))?;
    let connections = located(std::mem::take(&mut document.connections), path, &text);
    document.lines = setting_lines(&text);
    let names = || {
        SETTINGS
            .iter()
            .map(|setting| setting.name)
            .chain(["connections"])
    };
    match document
        .settings
        .keys()
        .find(|key| !names().any(|name| name == key.as_str()))
    {
        None => Ok((document, connections)),
        Some(unknown) => {
            let error =
                Error::input(format!("`{unknown}` is not a setting")).place(Place::file(path));
            Err(match crate::sql::closest(unknown, names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "settings are {}",
                    names().collect::<Vec<_>>().join(", ")
                )),
            })
        }
    }
}

/// The lines of the keys before the first table, which are the settings.
fn setting_lines(text: &str) -> BTreeMap<String, u64> {
    let before_tables = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with('['));
    let key = |(index, line): (usize, &str)| {
        let (key, _) = line.split_once('=')?;
        Some((key.trim().trim_matches('"').to_owned(), index as u64 + 1))
    };
    before_tables.enumerate().filter_map(key).collect()
}

/// An error of the TOML reader with its line and column.
pub fn toml_error(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let mut place = Place::file(path);
    if let Some(span) = error.span() {
        let before = &text[..span.start.min(text.len())];
        place.line = before.matches('\n').count() as u64 + 1;
        place.column = before
            .rsplit('\n')
            .next()
            .map_or(0, |line| line.chars().count()) as u64
            + 1;
        let line = text.lines().nth(place.line as usize - 1);
        place.line_text = line
            .filter(|_| !is_about_connections(before))
            .map(str::to_owned);
    }
    Error::input(error.message().lines().next().unwrap_or_default()).place(place)
}

/// Whether what follows may hold a secret, which no excerpt may show.
fn is_about_connections(before: &str) -> bool {
    let header = before
        .lines()
        .rfind(|line| line.trim_start().starts_with('['));
    let line = before.rsplit('\n').next();
    let mut lines = header.into_iter().chain(line);
    lines.any(|line| line.contains("connections"))
}

fn unreadable_env(path: &Path, error: dotenvy::Error) -> Error {
    // The error of the reader quotes the line, which may hold a secret.
    let what = match error {
        dotenvy::Error::Io(error) => return Error::file("read", path, error),
        _ => "a line is not NAME=value",
    };
    Error::input(what)
        .place(Place::file(path))
        .hint("write one NAME=value a line; quote values with spaces")
}

/// A folder given in a file is relative to that file; one given otherwise, to the working directory.
fn folder_setting(value: Option<Layered>, config_folder: &Path) -> Option<PathBuf> {
    value.map(|value| {
        let in_file = !value.origin.starts_with("--") && !value.origin.starts_with("TIDEMILL_");
        if in_file {
            config_folder.join(value.value)
        } else {
            PathBuf::from(value.value)
        }
    })
}

/// Three quarters of what the machine or the cgroup has: the rest is for what is not accounted.
fn default_memory_limit() -> usize {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let total = system
        .cgroup_limits()
        .map_or(system.total_memory(), |limits| limits.total_memory);
    usize::try_from(total / 4 * 3).unwrap_or(usize::MAX)
}

fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Reads `512MB`, `4 GiB`, `100000`: decimal units count in thousands, binary ones in 1024s.
///
/// # Errors
/// Text that is no such size, or less than 16 MB, with which nothing can run.
pub fn parse_bytes(text: &str) -> Result<usize> {
    let bytes = parse_size(text)?;
    if bytes < 16e6 {
        return Err(
            Error::input(format!("a memory limit of {text} is too small"))
                .hint("give at least 16MB"),
        );
    }
    Ok(bytes as usize)
}

/// Reads the setting `warn_scan_bytes`, of which 0 is any size.
///
/// # Errors
/// Text that is no size.
pub fn parse_scan_bytes(text: &str) -> Result<u64> {
    match parse_size(text)? as u64 {
        0 => Ok(u64::MAX),
        bytes => Ok(bytes),
    }
}

fn parse_size(text: &str) -> Result<f64> {
    let split = text
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => f64::NAN,
    };
    let bytes = number.parse::<f64>().unwrap_or(f64::NAN) * factor;
    if bytes.is_nan() {
        return Err(Error::input(format!("`{text}` is not a size"))
            .hint("write a number and a unit, such as 4GB or 512MiB"));
    }
    Ok(bytes)
}

/// Reads a number of threads.
///
/// # Errors
/// Anything but 1 to 1024.
pub fn parse_threads(text: &str) -> Result<usize> {
    match text.parse() {
        Ok(threads @ 1..=1024) => Ok(threads),
        _ => Err(Error::input(format!("`{text}` is not a number of threads"))
            .hint("give a number from 1 to 1024")),
    }
}
