//! `pca` and `pca_components` in SQL.

use super::{answer, column, iris, numbers, session};

const FEATURES: &str = "features => ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']";

/// scikit-learn 1.9.1: `PCA().fit(StandardScaler().fit_transform(X))` on iris.
#[tokio::test]
async fn agrees_with_scikit_learn() {
    let Some(session) = iris().await else { return };
    for (column, expected) in [
        (
            "explained_variance",
            [
                2.9303537755893183,
                0.9274036215173411,
                0.14834222648163992,
                0.02074601399559616,
            ],
        ),
        (
            "explained_variance_ratio",
            [
                0.7277045209380136,
                0.23030523267680625,
                0.03683831957627389,
                0.00515192680890638,
            ],
        ),
        (
            "abs(sepal_length)",
            [
                0.5223716204076599,
                0.37231836334996954,
                0.7210168090620424,
                0.26199558689998226,
            ],
        ),
    ] {
        let sql = format!("SELECT {column} FROM pca_components(iris, {FEATURES})");
        let found = numbers(&session, &sql).await;
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-9,
                "{column}: {found} {expected}"
            );
        }
    }
    // The rows on an axis vary as the axis says.
    let sql = format!("SELECT round(var(pc1), 9) FROM pca(iris, {FEATURES}, components => 2)");
    assert_eq!(column(&session, &sql).await, ["2.930353776"]);
}

#[tokio::test]
async fn a_feature_that_does_not_vary_has_no_part() {
    let found = answer(
        &session(),
        "SELECT component, round(explained_variance_ratio, 6) AS ratio, abs(round(c, 6)) AS c, abs(round(x, 6)) AS x
         FROM pca_components((SELECT 7 AS c, x FROM generate_series(1, 9) AS t(x)), features => ['c', 'x'])",
    )
    .await;
    let expected = "\
+-----------+-------+-----+-----+
| component | ratio | c   | x   |
+-----------+-------+-----+-----+
| 1         | 1.0   | 0.0 | 1.0 |
| 2         | 0.0   | 1.0 | 0.0 |
+-----------+-------+-----+-----+";
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_it_cannot_use_is_refused() {
    let session = session();
    for (call, expected) in [
        (
            "pca((SELECT 1 AS x, 'a' AS t))",
            "pca: `features` is missing\nhint: add for example features => ['height', 'weight']",
        ),
        (
            "pca((SELECT 1 AS x, 'a' AS t), features => ['t'])",
            "pca: 't' (in `features`) must be numeric or boolean, not Utf8\nhint: text has no variance: give each value a column of its own, such as (city = '..') AS is_..",
        ),
        (
            "pca((SELECT 1 AS x), features => ['x'], components => 2)",
            "pca: `components` is 2, and there are 1 features\nhint: use at most as many",
        ),
        (
            "pca((SELECT 1 AS x), features => ['x'], scale => 'minmax')",
            "pca: `scale` cannot be 'minmax'\nhint: it is 'standard' or 'none'",
        ),
        (
            "pca((SELECT 1 AS x), features => ['x'], component => 1)",
            "pca: there is no argument `component`\nhint: did you mean `components`?",
        ),
        (
            "pca((SELECT 1 AS x), features => ['x'])",
            "pca: 1 of 1 rows have all features, and 2 are needed\nhint: look for columns that are all NULL, and fill or leave them out",
        ),
        (
            "pca_components((SELECT 1 AS x WHERE false), features => ['x'])",
            "pca_components: 0 of 0 rows have all features, and 2 are needed\nhint: look for columns that are all NULL, and fill or leave them out",
        ),
        (
            "pca((SELECT 1 AS pc1), features => ['pc1'])",
            "pca adds a column `pc1`, and the input has one already\nhint: rename it in the input: (SELECT pc1 AS previous_pc1, .. FROM ..)",
        ),
    ] {
        assert_eq!(
            answer(&session, &format!("SELECT * FROM {call}")).await,
            expected,
            "{call}"
        );
    }
    let empty = "SELECT count(*) FROM pca((SELECT 1 AS x WHERE false), features => ['x'])";
    assert_eq!(column(&session, empty).await, ["0"]);
}
