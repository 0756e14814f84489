//! The SQL tests: every `sql/tests/**/*.slt` is one test, named by its path, in a session and a
//! warehouse of its own. `cargo test --test slt -- kmeans` runs those whose path has `kmeans` in it.
//!
//! `$DATA` stands for `sql/tests/data`, `$TEMP` for a folder of the test that is empty at first,
//! `$WAREHOUSE` for its warehouse. Connections (`connection other`) are further sessions on the same warehouse; `serving` in
//! SQL is a SQLite file of the test. A file in `databases/` runs twice, the second time with `serving`
//! in an empty database of a Postgres server; `onlyif postgres` and `skipif sqlite` part what differs. With
//! `TIDEMILL_TEST_BLESS=1` the files are rewritten to say what happened with SQLite, with
//! `TIDEMILL_TEST_BLESS=postgres` with Postgres: read the difference.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says what went wrong by failing"
)]

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use futures::TryStreamExt;
use libtest_mimic::{Arguments, Failed, Trial};
use sqllogictest::{
    AsyncDB, DBOutput, DefaultColumnType, Runner, default_normalizer, default_validator,
    parse_with_name, strict_column_validator,
};
use tidemill::config::{Config, ConnectionConfig, Environment};
use tidemill::execute::{Outcome, execute};
use tidemill::session::Session;
use tidemill::sql::{Parameters, Script};
use tidemill::{report, warehouse::Zone};

#[path = "it/postgres_server.rs"]
#[expect(dead_code, reason = "other tests look at more of the server")]
mod postgres_server;

#[path = "slt/suites/mod.rs"]
mod suites;

use postgres_server::PostgresServer;

const BLESS: &str = "TIDEMILL_TEST_BLESS";
/// The files in this folder run on both databases.
const DATABASES: &str = "databases";

/// What `serving` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Serving {
    Sqlite,
    Postgres,
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sql/tests");
    let root = root.canonicalize().unwrap();
    let mut files = Vec::new();
    collect_files(&root, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no .slt files in {}", root.display());
    let trials = files.into_iter().flat_map(|file| {
        let name = file.strip_prefix(&root).unwrap().with_extension("");
        let bless = std::env::var(BLESS);
        let kinds: &[Serving] = match (name.starts_with(DATABASES), bless.as_deref()) {
            (true, Err(_)) => &[Serving::Sqlite, Serving::Postgres],
            (true, Ok("postgres")) => &[Serving::Postgres],
            _ => &[Serving::Sqlite],
        };
        let data = root.join("data");
        kinds.iter().map(move |serving| {
            let (file, data) = (file.clone(), data.clone());
            let suffix = match serving {
                Serving::Sqlite => "",
                Serving::Postgres => " on Postgres",
            };
            Trial::test(format!("{}{suffix}", name.display()), move || {
                run_file(&file, &data, *serving)
            })
        })
    });
    let trials = trials.chain(suites::trials()).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            collect_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            files.push(path);
        }
    }
}

/// Every file has its own threads, so that one that hangs or panics harms no other.
fn run_file(file: &Path, data: &Path, serving: Serving) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let stands_for = [
        ("$DATA", data.to_owned()),
        ("$TEMP", folder.path().join("files")),
        ("$WAREHOUSE", folder.path().join("warehouse")),
    ]
    .map(|(word, path)| (word, path.display().to_string()));
    std::fs::create_dir(folder.path().join("files"))?;
    let text = stands_for
        .iter()
        .fold(std::fs::read_to_string(file)?, |text, (word, path)| {
            text.replace(word, path)
        });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (url, label) = match serving {
        Serving::Sqlite => ("sqlite:serving.db".to_owned(), "sqlite"),
        Serving::Postgres => (
            runtime.block_on(PostgresServer::shared().create_database()),
            "postgres",
        ),
    };
    let mut runner = Runner::new(|| {
        let session = open_session(folder.path(), &url);
        async move { session }
    });
    runner.with_column_validator(strict_column_validator);
    runner.add_label(label);
    if std::env::var_os(BLESS).is_some() {
        let draft = folder.path().join("draft.slt");
        std::fs::write(&draft, text)?;
        let update = runner.update_test_file(
            &draft,
            " ",
            default_validator,
            default_normalizer,
            strict_column_validator,
        );
        runtime
            .block_on(update)
            .map_err(|error| error.to_string())?;
        let text = stands_for
            .iter()
            .fold(std::fs::read_to_string(&draft)?, |text, (word, path)| {
                text.replace(path, word)
            });
        std::fs::write(file, text)?;
        return Ok(());
    }
    let records = parse_with_name(&text, file.display().to_string())?;
    runtime
        .block_on(runner.run_multi_async(records))
        .map_err(|error| Failed::from(error.display(false).to_string()))
}

fn open_session(folder: &Path, serving: &str) -> Result<Database, Refused> {
    let config = Config {
        warehouse: folder.join("warehouse"),
        memory_limit: 512 << 20,
        threads: 2,
        spill_folder: folder.to_owned(),
        default_zone: Zone::Raw,
        warn_scan_bytes: u64::MAX,
        connections: BTreeMap::from([("serving".to_owned(), ConnectionConfig::url(serving))]),
        environment: Environment::default(),
        origins: std::collections::BTreeMap::new(),
    };
    Session::open(config).map(Database).map_err(Refused::from)
}

/// A session as the runner wants it.
struct Database(Session);

#[async_trait]
impl AsyncDB for Database {
    type Error = Refused;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Refused> {
        let script = Script::inline(sql);
        let mut output = DBOutput::StatementComplete(0);
        for parsed in script.parse(&Parameters::new())? {
            let located = |error| script.locate(parsed.locate(error));
            let outcome = execute(&self.0, parsed.statement.clone()).await;
            output = show(outcome.map_err(located)?).await.map_err(located)?;
        }
        Ok(output)
    }

    async fn shutdown(&mut self) {}
}

async fn show(outcome: Outcome) -> tidemill::Result<DBOutput<DefaultColumnType>> {
    Ok(match outcome {
        Outcome::Rows(rows) => {
            let types = types_of(rows.schema());
            let batches: Vec<_> = rows.try_collect().await?;
            let rows = batches.iter().flat_map(rows_of).collect();
            DBOutput::Rows { types, rows }
        }
        Outcome::Copied(copied) => {
            let batch = tidemill::reconciliation::Copied::to_batch(&copied)?;
            DBOutput::Rows {
                types: types_of(&batch.schema()),
                rows: rows_of(&batch),
            }
        }
        Outcome::Done(done) => DBOutput::StatementComplete(done.rows.unwrap_or(0)),
    })
}

fn types_of(schema: &arrow::datatypes::Schema) -> Vec<DefaultColumnType> {
    schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            number if number.is_integer() => DefaultColumnType::Integer,
            number if number.is_numeric() => DefaultColumnType::FloatingPoint,
            DataType::Null => DefaultColumnType::Any,
            _ => DefaultColumnType::Text,
        })
        .collect()
}

/// Values as one word per column: NULL, `(empty)`, line ends written as `\n`, and `<id>` for the id
/// of a load, which is another one each time.
fn rows_of(batch: &RecordBatch) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap())
        .collect();
    let value = |formatter: &ArrayFormatter<'_>, row| match formatter.value(row).to_string() {
        text if text.is_empty() => "(empty)".to_owned(),
        text => without_ids(&text.replace('\r', "\\r").replace('\n', "\\n")),
    };
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| value(column, row)).collect())
        .collect()
}

fn without_ids(text: &str) -> String {
    const LENGTH: usize = 36;
    let is_id = |word: &str| {
        word.char_indices().all(|(at, char)| match at {
            8 | 13 | 18 | 23 => char == '-',
            _ => char.is_ascii_hexdigit(),
        })
    };
    let at = (0..text.len().saturating_sub(LENGTH - 1))
        .find(|at| text.get(*at..at + LENGTH).is_some_and(is_id));
    match at {
        Some(at) => format!("{}<id>{}", &text[..at], without_ids(&text[at + LENGTH..])),
        None => text.to_owned(),
    }
}

/// An error as a person reads it: message, place and hint. The excerpt is left out, as a pattern of a
/// word of the statement would always match it.
#[derive(Debug)]
struct Refused(String);

impl From<tidemill::Error> for Refused {
    fn from(error: tidemill::Error) -> Self {
        let is_excerpt = |line: &&str| {
            let line = line.trim_start();
            line.trim_start_matches(|char: char| char.is_ascii_digit())
                .trim_start()
                .starts_with('|')
        };
        let text = report::render(&error, false);
        let lines: Vec<&str> = text.lines().filter(|line| !is_excerpt(line)).collect();
        Refused(lines.join("\n"))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}
