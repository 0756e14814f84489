//! `kill -9` in a load that sets rows aside, then the same load again: every row is in the table
//! or in `system.rejects`, once, and no reject is there whose load is not.

use std::fmt::Write;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::kill::kill;
use super::lab::{Lab, Ran};

const SEED: u64 = 20_261_122;
const KILLS: usize = 12;
const ROWS: u64 = 60_000;
/// Every so many rows there is a bad one.
const BAD_EVERY: u64 = 3;
const LOAD: &str =
    "COPY INTO raw.t FROM 'rows.csv' (COLUMNS (amount DECIMAL(7,2)), ON_ERROR quarantine)";
const RETRY: &str = "RETRY REJECTS FOR raw.t (COLUMNS (amount DECIMAL(12,2)))";

#[tokio::test]
async fn rejects_of_a_killed_load_are_there_once_or_not_at_all() {
    let time = undisturbed(&[LOAD]);
    let mut random = StdRng::seed_from_u64(SEED);
    for _ in 0..KILLS {
        let lab = lab_with_rows();
        let moment = time.mul_f64(random.gen_range(0.0..1.1));
        kill(lab.command(["-c", LOAD]), moment);
        assert_rejects_have_loads(&lab, &format!("killed {moment:?} into the load")).await;
        lab.run(["-c", LOAD]).succeeded();
        assert_complete(&lab, &format!("loaded again after a kill at {moment:?}")).await;
    }
}

#[tokio::test]
async fn a_folder_that_a_kill_left_empty_goes_with_the_next_load() {
    let lab = lab_with_rows();
    let spools = lab.warehouse().join(".tidemill/rejects/raw.t");
    std::fs::create_dir_all(&spools).unwrap();
    lab.run(["-c", LOAD]).succeeded();
    std::fs::create_dir_all(&spools).unwrap();
    lab.run(["-c", LOAD]).succeeded();
    assert!(!spools.exists());
}

#[test]
fn rejects_are_read_again_in_the_spill_folder() {
    let lab = lab_with_rows();
    lab.run(["-c", LOAD]).succeeded();
    let mut retry = lab.command(["-c", RETRY]);
    retry.env("TMPDIR", lab.folder().join("no_such"));
    retry.env("TIDEMILL_SPILL_FOLDER", lab.folder());
    let retried: Ran = retry.output().unwrap().into();
    retried.succeeded();
}

#[tokio::test]
async fn a_reject_whose_retry_was_killed_is_loaded_once() {
    let time = undisturbed(&[LOAD, RETRY]).saturating_sub(undisturbed(&[LOAD]));
    let mut random = StdRng::seed_from_u64(SEED + 1);
    for _ in 0..KILLS {
        let lab = lab_with_rows();
        lab.run(["-c", LOAD]).succeeded();
        let moment = time.mul_f64(random.gen_range(0.0..1.0));
        kill(lab.command(["-c", RETRY]), moment);
        lab.run(["-c", RETRY]).succeeded();
        let what = format!("retried after a kill at {moment:?}");
        let rows = "SELECT count(*) || ' ' || count(DISTINCT id) FROM raw.t";
        assert_eq!(lab.value(rows).await, format!("{ROWS} {ROWS}"), "{what}");
        let open = "SELECT count(*) FROM system.rejects WHERE retried_by IS NULL";
        assert_eq!(lab.value(open).await, "0", "{what}");
        lab.assert_plain("raw.t").await;
    }
}

fn lab_with_rows() -> Lab {
    let lab = Lab::new();
    let mut text = String::from("id,amount\n");
    for id in 0..ROWS {
        let amount = match id % BAD_EVERY {
            0 => "123456.78",
            _ => "1.25",
        };
        writeln!(text, "{id},{amount}").unwrap();
    }
    std::fs::write(lab.folder().join("rows.csv"), text).unwrap();
    lab
}

fn undisturbed(statements: &[&str]) -> Duration {
    let lab = lab_with_rows();
    let started = Instant::now();
    for statement in statements {
        lab.run(["-c", statement]).succeeded();
    }
    started.elapsed()
}

async fn assert_rejects_have_loads(lab: &Lab, what: &str) {
    let tables = lab.tables();
    if !tables.contains(&"system.rejects".to_owned()) {
        return;
    }
    // The rows of the load are there although system.loads may not say so yet.
    let rejects = lab.value("SELECT count(*) FROM system.rejects").await;
    let rows = lab.value("SELECT count(*) FROM raw.t").await;
    let (all, bad) = (ROWS - ROWS.div_ceil(BAD_EVERY), ROWS.div_ceil(BAD_EVERY));
    assert_eq!(
        (rejects, rows),
        (bad.to_string(), all.to_string()),
        "{what}"
    );
}

async fn assert_complete(lab: &Lab, what: &str) {
    let bad = ROWS.div_ceil(BAD_EVERY);
    for (query, expected) in [
        ("SELECT count(*) FROM raw.t", ROWS - bad),
        ("SELECT count(DISTINCT id) FROM raw.t", ROWS - bad),
        ("SELECT count(*) FROM system.rejects", bad),
        ("SELECT count(DISTINCT line) FROM system.rejects", bad),
        ("SELECT count(*) FROM system.loads", 1),
        (
            "SELECT count(*) FROM system.rejects AS r JOIN system.loads AS l ON r.load_id = l.load_id",
            bad,
        ),
    ] {
        assert_eq!(
            lab.value(query).await,
            expected.to_string(),
            "{what}: {query}"
        );
    }
    lab.assert_plain("raw.t").await;
    lab.assert_plain("system.rejects").await;
    let spools = lab.warehouse().join(".tidemill/rejects/raw.t");
    assert!(
        !spools.exists(),
        "{what}: {} is still there",
        spools.display()
    );
}
