//! `ml_predict('model', relation)`, `ml_centroids('model')` and `ml_evaluate('model')`: what a model is
//! asked whatever function has made it. In BigQuery's spelling, `ML.PREDICT(MODEL name, ..)`.

use std::sync::Arc;

use datafusion::common::Result;

use super::declared::{Declaration, DeclaredFunction};
use super::function::{ArgumentDescription, Call, RelationFunction, Request, Signature};
use super::kmeans::{KMEANS_CENTROIDS, KMEANS_METRICS, KMEANS_PREDICT};
use super::learning::{Asked, Family, Learner};
use super::linear_regression::LinearRegression;
use super::logistic_regression::LogisticRegression;
use super::models::named_model;
use super::random_forest_regression::RandomForestRegression;
use super::relation_arguments::MODEL;

const MODEL_TO_ASK: ArgumentDescription = (
    MODEL,
    "The name of a model that was kept; its newest version counts.",
);

/// The functions that answer for the models of one other.
struct Answers {
    /// The function that makes the models.
    maker: &'static str,
    predict: &'static dyn RelationFunction,
    centroids: Option<&'static dyn RelationFunction>,
    evaluate: Option<&'static dyn RelationFunction>,
}

static ANSWERS: [Answers; 4] = [
    Answers {
        maker: super::kmeans::NAME,
        predict: &KMEANS_PREDICT,
        centroids: Some(&KMEANS_CENTROIDS),
        evaluate: Some(&KMEANS_METRICS),
    },
    learner(
        &Learner::<LinearRegression>::new(Asked::Predictions),
        LinearRegression::NAME,
    ),
    learner(
        &Learner::<LogisticRegression>::new(Asked::Predictions),
        LogisticRegression::NAME,
    ),
    learner(
        &Learner::<RandomForestRegression>::new(Asked::Predictions),
        RandomForestRegression::NAME,
    ),
];

/// A model with a target, which has no centroids and was measured on rows that it did not keep.
const fn learner(predict: &'static dyn RelationFunction, maker: &'static str) -> Answers {
    Answers {
        maker,
        predict,
        centroids: None,
        evaluate: None,
    }
}

/// `ml_predict`.
pub(super) static ML_PREDICT: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "ml_predict",
    signature: Signature::ModelAndRelation,
    arguments: &[&[MODEL_TO_ASK]],
    description: "What a model says of rows: kmeans_predict for a model of kmeans, and so on.",
    syntax: "ml_predict('model', relation)",
    example: r"
> SELECT count(*) AS rows FROM kmeans(
    (SELECT * FROM (VALUES (100), (120), (900)) AS bills(bill)), k => 2, features => ['bill'], model => 'sizes');
+------+
| rows |
+------+
| 3    |
+------+
> SELECT bill, cluster FROM ml_predict('sizes', (SELECT 850 AS bill));
+------+---------+
| bill | cluster |
+------+---------+
| 850  | 1       |
+------+---------+",
    call: |_, request| ask(request, |answers| Some(answers.predict)),
});

/// `ml_centroids`.
pub(super) static ML_CENTROIDS: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "ml_centroids",
    signature: Signature::ModelOrRelation,
    arguments: &[&[MODEL_TO_ASK]],
    description: "The clusters that a model has learnt.",
    syntax: "ml_centroids('model')",
    example: r"
> SELECT count(*) AS rows FROM kmeans(
    (SELECT * FROM (VALUES (100), (120), (900)) AS bills(bill)), k => 2, features => ['bill'], model => 'sizes');
+------+
| rows |
+------+
| 3    |
+------+
> SELECT cluster, rows, bill FROM ml_centroids('sizes');
+---------+------+-------+
| cluster | rows | bill  |
+---------+------+-------+
| 0       | 2    | 110.0 |
| 1       | 1    | 900.0 |
+---------+------+-------+",
    call: |_, request| ask(request, |answers| answers.centroids),
});

/// `ml_evaluate`.
pub(super) static ML_EVALUATE: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "ml_evaluate",
    signature: Signature::ModelOrRelation,
    arguments: &[&[MODEL_TO_ASK]],
    description: "How good a model was on the rows that it learnt from.",
    syntax: "ml_evaluate('model')",
    example: r"
> SELECT count(*) AS rows FROM kmeans(
    (SELECT * FROM (VALUES (100), (120), (900)) AS bills(bill)), k => 2, features => ['bill'], model => 'sizes');
+------+
| rows |
+------+
| 3    |
+------+
> SELECT k, rows, converged FROM ml_evaluate('sizes');
+---+------+-----------+
| k | rows | converged |
+---+------+-----------+
| 2 | 3    | true      |
+---+------+-----------+",
    call: |_, request| ask(request, |answers| answers.evaluate),
});

/// Hands a call on to the function that answers for the model.
fn ask(
    request: &Request<'_>,
    which: impl Fn(&Answers) -> Option<&'static dyn RelationFunction>,
) -> Result<Arc<dyn Call>> {
    let model = named_model(request)?;
    let mut answers = ANSWERS
        .iter()
        .filter(|answers| answers.maker == model.function);
    match answers.next().and_then(which) {
        Some(function) => function.call(request),
        None => Err(super::refusal(
            format!("a model of {} has no answer to this", model.function),
            "SHOW MODELS says which function has made a model",
        )),
    }
}
