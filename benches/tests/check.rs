//! `peers/check.py` sees what differs, and nothing where nothing does.
//!
//! Makes a virtual environment with the pinned DuckDB once, which needs Python with `venv` and the
//! package registry; `TIDEMILL_TEST_SKIP_READERS=1` skips it, as for the readers of the engine.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use serde_json::{Value, json};
use tempfile::TempDir;

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");
const SKIP: &str = "TIDEMILL_TEST_SKIP_READERS";

/// Results in a folder, made by SQL.
struct Lab {
    python: PathBuf,
    folder: TempDir,
}

impl Lab {
    /// `None` where such tests are not wanted.
    fn new() -> Option<Lab> {
        if std::env::var_os(SKIP).is_some_and(|value| value == "1") {
            eprintln!("skipped: {SKIP}=1");
            return None;
        }
        Some(Lab {
            python: environment(),
            folder: TempDir::new().unwrap(),
        })
    }

    /// Writes a file, CSV or Parquet by its name.
    fn write(&self, name: &str, query: &str) {
        let path = self.folder.path().join(name);
        let statement = format!("COPY ({query}) TO '{}'", path.display());
        let script = "import duckdb, sys; duckdb.execute(sys.argv[1])";
        let mut python = Command::new(&self.python);
        assert!(
            python
                .args(["-c", script, &statement])
                .status()
                .unwrap()
                .success()
        );
    }

    /// What is found equal, or what differs.
    fn compare(&self, mut task: Value, names: [&str; 2]) -> Result<String, String> {
        let result = |name| json!({ "name": name, "files": self.folder.path().join(name) });
        task["results"] = names.map(result).into_iter().collect();
        let mut python = Command::new(&self.python);
        python
            .arg(Path::new(PEERS).join("check.py"))
            .arg(task.to_string());
        let output = python.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
        match output.status.success() {
            true => Ok(text(output.stdout)),
            false => Err(text(output.stderr)),
        }
    }
}

/// One test makes the environment, the others wait for it.
fn environment() -> PathBuf {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap();
    let requirements = std::fs::read_to_string(Path::new(PEERS).join("requirements.txt")).unwrap();
    let mut pins = requirements
        .lines()
        .filter(|line| line.starts_with("duckdb=="));
    let pin = pins.next().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(pin);
    let (python, stamp) = (folder.join("bin/python"), folder.join("installed"));
    if !stamp.exists() {
        let create = Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder)
            .status();
        assert!(
            create.unwrap().success(),
            "apt-get install python3-venv, or set {SKIP}=1"
        );
        let install = Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", pin])
            .status();
        assert!(
            install.unwrap().success(),
            "no package registry? set {SKIP}=1"
        );
        std::fs::write(stamp, "").unwrap();
    }
    python
}

const ROWS: &str = "SELECT n AS id, n / 7.0::DOUBLE AS amount, nullif(n % 10, 3)::VARCHAR AS note FROM range(1000) t(n)";

#[test]
fn rows_are_compared_exactly_and_in_any_order() {
    let Some(lab) = Lab::new() else { return };
    lab.write("ours.parquet", ROWS);
    lab.write(
        "same.parquet",
        &format!("SELECT note, amount, id FROM ({ROWS}) ORDER BY amount DESC"),
    );
    lab.write(
        "value.parquet",
        &format!("SELECT id, if(id = 77, nextafter(amount, 0::DOUBLE), amount) AS amount, note FROM ({ROWS})"),
    );
    lab.write(
        "once_more.parquet",
        &format!("({ROWS}) UNION ALL ({ROWS} WHERE n = 5)"),
    );
    lab.write(
        "type.parquet",
        &format!("SELECT * REPLACE (id::INTEGER AS id) FROM ({ROWS})"),
    );
    let compare = |other| {
        lab.compare(
            json!({ "kind": "rows", "proof": "amount" }),
            ["ours.parquet", other],
        )
    };

    assert_eq!(
        compare("same.parquet"),
        Ok("1,000 rows x 3 columns in type and value".to_owned())
    );
    let value = compare("value.parquet").unwrap_err();
    assert!(
        value.contains("- 1 rows, such as (amount, id, note):\n- (11.0, 77, '7')\n+ 1 rows"),
        "{value}"
    );
    let once_more = compare("once_more.parquet").unwrap_err();
    assert!(
        once_more.contains("- 0 rows") && once_more.contains("+ 1 rows"),
        "{once_more}"
    );
    let kind = compare("type.parquet").unwrap_err();
    assert!(
        kind.contains("('id', 'BIGINT')") && kind.contains("('id', 'INTEGER')"),
        "{kind}"
    );
}

const GROUPS: &str =
    "SELECT n AS month, ('C' || n % 3) AS condition, n * 1e6 + 0.1 AS total FROM range(12) t(n)";

#[test]
fn groups_are_compared_by_their_keys_with_a_tolerance() {
    let Some(lab) = Lab::new() else { return };
    lab.write("ours.csv", GROUPS);
    let total =
        |change: &str| format!("SELECT month, condition, {change} AS total FROM ({GROUPS})");
    lab.write("near.parquet", &total("total * (1 + 1e-12)"));
    lab.write(
        "far.parquet",
        &total("if(month = 7, total * (1 + 1e-8), total)"),
    );
    lab.write("null.parquet", &total("if(month = 7, NULL, total)"));
    lab.write(
        "key.parquet",
        &format!("SELECT * REPLACE (if(month = 7, 70, month) AS month) FROM ({GROUPS})"),
    );
    lab.write(
        "fewer.parquet",
        &format!("FROM ({GROUPS}) WHERE month <> 7"),
    );
    let task = json!({
        "kind": "groups",
        "keys": ["month", "condition"],
        "columns": { "month": "BIGINT", "condition": "VARCHAR", "total": "DOUBLE" },
        "tolerance": 1e-9,
        "proof": "total",
    });
    let compare = |other| lab.compare(task.clone(), ["ours.csv", other]);

    assert_eq!(
        compare("near.parquet"),
        Ok("12 groups, numbers to 1e-09".to_owned())
    );
    for (other, groups) in [
        ("far.parquet", 1),
        ("null.parquet", 1),
        ("key.parquet", 2),
        ("fewer.parquet", 1),
    ] {
        let failed = compare(other).unwrap_err();
        assert!(
            failed.contains(&format!("differ: {groups} groups\n- ")),
            "{other}: {failed}"
        );
        assert!(failed.contains("7000000.1"), "{other}: {failed}");
    }
}

const CLUSTERS: &str = "SELECT n::DOUBLE AS bill, n // 100 AS cluster, abs(n % 100 - 49.5) AS distance FROM range(300) t(n)";

#[test]
fn clusters_are_compared_by_who_is_together() {
    let Some(lab) = Lab::new() else { return };
    lab.write("ours.parquet", CLUSTERS);
    let changed = |change: &str| format!("SELECT * REPLACE ({change}) FROM ({CLUSTERS})");
    lab.write(
        "renumbered.parquet",
        &changed("(cluster + 1) % 3 AS cluster"),
    );
    lab.write(
        "moved.parquet",
        &changed("if(bill = 99, 1, cluster) AS cluster"),
    );
    lab.write(
        "farther.parquet",
        &changed("distance * (1 + 1e-8) AS distance"),
    );
    let compare = |other, share| {
        let task = json!({
            "kind": "clusters",
            "features": ["bill"],
            "rank_by": "bill",
            "tolerance": 1e-9,
            "share": share,
        });
        lab.compare(task, ["ours.parquet", other])
    };

    let equal = "clusters of all but 0 of 300 rows, inertia to 1e-09";
    assert_eq!(compare("renumbered.parquet", 0.0), Ok(equal.to_owned()));
    let moved = compare("moved.parquet", 0.001).unwrap_err();
    assert!(
        moved.contains("- (99.0, 1)") && moved.contains("+ (99.0, 2)"),
        "{moved}"
    );
    assert!(compare("moved.parquet", 0.004).is_ok());
    let farther = compare("farther.parquet", 0.0).unwrap_err();
    assert!(farther.contains("inertia"), "{farther}");
}

#[test]
fn a_check_that_cannot_fail_refuses_to_answer() {
    let Some(lab) = Lab::new() else { return };
    lab.write("ours.parquet", "SELECT 1 AS id, 'NaN'::DOUBLE AS amount");
    let task = json!({ "kind": "rows", "proof": "amount" });
    let refused = lab
        .compare(task, ["ours.parquet", "ours.parquet"])
        .unwrap_err();
    assert!(
        refused.contains("the check does not see that one value is another"),
        "{refused}"
    );
}
