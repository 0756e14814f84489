//! A warehouse in a folder of its own, and ways to look at it: through the binary, through a session
//! in this process, and past Tidemill, file by file.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use arrow::array::{Array, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::TryStreamExt;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use percent_encoding::percent_decode_str;
use tempfile::TempDir;
use tidemill::Result;
use tidemill::config::{Config, Environment};
use tidemill::execute::{Outcome, Rows, execute};
use tidemill::session::Session;
use tidemill::sql::{Parameters, Script};
use tidemill::warehouse::Zone;

/// What a NULL looks like in a line.
const NULL: &str = "∅";
/// What Hive writes into a path for NULL.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";
/// Rows of the small input.
const SMALL_ROWS: usize = 5_000;

/// A folder with a warehouse in it.
pub struct Lab {
    folder: TempDir,
}

/// What a process left.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Lab {
    /// An empty one.
    pub fn new() -> Lab {
        Lab {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// One in which the shipped pipeline has run once. It runs once per process; each test gets
    /// a copy.
    pub fn finished() -> Lab {
        static FINISHED: OnceLock<Lab> = OnceLock::new();
        let finished = FINISHED.get_or_init(|| {
            let lab = Lab::new();
            lab.run(["run".as_ref(), shipped_pipeline().as_os_str()])
                .succeeded();
            lab
        });
        let lab = Lab::new();
        copy_folder(&finished.warehouse(), &lab.warehouse());
        lab
    }

    /// One with a copy of the shipped pipeline that a test may change, on a small input.
    pub fn with_pipeline() -> Lab {
        let lab = Lab::new();
        let target = lab.pipeline();
        std::fs::create_dir_all(target.join("data")).unwrap();
        for item in std::fs::read_dir(shipped_pipeline()).unwrap() {
            let path = item.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, target.join(path.file_name().unwrap())).unwrap();
            }
        }
        std::fs::write(target.join("data/admissions.csv"), small_input()).unwrap();
        let declaration = target.join("pipeline.toml");
        let text = std::fs::read_to_string(&declaration).unwrap();
        let text = text.replace(
            "data/healthcare_dataset_55500.csv.gz",
            "data/admissions.csv",
        );
        std::fs::write(declaration, text).unwrap();
        lab
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn warehouse(&self) -> PathBuf {
        self.folder.path().join("warehouse")
    }

    /// Where [`Lab::with_pipeline`] puts the pipeline.
    pub fn pipeline(&self) -> PathBuf {
        self.folder.path().join("pipeline")
    }

    pub fn serving_file(&self) -> PathBuf {
        self.warehouse().join("serving.db")
    }

    /// Writes a file of the pipeline.
    pub fn write_step(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.pipeline()).unwrap();
        std::fs::write(self.pipeline().join(name), text).unwrap();
    }

    /// Changes a file of the pipeline.
    pub fn edit_step(&self, name: &str, from: &str, to: &str) {
        let path = self.pipeline().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} does not hold {from}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// The binary on this warehouse, with nothing of the environment that could change what it does.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidemill"));
        let ours = |name: &str| name.starts_with("TIDEMILL_") || name.starts_with("PG");
        for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .arg("--warehouse")
            .arg(self.warehouse())
            .current_dir(self.folder.path())
            .stdin(std::process::Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        self.command(arguments).output().unwrap().into()
    }

    /// Runs the pipeline of [`Lab::with_pipeline`].
    pub fn run_pipeline(&self) -> Ran {
        self.run(["run".as_ref(), self.pipeline().as_os_str()])
    }

    /// A session in this process.
    pub fn session(&self) -> Session {
        Session::open(Config {
            warehouse: self.warehouse(),
            memory_limit: 1 << 30,
            threads: 2,
            spill_folder: self.folder.path().to_owned(),
            default_zone: Zone::Raw,
            warn_scan_bytes: u64::MAX,
            connections: Default::default(),
            environment: Environment::default(),
            origins: std::collections::BTreeMap::new(),
        })
        .unwrap()
    }

    /// Runs statements in a session of their own.
    pub async fn execute(&self, sql: &str) {
        execute_in(&self.session(), sql).await.unwrap();
    }

    /// The rows of a query: values in the order of its columns, parted by `|`.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        let batches = batches_of(&self.session(), sql).await.unwrap();
        batches.iter().flat_map(|batch| lines(batch, &[])).collect()
    }

    /// The only value of a query.
    pub async fn value(&self, sql: &str) -> String {
        let rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "{sql}");
        rows.into_iter().next().unwrap()
    }

    /// All rows of a table as we read it, each as `column=value` in the order of the names, sorted.
    pub async fn table(&self, table: &str) -> Vec<String> {
        let batches = batches_of(&self.session(), &format!("SELECT * FROM {table}"))
            .await
            .unwrap();
        sorted(batches.iter().flat_map(named_lines).collect())
    }

    /// The same, read from the `part-*.parquet` files as if there were no log.
    pub fn plain_table(&self, table: &str) -> Vec<String> {
        let mut rows = Vec::new();
        for file in self.data_files(table) {
            let partition = partition_values(file.strip_prefix(self.table_folder(table)).unwrap());
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap());
            for batch in reader.unwrap().build().unwrap() {
                rows.extend(named_lines_with(&batch.unwrap(), &partition));
            }
        }
        sorted(rows)
    }

    /// All files under a table whose name begins with `part-`, half-written ones, too.
    pub fn data_files(&self, table: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.table_folder(table)];
        while let Some(folder) = folders.pop() {
            for item in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = item.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() && name != "_delta_log" {
                    folders.push(path);
                } else if name.starts_with("part-") {
                    files.push(path);
                }
            }
        }
        files.sort();
        files
    }

    /// Asserts that the data files are exactly the rows of the table; gives the rows. A column that
    /// a file is too old for is NULL.
    pub async fn assert_plain(&self, table: &str) -> Vec<String> {
        let without_nulls = |line: &String| {
            let values = line.split('|').filter(|value| !value.ends_with("=∅"));
            values.collect::<Vec<_>>().join("|")
        };
        let rows = self.table(table).await;
        let ours = sorted(rows.iter().map(without_nulls).collect());
        let plain = sorted(self.plain_table(table).iter().map(without_nulls).collect());
        assert_same_rows(&ours, &plain, &format!("{table}, ours and the files"));
        rows
    }

    /// Names of all tables as `zone.table`, from the folders.
    pub fn tables(&self) -> Vec<String> {
        let zones = ["raw", "cleansed", "curated", "system"];
        let tables = zones.into_iter().flat_map(|zone| {
            let folders = std::fs::read_dir(self.warehouse().join(zone));
            let names = folders.into_iter().flatten().filter_map(move |item| {
                let path = item.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                path.join("_delta_log")
                    .is_dir()
                    .then(|| format!("{zone}.{name}"))
            });
            names.collect::<Vec<_>>()
        });
        sorted(tables.collect())
    }

    /// All rows of a table of the embedded database, sorted, values parted by `|`.
    pub fn served(&self, table: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.serving_file()).unwrap();
        let mut statement = connection
            .prepare(&format!("SELECT * FROM {table}"))
            .unwrap();
        let count = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut lines = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..count)
                .map(|at| sqlite_text(row.get_ref(at).unwrap()))
                .collect();
            lines.push(values.join("|"));
        }
        sorted(lines)
    }

    fn table_folder(&self, table: &str) -> PathBuf {
        self.warehouse().join(table.replace('.', "/"))
    }
}

impl Ran {
    /// Fails with what was printed unless the process succeeded.
    pub fn succeeded(self) -> Ran {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless the process ended with this code.
    pub fn failed_with(self, code: i32) -> Ran {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// Fails unless all of these stand on stderr.
    pub fn says(self, texts: &[&str]) -> Ran {
        for text in texts {
            assert!(
                self.stderr.contains(text),
                "no `{text}` in:\n{}",
                self.stderr
            );
        }
        self
    }

    /// The steps that ran, by the numbers of their files.
    pub fn steps_run(&self) -> Vec<String> {
        self.steps(": done")
    }

    /// The steps that were skipped.
    pub fn steps_skipped(&self) -> Vec<String> {
        self.steps(": unchanged, skipped")
    }

    /// Progress lines look like `[1/8] 10_raw_admissions: done, 55,500 rows, 2.6 s`.
    fn steps(&self, ending: &str) -> Vec<String> {
        let lines = self
            .stderr
            .lines()
            .filter(|line| line.starts_with('[') && line.contains(ending));
        let numbers = lines.filter_map(|line| line.split(' ').nth(1)?.split('_').next());
        numbers.map(str::to_owned).collect()
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// The pipeline of the repository.
pub fn shipped_pipeline() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sql/hospital_billing");
    path.canonicalize().unwrap()
}

/// The text of the hospital's file, unpacked.
pub fn hospital_text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| unpack(&shipped_pipeline().join("data/healthcare_dataset_55500.csv.gz")))
}

/// The text in a packed file.
pub fn unpack(path: &Path) -> String {
    let mut text = String::new();
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
    text
}

/// The header and the first rows of the hospital's file, in which no value has a line break.
fn small_input() -> String {
    let lines: Vec<_> = hospital_text().lines().take(SMALL_ROWS + 1).collect();
    lines.join("\n") + "\n"
}

/// Runs statements; the rows of queries are read and dropped.
pub async fn execute_in(session: &Session, sql: &str) -> Result<()> {
    for parsed in Script::inline(sql).parse(&Parameters::new())? {
        if let Outcome::Rows(rows) = execute(session, parsed.statement).await? {
            rows.try_collect::<Vec<_>>().await?;
        }
    }
    Ok(())
}

/// Starts a query.
pub async fn query_in(session: &Session, sql: &str) -> Result<Rows> {
    let mut statements = Script::inline(sql).parse(&Parameters::new())?;
    match execute(session, statements.remove(0).statement).await? {
        Outcome::Rows(rows) => Ok(rows),
        other => panic!("{sql} gave {other:?}"),
    }
}

async fn batches_of(session: &Session, sql: &str) -> Result<Vec<RecordBatch>> {
    query_in(session, sql).await?.try_collect().await
}

/// Shows where two lists of sorted rows differ rather than all of both.
pub fn assert_same_rows(left: &[String], right: &[String], what: &str) {
    if left == right {
        return;
    }
    let only = |rows: &[String], other: &[String]| -> Vec<String> {
        let other: std::collections::HashSet<_> = other.iter().collect();
        rows.iter()
            .filter(|row| !other.contains(row))
            .take(3)
            .cloned()
            .collect()
    };
    panic!(
        "{what}: {} and {} rows; only left: {:#?}; only right: {:#?}",
        left.len(),
        right.len(),
        only(left, right),
        only(right, left)
    );
}

pub fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort_unstable();
    rows
}

pub fn lines(batch: &RecordBatch, order: &[usize]) -> Vec<String> {
    let options = FormatOptions::default().with_null(NULL);
    let columns: Vec<_> = match order {
        [] => batch.columns().iter().collect(),
        order => order.iter().map(|at| batch.column(*at)).collect(),
    };
    let formatters: Vec<_> = columns
        .into_iter()
        .map(|column| ArrayFormatter::try_new(column as &dyn Array, &options).unwrap())
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let values: Vec<_> = formatters
                .iter()
                .map(|values| values.value(row).to_string())
                .collect();
            values.join("|")
        })
        .collect()
}

fn named_lines(batch: &RecordBatch) -> Vec<String> {
    named_lines_with(batch, &[])
}

/// Rows with the names of the columns, and with columns that the file does not hold.
fn named_lines_with(batch: &RecordBatch, constants: &[(String, String)]) -> Vec<String> {
    let options = FormatOptions::default().with_null(NULL);
    let schema = batch.schema();
    let mut columns: Vec<(String, Option<ArrayFormatter<'_>>, &str)> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            let formatter = ArrayFormatter::try_new(column.as_ref(), &options).unwrap();
            (field.name().clone(), Some(formatter), "")
        })
        .chain(
            constants
                .iter()
                .map(|(name, value)| (name.clone(), None, value.as_str())),
        )
        .collect();
    columns.sort_by(|left, right| left.0.cmp(&right.0));
    (0..batch.num_rows())
        .map(|row| {
            let values = columns
                .iter()
                .map(|(name, formatter, constant)| match formatter {
                    Some(formatter) => format!("{name}={}", formatter.value(row)),
                    None => format!("{name}={constant}"),
                });
            values.collect::<Vec<_>>().join("|")
        })
        .collect()
}

/// `year=2024/month=2/part-..` as names and values.
fn partition_values(path: &Path) -> Vec<(String, String)> {
    let parts = path.parent().into_iter().flat_map(Path::components);
    parts
        .map(|part| {
            let part = part.as_os_str().to_str().unwrap();
            let (name, value) = part.split_once('=').unwrap();
            let value = match value {
                HIVE_NULL => NULL.to_owned(),
                value => percent_decode_str(value)
                    .decode_utf8()
                    .unwrap()
                    .into_owned(),
            };
            (name.to_owned(), value)
        })
        .collect()
}

fn sqlite_text(value: rusqlite::types::ValueRef<'_>) -> String {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => NULL.to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(value) => String::from_utf8_lossy(value).into_owned(),
        ValueRef::Blob(value) => format!("{value:?}"),
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let path = item.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
