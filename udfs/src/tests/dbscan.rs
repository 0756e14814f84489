//! `dbscan` in SQL.

use super::{answer, column, iris, session};

/// scikit-learn 1.9.1: `DBSCAN(eps=0.5, min_samples=5).fit_predict(X)`, and with 0.6 and 4 on
/// `StandardScaler().fit_transform(X)`, on iris: the sizes of noise and clusters.
#[tokio::test]
async fn agrees_with_scikit_learn() {
    let Some(session) = iris().await else { return };
    for (arguments, expected) in [
        (
            "epsilon => 0.5, min_points => 5, scale => 'none'",
            vec!["17", "49", "84"],
        ),
        (
            "epsilon => 0.6, min_points => 4",
            vec!["19", "3", "46", "82"],
        ),
    ] {
        let sql = format!(
            "SELECT count(*) FROM dbscan(iris, features => ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'], {arguments})
             GROUP BY cluster ORDER BY cluster IS NOT NULL, count(*)"
        );
        assert_eq!(column(&session, &sql).await, expected, "{arguments}");
    }
}

#[tokio::test]
async fn neighbours_are_up_to_epsilon_and_the_row_itself_counts() {
    let sql = |min_points: usize| {
        format!(
            "SELECT cluster FROM dbscan((SELECT * FROM (VALUES (0), (1), (2), (4)) AS t(x)), features => ['x'], epsilon => 1, min_points => {min_points}, scale => 'none') ORDER BY x"
        )
    };
    assert_eq!(column(&session(), &sql(3)).await, ["0", "0", "0", ""]);
    assert_eq!(column(&session(), &sql(4)).await, ["", "", "", ""]);
}

#[tokio::test]
async fn the_order_of_the_rows_changes_nothing() {
    let session = session();
    let mut answers = vec![];
    for order in ["id", "id DESC", "x"] {
        let sql = format!(
            "SELECT id, cluster FROM dbscan((SELECT id, (id * 7919) % 211 AS x, (id * 31) % 53 AS y FROM generate_series(1, 400) AS t(id) ORDER BY {order}),
             features => ['x', 'y'], epsilon => 0.12, min_points => 3) ORDER BY id"
        );
        answers.push(answer(&session, &sql).await);
    }
    assert!(answers[0].contains("| 3 "));
    assert!(answers.iter().all(|found| *found == answers[0]));
}

#[tokio::test]
async fn rows_without_a_feature_and_equal_rows() {
    let session = session();
    let sql = "SELECT cluster FROM dbscan((SELECT id, CAST(x AS DOUBLE) AS x FROM (VALUES (1, '5'), (2, '5'), (3, NULL), (4, 'NaN'), (5, '5')) AS t(id, x)), features => ['x'], epsilon => 0.1, min_points => 3) ORDER BY id";
    assert_eq!(column(&session, sql).await, ["0", "0", "", "", "0"]);
    let empty =
        "SELECT count(*) FROM dbscan((SELECT 1 AS x WHERE false), features => ['x'], epsilon => 1)";
    assert_eq!(column(&session, empty).await, ["0"]);
}

#[tokio::test]
async fn what_it_cannot_use_is_refused() {
    let session = session();
    for (arguments, expected) in [
        (
            "features => ['x']",
            "dbscan: `epsilon` is missing\nhint: add for example epsilon => 0.5",
        ),
        (
            "epsilon => 1",
            "dbscan: `features` is missing\nhint: add for example features => ['longitude', 'latitude']",
        ),
        (
            "features => ['x'], epsilon => 0",
            "dbscan: `epsilon` must be a number above 0, not 0\nhint: write epsilon => 0.5",
        ),
        (
            "features => ['x'], epsilon => 1, min_points => 1",
            "dbscan: `min_points` must be a whole number, 2 or more, not 1\nhint: write min_points => 5",
        ),
        (
            "features => ['x'], epsilon => 1, minpoints => 1",
            "dbscan: there is no argument `minpoints`\nhint: did you mean `min_points`?",
        ),
        (
            "features => ['t'], epsilon => 1",
            "dbscan: 't' (in `features`) must be numeric or boolean, not Utf8\nhint: a code for each text would make up distances; give each value a column of its own, such as (city = '..') AS is_..",
        ),
    ] {
        let sql = format!("SELECT * FROM dbscan((SELECT 1 AS x, 'a' AS t), {arguments})");
        assert_eq!(answer(&session, &sql).await, expected, "{arguments}");
    }
}
