//! `random_forest_regression` and its functions in SQL.

use super::{answer, column, configuration, limited_memory, numbers, session, session_with};

const ROWS: &str = "SELECT id, (id * 7919) % 1009 AS x, (id * 104729) % 997 / 3.0 AS z, 'c' || (id % 5) AS c,
    CASE WHEN id % 5 = 2 THEN 300 ELSE 0 END + abs((id * 7919) % 1009 - 500) AS y FROM generate_series(1, 3000) AS t(id)";

#[tokio::test]
async fn learns_what_is_no_line() {
    let arguments = "features => ['x', 'z'], one_hot => ['c'], target => 'y'";
    let session = session();
    let forest = format!(
        "SELECT r2 FROM random_forest_regression_metrics(({ROWS}), {arguments}, trees => 30, max_features => 7)"
    );
    let line = format!("SELECT r2 FROM linear_regression_metrics(({ROWS}), {arguments})");
    let (forest, line) = (
        numbers(&session, &forest).await[0],
        numbers(&session, &line).await[0],
    );
    assert!(forest > 0.98, "{forest}");
    assert!(line < 0.5, "{line}");
}

#[tokio::test]
async fn neither_order_nor_threads_change_a_bit_and_a_kept_model_gives_the_same() {
    let mut answers = vec![];
    for (order, threads) in [("id", 1), ("id DESC", 3), ("x, z", 2)] {
        let session = session_with(
            configuration().with_target_partitions(threads),
            limited_memory(256 << 20),
        );
        let rows = format!("({ROWS} ORDER BY {order})");
        let call = format!(
            "random_forest_regression({rows}, features => ['x', 'z'], one_hot => ['c'], target => 'y', trees => 7, model => 'f')"
        );
        answers.push(
            answer(
                &session,
                &format!("SELECT id, prediction FROM {call} ORDER BY id"),
            )
            .await,
        );
        let kept = format!(
            "SELECT id, prediction FROM random_forest_regression_predict('f', {rows}) ORDER BY id"
        );
        answers.push(answer(&session, &kept).await);
        assert_eq!(session.runtime_env().memory_pool.reserved(), 0);
    }
    assert!(answers[0].contains("| 3000 |"));
    assert!(answers.iter().all(|found| *found == answers[0]));
}

#[tokio::test]
async fn limits_hold() {
    let session = session();
    let distinct = |arguments: &str| {
        format!(
            "SELECT count(DISTINCT prediction) FROM random_forest_regression(({ROWS}), features => ['x'], target => 'y', trees => 1, held_out => 0, {arguments})"
        )
    };
    assert_eq!(column(&session, &distinct("max_depth => 3")).await, ["8"]);
    assert_eq!(
        column(&session, &distinct("min_leaf_rows => 1501")).await,
        ["1"]
    );
    let few = numbers(&session, &distinct("min_leaf_rows => 300")).await[0];
    assert!((2.0..=10.0).contains(&few), "{few}");
}

#[tokio::test]
async fn memory_is_asked_for() {
    let small = session_with(configuration(), limited_memory(1 << 20));
    let sql = "SELECT count(*) FROM random_forest_regression((SELECT i AS x, i AS y FROM generate_series(1, 100000) AS t(i)), features => ['x'], target => 'y')";
    let found = answer(&small, sql).await;
    assert!(found.contains("random_forest_regression"), "{found}");
    assert_eq!(small.runtime_env().memory_pool.reserved(), 0);
}

#[tokio::test]
async fn what_it_cannot_use_is_refused() {
    let session = session();
    for (arguments, expected) in [
        (
            "features => ['x'], target => 'y', trees => 0",
            "random_forest_regression: `trees` must be a whole number, 1 or more, not 0\nhint: write trees => 5",
        ),
        (
            "features => ['x'], target => 'y', tree => 5",
            "random_forest_regression: there is no argument `tree`\nhint: did you mean `trees`?",
        ),
        (
            "features => ['c'], target => 'y'",
            "random_forest_regression: 'c' (in `features`) must be numeric or boolean, not Utf8\nhint: name text columns in `one_hot`",
        ),
        (
            "features => ['x'], target => 'c'",
            "random_forest_regression: 'c' (in `target`) must be numeric or boolean, not Utf8\nhint: for classes there is logistic_regression",
        ),
    ] {
        let sql = format!(
            "SELECT * FROM random_forest_regression((SELECT 1 AS x, 2 AS y, 'c' AS c), {arguments})"
        );
        assert_eq!(answer(&session, &sql).await, expected, "{arguments}");
    }
    // A target that does not vary is predicted as it is.
    let constant = "SELECT DISTINCT prediction FROM random_forest_regression((SELECT i AS x, 5 AS y FROM generate_series(1, 50) AS t(i)), features => ['x'], target => 'y')";
    assert_eq!(column(&session, constant).await, ["5.0"]);
}
