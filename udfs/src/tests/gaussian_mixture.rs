//! `gaussian_mixture` in SQL.

use super::{answer, column, iris, numbers, session};

/// scikit-learn 1.9.1: `GaussianMixture(3, tol=1e-9, n_init=20, random_state=0)` on standardised iris: the
/// means of petal length, and how many flowers each part has.
#[tokio::test]
async fn agrees_with_scikit_learn() {
    let Some(session) = iris().await else { return };
    let call = "gaussian_mixture(iris, k => 3, features => ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'], tolerance => 0.000000001, max_iterations => 5000)";
    let sizes = format!("SELECT count(*) FROM {call} GROUP BY cluster ORDER BY cluster");
    assert_eq!(column(&session, &sizes).await, ["50", "45", "55"]);
}

/// scikit-learn 1.9.1: the means of `GaussianMixture(2, tol=1e-10, n_init=20, random_state=0)` on the standardised
/// flowers of petals longer than 2.5. Of two parts, the one has what the other leaves.
#[tokio::test]
async fn means_agree_with_scikit_learn() {
    let Some(session) = iris().await else { return };
    let expected = [
        ("sepal_length", [5.91497023, 6.54454951]),
        ("sepal_width", [2.77784374, 2.94866145]),
        ("petal_length", [4.20155467, 5.47955506]),
        ("petal_width", [1.29696739, 1.98460602]),
    ];
    for (feature, means) in expected {
        for (cluster, mean) in means.into_iter().enumerate() {
            let share =
                format!("CASE WHEN cluster = {cluster} THEN probability ELSE 1 - probability END");
            let sql = format!(
                "SELECT sum({feature} * {share}) / sum({share}) FROM gaussian_mixture((SELECT * FROM iris WHERE petal_length > 2.5),
                   k => 2, features => ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'], tolerance => 0.0000000001, max_iterations => 9000)"
            );
            let found = numbers(&session, &sql).await[0];
            assert!((found - mean).abs() < 1e-3, "{feature}: {found} {mean}");
        }
    }
}

#[tokio::test]
async fn tells_a_long_cluster_from_a_round_one_where_distances_do_not() {
    let rows = "SELECT id, CASE WHEN id <= 100 THEN id / 10.0 ELSE 5 + (id % 10) / 100.0 END AS x,
                CASE WHEN id <= 100 THEN (id * 37 % 10) / 100.0 ELSE 3 + (id * 7 % 11) / 100.0 END AS y FROM generate_series(1, 200) AS t(id)";
    let sql = format!("SELECT count(*) FROM gaussian_mixture(({rows}), k => 2, features => ['x', 'y'], label_by => 'y', labels => ['long', 'round'])
                       WHERE label = CASE WHEN id <= 100 THEN 'long' ELSE 'round' END AND probability > 0.99");
    assert_eq!(column(&session(), &sql).await, ["200"]);
}

#[tokio::test]
async fn the_order_of_the_rows_changes_no_bit() {
    let session = session();
    let mut answers = vec![];
    for order in ["id", "id DESC", "x"] {
        let sql = format!(
            "SELECT id, cluster, probability FROM gaussian_mixture((SELECT id, (id * 7919) % 211 + 300 * (id % 3) AS x, (id * 31) % 53 AS y FROM generate_series(1, 9000) AS t(id) ORDER BY {order}),
             k => 3, features => ['x', 'y'], n_runs => 2) ORDER BY id LIMIT 300"
        );
        answers.push(answer(&session, &sql).await);
    }
    assert!(answers[0].contains("| 2 "), "{}", answers[0]);
    assert!(answers.iter().all(|found| *found == answers[0]));
}

#[tokio::test]
async fn what_it_cannot_use_is_refused() {
    let session = session();
    for (rows, arguments, expected) in [
        (
            "SELECT 1 AS x",
            "features => ['x']",
            "gaussian_mixture: `k` is missing\nhint: add for example k => 3",
        ),
        (
            "SELECT 1 AS x",
            "k => 2",
            "gaussian_mixture: `features` is missing\nhint: add for example features => ['average_bill_amount']",
        ),
        (
            "SELECT 1 AS x",
            "k => 0, features => ['x']",
            "gaussian_mixture: `k` must be a whole number, 1 or more, not 0\nhint: write k => 5",
        ),
        (
            "SELECT 1 AS x",
            "k => 2, features => ['x'], labels => ['a']",
            "gaussian_mixture: `labels` has 1 entries for k = 2 clusters\nhint: give exactly 2, in the order of `label_by`",
        ),
        (
            "SELECT 1 AS x",
            "k => 2, features => ['x'], tolerance => 0",
            "gaussian_mixture: `tolerance` must be a number above 0, not 0\nhint: write tolerance => 0.0001",
        ),
        (
            "SELECT 1 AS x",
            "k => 2, features => ['x'], lable_by => 'x'",
            "gaussian_mixture: there is no argument `lable_by`\nhint: did you mean `label_by`?",
        ),
        (
            "SELECT 1 AS x UNION ALL SELECT 1",
            "k => 2, features => ['x']",
            "gaussian_mixture: of 2 rows, 2 have all features, 1 of them different: too few for k = 2\nhint: use a smaller k, or more rows",
        ),
        (
            "SELECT CAST(NULL AS DOUBLE) AS x",
            "k => 1, features => ['x']",
            "gaussian_mixture: of 1 rows, 0 have all features, 0 of them different: too few for k = 1\nhint: use a smaller k, or more rows",
        ),
        (
            "SELECT x FROM generate_series(1, 50) AS t(x)",
            "k => 3, features => ['x'], max_iterations => 1",
            "gaussian_mixture: no run settled in 1 steps\nhint: use more `max_iterations`, or a larger `tolerance`",
        ),
    ] {
        let sql = format!("SELECT * FROM gaussian_mixture(({rows}), {arguments})");
        assert_eq!(answer(&session, &sql).await, expected, "{rows} {arguments}");
    }
    let empty = "SELECT count(*) FROM gaussian_mixture((SELECT 1 AS x WHERE false), k => 2, features => ['x'])";
    assert_eq!(column(&session, empty).await, ["0"]);
}
