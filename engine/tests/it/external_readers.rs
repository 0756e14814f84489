//! DuckDB, Polars, pyarrow, delta-rs for Python and Spark see the rows that our SQL sees.
//!
//! Their scripts in `readers/` make a virtual environment once, beside the other build results, and need
//! Python with `venv` and the package registry for that. Spark reads where there is a JVM.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use tempfile::TempDir;

const SKIP: &str = "TIDEMILL_TEST_SKIP_READERS";
const COMMITS: usize = 150;

#[test]
fn readers_agree_after_each_run() {
    if skipped() {
        return;
    }
    let warehouse = TempDir::new().unwrap();
    let pipeline = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sql/hospital_billing");
    let run = |more: &[&str]| {
        let arguments = ["run", pipeline.to_str().unwrap()]
            .into_iter()
            .chain(more.iter().copied());
        succeeded(tidemill(warehouse.path()).args(arguments));
        check(warehouse.path());
    };
    run(&[]);
    run(&[]);
    run(&["--full-refresh"]);
}

#[test]
fn readers_agree_after_many_commits_to_one_table() {
    if skipped() {
        return;
    }
    let warehouse = TempDir::new().unwrap();
    let mut script = String::from(
        "CREATE TABLE raw.many (id BIGINT, amount DECIMAL(12,2), day DATE, note TEXT)
         PARTITIONED BY (year(day));",
    );
    for id in 0..COMMITS {
        script += &format!(
            "INSERT INTO raw.many (id, amount, day, note) VALUES
             ({id}, {id}.25, DATE '20{:02}-05-01', 'ü {id}'), (-{id}, NULL, NULL, '');",
            id % 7
        );
    }
    succeeded(tidemill(warehouse.path()).args(["-c", &script]));
    check(warehouse.path());
    let log = warehouse.path().join("raw/many/_delta_log");
    let checkpoints = std::fs::read_dir(log).unwrap().flatten().filter(|file| {
        file.file_name()
            .to_string_lossy()
            .ends_with(".checkpoint.parquet")
    });
    assert!(
        checkpoints.count() > 0,
        "150 commits without a checkpoint test less than they should"
    );
}

#[test]
fn readers_agree_after_columns_were_added_and_widened() {
    if skipped() {
        return;
    }
    let warehouse = TempDir::new().unwrap();
    let files = TempDir::new().unwrap();
    let contents = [
        "id,day,amount\n1,2024-01-01,10\n2,2024-02-01,\n",
        "id,day,amount,note\n3,2024-02-02,2.25,a\n4,,,\n",
        "id,day,amount,note,at\n5,2024-03-01T10:11:12,1.125,,2024-03-01T00:00:01.5\n",
        "day,id\n2024-01-05,6\n",
    ];
    for (index, content) in contents.iter().enumerate() {
        let file = files.path().join(format!("{index}.csv"));
        std::fs::write(&file, content).unwrap();
        let load = format!(
            "COPY INTO raw.t FROM '{}' (FORMAT csv, PARTITION_BY (month(day) AS month), ON_DRIFT evolve)",
            file.display()
        );
        succeeded(tidemill(warehouse.path()).args(["-c", &load]));
        check(warehouse.path());
    }
    let query = "ASSERT (SELECT sum(amount) FROM raw.t) = 13.375 AND \
                 (SELECT count(*) FROM raw.t WHERE note IS NULL AND at IS NULL) = 4";
    succeeded(tidemill(warehouse.path()).args(["-c", query]));
}

#[test]
fn readers_agree_on_special_partition_values() {
    if skipped() {
        return;
    }
    let warehouse = TempDir::new().unwrap();
    let values = [
        "'plain'",
        "NULL",
        "'ü'",
        "'東京 🏥'",
        "'a b'",
        "' a '",
        "'a/b'",
        "'a=b'",
        "'50 %'",
        "'%C3%BC'",
        "'it''s'",
        "'\"'",
        "'c:\\d'",
        "'?#&+;,'",
        "'..'",
        "'*'",
        "E'two\nlines'",
        "'{[(<>)]}'",
        "'^`|~!@$'",
    ];
    let rows: Vec<_> = (0..)
        .zip(values)
        .map(|(id, value)| format!("({id}, {value})"))
        .collect();
    let script = format!(
        "CREATE TABLE raw.special (id BIGINT, place TEXT) PARTITIONED BY (place);
         INSERT INTO raw.special VALUES {};",
        rows.join(", ")
    );
    succeeded(tidemill(warehouse.path()).args(["-c", &script]));
    check(warehouse.path());
}

#[test]
fn readers_agree_on_files_that_were_written_for_them() {
    if skipped() {
        return;
    }
    let folder = TempDir::new().unwrap();
    run_script("check_files.py", "--folder", folder.path());
}

fn tidemill(warehouse: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemill"));
    command
        .env_remove("TIDEMILL_SERVING_URL")
        .arg("--warehouse")
        .arg(warehouse);
    command
}

fn check(warehouse: &Path) {
    run_script("check.py", "--warehouse", warehouse);
}

/// One at a time: the first makes the environment that the others use.
fn run_script(script: &str, option: &str, path: &Path) {
    static ENVIRONMENT: Mutex<()> = Mutex::new(());
    let _one = ENVIRONMENT.lock().unwrap();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers");
    let environment = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("readers");
    let mut python = Command::new("python3");
    python
        .arg(scripts.join(script))
        .arg("--venv")
        .arg(environment);
    python
        .arg("--tidemill")
        .arg(env!("CARGO_BIN_EXE_tidemill"))
        .arg(option)
        .arg(path);
    let hint = format!("install Python with venv (apt-get install python3-venv), or set {SKIP}=1");
    let output = python
        .output()
        .unwrap_or_else(|error| panic!("python3 does not start: {error}; {hint}"));
    assert!(output.status.success(), "{}\n{hint}", text(&output));
}

fn succeeded(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn skipped() -> bool {
    let skipped = std::env::var_os(SKIP).is_some_and(|value| value == "1");
    if skipped {
        eprintln!("skipped: {SKIP}=1");
    }
    skipped
}
