//! The functions of the family, as users find them.

use std::sync::Arc;

use datafusion::common::{DFSchema, Result, internal_datafusion_err};

use super::NAME;
use super::arguments::{ARGUMENTS, K, NAMING};
use super::call::{Gives, KMeansCall, Previous};
use super::elbow::ElbowCall;
use super::learnt::Learnt;
use super::parameters::{Clusters, KMeansParameters};
use super::predict::PredictCall;
use super::stored::StoredCall;
use super::summary::Summary;
use crate::table::arguments::{boolean, whole_number};
use crate::table::declared::{Declaration, DeclaredFunction};
use crate::table::function::{ArgumentDescription, Call, Request, Signature};
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
const OUTLIER_SCORE: ArgumentDescription = (
    "outlier_score",
    "Whether to add a column outlier_score: the distance as a share of the mean distance in the cluster. Default: false.",
);
const K_MIN: ArgumentDescription = ("k_min", "The fewest clusters, 1 or more.");
const K_MAX: ArgumentDescription = ("k_max", "The most clusters.");

/// `kmeans(relation, ..)`.
pub(in crate::table) static KMEANS: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: NAME,
    signature: Signature::Relation(&[]),
    arguments: &[&[K], &ARGUMENTS, &NAMING, &[OUTLIER_SCORE, MODEL_IS_KEPT]],
    description: "Clusters the rows of a relation by k-means. Returns all columns of the relation and: \
                 cluster (BIGINT, 0 to k - 1, in the order of label_by), label (TEXT), and distance \
                 (DOUBLE, from the row to the centre of its cluster in the scaled space). Rows that \
                 take no part have NULL in all three. \
                 Steps: the features are scaled; each of n_runs starts at rows that k-means++ draws from a \
                 sample (Arthur and Vassilvitskii, 2007; k-means||: Bahmani et al., 2012); then each row goes to \
                 the nearest centre and each centre to the mean of its rows, until nothing changes \
                 (Lloyd, 1982), where a centre without rows takes the farthest one; of the runs the one \
                 with the lowest inertia counts, and goes on until each centre is the mean of its rows. \
                 A step takes O(rows x k x features) time; where k x features is 512 or more, bounds \
                 leave out most of it (Hamerly, 2010). Memory is O(rows x features). \
                 The same seed gives the same bits for any number of threads and any order of rows.",
    syntax: "kmeans(relation, k => count, features => [names], ...)",
    example: r"
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
    call: cluster,
});

/// `kmeans_centroids(relation, ..)` and `kmeans_centroids('model')`.
pub(in crate::table) static KMEANS_CENTROIDS: DeclaredFunction = DeclaredFunction::new(
    Declaration {
        name: "kmeans_centroids",
        signature: Signature::ModelOrRelation,
        arguments: &[&[K], &ARGUMENTS, &NAMING, &[MODEL_IS_READ]],
        description: "What kmeans finds, or what a model has learnt: a row per cluster and group, with \
                 the columns of partition_by, cluster, label, rows, the mean of each feature in its \
                 own unit, the most frequent value of each column of one_hot, inertia (the sum of \
                 the squared distances) and mean_distance, both in the scaled space.",
        syntax: "kmeans_centroids(relation, k => count, features => [names], ...) or kmeans_centroids('model')",
        example: r"
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
        call: |name, request| summarized(name, request, Summary::Centroids),
    },
);

/// `kmeans_metrics(relation, ..)` and `kmeans_metrics('model')`.
pub(in crate::table) static KMEANS_METRICS: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "kmeans_metrics",
    signature: Signature::ModelOrRelation,
    arguments: &[&[K], &ARGUMENTS, &NAMING, &[MODEL_IS_READ]],
    description: "How good a clustering is: a row per group with the columns of partition_by, k, rows, \
                 sizes (a list, by cluster), inertia, simplified_silhouette (from centres, all rows), \
                 sampled_silhouette (from rows, up to 2,000 of them), davies_bouldin, iterations over \
                 all runs, converged, and with `previous` how many rows_changed their cluster and the \
                 centroid_movement.",
    syntax: "kmeans_metrics(relation, k => count, features => [names], ...) or kmeans_metrics('model')",
    example: r"
> SELECT k, rows, sizes, round(simplified_silhouette, 3) AS silhouette, round(davies_bouldin, 3) AS davies_bouldin, converged
  FROM kmeans_metrics(
    (SELECT * FROM (VALUES (100), (120), (900), (950)) AS bills(bill)), k => 2, features => ['bill']);
+---+------+--------+------------+----------------+-----------+
| k | rows | sizes  | silhouette | davies_bouldin | converged |
+---+------+--------+------------+----------------+-----------+
| 2 | 4    | [2, 2] | 0.979      | 0.043          | true      |
+---+------+--------+------------+----------------+-----------+",
    call: |name, request| summarized(name, request, Summary::Metrics),
});

/// `kmeans_elbow(relation, k_min, k_max, ..)`.
pub(in crate::table) static KMEANS_ELBOW: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "kmeans_elbow",
    signature: Signature::Relation(&["k_min", "k_max"]),
    arguments: &[&[K_MIN, K_MAX], &ARGUMENTS],
    description: "A clustering for each number of clusters, to choose one by: a row per group and k \
                 with inertia, simplified_silhouette, sampled_silhouette, davies_bouldin and iterations. \
                 Inertia always falls; where it stops to fall fast, or the silhouette is highest, is a \
                 good k.",
    syntax: "kmeans_elbow(relation, k_min, k_max, features => [names], ...)",
    example: r"
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
    call: elbow,
});

/// `kmeans_predict('model', relation)`.
pub(in crate::table) static KMEANS_PREDICT: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "kmeans_predict",
    signature: Signature::ModelAndRelation,
    arguments: &[&[MODEL_IS_READ]],
    description: "The clusters that a model gives to rows: all columns of the relation and cluster, \
                 label and distance. Rows without a feature (unless the model fills it in) or of a \
                 group that the model does not know have NULL in all three. Each row is taken by \
                 itself, so that rows stream.",
    syntax: "kmeans_predict('model', relation)",
    example: r"
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
    call: |name, request| prediction(name, request, false),
});

/// `kmeans_explain('model', relation)`.
pub(in crate::table) static KMEANS_EXPLAIN: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "kmeans_explain",
    signature: Signature::ModelAndRelation,
    arguments: &[&[MODEL_IS_READ]],
    description: "Why a row lies where it does: kmeans_predict, and for each feature a column \
                 <feature>_share, its share of the squared distance to the centre. The shares of a \
                 row add up to 1.",
    syntax: "kmeans_explain('model', relation)",
    example: r"
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
    call: |name, request| prediction(name, request, true),
});

fn cluster(function: &'static str, request: &Request<'_>) -> Result<Arc<dyn Call>> {
    let outlier_score = request.arguments.map("outlier_score", boolean)?;
    let gives = Gives::Rows {
        outlier_score: outlier_score.unwrap_or(false),
    };
    clustering(function, request, gives)
}

fn elbow(function: &'static str, request: &Request<'_>) -> Result<Arc<dyn Call>> {
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
        function,
        parameters: Arc::new(KMeansParameters::with_clusters(clusters, given, input)?),
        k_min,
        k_max,
    }))
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
