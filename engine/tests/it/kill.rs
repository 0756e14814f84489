//! `kill -9` at any moment, then the same command again: the same rows everywhere, none twice.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::lab::{Lab, assert_same_rows, sorted};

const SEED: u64 = 20_261_121;
const FIRST_RUNS: usize = 12;
const LOADS: usize = 50;
/// Rows of a file that is loaded again and again.
const ROWS_OF_LOAD: usize = 3_000;
const FULL_REFRESHES: usize = 8;
const TABLES: [&str; 2] = ["raw.admissions", "curated.billing_clusters"];
const VIEWS: [&str; 4] = [
    "cleansed.admissions",
    "curated.monthly_billing",
    "curated.daily_billing",
    "curated.quarterly_billing",
];
const SERVED: [&str; 2] = ["monthly_billing", "billing_clusters"];

/// Everything that a run makes, in an order of its own.
#[derive(PartialEq)]
struct Rows(Vec<(String, Vec<String>)>);

impl Rows {
    /// Also asserts that the files alone say the same as our SQL.
    async fn of(lab: &Lab) -> Rows {
        let mut rows = Vec::new();
        for table in TABLES {
            rows.push((table.to_owned(), lab.assert_plain(table).await));
        }
        for table in ["system.loads", "system.runs", "system.steps"] {
            lab.assert_plain(table).await;
        }
        for view in VIEWS {
            rows.push((view.to_owned(), lab.table(view).await));
        }
        for table in SERVED {
            rows.push((format!("served {table}"), lab.served(table)));
        }
        Rows(rows)
    }

    fn assert_same(&self, other: &Rows, what: &str) {
        for ((name, ours), (_, theirs)) in self.0.iter().zip(&other.0) {
            assert_same_rows(ours, theirs, &format!("{name}, {what}"));
        }
    }
}

#[tokio::test]
async fn killed_at_random_moments_of_a_first_run() {
    let (undisturbed, time) = undisturbed().await;
    for moment in moments(SEED, FIRST_RUNS, time) {
        let lab = Lab::with_pipeline();
        kill_after(&lab, &[], moment);
        recovers(
            &lab,
            &undisturbed,
            &format!("killed {moment:?} into a first run"),
        )
        .await;
    }
}

#[tokio::test]
async fn killed_at_random_moments_of_a_full_refresh() {
    let (undisturbed, time) = undisturbed().await;
    let lab = Lab::with_pipeline();
    lab.run_pipeline().succeeded();
    for moment in moments(SEED + 1, FULL_REFRESHES, time) {
        kill_after(&lab, &["--full-refresh"], moment);
        recovers(
            &lab,
            &undisturbed,
            &format!("killed {moment:?} into a full refresh"),
        )
        .await;
    }
}

/// A file that changes before every load, and takes the place of its former rows.
#[tokio::test]
async fn killed_at_random_moments_of_a_load() {
    let lab = Lab::new();
    let load = |content: usize| {
        write_content(&lab, content);
        let options = "PARTITION_BY (day), ON_CHANGE replace, DEDUPLICATE";
        let options = format!("FORMAT csv, COLUMNS (day DATE), {options}");
        let arguments = [
            "-c".to_owned(),
            format!("COPY INTO raw.t FROM 'data.csv' ({options})"),
        ];
        lab.command(arguments)
    };
    let time = (0..3).map(|content| {
        let started = Instant::now();
        let output = load(content).output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        started.elapsed()
    });
    let time = time.max().unwrap();
    for (content, moment) in (3..).zip(moments(SEED + 2, LOADS, time)) {
        let what = format!("killed {moment:?} into load {content}");
        kill(load(content), moment);
        let output = load(content).output().unwrap();
        assert!(
            output.status.success(),
            "{what}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let rows = lab.assert_plain("raw.t").await;
        assert_eq!(rows.len(), ROWS_OF_LOAD, "{what}");
        let counted = format!(
            "SELECT count(*) || ' ' || count(DISTINCT id) FROM raw.t WHERE content = {content}"
        );
        let all = format!("{ROWS_OF_LOAD} {ROWS_OF_LOAD}");
        assert_eq!(lab.value(&counted).await, all, "{what}");
        let recorded = "SELECT count(*) || ' ' || count(DISTINCT content_hash) FROM system.loads";
        let once = content + 1;
        assert_eq!(
            lab.value(recorded).await,
            format!("{once} {once}"),
            "{what}"
        );
    }
}

fn write_content(lab: &Lab, content: usize) {
    let lines = (0..ROWS_OF_LOAD).map(|id| {
        let day = if id % 7 == 0 {
            String::new()
        } else {
            format!("2024-0{}-01", 1 + id % 7)
        };
        format!("{id},{content},{day}\n")
    });
    let text = format!("id,content,day\n{}", lines.collect::<String>());
    std::fs::write(lab.folder().join("data.csv"), text).unwrap();
}

/// The moment between a commit and the removal of what it replaced is too short to hit by chance:
/// here the files that such a kill leaves are laid by hand.
#[tokio::test]
async fn replaced_files_that_a_killed_refresh_left_go_with_the_next_run() {
    let (undisturbed, _) = undisturbed().await;
    let lab = Lab::with_pipeline();
    lab.run_pipeline().succeeded();
    let pipeline = lab.pipeline();
    let mut child = lab
        .command([
            "run".as_ref(),
            pipeline.as_os_str(),
            "--full-refresh".as_ref(),
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first_step = String::new();
    BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut first_step)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    for table in TABLES {
        let file = lab.data_files(table).remove(0);
        std::fs::copy(&file, file.with_file_name("part-99999-left.zstd.parquet")).unwrap();
    }
    recovers(&lab, &undisturbed, &format!("killed after {first_step}")).await;
}

/// A run after the kill gives the rows of a run that nobody disturbed, and every run has an end.
async fn recovers(lab: &Lab, undisturbed: &Rows, what: &str) {
    lab.run_pipeline().succeeded();
    Rows::of(lab).await.assert_same(undisturbed, what);
    assert_eq!(
        lab.value("SELECT count(*) FROM system.loads").await,
        "1",
        "{what}"
    );
    let running =
        "SELECT count(*) FROM system.runs WHERE status NOT IN ('succeeded', 'interrupted')";
    assert_eq!(lab.value(running).await, "0", "{what}");
}

async fn undisturbed() -> (Rows, Duration) {
    let lab = Lab::with_pipeline();
    let started = Instant::now();
    lab.run_pipeline().succeeded();
    let time = started.elapsed();
    (Rows::of(&lab).await, time)
}

/// Moments spread over the time that a run takes.
pub fn moments(seed: u64, count: usize, time: Duration) -> Vec<Duration> {
    let mut random = StdRng::seed_from_u64(seed);
    let whole = u64::try_from(time.as_micros()).unwrap();
    sorted(
        (0..count)
            .map(|_| format!("{:012}", random.gen_range(0..whole)))
            .collect(),
    )
    .iter()
    .map(|moment| Duration::from_micros(moment.parse().unwrap()))
    .collect()
}

fn kill_after(lab: &Lab, flags: &[&str], moment: Duration) {
    let pipeline = lab.pipeline();
    let arguments = ["run".as_ref(), pipeline.as_os_str()]
        .into_iter()
        .chain(flags.iter().map(|flag| flag.as_ref()));
    kill(lab.command(arguments), moment);
}

pub fn kill(mut command: Command, moment: Duration) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(moment);
    // On Unix this is SIGKILL: nothing of the process runs afterwards.
    child.kill().unwrap();
    child.wait().unwrap();
}
