//! What the functions of logistic regression are for, with examples that a test runs.

use std::sync::LazyLock;

use datafusion::logical_expr::Documentation;

use super::LogisticRegression;
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
        "Predicts one of two or more classes. Returns all columns of the relation and: prediction (the \
         most probable class: TEXT, BOOLEAN or BIGINT as the target is), probability (DOUBLE, of that \
         class), and held_out (BOOLEAN, whether the row was kept from learning; NULL without a \
         target). Rows with a NULL, NaN or infinite feature take no part and have NULL in all three. \
         Fails when the weights are not found, rather than give others.",
        "logistic_regression(relation, features => [names], target => name, ...)",
        r"
> SELECT age, readmitted, prediction, round(probability, 2) AS probability
  FROM logistic_regression(
    (SELECT * FROM (VALUES (30, false), (40, false), (55, true), (60, false), (70, true), (80, true), (90, NULL)) AS stays(age, readmitted)),
    features => ['age'], target => 'readmitted', held_out => 0)
  ORDER BY age;
+-----+------------+------------+-------------+
| age | readmitted | prediction | probability |
+-----+------------+------------+-------------+
| 30  | false      | false      | 0.81        |
| 40  | false      | false      | 0.71        |
| 55  | true       | false      | 0.51        |
| 60  | false      | true       | 0.56        |
| 70  | true       | true       | 0.69        |
| 80  | true       | true       | 0.79        |
| 90  |            | true       | 0.87        |
+-----+------------+------------+-------------+",
        LogisticRegression::ARGUMENTS,
    )
}

fn measures() -> Documentation {
    documentation(
        "Learns as logistic_regression does and returns one row that says how good the predictions are: \
         rows_trained, rows_held_out and rows_skipped (without a feature or the target); accuracy, \
         precision, recall, f1, auc and log_loss on the rows that were held out (NULL if there are \
         none); trained_accuracy and trained_log_loss on those that were learnt from. Precision, recall \
         and f1 are those of the second class (true, or the last in order) if there are two, else the \
         means of all; auc is NULL unless there are two.",
        "logistic_regression_metrics(relation, features => [names], target => name, ...)",
        r"
> SELECT rows_trained, rows_held_out, round(accuracy, 2) AS accuracy, round(f1, 2) AS f1, round(auc, 2) AS auc
  FROM logistic_regression_metrics(
    (SELECT value AS age, value + (value * 37) % 41 > 120 AS readmitted FROM generate_series(1, 200)),
    features => ['age'], target => 'readmitted');
+--------------+---------------+----------+------+------+
| rows_trained | rows_held_out | accuracy | f1   | auc  |
+--------------+---------------+----------+------+------+
| 161          | 39            | 0.95     | 0.94 | 0.99 |
+--------------+---------------+----------+------+------+",
        LogisticRegression::ARGUMENTS,
    )
}

fn coefficients() -> Documentation {
    documentation(
        "Returns what logistic_regression learns, or what a kept model has learnt: for each class (of \
         two, for the second) a row for the intercept and for each term (class TEXT, term TEXT, \
         coefficient DOUBLE, in the units of the features). With two classes, the odds of the second \
         grow by the exponential of the coefficient for each unit.",
        "logistic_regression_coefficients(relation, features => [names], target => name, ...) or logistic_regression_coefficients('model')",
        r"
> SELECT class, term, round(coefficient, 3) AS coefficient
  FROM logistic_regression_coefficients(
    (SELECT * FROM (VALUES (30, false), (40, false), (55, true), (60, false), (70, true), (80, true)) AS stays(age, readmitted)),
    features => ['age'], target => 'readmitted', held_out => 0);
+-------+-----------+-------------+
| class | term      | coefficient |
+-------+-----------+-------------+
| true  | intercept | -3.147      |
| true  | age       | 0.056       |
+-------+-----------+-------------+",
        LogisticRegression::ARGUMENTS,
    )
}

fn predictions() -> Documentation {
    documentation(
        "Predicts by a model that logistic_regression has kept. Returns all columns of the relation, \
         prediction and probability (NULL where a feature is missing). The relation needs the features \
         under their names, and no target.",
        "logistic_regression_predict('model', relation)",
        r"
> SELECT rows_trained
  FROM logistic_regression_metrics(
    (SELECT * FROM (VALUES (30, 'home'), (40, 'home'), (70, 'ward'), (80, 'ward')) AS stays(age, place)),
    features => ['age'], target => 'place', held_out => 0, model => 'places');
+--------------+
| rows_trained |
+--------------+
| 4            |
+--------------+
> SELECT age, prediction, round(probability, 2) AS probability
  FROM logistic_regression_predict('places', (SELECT * FROM (VALUES (35), (90), (NULL)) AS stays(age)));
+-----+------------+-------------+
| age | prediction | probability |
+-----+------------+-------------+
| 35  | home       | 0.73        |
| 90  | ward       | 0.85        |
|     |            |             |
+-----+------------+-------------+",
        &[MODEL_TO_READ],
    )
}
