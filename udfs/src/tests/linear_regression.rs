//! `linear_regression` and its functions in SQL: what they give, what they refuse, and that the figures
//! are those of others.

use super::{answer, column, configuration, iris, numbers, session, session_with};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::prelude::SessionContext;

/// `bill = 100 days + 50 in the south + 10`, one row without days and one without a bill.
async fn stays() -> SessionContext {
    let session = session();
    answer(
        &session,
        "CREATE TABLE stays AS SELECT * FROM (VALUES
           (1, 1, 'north', 110.0), (2, 2, 'south', 260.0), (3, 3, 'north', 310.0), (4, 4, 'south', 460.0),
           (5, 5, 'north', 510.0), (6, NULL, 'north', 1.0), (7, 7, 'south', NULL), (8, 8, NULL, 9.0)
         ) AS stays(id, days, city, bill)",
    )
    .await;
    session
}

#[tokio::test]
async fn finds_the_weights_and_predicts_every_row_with_features() {
    let session = stays().await;
    let call =
        "(stays, features => ['days'], one_hot => ['city'], target => 'bill', held_out => 0)";
    let found = answer(
        &session,
        &format!("SELECT term, round(coefficient, 9) AS coefficient FROM linear_regression_coefficients{call}"),
    )
    .await;
    let expected = "\
+--------------+-------------+
| term         | coefficient |
+--------------+-------------+
| intercept    | 10.0        |
| days         | 100.0       |
| city = south | 50.0        |
+--------------+-------------+";
    assert_eq!(found, expected);
    let found = answer(
        &session,
        &format!("SELECT id, round(prediction, 6) AS prediction, held_out FROM linear_regression{call} WHERE id > 4 ORDER BY id"),
    )
    .await;
    let expected = "\
+----+------------+----------+
| id | prediction | held_out |
+----+------------+----------+
| 5  | 510.0      | false    |
| 6  |            |          |
| 7  | 760.0      |          |
| 8  |            |          |
+----+------------+----------+";
    assert_eq!(found, expected);
    let found = answer(
        &session,
        &format!("SELECT rows_trained, rows_held_out, rows_skipped, rmse, round(trained_r2, 9) AS trained_r2 FROM linear_regression_metrics{call}"),
    )
    .await;
    let expected = "\
+--------------+---------------+--------------+------+------------+
| rows_trained | rows_held_out | rows_skipped | rmse | trained_r2 |
+--------------+---------------+--------------+------+------------+
| 5            | 0             | 3            |      | 1.0        |
+--------------+---------------+--------------+------+------------+";
    assert_eq!(found, expected);
}

/// scikit-learn 1.9.1: `LinearRegression().fit(X[:, :3], X[:, 3])` on iris, intercept and coefficients.
#[tokio::test]
async fn agrees_with_scikit_learn() {
    let Some(session) = iris().await else { return };
    let found = numbers(
        &session,
        "SELECT coefficient FROM linear_regression_coefficients(iris,
           features => ['sepal_length', 'sepal_width', 'petal_length'], target => 'petal_width', held_out => 0)",
    )
    .await;
    let expected = [
        -0.2487235860244532,
        -0.210_271_328_845_185_18,
        0.22877721396397938,
        0.526_088_180_063_096_7,
    ];
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}

#[tokio::test]
async fn a_kept_model_predicts_alike_and_tells_its_coefficients() {
    let session = stays().await;
    let call = "(stays, features => ['days'], one_hot => ['city'], target => 'bill', held_out => 0.3, seed => 5";
    let learnt = answer(
        &session,
        &format!(
            "SELECT id, prediction FROM linear_regression{call}, model => 'bills') ORDER BY id"
        ),
    )
    .await;
    let predicted = answer(
        &session,
        "SELECT id, prediction FROM linear_regression_predict('bills', stays) ORDER BY id",
    )
    .await;
    assert_eq!(predicted, learnt);
    let of_rows = format!("SELECT * FROM linear_regression_coefficients{call})");
    let of_model = "SELECT * FROM linear_regression_coefficients('bills')";
    assert_eq!(
        answer(&session, of_model).await,
        answer(&session, &of_rows).await
    );
    // Rome is no city that the model knows: it counts as the first, north.
    let unknown = "SELECT prediction FROM linear_regression_predict('bills', (SELECT 3 AS days, city FROM (VALUES ('north'), ('Rome')) AS t(city)))";
    let found = numbers(&session, unknown).await;
    assert_eq!(found[0], found[1]);
}

#[tokio::test]
async fn a_term_that_cannot_be_told_apart_has_no_weight() {
    let found = answer(
        &session(),
        "SELECT term, round(coefficient, 6) AS coefficient FROM linear_regression_coefficients(
           (SELECT x, 3 * x - 7 AS twin, 5 AS constant, 2 * x + 1 AS y FROM generate_series(1, 50) AS t(x)),
           features => ['constant', 'x', 'twin'], target => 'y', held_out => 0)",
    )
    .await;
    let expected = "\
+-----------+-------------+
| term      | coefficient |
+-----------+-------------+
| intercept | 1.0         |
| constant  |             |
| x         | 2.0         |
| twin      |             |
+-----------+-------------+";
    assert_eq!(found, expected);
}

#[tokio::test]
async fn neither_order_nor_batches_nor_threads_change_a_bit() {
    let rows = "SELECT id, (id * 7919) % 1009 AS x, (id * 104729) % 997 / 3.0 AS z, (id * 31) % 101 + id % 7 AS y FROM generate_series(1, 9000) AS t(id)";
    let mut answers = vec![];
    for (order, batch, threads) in [("id", 8192, 1), ("id DESC", 100, 4), ("x, z", 999, 2)] {
        let configuration = configuration()
            .with_batch_size(batch)
            .with_target_partitions(threads);
        let session = session_with(configuration, RuntimeEnv::default());
        let call = format!(
            "linear_regression(({rows} ORDER BY {order}), features => ['x', 'z'], target => 'y')"
        );
        let sql = format!("SELECT id, prediction, held_out FROM {call} ORDER BY id LIMIT 500");
        answers.push(answer(&session, &sql).await);
    }
    assert!(answers[0].contains("true") && answers[0].contains("false"));
    assert!(answers.iter().all(|found| *found == answers[0]));
}

const BILLS: &str = "(SELECT 1 AS id, 2.5 AS amount, 'x' AS hospital, DATE '2024-01-01' AS day)";

#[tokio::test]
async fn each_argument_is_checked() {
    let session = session();
    for (arguments, expected) in [
        (
            "target => 'amount'",
            "linear_regression: `features` is missing\nhint: add for example features => ['age']",
        ),
        (
            "features => ['id']",
            "linear_regression: `target` is missing\nhint: add for example target => 'billing_amount'",
        ),
        (
            "features => ['hospital'], target => 'amount'",
            "linear_regression: 'hospital' (in `features`) must be numeric or boolean, not Utf8\nhint: name text columns in `one_hot`",
        ),
        (
            "features => ['day'], target => 'amount'",
            "linear_regression: 'day' (in `features`) must be numeric or boolean, not Date32\nhint: turn it into a number first, such as date_part('epoch', \"day\")",
        ),
        (
            "features => ['id'], target => 'hospital'",
            "linear_regression: 'hospital' (in `target`) must be numeric or boolean, not Utf8\nhint: for classes there is logistic_regression",
        ),
        (
            "features => ['id'], target => 'id'",
            "linear_regression: 'id' is the `target` and in `features`\nhint: what is to be predicted cannot be given: remove it from `features`",
        ),
        (
            "features => ['id'], target => 'amonut'",
            "linear_regression: the input has no column 'amonut' (in `target`)\nhint: did you mean 'amount'?",
        ),
        (
            "features => ['id'], one_hot => ['id'], target => 'amount'",
            "linear_regression: 'id' is in `one_hot` and in `features`\nhint: name it once: in `features` as a number, in `one_hot` as a category",
        ),
        (
            "features => ['id'], target => 'amount', held_out => 1",
            "linear_regression: `held_out` must be a share from 0 to below 1, not 1\nhint: write held_out => 0.2",
        ),
        (
            "features => ['id'], target => 'amount', held_out => -0.1",
            "linear_regression: `held_out` must be a share from 0 to below 1, not -0.1\nhint: write held_out => 0.2",
        ),
        (
            "features => ['id'], target => 'amount', heldout => 0",
            "linear_regression: there is no argument `heldout`\nhint: did you mean `held_out`?",
        ),
        (
            "features => ['id'], target => 'amount', model => 5",
            "linear_regression: `model` must be text, not 5\nhint: write model => '..'",
        ),
    ] {
        let sql = format!("SELECT * FROM linear_regression({BILLS}, {arguments})");
        assert_eq!(answer(&session, &sql).await, expected, "{arguments}");
    }
}

#[tokio::test]
async fn data_that_cannot_be_learnt_from_is_refused() {
    let session = session();
    for (rows, arguments, expected) in [
        (
            "SELECT 1 AS x, 2 AS y WHERE false",
            "features => ['x'], target => 'y'",
            "linear_regression: there is no row to learn from: of 0 rows, 0 have all features, and 0 of these a target\nhint: look for columns that are all NULL, and fill or leave them out",
        ),
        (
            "SELECT NULL AS x, y FROM generate_series(1, 5) AS t(y)",
            "features => ['x'], target => 'y'",
            "linear_regression: there is no row to learn from: of 5 rows, 0 have all features, and 0 of these a target\nhint: look for columns that are all NULL, and fill or leave them out",
        ),
        (
            "SELECT y AS x, CAST(NULL AS DOUBLE) AS y FROM generate_series(1, 5) AS t(y)",
            "features => ['x'], target => 'y'",
            "linear_regression: there is no row to learn from: of 5 rows, 5 have all features, and 0 of these a target\nhint: look for columns that are all NULL, and fill or leave them out",
        ),
        (
            "SELECT CAST(x AS DOUBLE) AS x, 1 AS y FROM (VALUES ('NaN'), ('Infinity'), ('-Infinity')) AS t(x)",
            "features => ['x'], target => 'y'",
            "linear_regression: there is no row to learn from: of 3 rows, 0 have all features, and 0 of these a target\nhint: look for columns that are all NULL, and fill or leave them out",
        ),
        (
            "SELECT CAST('1e200' AS DOUBLE) AS x, 1 AS y",
            "features => ['x'], target => 'y'",
            "linear_regression: 'x' holds 1e200, beyond 1e150\nhint: divide the column in the SELECT of the input",
        ),
        (
            "SELECT x, x * x AS z, y FROM (VALUES (1, 1), (2, 2)) AS t(x, y)",
            "features => ['x', 'z'], target => 'y', held_out => 0",
            "linear_regression: 2 rows to learn from are too few for 3 coefficients\nhint: use more rows, fewer features, or a smaller `held_out`",
        ),
        (
            "SELECT 'a' AS city, y FROM generate_series(1, 5) AS t(y)",
            "one_hot => ['city'], target => 'y', held_out => 0",
            "linear_regression: no feature varies, so there is nothing to predict from\nhint: name columns of more than one value",
        ),
        (
            "SELECT y AS city, y FROM generate_series(1, 101) AS t(y)",
            "one_hot => ['city'], target => 'x'",
            "linear_regression: the input has no column 'x' (in `target`)\nhint: did you mean 'y'?",
        ),
        (
            "SELECT y AS city, y FROM generate_series(1, 101) AS t(y)",
            "one_hot => ['city'], target => 'y', held_out => 0",
            "linear_regression: 'city' has more than 100 different values\nhint: put rare values together in the SELECT of the input, such as CASE WHEN .. ELSE 'other' END",
        ),
    ] {
        let sql = format!("SELECT * FROM linear_regression(({rows}), {arguments})");
        assert_eq!(answer(&session, &sql).await, expected, "{rows}");
    }
}

#[tokio::test]
async fn models_are_checked() {
    let session = stays().await;
    let learn = "SELECT count(*) FROM linear_regression(stays, features => ['days'], target => 'bill', held_out => 0, model => 'bills')";
    let nothing = "SELECT * FROM linear_regression_predict('bill', stays)";
    assert_eq!(
        answer(&session, nothing).await,
        "linear_regression_predict: there is no model 'bill'\nhint: none is kept yet: add model => 'name' to a call that learns"
    );
    assert_eq!(column(&session, learn).await, ["8"]);
    for (sql, expected) in [
        (
            "linear_regression_predict('bill', stays)",
            "linear_regression_predict: there is no model 'bill'\nhint: did you mean 'bills'?",
        ),
        (
            "linear_regression_predict('bills', (SELECT bill FROM stays))",
            "linear_regression_predict: the input has no column 'days' (in `model`)\nhint: the input has bill",
        ),
        (
            "linear_regression_predict('bills', (SELECT city AS days FROM stays))",
            "linear_regression_predict: 'days' (in `model`) must be numeric or boolean, not Utf8\nhint: a code for each text would make up distances; name it in one_hot => ['days'] where the function takes that, or give each value a column: (\"days\" = '..') AS is_..",
        ),
        (
            "linear_regression_coefficients(model => 'bills', seed => 3)",
            "linear_regression_coefficients: `seed` is for a relation, and a kept model was given\nhint: remove `seed`: the model knows its own",
        ),
    ] {
        assert_eq!(
            answer(&session, &format!("SELECT * FROM {sql}")).await,
            expected,
            "{sql}"
        );
    }
}
