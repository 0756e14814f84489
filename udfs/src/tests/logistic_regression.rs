//! `logistic_regression` and its functions in SQL.

use super::{answer, column, iris, numbers, session};

const FEATURES: &str =
    "features => ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'], held_out => 0";

/// The flowers with their species.
const FLOWERS: &str = "(SELECT \"SepalLengthCm\" AS sepal_length, \"SepalWidthCm\" AS sepal_width, \"PetalLengthCm\" AS petal_length,
    \"PetalWidthCm\" AS petal_width, \"Species\" AS species, \"Species\" = 'Iris-virginica' AS is_virginica FROM flowers)";

/// scikit-learn 1.9.1: `LogisticRegression(C=1, tol=1e-10)` on standardised iris: accuracy and log loss of
/// three species, and of virginica or not.
#[tokio::test]
async fn agrees_with_scikit_learn() {
    let Some(session) = iris().await else { return };
    for (target, accuracy, log_loss) in [
        ("species", 0.9733333333333334, 0.1295881825761101),
        ("is_virginica", 0.9733333333333334, 0.1187972852889366),
    ] {
        let measure = async |measure: &str| {
            let sql = format!(
                "SELECT {measure} FROM logistic_regression_metrics({FLOWERS}, {FEATURES}, target => '{target}')"
            );
            numbers(&session, &sql).await[0]
        };
        assert_eq!(measure("trained_accuracy").await, accuracy);
        assert!((measure("trained_log_loss").await - log_loss).abs() < 1e-6);
    }
}

#[tokio::test]
async fn three_classes_with_a_far_row_are_solved() {
    let sql = "SELECT trained_log_loss FROM logistic_regression_metrics(
        (SELECT CASE WHEN i = 300 THEN 2000 ELSE i % 100 / 25.0 - 2 END AS x, (i * 7) % 3 AS y FROM generate_series(1, 300) AS t(i)),
        features => ['x'], target => 'y', held_out => 0, scale => 'none')";
    // Classes without a pattern: no better than a third each, and no worse.
    let loss = numbers(&session(), sql).await[0];
    assert!((1.05..1.0987).contains(&loss), "{loss}");
}

#[tokio::test]
async fn predictions_have_the_type_of_the_target_and_a_kept_model_gives_the_same() {
    let session = session();
    for (target, type_name) in [
        ("i > 50", "Boolean"),
        ("CASE WHEN i > 50 THEN 'b' ELSE 'a' END", "Utf8"),
        ("CASE WHEN i > 50 THEN 10 ELSE 9 END", "Int64"),
    ] {
        let rows = format!("(SELECT i AS x, {target} AS y FROM generate_series(1, 100) AS t(i))");
        let call =
            format!("logistic_regression({rows}, features => ['x'], target => 'y', model => 'm')");
        let learnt = answer(
            &session,
            &format!("SELECT x, prediction, probability FROM {call} ORDER BY x"),
        )
        .await;
        let kept = format!(
            "SELECT x, prediction, probability FROM logistic_regression_predict('m', {rows}) ORDER BY x"
        );
        assert_eq!(answer(&session, &kept).await, learnt);
        let types = format!("SELECT DISTINCT arrow_typeof(prediction) FROM {call}");
        assert_eq!(column(&session, &types).await, [type_name]);
        let right = format!("SELECT count(*) FROM {call} WHERE prediction = y");
        assert!(numbers(&session, &right).await[0] >= 98.0);
        let of_rows = format!(
            "SELECT * FROM logistic_regression_coefficients({rows}, features => ['x'], target => 'y')"
        );
        let of_model = "SELECT * FROM logistic_regression_coefficients('m')";
        assert_eq!(
            answer(&session, of_model).await,
            answer(&session, &of_rows).await
        );
    }
}

#[tokio::test]
async fn the_order_of_the_rows_changes_no_bit() {
    let session = session();
    let mut answers = vec![];
    for order in ["id", "id DESC", "x"] {
        let sql = format!(
            "SELECT id, prediction, probability, held_out FROM logistic_regression((SELECT id, (id * 7919) % 211 AS x, 'c' || (id % 4) AS c, (id * 31) % 53 > id % 50 AS y FROM generate_series(1, 9000) AS t(id) ORDER BY {order}),
             features => ['x'], one_hot => ['c'], target => 'y') ORDER BY id LIMIT 300"
        );
        answers.push(answer(&session, &sql).await);
    }
    assert!(answers[0].contains("true"), "{}", answers[0]);
    assert!(answers.iter().all(|found| *found == answers[0]));
}

#[tokio::test]
async fn what_it_cannot_use_is_refused() {
    let session = session();
    let rows = "SELECT i AS x, i > 5 AS y, 1.5 AS d, 'same' AS s, i AS many FROM generate_series(1, 10) AS t(i)";
    for (arguments, expected) in [
        (
            "features => ['x'], target => 'd'",
            "logistic_regression: 'd' (in `target`) must be text, boolean or integer, not Decimal128(2, 1)\nhint: turn it into classes first, such as (amount > 1000) AS is_large; for numbers there is linear_regression",
        ),
        (
            "features => ['x'], target => 's'",
            "logistic_regression: all rows have the same class, 'same'\nhint: there is nothing to tell apart: take rows of other classes too",
        ),
        (
            "features => ['x'], target => 'y', l2 => -1",
            "logistic_regression: `l2` must be a number, 0 or more, not -1\nhint: write l2 => 1",
        ),
        (
            "features => ['x'], target => 'y', tolerance => 0",
            "logistic_regression: `tolerance` must be a number above 0, not 0\nhint: write tolerance => 0.000001",
        ),
        (
            "features => ['x'], target => 'y', scale => 'minmax'",
            "logistic_regression: `scale` cannot be 'minmax'\nhint: it is 'standard' or 'none'",
        ),
        (
            "features => ['x'], target => 'y', penalty => 1",
            "logistic_regression: there is no argument `penalty`\nhint: it takes features, one_hot, target, held_out, seed, model, l2, scale, max_iterations, tolerance",
        ),
    ] {
        let sql = format!("SELECT * FROM logistic_regression(({rows}), {arguments})");
        assert_eq!(answer(&session, &sql).await, expected, "{arguments}");
    }
    let sql = format!(
        "SELECT * FROM logistic_regression(({rows}), features => ['x'], target => 'y', max_iterations => 1, held_out => 0)"
    );
    let found = answer(&session, &sql).await;
    assert!(
        found.starts_with(
            "logistic_regression: the weights are not found after 1 steps: a slope of"
        ),
        "{found}"
    );
    assert!(
        found.ends_with("use more `max_iterations`, a larger `l2`, or a larger `tolerance`"),
        "{found}"
    );
    let sql = format!(
        "SELECT * FROM logistic_regression(({rows}), features => ['x'], target => 'many', held_out => 0.5)"
    );
    let found = answer(&session, &sql).await;
    assert!(
        found.contains("are held out\nhint: use another `seed`"),
        "{found}"
    );
}
