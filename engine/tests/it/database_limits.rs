//! What reading a database may take: sessions of the server, and memory.

use std::time::{Duration, Instant};

use futures::TryStreamExt;

use crate::attached::Attached;
use crate::postgres_connect::everything;
use crate::postgres_server::connect;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_statement_has_one_session_for_each_thread_and_one_for_the_snapshot() {
    let db = Attached::postgres().await;
    db.there("CREATE VIEW slow AS SELECT 1 AS i FROM pg_sleep(0.25)")
        .await;
    let watcher = connect(&db.url).await;
    let branches = ["SELECT i FROM db.slow"; 6].join(" UNION ALL ");
    let sql = format!("SELECT sum(i + 0) FROM ({branches})");
    let started = Instant::now();
    let mut most = 0;
    let watch = async {
        while started.elapsed() < Duration::from_secs(3) {
            let sessions = "SELECT count(*) FROM pg_stat_activity \
                WHERE application_name = 'tidemill' AND datname = current_database()";
            let sessions: i64 = watcher.query_one(sessions, &[]).await.unwrap().get(0);
            most = most.max(sessions);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (rows, ()) = futures::join!(db.rows(&sql), watch);
    assert_eq!(rows, ["6"]);
    // The session of the test has two threads.
    assert_eq!(most, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_depend_on_each_other_end() {
    let db = Attached::postgres().await;
    db.there("CREATE TABLE t AS SELECT i AS id, repeat('x', 300) AS pad FROM generate_series(1, 60000) AS g(i)")
        .await;
    db.execute("SET datafusion.optimizer.prefer_hash_join = false")
        .await
        .unwrap();
    let one = "SELECT count(*) FROM db.t AS a JOIN db.t AS b ON a.id = b.id JOIN db.t AS c ON b.id = c.id WHERE a.pad = c.pad";
    assert_eq!(db.rows(one).await, ["60000"]);
    let crossed = "SELECT count(*) FROM db.t AS a, db.t AS b WHERE a.id < 10 AND b.id + 0 < 20 AND a.pad = b.pad";
    assert_eq!(db.rows(crossed).await, ["171"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_under_way_count_as_memory() {
    let db = Attached::postgres().await;
    db.there("CREATE TABLE t AS SELECT i AS id, repeat('x', 1000000) AS pad FROM generate_series(1, 60) AS g(i)")
        .await;
    db.execute("SET memory_limit = '16MB'").await.unwrap();
    let rows = db.query("SELECT pad FROM db.t").await.unwrap();
    let error = rows.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(everything(&error).contains("DatabaseScan[0]"), "{error:?}");
    db.execute("SET memory_limit = '256MB'").await.unwrap();
    assert_eq!(
        db.rows("SELECT max(length(pad)), count(*) FROM db.t").await,
        ["1000000|60"]
    );
}
