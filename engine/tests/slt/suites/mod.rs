//! SQL tests that others have written, run through our entry point: SQLite's `select1` to `select5`, and
//! the files of DataFusion.
//!
//! The files are fetched when the tests run, in a version that is fixed here with its SHA-256, and kept
//! in the target folder; without a network the suite says so and is skipped. `<suite>.failures` beside this file
//! lists every record that fails, with the reason. A record that fails and is not listed fails the
//! test; so does a share of records that pass below what the suite promises.
//!
//! They take ten minutes and more, so they run only where `TIDEMILL_SUITES` is set; else they say that they are
//! skipped. With `TIDEMILL_TEST_BLESS=1` the lists are written anew. `TIDEMILL_SQLITE_TESTS` names a folder
//! that has SQLite's files already.

mod fetch;
mod reasons;
mod scope;
mod show;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use futures::TryStreamExt;
use libtest_mimic::{Failed, Trial};
use sqllogictest::{
    AsyncDB, DBOutput, DefaultColumnType, ExpectedError, QueryExpect, Record, Runner,
    StatementExpect, parse_with_name,
};
use tidemill::execute::{Outcome, execute};
use tidemill::session::Session;
use tidemill::sql::{Parameters, Script};

use super::{Refused, open_session};

/// A suite of others.
#[derive(Clone, Copy)]
struct Suite {
    name: &'static str,
    /// Fetches the files, or says why they cannot be had.
    fetch: fn() -> Result<PathBuf, String>,
    /// The share of records that must pass.
    promised: f64,
    /// Why a record is not run, if it is not.
    scope: fn() -> scope::Scope,
    /// Run for each file before its first record.
    settings: &'static [&'static str],
    /// The text of a file as it is run.
    adapt: fn(&str) -> String,
    show: fn(&RecordBatch) -> Vec<Vec<String>>,
}

const SUITES: [Suite; 2] = [
    Suite {
        name: "sqlite",
        fetch: fetch::sqlite,
        promised: 0.99,
        scope: scope::Scope::everything,
        settings: &[],
        adapt: for_sqlite,
        show: show::for_sqlite,
    },
    Suite {
        name: "datafusion",
        fetch: fetch::datafusion,
        promised: 0.8,
        scope: scope::Scope::of_tables_here,
        settings: &[
            "SET datafusion.execution.time_zone = '+00:00'",
            "SET datafusion.sql_parser.parse_float_as_decimal = false",
            "SET threads = 4",
        ],
        adapt: str::to_owned,
        show: show::for_datafusion,
    },
];

/// A test per suite.
pub fn trials() -> Vec<Trial> {
    let trials = SUITES
        .iter()
        .map(|suite| Trial::test(format!("suites/{}", suite.name), || run(suite)));
    trials.collect()
}

/// SQLite's files have one value a line; and a table of ours has no keys.
fn for_sqlite(text: &str) -> String {
    let text = text.replace(" PRIMARY KEY", "");
    format!("control resultmode valuewise\n\n{text}")
}

struct Failure {
    record: String,
    reason: &'static str,
    what: String,
}

fn run(suite: &Suite) -> Result<(), Failed> {
    if std::env::var_os("TIDEMILL_SUITES").is_none() {
        say(
            suite,
            "is skipped: it takes long; set TIDEMILL_SUITES to run it",
        );
        return Ok(());
    }
    let folder = match (suite.fetch)() {
        Ok(folder) => folder,
        Err(why) => {
            say(suite, &format!("is skipped: {why}"));
            return Ok(());
        }
    };
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    let (mut records, mut failures, mut left_out) = (0, Vec::new(), BTreeMap::new());
    let started = Instant::now();
    for file in &files {
        let name = file.strip_prefix(&folder)?.display().to_string();
        records += run_file(suite, file, &name, &mut failures, &mut left_out)?;
    }
    for (why, records) in &left_out {
        say(suite, &format!("{records} records are not run: {why}"));
    }
    let passed = records - failures.len();
    let share = passed as f64 / records.max(1) as f64;
    let files = files.len();
    let seconds = started.elapsed().as_secs_f64();
    let share_shown = share * 100.0;
    say(
        suite,
        &format!(
            "{passed} of {records} records pass ({share_shown:.2} %), {files} files, {seconds:.0} s"
        ),
    );
    compare(suite, &failures, share)
}

#[expect(clippy::print_stderr, reason = "what was run is part of the result")]
fn say(suite: &Suite, what: &str) {
    eprintln!("suites/{}: {what}", suite.name);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for item in std::fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|kind| kind == "slt" || kind == "test")
        {
            files.push(path);
        }
    }
}

/// Runs the records of a file one by one; gives their number.
fn run_file(
    suite: &Suite,
    file: &Path,
    name: &str,
    failures: &mut Vec<Failure>,
    left_out: &mut BTreeMap<&'static str, usize>,
) -> Result<usize, Failed> {
    let text = (suite.adapt)(&std::fs::read_to_string(file)?);
    let Ok(records) = parse_with_name::<DefaultColumnType>(&text, name) else {
        return Ok(0);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(16 << 20)
        .enable_all()
        .build()?;
    let folder = tempfile::tempdir()?;
    let mut runner = Runner::new(|| {
        let session = open_session(folder.path(), "sqlite:serving.db");
        let suite = *suite;
        async move {
            let mut database = SuiteDatabase {
                session: session?.0,
                show: suite.show,
            };
            for setting in suite.settings {
                database.run(setting).await?;
            }
            Ok(database)
        }
    });
    runner.add_label(suite.name);
    runner.with_normalizer(show::normalized);
    let (mut count, mut scope) = (0, (suite.scope)());
    for record in records {
        let (loc, sql) = match &record {
            Record::Statement { loc, sql, .. } | Record::Query { loc, sql, .. } => (loc, sql),
            Record::Halt { .. } => break,
            _ => {
                let _ = runtime.block_on(runner.run_async(record));
                continue;
            }
        };
        let (line, sql) = (loc.line(), sql.clone());
        if let Some(why) = scope.leaves_out(name, &sql) {
            *left_out.entry(why).or_default() += 1;
            continue;
        }
        let record = with_any_error(record);
        count += 1;
        let limit = std::time::Duration::from_secs(60);
        let ran =
            runtime.block_on(async { tokio::time::timeout(limit, runner.run_async(record)).await });
        let what = match ran {
            Ok(Ok(_)) => continue,
            Ok(Err(error)) => error.display(false).to_string(),
            Err(_) => "takes more than a minute".to_owned(),
        };
        failures.push(Failure {
            record: format!("{name}:{line}"),
            reason: reasons::reason(&sql, &what),
            what,
        });
    }
    Ok(count)
}

/// Errors are worded otherwise here, on purpose: that there is one is what counts.
fn with_any_error(mut record: Record<DefaultColumnType>) -> Record<DefaultColumnType> {
    match &mut record {
        Record::Statement {
            expected: StatementExpect::Error(error),
            ..
        }
        | Record::Query {
            expected: QueryExpect::Error(error),
            ..
        } => *error = ExpectedError::Empty,
        _ => {}
    }
    record
}

/// Compares the failures with those that are listed, or writes the list.
fn compare(suite: &Suite, failures: &[Failure], share: f64) -> Result<(), Failed> {
    let list = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/slt/suites")
        .join(format!("{}.failures", suite.name));
    if let Ok(report) = std::env::var("TIDEMILL_SUITES_REPORT") {
        let mut text = String::new();
        for failure in failures {
            writeln!(
                text,
                "=== {} [{}]\n{}",
                failure.record, failure.reason, failure.what
            )?;
        }
        std::fs::write(format!("{report}.{}", suite.name), text)?;
    }
    if std::env::var_os(super::BLESS).is_some() {
        let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for failure in failures {
            by_reason
                .entry(failure.reason)
                .or_default()
                .push(&failure.record);
        }
        let mut text = String::new();
        for (reason, records) in by_reason {
            writeln!(text, "# {reason} ({} records)", records.len())?;
            records
                .iter()
                .try_for_each(|record| writeln!(text, "{record}"))?;
            text.push('\n');
        }
        std::fs::write(&list, text)?;
        return Ok(());
    }
    let listed = std::fs::read_to_string(&list).unwrap_or_default();
    let listed: std::collections::HashSet<&str> = listed.lines().collect();
    let new: Vec<_> = failures
        .iter()
        .filter(|failure| !listed.contains(failure.record.as_str()))
        .collect();
    if let Some(first) = new.first() {
        let error = format!(
            "{} records fail that are not listed in {}; the first: {}\n{}",
            new.len(),
            list.display(),
            first.record,
            first.what
        );
        return Err(error.into());
    }
    match share >= suite.promised {
        true => Ok(()),
        false => Err(format!("only {:.2} % of the records pass", share * 100.0).into()),
    }
}

struct SuiteDatabase {
    session: Session,
    show: fn(&RecordBatch) -> Vec<Vec<String>>,
}

#[async_trait]
impl AsyncDB for SuiteDatabase {
    type Error = Refused;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Refused> {
        let script = Script::inline(sql);
        let mut output = DBOutput::StatementComplete(0);
        for parsed in script.parse(&Parameters::new())? {
            output = match execute(&self.session, parsed.statement).await? {
                Outcome::Rows(rows) => {
                    let types = vec![DefaultColumnType::Any; rows.schema().fields().len()];
                    let batches: Vec<_> = rows.try_collect().await?;
                    let rows = batches.iter().flat_map(self.show).collect();
                    DBOutput::Rows { types, rows }
                }
                Outcome::Copied(_) => DBOutput::StatementComplete(0),
                Outcome::Done(done) => DBOutput::StatementComplete(done.rows.unwrap_or(0)),
            };
        }
        Ok(output)
    }

    async fn shutdown(&mut self) {}
}
