//! Landing what is new in a table of a database: nothing lost, nothing twice, whenever rows come
//! and whenever the load is killed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::attached::Attached;
use crate::kill::{kill, moments};
use crate::lab::{assert_same_rows, sorted};

const SEED: u64 = 20_261_122;
const KILLS: usize = 8;
const ROWS: usize = 2_000;
const LOAD: &str = "COPY INTO raw.t FROM db.t (WATERMARK at)";

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_in_sqlite() {
    killed_at_random_moments(&Attached::sqlite(), "INTEGER", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i FROM n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_in_postgres() {
    let db = Attached::postgres().await;
    killed_at_random_moments(
        &db,
        "bigint",
        "SELECT i FROM generate_series(1, 2000) AS g(i)",
    )
    .await;
}

/// Every batch of rows begins with values that the one before ended with.
async fn killed_at_random_moments(db: &Attached, integer: &str, numbers: &str) {
    db.there(&format!("CREATE TABLE t (at {integer}, name text)"))
        .await;
    let append = async |batch: usize| {
        let base = batch * ROWS / 20;
        db.there(&format!(
            "INSERT INTO t SELECT {base} + i / 20, 'row ' || i || ' of batch {batch}' FROM ({numbers}) AS n"
        ))
        .await;
    };
    let mut time = Duration::ZERO;
    for batch in 0..2 {
        append(batch).await;
        let started = Instant::now();
        load(db).status().unwrap();
        time = time.max(started.elapsed());
    }
    for (batch, moment) in (2..).zip(moments(SEED, KILLS, time)) {
        append(batch).await;
        kill(load(db), moment);
        if batch % 2 == 0 {
            // Rows that come before the load is tried again.
            db.there(&format!(
                "INSERT INTO t SELECT max(at), 'late in batch {batch}' FROM t"
            ))
            .await;
        }
        assert!(load(db).status().unwrap().success());
        assert_all_there(db, &format!("killed {moment:?} into batch {batch}")).await;
    }
    let again = db.copied(LOAD).await;
    assert_eq!((again.read, again.loaded), (0, 0), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_loads_at_once_load_a_row_once() {
    let db = Attached::postgres().await;
    db.there("CREATE TABLE t AS SELECT i AS at, 'x' AS name FROM generate_series(1, 5000) AS g(i)")
        .await;
    for round in 0..3 {
        let loads = [(); 2].map(|()| load(&db).spawn().unwrap());
        for mut child in loads {
            assert!(child.wait().unwrap().success());
        }
        assert_all_there(&db, "two loads at once").await;
        db.there(&format!(
            "INSERT INTO t SELECT max(at) + i % 3, 'round {round}' FROM t, generate_series(1, 10) AS g(i) GROUP BY i"
        ))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_value_can_be_a_mark() {
    let db = Attached::postgres().await;
    for (number, (kind, low, high)) in [
        ("smallint", "-32768", "32767"),
        ("bigint", "-9223372036854775808", "9223372036854775807"),
        ("date", "'0001-01-01'", "'9999-12-31'"),
        (
            "timestamp",
            "'0001-01-01 00:00:00'",
            "'9999-12-31 23:59:59.999999'",
        ),
        (
            "timestamptz",
            "'1969-12-31 23:59:59.999999+00'",
            "'2024-02-29 12:00:00.000001+05'",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        db.there(&format!(
            "CREATE TABLE t{number} (at {kind}); INSERT INTO t{number} VALUES ({low}), ({low})"
        ))
        .await;
        let load = format!("COPY INTO raw.t{number} FROM db.t{number} (WATERMARK at)");
        let status = async || {
            let row = db.copied(&load).await;
            format!("{} {}", row.loaded, row.note.unwrap_or_default())
        };
        assert!(status().await.starts_with("2 "), "{kind}");
        assert!(status().await.starts_with("0 nothing new since "), "{kind}");
        db.there(&format!("INSERT INTO t{number} VALUES ({high})"))
            .await;
        assert!(status().await.starts_with("3 "), "{kind}");
        assert!(status().await.starts_with("0 nothing new since "), "{kind}");
        let count = format!("SELECT count(*), count(DISTINCT at) FROM raw.t{number}");
        assert_eq!(db.rows(&count).await, ["3|2"], "{kind}");
        // It is the server that leaves the rows below the mark out.
        let plan = format!("SELECT * FROM db.t{number} WHERE at >= {}", number_of(kind));
        let plan = db.plan(&plan).await;
        assert!(!plan.contains("FilterExec"), "{kind}: {plan}");
    }
    db.there("ALTER TABLE t0 ALTER at TYPE bigint").await;
    let again = db.copied("COPY INTO raw.t0 FROM db.t0 (WATERMARK at, ON_DRIFT evolve)");
    // The rows of the mark are other ones in another type.
    assert_eq!(again.await.loaded, 1);
    assert_eq!(db.rows("SELECT count(*) FROM raw.t0").await, ["3"]);
    db.there("ALTER TABLE t2 ALTER at TYPE timestamp").await;
    let error = db
        .execute("COPY INTO raw.t2 FROM db.t2 (WATERMARK at)")
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        "at of db.public.t2 was a date when it was last loaded, and is a timestamp now"
    );
}

/// A literal as the load writes one.
fn number_of(kind: &str) -> String {
    let number = "arrow_cast('5', 'Int64')";
    match kind {
        "date" => format!("arrow_cast(arrow_cast({number}, 'Int32'), 'Date32')"),
        "timestamp" => format!("arrow_cast({number}, 'Timestamp(Microsecond, None)')"),
        "timestamptz" => format!("arrow_cast({number}, 'Timestamp(Microsecond, Some(\"UTC\"))')"),
        _ => number.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_drift_and_columns_are_those_of_any_load() {
    let db = Attached::postgres().await;
    db.there("CREATE TABLE t (at int, amount text); INSERT INTO t VALUES (1, '1.50'), (2, 'x'), (2, '2.50')")
        .await;
    let load = "COPY INTO raw.t FROM db.t (WATERMARK at, COLUMNS (amount DECIMAL(5,2)), ON_ERROR quarantine)";
    let first = db.copied(load).await;
    assert_eq!((first.read, first.loaded, first.rejected), (3, 2, 1));
    db.there("ALTER TABLE t ADD more int; INSERT INTO t VALUES (3, '3.50', 7)")
        .await;
    let error = db.execute(load).await.unwrap_err();
    assert!(error.message().contains("more"), "{error}");
    let evolve = load.replace("WATERMARK at", "WATERMARK at, ON_DRIFT evolve");
    let second = db.copied(&evolve).await;
    assert_eq!((second.read, second.loaded, second.rejected), (3, 2, 1));
    assert_eq!(
        db.rows("SELECT * FROM raw.t ORDER BY at").await,
        ["1|1.50|∅", "2|2.50|∅", "3|3.50|7"]
    );
}

fn load(db: &Attached) -> Command {
    let mut command = db.lab.command(["-c", LOAD]);
    command.stdout(Stdio::null());
    command
}

async fn assert_all_there(db: &Attached, what: &str) {
    let there = sorted(db.rows("SELECT * FROM db.t").await);
    let here = sorted(db.rows("SELECT * FROM raw.t").await);
    assert_same_rows(&here, &there, what);
    db.lab.assert_plain("raw.t").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_many_types_land_as_they_are() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE TABLE t (id bigint, n numeric(38,10), free numeric, tz timestamptz, by bytea, u uuid, j jsonb, l int[], words text[], \"Odd Name\" text);
         INSERT INTO t VALUES (1, 0.0000000001, 0.10, '2024-02-29 12:00:00.000001+00', '\\x00ff', md5('x')::uuid, '{\"a\": [1]}', '{1,NULL}', '{a,\"\"}', ''),
           (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    .await;
    for (number, options) in ["(WATERMARK id)", "", "(NAMES keep)"].iter().enumerate() {
        db.execute(&format!("COPY INTO raw.t{number} FROM db.t {options}"))
            .await
            .unwrap();
        let here = db
            .rows(&format!("SELECT * FROM raw.t{number} ORDER BY id"))
            .await;
        assert_eq!(here, db.rows("SELECT * FROM db.t ORDER BY id").await);
    }
    // Tables have no times of day.
    db.there("ALTER TABLE t ADD ti time DEFAULT '12:00:00.000001'")
        .await;
    db.execute("COPY INTO raw.timed FROM db.t").await.unwrap();
    assert_eq!(
        db.rows("SELECT DISTINCT ti FROM raw.timed").await,
        ["12:00:00.000001"]
    );
}
