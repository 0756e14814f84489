//! What the functions of linear regression are for, with examples that a test runs.

use std::sync::LazyLock;

use datafusion::logical_expr::Documentation;

use super::LinearRegression;
use crate::table::declared::documentation;
use crate::table::learning::{Asked, Family, MODEL_TO_READ};

pub(super) fn of(asked: Asked) -> &'static Documentation {
    static ROWS: LazyLock<Documentation> = LazyLock::new(rows);
    static MEASURES: LazyLock<Documentation> = LazyLock::new(measures);
    static COEFFICIENTS: LazyLock<Documentation> = LazyLock::new(coefficients);
    static PREDICTIONS: LazyLock<Documentation> = LazyLock::new(predictions);
    match asked {
        Asked::Rows => &ROWS,
        Asked::Measures => &MEASURES,
        Asked::Coefficients => &COEFFICIENTS,
        Asked::Predictions => &PREDICTIONS,
    }
}

fn rows() -> Documentation {
    documentation(
        "Predicts a number as a weighted sum of the features, by least squares. Returns all columns of \
         the relation and: prediction (DOUBLE), and held_out (BOOLEAN, whether the row was kept from \
         learning; NULL without a target). Rows with a NULL, NaN or infinite feature take no part and \
         have NULL in both. A feature that does not vary, or that the ones before it tell already, has \
         no weight.",
        "linear_regression(relation, features => [names], target => name, ...)",
        r"
> SELECT days, bill, round(prediction, 2) AS prediction, held_out
  FROM linear_regression(
    (SELECT * FROM (VALUES (1, 310), (2, 420), (3, 490), (4, 610), (5, NULL)) AS stays(days, bill)),
    features => ['days'], target => 'bill', held_out => 0)
  ORDER BY days;
+------+------+------------+----------+
| days | bill | prediction | held_out |
+------+------+------------+----------+
| 1    | 310  | 312.0      | false    |
| 2    | 420  | 409.0      | false    |
| 3    | 490  | 506.0      | false    |
| 4    | 610  | 603.0      | false    |
| 5    |      | 700.0      |          |
+------+------+------------+----------+",
        LinearRegression::ARGUMENTS,
    )
}

fn measures() -> Documentation {
    documentation(
        "Learns as linear_regression does and returns one row that says how good the predictions are: \
         rows_trained, rows_held_out and rows_skipped (without a feature or the target); rmse, mae and \
         r2 on the rows that were held out (NULL if there are none); trained_rmse, trained_mae and \
         trained_r2 on those that were learnt from.",
        "linear_regression_metrics(relation, features => [names], target => name, ...)",
        r"
> SELECT rows_trained, rows_held_out, rows_skipped, round(rmse, 3) AS rmse, round(r2, 3) AS r2, round(trained_r2, 3) AS trained_r2
  FROM linear_regression_metrics(
    (SELECT value AS days, 100 * value + value % 7 AS bill FROM generate_series(1, 200)),
    features => ['days'], target => 'bill');
+--------------+---------------+--------------+-------+-----+------------+
| rows_trained | rows_held_out | rows_skipped | rmse  | r2  | trained_r2 |
+--------------+---------------+--------------+-------+-----+------------+
| 166          | 34            | 0            | 2.044 | 1.0 | 1.0        |
+--------------+---------------+--------------+-------+-----+------------+",
        LinearRegression::ARGUMENTS,
    )
}

fn coefficients() -> Documentation {
    documentation(
        "Returns what linear_regression learns, or what a kept model has learnt: a row for the \
         intercept and for each term (term TEXT, coefficient DOUBLE). A value of a category is a term \
         of its own, such as city = Rome, against the first value, which has none. The coefficient is \
         NULL for a term that does not vary or that the ones before it tell already.",
        "linear_regression_coefficients(relation, features => [names], target => name, ...) or linear_regression_coefficients('model')",
        r"
> SELECT term, round(coefficient, 2) AS coefficient
  FROM linear_regression_coefficients(
    (SELECT * FROM (VALUES (1, 'north', 310), (2, 'south', 520), (3, 'north', 510), (4, 'south', 720)) AS stays(days, city, bill)),
    features => ['days'], one_hot => ['city'], target => 'bill', held_out => 0);
+--------------+-------------+
| term         | coefficient |
+--------------+-------------+
| intercept    | 210.0       |
| days         | 100.0       |
| city = south | 110.0       |
+--------------+-------------+",
        LinearRegression::ARGUMENTS,
    )
}

fn predictions() -> Documentation {
    documentation(
        "Predicts by a model that linear_regression has kept. Returns all columns of the relation and \
         prediction (DOUBLE; NULL where a feature is missing). The relation needs the features under \
         their names, and no target.",
        "linear_regression_predict('model', relation)",
        r"
> SELECT rows_trained
  FROM linear_regression_metrics(
    (SELECT * FROM (VALUES (1, 300), (2, 400), (3, 500)) AS stays(days, bill)),
    features => ['days'], target => 'bill', held_out => 0, model => 'bills');
+--------------+
| rows_trained |
+--------------+
| 3            |
+--------------+
> SELECT days, round(prediction, 2) AS prediction
  FROM linear_regression_predict('bills', (SELECT * FROM (VALUES (10), (NULL)) AS stays(days)));
+------+------------+
| days | prediction |
+------+------------+
| 10   | 1200.0     |
|      |            |
+------+------------+",
        &[MODEL_TO_READ],
    )
}
