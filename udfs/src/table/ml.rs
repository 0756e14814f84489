//! `ml_predict('model', relation)`, `ml_centroids('model')` and `ml_evaluate('model')`: what a model is
//! asked whatever function has made it. In BigQuery's spelling, `ML.PREDICT(MODEL name, ..)`.

use std::sync::{Arc, LazyLock};

use datafusion::common::Result;
use datafusion::logical_expr::{DocSection, Documentation};

use super::documented;
use super::function::{ArgumentDescription, Call, RelationFunction, Request, Signature};
use super::kmeans::{KMeansCentroids, KMeansMetrics, KMeansPredict};
use super::learning::{Asked, Family, Learner};
use super::linear_regression::LinearRegression;
use super::logistic_regression::LogisticRegression;
use super::models::named_model;
use super::random_forest_regression::RandomForestRegression;
use super::relation_arguments::MODEL;

const ARGUMENTS: [ArgumentDescription; 1] = [(
    MODEL,
    "The name of a model that was kept; its newest version counts.",
)];

/// The functions that answer for the models of one other.
struct Answers {
    /// The function that makes the models.
    maker: &'static str,
    predict: &'static dyn RelationFunction,
    centroids: Option<&'static dyn RelationFunction>,
    evaluate: Option<&'static dyn RelationFunction>,
}

const ANSWERS: [Answers; 4] = [
    Answers {
        maker: super::kmeans::NAME,
        predict: &KMeansPredict,
        centroids: Some(&KMeansCentroids),
        evaluate: Some(&KMeansMetrics),
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
#[derive(Debug)]
pub struct MlPredict;

impl RelationFunction for MlPredict {
    fn name(&self) -> &'static str {
        "ml_predict"
    }

    fn signature(&self) -> Signature {
        Signature::ModelAndRelation
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        &ARGUMENTS
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            describe(
                "What a model says of rows: kmeans_predict for a model of kmeans, and so on.",
                "ml_predict('model', relation)",
                r"
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
            )
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        ask(request, |answers| Some(answers.predict))
    }
}

/// `ml_centroids`.
#[derive(Debug)]
pub struct MlCentroids;

impl RelationFunction for MlCentroids {
    fn name(&self) -> &'static str {
        "ml_centroids"
    }

    fn signature(&self) -> Signature {
        Signature::ModelOrRelation
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        &ARGUMENTS
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            describe(
                "The clusters that a model has learnt.",
                "ml_centroids('model')",
                r"
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
            )
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        ask(request, |answers| answers.centroids)
    }
}

/// `ml_evaluate`.
#[derive(Debug)]
pub struct MlEvaluate;

impl RelationFunction for MlEvaluate {
    fn name(&self) -> &'static str {
        "ml_evaluate"
    }

    fn signature(&self) -> Signature {
        Signature::ModelOrRelation
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        &ARGUMENTS
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            describe(
                "How good a model was on the rows that it learnt from.",
                "ml_evaluate('model')",
                r"
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
            )
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        ask(request, |answers| answers.evaluate)
    }
}

fn describe(description: &str, syntax: &str, example: &str) -> Documentation {
    let section = DocSection {
        include: true,
        label: "Table Functions",
        description: None,
    };
    let documentation = Documentation::builder(section, description, syntax)
        .with_sql_example(format!("```sql{example}\n```"));
    documented(documentation, &ARGUMENTS)
}

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
