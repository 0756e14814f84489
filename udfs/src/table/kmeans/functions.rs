//! The functions of the family, as users find them.

use std::sync::{Arc, LazyLock};

use datafusion::common::{DFSchema, Result, internal_datafusion_err};
use datafusion::logical_expr::{DocSection, Documentation, DocumentationBuilder};

use super::NAME;
use super::arguments::{ARGUMENTS, K};
use super::call::{Gives, KMeansCall, Previous};
use super::elbow::ElbowCall;
use super::learnt::Learnt;
use super::parameters::{Clusters, KMeansParameters};
use super::predict::PredictCall;
use super::stored::StoredCall;
use super::summary::Summary;
use crate::table::arguments::{boolean, whole_number};
use crate::table::documented;
use crate::table::function::{ArgumentDescription, Call, RelationFunction, Request, Signature};
use crate::table::models::{KeepModel, find_model, named_model};
use crate::table::relation_arguments::MODEL;

const MODEL_IS_KEPT: ArgumentDescription = (
    MODEL,
    "Keeps what was learnt under this name in the warehouse, as its next version.",
);
const MODEL_IS_READ: ArgumentDescription = (
    MODEL,
    "The name of a model that was kept; its newest version counts.",
);

/// `kmeans(relation, ..)`.
#[derive(Debug)]
pub struct KMeans;

impl RelationFunction for KMeans {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> Signature {
        Signature::Relation(&[])
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        static ALL: LazyLock<Vec<ArgumentDescription>> = LazyLock::new(|| {
            let score = (
                "outlier_score",
                "Whether to add a column outlier_score: the distance as a share of the mean distance in the cluster. Default: false.",
            );
            with_k(&[score, MODEL_IS_KEPT])
        });
        &ALL
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            let documentation = describe(
                "Clusters the rows of a relation by k-means. Returns all columns of the relation and: \
                 cluster (BIGINT, 0 to k - 1, in the order of label_by), label (TEXT), and distance \
                 (DOUBLE, from the row to the centre of its cluster in the scaled space). Rows that \
                 take no part have NULL in all three. A step takes O(rows x k x features).",
                "kmeans(relation, k => count, features => [names], ...)",
                r"
> SELECT month, bill, cluster, label, round(distance, 3) AS distance
  FROM kmeans(
    (SELECT * FROM (VALUES (1, 100), (2, 120), (3, 900), (4, 950), (5, NULL)) AS bills(month, bill)),
    k => 2, features => ['bill'], labels => ['Low', 'High'])
  ORDER BY month;
+-------+------+---------+-------+----------+
| month | bill | cluster | label | distance |
+-------+------+---------+-------+----------+
| 1     | 100  | 0       | Low   | 0.025    |
| 2     | 120  | 0       | Low   | 0.025    |
| 3     | 900  | 1       | High  | 0.061    |
| 4     | 950  | 1       | High  | 0.061    |
| 5     |      |         |       |          |
+-------+------+---------+-------+----------+",
            );
            documented(documentation, KMeans.arguments())
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        let outlier_score = request.arguments.map("outlier_score", boolean)?;
        let gives = Gives::Rows {
            outlier_score: outlier_score.unwrap_or(false),
        };
        clustering(NAME, request, gives)
    }
}

/// `kmeans_centroids(relation, ..)` and `kmeans_centroids('model')`.
#[derive(Debug)]
pub struct KMeansCentroids;

impl RelationFunction for KMeansCentroids {
    fn name(&self) -> &'static str {
        "kmeans_centroids"
    }

    fn signature(&self) -> Signature {
        Signature::ModelOrRelation
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        static ALL: LazyLock<Vec<ArgumentDescription>> = LazyLock::new(|| with_k(&[MODEL_IS_READ]));
        &ALL
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            let documentation = describe(
                "What kmeans finds, or what a model has learnt: a row per cluster and group, with \
                 the columns of partition_by, cluster, label, rows, the mean of each feature in its \
                 own unit, the most frequent value of each column of one_hot, inertia (the sum of \
                 the squared distances) and mean_distance, both in the scaled space.",
                "kmeans_centroids(relation, k => count, features => [names], ...) or kmeans_centroids('model')",
                r"
> SELECT cluster, label, rows, bill, round(inertia, 4) AS inertia
  FROM kmeans_centroids(
    (SELECT * FROM (VALUES (100), (120), (900), (950)) AS bills(bill)),
    k => 2, features => ['bill'], labels => ['Low', 'High']);
+---------+-------+------+-------+---------+
| cluster | label | rows | bill  | inertia |
+---------+-------+------+-------+---------+
| 0       | Low   | 2    | 110.0 | 0.0012  |
| 1       | High  | 2    | 925.0 | 0.0075  |
+---------+-------+------+-------+---------+",
            );
            documented(documentation, KMeansCentroids.arguments())
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        summarized(self.name(), request, Summary::Centroids)
    }
}

/// `kmeans_metrics(relation, ..)` and `kmeans_metrics('model')`.
#[derive(Debug)]
pub struct KMeansMetrics;

impl RelationFunction for KMeansMetrics {
    fn name(&self) -> &'static str {
        "kmeans_metrics"
    }

    fn signature(&self) -> Signature {
        Signature::ModelOrRelation
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        KMeansCentroids.arguments()
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            let documentation = describe(
                "How good a clustering is: a row per group with the columns of partition_by, k, rows, \
                 sizes (a list, by cluster), inertia, simplified_silhouette (from centres, all rows), \
                 sampled_silhouette (from rows, up to 2,000 of them), davies_bouldin, iterations over \
                 all runs, converged, and with `previous` how many rows_changed their cluster and the \
                 centroid_movement.",
                "kmeans_metrics(relation, k => count, features => [names], ...) or kmeans_metrics('model')",
                r"
> SELECT k, rows, sizes, round(simplified_silhouette, 3) AS silhouette, round(davies_bouldin, 3) AS davies_bouldin, converged
  FROM kmeans_metrics(
    (SELECT * FROM (VALUES (100), (120), (900), (950)) AS bills(bill)), k => 2, features => ['bill']);
+---+------+--------+------------+----------------+-----------+
| k | rows | sizes  | silhouette | davies_bouldin | converged |
+---+------+--------+------------+----------------+-----------+
| 2 | 4    | [2, 2] | 0.979      | 0.043          | true      |
+---+------+--------+------------+----------------+-----------+",
            );
            documented(documentation, KMeansMetrics.arguments())
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        summarized(self.name(), request, Summary::Metrics)
    }
}

/// `kmeans_elbow(relation, k_min, k_max, ..)`.
#[derive(Debug)]
pub struct KMeansElbow;

impl RelationFunction for KMeansElbow {
    fn name(&self) -> &'static str {
        "kmeans_elbow"
    }

    fn signature(&self) -> Signature {
        Signature::Relation(&["k_min", "k_max"])
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        static ALL: LazyLock<Vec<ArgumentDescription>> = LazyLock::new(|| {
            let mut all = vec![
                ("k_min", "The fewest clusters, 1 or more."),
                ("k_max", "The most clusters."),
            ];
            all.extend(
                ARGUMENTS
                    .iter()
                    .filter(|(name, _)| !["labels", "previous"].contains(name)),
            );
            all
        });
        &ALL
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            let documentation = describe(
                "A clustering for each number of clusters, to choose one by: a row per group and k \
                 with inertia, simplified_silhouette, sampled_silhouette, davies_bouldin and iterations. \
                 Inertia always falls; where it stops to fall fast, or the silhouette is highest, is a \
                 good k.",
                "kmeans_elbow(relation, k_min, k_max, features => [names], ...)",
                r"
> SELECT k, round(inertia, 4) AS inertia, round(simplified_silhouette, 3) AS silhouette
  FROM kmeans_elbow(
    (SELECT * FROM (VALUES (100), (120), (900), (950)) AS bills(bill)), 1, 3, features => ['bill']);
+---+---------+------------+
| k | inertia | silhouette |
+---+---------+------------+
| 1 | 4.0     |            |
| 2 | 0.0087  | 0.979      |
| 3 | 0.0012  | 0.994      |
+---+---------+------------+",
            );
            documented(documentation, KMeansElbow.arguments())
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        let given = &request.arguments;
        let k_min = whole_number(given.required("k_min", "k_min => 2")?, 1)?;
        let last = given.required("k_max", "k_max => 10")?;
        let k_max = whole_number(last, 1)?;
        if k_max < k_min {
            return Err(last.refuse(
                format!("`k_max` is {k_max}, less than `k_min`"),
                format!("write kmeans_elbow(.., {k_max}, {k_min}, ..)"),
            ));
        }
        let clusters = Clusters::Fixed(k_max);
        let input = relation(request)?;
        Ok(Arc::new(ElbowCall {
            function: self.name(),
            parameters: Arc::new(KMeansParameters::with_clusters(clusters, given, input)?),
            k_min,
            k_max,
        }))
    }
}

/// `kmeans_predict('model', relation)`.
#[derive(Debug)]
pub struct KMeansPredict;

impl RelationFunction for KMeansPredict {
    fn name(&self) -> &'static str {
        "kmeans_predict"
    }

    fn signature(&self) -> Signature {
        Signature::ModelAndRelation
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        &[MODEL_IS_READ]
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            let documentation = describe(
                "The clusters that a model gives to rows: all columns of the relation and cluster, \
                 label and distance. Rows without a feature (unless the model fills it in) or of a \
                 group that the model does not know have NULL in all three. Each row is taken by \
                 itself, so that rows stream.",
                "kmeans_predict('model', relation)",
                r"
> SELECT count(*) AS rows FROM kmeans(
    (SELECT * FROM (VALUES (100), (120), (900), (950)) AS bills(bill)),
    k => 2, features => ['bill'], labels => ['Low', 'High'], model => 'bills');
+------+
| rows |
+------+
| 4    |
+------+
> SELECT bill, cluster, label FROM kmeans_predict('bills', (SELECT * FROM (VALUES (90), (700), (NULL)) AS bills(bill)));
+------+---------+-------+
| bill | cluster | label |
+------+---------+-------+
| 90   | 0       | Low   |
| 700  | 1       | High  |
|      |         |       |
+------+---------+-------+",
            );
            documented(documentation, KMeansPredict.arguments())
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        prediction(self.name(), request, false)
    }
}

/// `kmeans_explain('model', relation)`.
#[derive(Debug)]
pub struct KMeansExplain;

impl RelationFunction for KMeansExplain {
    fn name(&self) -> &'static str {
        "kmeans_explain"
    }

    fn signature(&self) -> Signature {
        Signature::ModelAndRelation
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        &[MODEL_IS_READ]
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            let documentation = describe(
                "Why a row lies where it does: kmeans_predict, and for each feature a column \
                 <feature>_share, its share of the squared distance to the centre. The shares of a \
                 row add up to 1.",
                "kmeans_explain('model', relation)",
                r"
> SELECT count(*) AS rows FROM kmeans(
    (SELECT * FROM (VALUES (100, 1), (120, 2), (900, 9), (950, 8)) AS stays(bill, days)),
    k => 2, features => ['bill', 'days'], labels => ['Low', 'High'], model => 'stays');
+------+
| rows |
+------+
| 4    |
+------+
> SELECT bill, days, label, round(bill_share, 2) AS bill_share, round(days_share, 2) AS days_share
  FROM kmeans_explain('stays', (SELECT 115 AS bill, 5 AS days));
+------+------+-------+------------+------------+
| bill | days | label | bill_share | days_share |
+------+------+-------+------------+------------+
| 115  | 5    | Low   | 0.0        | 1.0        |
+------+------+-------+------------+------------+",
            );
            documented(documentation, KMeansExplain.arguments())
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        prediction(self.name(), request, true)
    }
}

/// `k`, the arguments of the family, and more.
fn with_k(more: &[ArgumentDescription]) -> Vec<ArgumentDescription> {
    let mut all = vec![K];
    all.extend(ARGUMENTS);
    all.extend(more);
    all
}

fn describe(description: &str, syntax: &str, example: &str) -> DocumentationBuilder {
    let section = DocSection {
        include: true,
        label: "Table Functions",
        description: None,
    };
    Documentation::builder(section, description, syntax)
        .with_sql_example(format!("```sql{example}\n```"))
}

fn relation<'a>(request: &Request<'a>) -> Result<&'a DFSchema> {
    request
        .input
        .ok_or_else(|| internal_datafusion_err!("{NAME} was planned without a relation"))
}

fn clustering(
    function: &'static str,
    request: &Request<'_>,
    gives: Gives,
) -> Result<Arc<dyn Call>> {
    let parameters = KMeansParameters::try_new(&request.arguments, relation(request)?)?;
    let previous = request.arguments.get("previous").map(|argument| {
        let model = find_model(argument, request.models)?;
        let learnt = Learnt::from_content(&model.name, &model.content)?;
        match learnt.differs_from(&parameters) {
            None => Ok(Previous {
                name: model.name,
                version: model.version,
                learnt: Arc::new(learnt),
            }),
            Some(what) => Err(argument.refuse(
                format!("the model '{}' has other `{what}`", model.name),
                "clusters can be matched with those of the same features, groups and distance"
                    .to_owned(),
            )),
        }
    });
    Ok(Arc::new(KMeansCall {
        function,
        parameters: Arc::new(parameters),
        gives,
        keep: match gives {
            Gives::Rows { .. } => KeepModel::of(request)?,
            Gives::Summary(_) => None,
        },
        previous: previous.transpose()?,
    }))
}

fn summarized(
    function: &'static str,
    request: &Request<'_>,
    summary: Summary,
) -> Result<Arc<dyn Call>> {
    if request.input.is_some() {
        if let Some(model) = request.arguments.get(MODEL) {
            return Err(model.refuse(
                "it takes a relation or a model, not both".to_owned(),
                format!("write {function}('model'), or leave `model` out"),
            ));
        }
        return clustering(function, request, Gives::Summary(summary));
    }
    let model = named_model(request)?;
    Ok(Arc::new(StoredCall {
        function,
        summary,
        learnt: Arc::new(Learnt::from_content(&model.name, &model.content)?),
        model: model.name,
        version: model.version,
    }))
}

fn prediction(
    function: &'static str,
    request: &Request<'_>,
    explains: bool,
) -> Result<Arc<dyn Call>> {
    let model = named_model(request)?;
    let learnt = Learnt::from_content(&model.name, &model.content)?;
    learnt.check_input(&request.arguments, relation(request)?)?;
    Ok(Arc::new(PredictCall {
        function,
        learnt: Arc::new(learnt),
        model: model.name,
        version: model.version,
        explains,
    }))
}
