//! At rest, the `part-*.parquet` files of a table are exactly its rows: for readers of Parquet that
//! know nothing of the log.

use futures::TryStreamExt;
use tidemill::Kind;

use crate::lab::{Lab, execute_in, query_in};

/// A table that fills several batches and files, so that a reader cannot have it all at once.
const MANY_ROWS: &str = "SELECT value AS id, value % 7 AS part, repeat('x', 200) AS filler \
     FROM range(0, 300000)";

#[tokio::test(flavor = "multi_thread")]
async fn after_every_kind_of_write() {
    let lab = Lab::new();
    std::fs::write(
        lab.folder().join("a.csv"),
        "id,day\n1,2024-01-31\n2,2024-02-01\n3,\n",
    )
    .unwrap();
    std::fs::write(lab.folder().join("b.csv"), "id,day\n4,2025-01-31\n").unwrap();
    let copy = |file: &str| {
        let path = lab.folder().join(file);
        format!(
            "COPY INTO raw.t FROM '{}' (FORMAT csv, PARTITION_BY (year(day), month(day)))",
            path.display()
        )
    };
    let writes = [
        (copy("a.csv"), 3),
        (copy("b.csv"), 4),
        (copy("b.csv"), 4),
        ("INSERT INTO raw.t VALUES (5, date '2024-02-29'), (6, NULL)".to_owned(), 6),
        ("INSERT INTO raw.t SELECT id, day FROM raw.t".to_owned(), 12),
        ("CREATE OR REPLACE TABLE raw.t AS SELECT id, day FROM raw.t WHERE id < 4".to_owned(), 6),
        ("INSERT INTO raw.t VALUES (7, NULL)".to_owned(), 7),
        (
            "CREATE OR REPLACE TABLE raw.t PARTITIONED BY (id) AS SELECT DISTINCT id, day FROM raw.t".to_owned(),
            4,
        ),
        ("DROP TABLE raw.t; CREATE TABLE raw.t AS SELECT 'new' AS name".to_owned(), 1),
        ("CREATE OR REPLACE TABLE raw.t (id BIGINT, name TEXT) PARTITIONED BY (name)".to_owned(), 0),
        ("INSERT INTO raw.t VALUES (1, 'a b'), (2, 'ä/=%20'), (3, NULL)".to_owned(), 3),
        (copy("a.csv").replace("raw.t", "raw.u"), 3),
    ];
    for (write, rows) in writes {
        lab.execute(&write).await;
        let table = if write.contains("raw.u") {
            "raw.u"
        } else {
            "raw.t"
        };
        assert_eq!(lab.assert_plain(table).await.len(), rows, "{write}");
    }
    lab.assert_plain("system.loads").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_write_that_failed() {
    let lab = Lab::new();
    lab.execute("CREATE TABLE raw.t AS SELECT 1 AS id").await;
    let session = lab.session();
    let failing = "INSERT INTO raw.t SELECT CASE WHEN value = 290000 THEN 1.5 ELSE value END FROM range(0, 300000)";
    let error = execute_in(&session, failing).await.unwrap_err();
    assert!(error.message().contains("1.5"), "{error}");
    assert_eq!(lab.assert_plain("raw.t").await, ["id=1"]);

    let failing = failing
        .replace("INSERT INTO raw.t", "CREATE TABLE raw.new AS")
        .replace("1.5 ELSE value", "1 / (value - 290000) ELSE value");
    execute_in(&session, &failing).await.unwrap_err();
    assert_eq!(lab.tables(), ["raw.t"]);
    assert!(lab.data_files("raw.new").is_empty());
}

/// A write that is stopped half-way leaves its files to the next one.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_write_that_was_stopped() {
    let lab = Lab::new();
    lab.execute("CREATE TABLE raw.t AS SELECT 1 AS id").await;
    let session = lab.session();
    let write = execute_in(
        &session,
        "INSERT INTO raw.t SELECT a.value FROM range(0, 100000) AS a CROSS JOIN range(0, 1000) AS b",
    );
    let stopped = tokio::time::timeout(std::time::Duration::from_millis(700), write).await;
    assert!(stopped.is_err(), "the write was too quick to be stopped");
    lab.execute("INSERT INTO raw.t VALUES (2)").await;
    assert_eq!(lab.assert_plain("raw.t").await, ["id=1", "id=2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_stay_for_a_reader_of_the_same_process() {
    let lab = Lab::new();
    let session = lab.session();
    execute_in(&session, &format!("CREATE TABLE raw.t AS {MANY_ROWS}"))
        .await
        .unwrap();
    let former = lab.data_files("raw.t");

    let mut rows = query_in(&session, "SELECT * FROM raw.t").await.unwrap();
    let first = rows.try_next().await.unwrap().unwrap();
    execute_in(&session, "CREATE OR REPLACE TABLE raw.t AS SELECT -1 AS id")
        .await
        .unwrap();
    assert_eq!(lab.value("SELECT id FROM raw.t").await, "-1");
    let both = lab.data_files("raw.t");
    assert!(former.iter().all(|file| both.contains(file)) && both.len() > former.len());

    let mut count = first.num_rows();
    while let Some(batch) = rows.try_next().await.unwrap() {
        count += batch.num_rows();
    }
    assert_eq!(count, 300_000);
    drop(rows);
    assert_eq!(lab.assert_plain("raw.t").await, ["id=-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_stay_for_a_reader_of_another_process() {
    let lab = Lab::new();
    lab.execute(&format!("CREATE TABLE raw.t AS {MANY_ROWS}"))
        .await;
    let former = lab.data_files("raw.t");
    let session = lab.session();
    let mut rows = query_in(&session, "SELECT * FROM raw.t").await.unwrap();
    rows.try_next().await.unwrap();

    lab.run(["-c", "CREATE OR REPLACE TABLE raw.t AS SELECT -1 AS id"])
        .succeeded();
    let both = lab.data_files("raw.t");
    assert!(former.iter().all(|file| both.contains(file)));
    let mut count = 0;
    while let Some(batch) = rows.try_next().await.unwrap() {
        count += batch.num_rows();
    }
    assert!(count > 200_000, "the reader lost its files: {count} rows");

    // That process has ended without being able to delete them; the next write does.
    drop(rows);
    lab.run(["-c", "INSERT INTO raw.t VALUES (-2)"]).succeeded();
    assert_eq!(lab.assert_plain("raw.t").await, ["id=-1", "id=-2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_not_dropped_under_a_reader() {
    let lab = Lab::new();
    let session = lab.session();
    execute_in(&session, &format!("CREATE TABLE raw.t AS {MANY_ROWS}"))
        .await
        .unwrap();
    let mut rows = query_in(&session, "SELECT * FROM raw.t").await.unwrap();
    rows.try_next().await.unwrap();
    lab.run(["-c", "DROP TABLE raw.t"])
        .failed_with(6)
        .says(&["a query is reading raw.t", "hint:"]);
    let error = execute_in(&session, "DROP TABLE raw.t").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Locked);
    drop(rows);
    execute_in(&session, "DROP TABLE raw.t").await.unwrap();
    assert!(lab.tables().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_150_commits() {
    let lab = Lab::new();
    let session = lab.session();
    execute_in(
        &session,
        "CREATE TABLE raw.t (id BIGINT, day DATE) PARTITIONED BY (year(day))",
    )
    .await
    .unwrap();
    for commit in 0..150 {
        let day = format!("date '{}-06-01'", 2000 + commit % 3);
        execute_in(
            &session,
            &format!("INSERT INTO raw.t VALUES ({commit}, {day}), (NULL, {day})"),
        )
        .await
        .unwrap();
    }
    assert_eq!(lab.assert_plain("raw.t").await.len(), 300);
    assert_eq!(
        lab.rows("SELECT count(*), sum(id), min(year), max(year) FROM raw.t")
            .await,
        ["300|11175|2000|2002"]
    );
    // Opening must not replay all commits: there is a checkpoint every ten.
    let log = std::fs::read_dir(lab.warehouse().join("raw/t/_delta_log")).unwrap();
    let checkpoints = log.filter(|item| {
        item.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .ends_with(".checkpoint.parquet")
    });
    assert_eq!(checkpoints.count(), 15);
}

/// What follows a commit may fail, but then the rows are part of the table, and must stay.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_checkpoint_loses_no_rows() {
    let lab = Lab::new();
    lab.execute("CREATE TABLE raw.t (id BIGINT)").await;
    for id in 1..=9 {
        lab.execute(&format!("INSERT INTO raw.t VALUES ({id})"))
            .await;
    }
    // A folder where the checkpoint is to be.
    let log = lab.warehouse().join("raw/t/_delta_log");
    std::fs::create_dir(log.join("00000000000000000010.checkpoint.parquet")).unwrap();
    let written = execute_in(&lab.session(), "INSERT INTO raw.t VALUES (10)").await;
    std::fs::remove_dir(log.join("00000000000000000010.checkpoint.parquet")).unwrap();
    let rows = lab.assert_plain("raw.t").await;
    assert_eq!(rows.len(), 10, "after {written:?}");
    lab.execute("INSERT INTO raw.t VALUES (11)").await;
    assert_eq!(lab.assert_plain("raw.t").await.len(), 11);
}

/// Writers of several processes wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn after_writers_at_once() {
    let lab = Lab::new();
    lab.execute("CREATE TABLE raw.t (id BIGINT)").await;
    let writers: Vec<_> = (0..6)
        .map(|id| {
            let sql = format!(
                "INSERT INTO raw.t VALUES ({id}); INSERT INTO raw.t SELECT max(id) + 100 FROM raw.t"
            );
            let mut command = lab.command(["-c", &sql]);
            command.stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    assert_eq!(lab.assert_plain("raw.t").await.len(), 12);
}
