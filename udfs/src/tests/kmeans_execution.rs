//! How `kmeans` runs: the same result again, within its memory, and not longer than it is wanted.

use std::time::Duration;

use arrow::array::AsArray;
use arrow::compute::concat_batches;
use arrow::datatypes::{Float64Type, Int64Type};
use futures::StreamExt;

use super::{answer, column, configuration, limited_memory, plan, rows, session, session_with};

#[tokio::test]
async fn threads_batches_and_row_order_change_no_bit() {
    for arguments in [
        "k => 4",
        "k => 4, weight => 'c'",
        "k => 3, one_hot => ['kind']",
        "k => 3, distance => 'cosine', scale => 'robust'",
        "k => 3, init => 'k-means||', scale => 'log'",
        "k => 3, init => 'random', nulls => 'median'",
        "k => 'auto', n_runs => 2, nulls => 'mean'",
    ] {
        let mut answers = vec![];
        for settings in [
            (1, 8192, "id"),
            (4, 7, "id DESC"),
            (2, 100, "b, id"),
            (8, 1, "a"),
        ] {
            answers.push(bits(settings, arguments).await);
        }
        assert_eq!(answers[0].0.len(), 3000);
        assert!(
            answers.iter().all(|found| *found == answers[0]),
            "{arguments}"
        );
    }
}

/// The clusters and the bits of the distances, by id.
async fn bits(
    (partitions, batch_size, order): (usize, usize, &str),
    arguments: &str,
) -> (Vec<i64>, Vec<u64>) {
    let configuration = configuration()
        .with_target_partitions(partitions)
        .with_batch_size(batch_size);
    let session = session_with(configuration, Default::default());
    let sql = format!(
        "SELECT id, cluster, distance FROM kmeans((SELECT * FROM
           (SELECT id, (id * 7919) % 1009 / 3.0 AS a, CASE WHEN id % 97 = 0 THEN NULL ELSE (id * 104729) % 997 / 7.0 END AS b,
              (id * 31) % 7 / 4.0 AS c, 'kind ' || (id % 5) AS kind, id % 3 AS part
            FROM generate_series(1, 3000) AS t(id)) ORDER BY {order} LIMIT 3000),
         features => ['a', 'b'], partition_by => ['part'], label_by => 'id', {arguments}) ORDER BY id"
    );
    let batches = rows(&session, &sql).await.unwrap();
    let batch = concat_batches(&batches[0].schema(), &batches).unwrap();
    let clusters = batch.column(1).as_primitive::<Int64Type>().iter();
    let distances = batch.column(2).as_primitive::<Float64Type>().iter();
    (
        clusters.map(|cluster| cluster.unwrap_or(-1)).collect(),
        distances
            .map(|distance| distance.map_or(0, f64::to_bits))
            .collect(),
    )
}

#[tokio::test]
async fn stays_within_the_memory_limit() {
    let call = "SELECT count(*) FROM kmeans((SELECT id, id % 1000 AS x FROM generate_series(1, 100000) AS t(id)), k => 3, features => ['x'], n_runs => 1)";
    let small = session_with(configuration(), limited_memory(4 << 20));
    let found = answer(&small, call).await;
    assert!(found.contains("kmeans"), "{found}");
    assert_eq!(small.runtime_env().memory_pool.reserved(), 0);
    let large = session_with(configuration(), limited_memory(64 << 20));
    assert_eq!(column(&large, call).await, ["100000"]);
    assert_eq!(large.runtime_env().memory_pool.reserved(), 0);
}

#[tokio::test]
async fn input_that_does_not_fit_goes_to_files() {
    let call = "SELECT id, cluster, distance, length(note) FROM kmeans((SELECT id, (id * 7919) % 1009 / 3.0 AS x, repeat('note', 40) AS note
                FROM generate_series(1, 100000) AS t(id)), k => 3, features => ['x'], n_runs => 1)";
    // One partition, so that both inputs come in the same order, in which the rows must come out.
    let configuration = || configuration().with_target_partitions(1);
    let small = session_with(configuration(), limited_memory(12 << 20));
    let large = session_with(configuration(), Default::default());
    let expected = rows(&large, call).await.unwrap();
    let found = rows(&small, call).await.unwrap();
    assert_eq!(
        concat_batches(&found[0].schema(), &found).unwrap(),
        concat_batches(&expected[0].schema(), &expected).unwrap()
    );
    assert_eq!(small.runtime_env().memory_pool.reserved(), 0);
    let explained = answer(&small, &format!("EXPLAIN ANALYZE {call}")).await;
    let spilled = explained.contains("spill_count=") && !explained.contains("spill_count=0");
    assert!(spilled, "{explained}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_stream_stops_the_clustering() {
    let session = session();
    let sql = "SELECT id, cluster FROM kmeans((SELECT id, (id * 7919) % 100003 AS x, (id * 104729) % 99991 AS y FROM generate_series(1, 200000) AS t(id)),
               k => 50, features => ['x', 'y'], n_runs => 100000, tolerance => 0)";
    let mut stream = plan(&session, sql)
        .await
        .unwrap()
        .execute_stream()
        .await
        .unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(2), stream.next()).await;
    assert!(waited.is_err(), "the clustering should still be at work");
    assert!(session.runtime_env().memory_pool.reserved() > 0);
    drop(stream);
    // The job gives its memory back when its thread ends.
    for _ in 0..600 {
        if session.runtime_env().memory_pool.reserved() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the clustering went on");
}
