//! What the functions of random forests are for, with examples that a test runs.

use std::sync::LazyLock;

use datafusion::logical_expr::Documentation;

use super::RandomForestRegression;
use crate::table::declared::documentation;
use crate::table::learning::{Asked, Family, MODEL_TO_READ};

pub(super) fn of(asked: Asked) -> &'static Documentation {
    static ROWS: LazyLock<Documentation> = LazyLock::new(rows);
    static MEASURES: LazyLock<Documentation> = LazyLock::new(measures);
    static PREDICTIONS: LazyLock<Documentation> = LazyLock::new(predictions);
    match asked {
        Asked::Rows | Asked::Coefficients => &ROWS,
        Asked::Measures => &MEASURES,
        Asked::Predictions => &PREDICTIONS,
    }
}

fn rows() -> Documentation {
    documentation(
        "Predicts a number as the mean of many trees, each grown on rows drawn with replacement. \
         Returns all columns of the relation and: prediction (DOUBLE), and held_out (BOOLEAN, whether \
         the row was kept from learning; NULL without a target). Rows with a NULL, NaN or infinite \
         feature take no part and have NULL in both. A number is asked for at 255 places at most.",
        "random_forest_regression(relation, features => [names], target => name, ...)",
        r"
> SELECT day, round(prediction) AS prediction
  FROM random_forest_regression(
    (SELECT value AS day, CASE WHEN value % 30 < 10 THEN 100 ELSE 500 END AS bill FROM generate_series(1, 90)),
    features => ['day'], target => 'bill', held_out => 0, trees => 20, min_leaf_rows => 1)
  WHERE day IN (5, 20, 35, 50) ORDER BY day;
+-----+------------+
| day | prediction |
+-----+------------+
| 5   | 100.0      |
| 20  | 500.0      |
| 35  | 100.0      |
| 50  | 500.0      |
+-----+------------+",
        RandomForestRegression::ARGUMENTS,
    )
}

fn measures() -> Documentation {
    documentation(
        "Learns as random_forest_regression does and returns one row that says how good the \
         predictions are: rows_trained, rows_held_out and rows_skipped (without a feature or the \
         target); rmse, mae and r2 on the rows that were held out (NULL if there are none); \
         trained_rmse, trained_mae and trained_r2 on those that were learnt from.",
        "random_forest_regression_metrics(relation, features => [names], target => name, ...)",
        r"
> SELECT rows_trained, rows_held_out, round(r2, 2) AS r2
  FROM random_forest_regression_metrics(
    (SELECT value AS day, abs(value % 60 - 30) AS bill FROM generate_series(1, 600)),
    features => ['day'], target => 'bill', trees => 20);
+--------------+---------------+------+
| rows_trained | rows_held_out | r2   |
+--------------+---------------+------+
| 456          | 144           | 0.96 |
+--------------+---------------+------+",
        RandomForestRegression::ARGUMENTS,
    )
}

fn predictions() -> Documentation {
    documentation(
        "Predicts by a model that random_forest_regression has kept. Returns all columns of the \
         relation and prediction (DOUBLE; NULL where a feature is missing). The relation needs the \
         features under their names, and no target.",
        "random_forest_regression_predict('model', relation)",
        r"
> SELECT rows_trained
  FROM random_forest_regression_metrics(
    (SELECT value AS day, CASE WHEN value > 50 THEN 500 ELSE 100 END AS bill FROM generate_series(1, 100)),
    features => ['day'], target => 'bill', held_out => 0, trees => 20, model => 'forest');
+--------------+
| rows_trained |
+--------------+
| 100          |
+--------------+
> SELECT day, prediction
  FROM random_forest_regression_predict('forest', (SELECT * FROM (VALUES (10), (90), (NULL)) AS stays(day)));
+-----+------------+
| day | prediction |
+-----+------------+
| 10  | 100.0      |
| 90  | 500.0      |
|     |            |
+-----+------------+",
        &[MODEL_TO_READ],
    )
}
