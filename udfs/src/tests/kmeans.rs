//! `kmeans` in SQL: where it may stand and what it gives.

use datafusion::prelude::SessionContext;

use super::{answer, column, iris, plan, session};

/// Three pairs of bills in two quarters, and one without an amount.
async fn bills() -> SessionContext {
    let session = session();
    answer(
        &session,
        "CREATE TABLE bills AS SELECT * FROM (VALUES
           (1, 'Q1', 10.0), (2, 'Q1', 12.0), (3, 'Q1', 90.0), (4, 'Q1', 95.0), (5, 'Q1', NULL),
           (6, 'Q2', 1000.0), (7, 'Q2', 1010.0), (8, 'Q2', 5000.0), (9, NULL, 1.0), (10, NULL, 2.0)
         ) AS bills(id, quarter, amount)",
    )
    .await;
    session
}

#[tokio::test]
async fn clusters_groups_by_themselves_and_names_them() {
    let found = answer(
        &bills().await,
        "SELECT id, quarter, amount, cluster, label, round(distance, 2) AS distance
         FROM kmeans(bills, k => 2, features => ['amount'], partition_by => ['quarter'],
                     labels => ['Low', 'High'], label_by => 'amount', scale => 'none')
         ORDER BY id",
    )
    .await;
    let expected = "\
+----+---------+--------+---------+-------+----------+
| id | quarter | amount | cluster | label | distance |
+----+---------+--------+---------+-------+----------+
| 1  | Q1      | 10.0   | 0       | Low   | 1.0      |
| 2  | Q1      | 12.0   | 0       | Low   | 1.0      |
| 3  | Q1      | 90.0   | 1       | High  | 2.5      |
| 4  | Q1      | 95.0   | 1       | High  | 2.5      |
| 5  | Q1      |        |         |       |          |
| 6  | Q2      | 1000.0 | 0       | Low   | 5.0      |
| 7  | Q2      | 1010.0 | 0       | Low   | 5.0      |
| 8  | Q2      | 5000.0 | 1       | High  | 0.0      |
| 9  |         | 1.0    | 0       | Low   | 0.0      |
| 10 |         | 2.0    | 1       | High  | 0.0      |
+----+---------+--------+---------+-------+----------+";
    assert_eq!(found, expected);
}

#[tokio::test]
async fn stands_wherever_a_relation_may() {
    let session = bills().await;
    answer(&session, "CREATE TABLE names AS SELECT * FROM (VALUES (0, 'low'), (1, 'high')) AS names(number, name)").await;
    let call = "kmeans(bills, k => 2, features => ['amount'])";
    answer(
        &session,
        &format!("CREATE VIEW clustered AS SELECT id, cluster FROM {call}"),
    )
    .await;
    answer(
        &session,
        &format!("CREATE TABLE kept AS SELECT * FROM {call}"),
    )
    .await;
    for (place, sql) in [
        ("alias", format!("SELECT c.id FROM {call} AS c WHERE c.cluster = 1")),
        ("no alias", format!("SELECT kmeans.id FROM {call} JOIN bills ON bills.id = kmeans.id WHERE cluster = 1")),
        ("column aliases", format!("SELECT a FROM {call} AS c(a, b, d, e, f, g) WHERE e = 1")),
        ("join", format!("SELECT c.id FROM {call} c JOIN names n ON c.cluster = n.number WHERE n.name = 'high'")),
        ("CTE around", format!("WITH c AS (SELECT * FROM {call}) SELECT id FROM c WHERE cluster = 1")),
        ("CTE within", "WITH b AS (SELECT id, amount FROM bills) SELECT id FROM kmeans((SELECT * FROM b), k => 2, features => ['amount']) WHERE cluster = 1".to_owned()),
        ("name of a CTE", "WITH b AS (SELECT id, amount FROM bills) SELECT id FROM kmeans('b', k => 2, features => ['amount']) WHERE cluster = 1".to_owned()),
        ("sub-query", format!("SELECT id FROM bills WHERE id IN (SELECT id FROM {call} WHERE cluster = 1)")),
        ("scalar sub-query", format!("SELECT id FROM bills WHERE id = (SELECT max(id) FROM {call} WHERE cluster = 1)")),
        ("view", "SELECT id FROM clustered WHERE cluster = 1".to_owned()),
        ("table", "SELECT id FROM kept WHERE cluster = 1".to_owned()),
        ("set operation", format!("SELECT id FROM {call} WHERE cluster = 1 UNION SELECT id FROM {call} WHERE cluster = 1")),
        ("clusters of clusters", "SELECT id FROM kmeans((SELECT id, amount, cluster AS first FROM kmeans(bills, k => 2, features => ['amount'])), k => 2, features => ['first']) WHERE cluster = 1".to_owned()),
    ] {
        assert_eq!(column(&session, &sql).await, ["8"], "{place}: {sql}");
    }
    assert_eq!(
        column(&session, &format!("SELECT count(*) FROM {call}")).await,
        ["10"]
    );
}

#[tokio::test]
async fn all_ways_to_name_the_relation_agree() {
    let session = bills().await;
    let mut answers = vec![];
    for relation in [
        "bills",
        "'bills'",
        "public.bills",
        "'public.bills'",
        "datafusion.public.bills",
        "(SELECT * FROM bills)",
    ] {
        let sql = format!(
            "SELECT id, cluster, distance FROM kmeans({relation}, k => 3, features => ['amount']) ORDER BY id"
        );
        answers.push(answer(&session, &sql).await);
    }
    assert!(
        answers[0].contains("| 8  | 2       | 0.0"),
        "{}",
        answers[0]
    );
    assert!(answers.iter().all(|found| *found == answers[0]));
}

#[tokio::test]
async fn prepared_with_a_parameter_in_the_relation() {
    let session = bills().await;
    answer(
        &session,
        "PREPARE clusters(DOUBLE) AS SELECT count(*) FROM
         kmeans((SELECT * FROM bills WHERE amount < $1), k => 2, features => ['amount']) WHERE cluster = 0",
    )
    .await;
    assert_eq!(column(&session, "EXECUTE clusters(100.0)").await, ["4"]);
    assert_eq!(column(&session, "EXECUTE clusters(11.0)").await, ["2"]);
}

#[tokio::test]
async fn arguments_are_any_constants() {
    let session = bills().await;
    for arguments in [
        "k => 2, features => ['amount']",
        "k => 1 + 1, features => make_array('amount')",
        "k := 2.0, features := ['am' || 'ount'], tolerance := 1e-4, seed := 21 + 21",
        "K => abs(-2), FEATURES => ['amount'], scale => upper('standard')",
        "k => 2e0, features => ['amount'], max_iterations => 300, n_runs => 10, tolerance => 0.0001",
    ] {
        let sql = format!("SELECT id FROM kmeans(bills, {arguments}) WHERE cluster = 1");
        assert_eq!(
            answer(&session, &sql).await.matches("| 8 ").count(),
            1,
            "{arguments}"
        );
    }
    let sql = "SELECT count(*) FROM kmeans(bills, k => 2, features => ['amount'], seed => -1, tolerance => 0)";
    assert_eq!(column(&session, sql).await, ["10"]);
}

#[tokio::test]
async fn any_number_is_a_feature() {
    let session = session();
    for data_type in [
        "Int8",
        "UInt64",
        "Float32",
        "Float64",
        "Decimal128(12, 2)",
        "Decimal256(40, 3)",
        "Dictionary(Int8, Int64)",
    ] {
        let sql = format!(
            "SELECT max(x) FROM kmeans((SELECT arrow_cast(x, '{data_type}') AS x FROM (VALUES (1), (2), (80), (81)) AS t(x)),
             k => 2, features => ['x']) WHERE cluster = 0"
        );
        let found = column(&session, &sql).await;
        assert_eq!(
            found[0].trim_end_matches('0').trim_end_matches('.'),
            "2",
            "{data_type}"
        );
    }
    let sql = "SELECT count(*) FROM kmeans((SELECT x > 2 AS big FROM (VALUES (1), (2), (3)) AS t(x)), k => 2, features => ['big']) WHERE cluster = 0";
    assert_eq!(column(&session, sql).await, ["2"]);
}

#[tokio::test]
async fn missing_features_take_no_part() {
    let sql = "SELECT concat_ws(' ', count(*), count(cluster), count(label), count(distance)) FROM kmeans(
        (SELECT id, CAST(text AS DOUBLE) AS x FROM (VALUES (1, '1'), (2, 'NaN'), (3, 'inf'), (4, '-inf'), (5, NULL), (6, '9')) AS t(id, text)),
        k => 2, features => ['x'], labels => ['a', 'b'])";
    assert_eq!(column(&session(), sql).await, ["6 2 2 2"]);
}

#[tokio::test]
async fn nothing_in_nothing_out() {
    let session = bills().await;
    for condition in ["false", "amount IS NULL"] {
        let sql = format!(
            "SELECT count(*) - count(cluster) - count(*) FROM kmeans((SELECT * FROM bills WHERE {condition}), k => 3, features => ['amount'])"
        );
        assert_eq!(column(&session, &sql).await, ["0"], "{condition}");
    }
}

#[tokio::test]
async fn without_labels_the_label_is_null() {
    let sql = "SELECT arrow_typeof(label) || count(label) FROM kmeans(bills, k => 2, features => ['amount']) GROUP BY 1, arrow_typeof(label)";
    let sql = sql.replace(" GROUP BY 1, arrow_typeof(label)", "").replace(
        "arrow_typeof(label) || count(label)",
        "min(arrow_typeof(label)) || count(label)",
    );
    assert_eq!(column(&bills().await, &sql).await, ["Utf80"]);
}

#[tokio::test]
async fn dictionary_columns_group() {
    let session = bills().await;
    answer(&session, "CREATE TABLE coded AS SELECT id, arrow_cast(quarter, 'Dictionary(UInt16, Utf8)') AS quarter, amount FROM bills").await;
    let call = |table: &str| {
        format!(
            "SELECT id, cluster, distance FROM kmeans({table}, k => 2, features => ['amount'], partition_by => ['quarter']) ORDER BY id"
        )
    };
    assert_eq!(
        answer(&session, &call("coded")).await,
        answer(&session, &call("bills")).await
    );
}

#[tokio::test]
async fn clusters_may_be_numbered_by_another_column() {
    // The dearer the bill, the shorter the stay.
    let sql = "SELECT cluster FROM kmeans(
        (SELECT id, amount, 100 - id AS stay FROM bills WHERE id < 5), k => 2, features => ['amount'], label_by => 'stay') ORDER BY id";
    assert_eq!(column(&bills().await, sql).await, ["1", "1", "0", "0"]);
}

#[tokio::test]
async fn iris_reaches_the_known_optimum() {
    // The lowest inertias of 200 restarts of a plain Lloyd in Python, and the sizes of its clusters.
    let Some(session) = iris().await else { return };
    for (scale, k, inertia, sizes) in [
        ("none", 2, 152.368_706_477_339_17, "53 97"),
        ("none", 3, 78.940_841_426_145_98, "38 50 62"),
        ("standard", 2, 223.732_005_736_763_37, "50 100"),
        ("standard", 3, 140.965_816_630_747, "47 50 53"),
    ] {
        let call = format!(
            "kmeans(iris, k => {k}, scale => '{scale}', n_runs => 100,
             features => ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'])"
        );
        let sql = format!("SELECT sum(distance * distance) FROM {call}");
        let found: f64 = column(&session, &sql).await[0].parse().unwrap();
        assert!(
            (found - inertia).abs() < 1e-9,
            "{scale}, k = {k}: {found} is not {inertia}"
        );
        let sql = format!("SELECT count(*) FROM {call} GROUP BY cluster ORDER BY 1");
        assert_eq!(
            column(&session, &sql).await.join(" "),
            sizes,
            "{scale}, k = {k}"
        );
    }
}

/// scikit-learn 1.9.1: `KMeans(3, init=.., n_init=1, tol=0, algorithm="lloyd")`.
#[tokio::test]
async fn iris_agrees_with_scikit_learn_from_the_same_centroids() {
    let Some(session) = iris().await else { return };
    let arguments =
        "k => 3, features => ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'],
         scale => 'none', tolerance => 0, init => [[5.0, 3.0, 1.5, 0.2], [6.0, 2.8, 4.5, 1.4], [7.0, 3.1, 6.0, 2.1]]";
    let expected = [
        "50, 5.006, 3.418, 1.4639999999999995, 0.24400000000000022",
        "62, 5.901612903225806, 2.7483870967741932, 4.393548387096774, 1.4338709677419355",
        "38, 6.85, 3.0736842105263156, 5.742105263157895, 2.0710526315789473",
    ];
    let numbers = |row: &str| -> Vec<f64> {
        row.split(", ")
            .map(|number| number.parse().unwrap())
            .collect()
    };
    let sql = format!(
        "SELECT concat_ws(', ', rows, sepal_length, sepal_width, petal_length, petal_width)
         FROM kmeans_centroids(iris, {arguments}) ORDER BY cluster"
    );
    let found = column(&session, &sql).await;
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        for (found, expected) in numbers(found).into_iter().zip(numbers(expected)) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        }
    }
    let sql = format!("SELECT inertia FROM kmeans_metrics(iris, {arguments})");
    let inertia: f64 = column(&session, &sql).await[0].parse().unwrap();
    assert!((inertia - 78.940_841_426_146).abs() < 1e-9, "{inertia}");
}

/// Clusters 0, 1, 10, 11, 12 and 30 from given centroids, without scaling and tolerance.
async fn from_centroids(arguments: &str) -> String {
    let sql = format!(
        "SELECT x, cluster, round(distance, 4) AS distance FROM kmeans(
           (SELECT * FROM (VALUES (0.0), (1.0), (10.0), (11.0), (12.0), (30.0)) AS t(x)),
           k => 2, features => ['x'], tolerance => 0, {arguments})
         ORDER BY x"
    );
    answer(&session(), &sql).await
}

#[tokio::test]
async fn one_step_from_given_centroids_leads_to_the_means_of_their_rows() {
    // The nearest rows of 0 and 1 are {0} and the rest: their means are 0 and 12.8.
    let expected = "\
+------+---------+----------+
| x    | cluster | distance |
+------+---------+----------+
| 0.0  | 0       | 0.0      |
| 1.0  | 0       | 1.0      |
| 10.0 | 1       | 2.8      |
| 11.0 | 1       | 1.8      |
| 12.0 | 1       | 0.8      |
| 30.0 | 1       | 17.2     |
+------+---------+----------+";
    for init in [
        "init => [[0], [1]]",
        "init => [[1], [0.0]]",
        "init => make_array(make_array(0), make_array(1)), n_runs => 1",
        "init => [[1 - 1], [abs(-1e0)]], seed => 7",
    ] {
        let arguments = format!("scale => 'none', max_iterations => 1, {init}");
        assert_eq!(from_centroids(&arguments).await, expected, "{init}");
    }
}

#[tokio::test]
async fn given_centroids_are_in_the_units_of_the_features() {
    // From 0 to 30 all is divided by 30, also the centroids.
    let expected = "\
+------+---------+----------+
| x    | cluster | distance |
+------+---------+----------+
| 0.0  | 0       | 0.0      |
| 1.0  | 0       | 0.0333   |
| 10.0 | 1       | 0.0933   |
| 11.0 | 1       | 0.06     |
| 12.0 | 1       | 0.0267   |
| 30.0 | 1       | 0.5733   |
+------+---------+----------+";
    let arguments = "scale => 'minmax', max_iterations => 1, init => [[0], [1]]";
    assert_eq!(from_centroids(arguments).await, expected);
}

#[tokio::test]
async fn without_a_tolerance_a_run_ends_when_nothing_moves_any_more() {
    // {0, 1} and {10, 11, 12, 30}, with means 0.5 and 15.75, after the second step.
    let settled = from_centroids("scale => 'none', init => [[0], [1]]").await;
    assert!(
        settled.contains("| 30.0 | 1       | 14.25    |"),
        "{settled}"
    );
    for arguments in [
        "scale => 'none', max_iterations => 2, init => [[0], [1]]",
        "scale => 'none', max_iterations => 1, init => [[0.5], [15.75]]",
    ] {
        assert_eq!(from_centroids(arguments).await, settled, "{arguments}");
    }
}

#[tokio::test]
async fn each_group_starts_at_the_same_given_centroids() {
    let together = "SELECT id, cluster, distance FROM kmeans(bills, k => 2, features => ['amount'],
        partition_by => ['quarter'], init => [[11], [1000]], scale => 'none') WHERE quarter = 'Q1' ORDER BY id";
    let alone = "SELECT id, cluster, distance FROM kmeans((SELECT * FROM bills WHERE quarter = 'Q1'), k => 2,
        features => ['amount'], init => [[11], [1000]], scale => 'none') ORDER BY id";
    let session = bills().await;
    assert_eq!(
        answer(&session, together).await,
        answer(&session, alone).await
    );
}

#[tokio::test]
async fn plans_show_the_call_and_what_it_did() {
    let session = bills().await;
    let call = "FROM kmeans(bills, k => 2, features => ['amount'], partition_by => ['quarter'], seed => 7)";
    let explain = answer(
        &session,
        &format!("EXPLAIN SELECT id, cluster {call} WHERE quarter = 'Q1'"),
    )
    .await;
    let parameters =
        "k=2, features=[amount], scale=standard, partition_by=[quarter], label_by=amount, seed=7";
    for part in [
        format!("kmeans: {parameters}"),
        format!("CallExec: kmeans: {parameters}"),
    ] {
        assert!(explain.contains(&part), "{part} in {explain}");
    }
    assert!(
        explain.contains("n_runs=10, init=k-means++, max"),
        "{explain}"
    );
    let given =
        "EXPLAIN SELECT id FROM kmeans(bills, k => 1, features => ['amount'], init => [[5]])";
    let given = answer(&session, given).await;
    assert!(given.contains("n_runs=1, init=given, max"), "{given}");
    let analyze = answer(
        &session,
        &format!("EXPLAIN ANALYZE SELECT id, cluster {call}"),
    )
    .await;
    for part in [
        "output_rows=10",
        "groups=3",
        "iterations=",
        "inertia=",
        "mem_used=",
    ] {
        assert!(analyze.contains(part), "{part} in {analyze}");
    }
}

#[tokio::test]
async fn unused_columns_are_not_read_and_group_filters_go_first() {
    let session = bills().await;
    let optimized = |sql: String| {
        let session = session.clone();
        async move {
            let plan = plan(&session, &sql)
                .await
                .unwrap()
                .into_optimized_plan()
                .unwrap();
            plan.display_indent().to_string()
        }
    };
    let plan =
        optimized("SELECT count(*) FROM kmeans(bills, k => 2, features => ['amount'])".to_owned())
            .await;
    assert!(
        plan.contains("TableScan: bills projection=[amount]"),
        "{plan}"
    );
    let call =
        "SELECT id FROM kmeans(bills, k => 2, features => ['amount'], partition_by => ['quarter'])";
    let plan = optimized(format!("{call} WHERE quarter = 'Q1' AND id > 1")).await;
    let (above, below) = plan.split_once("kmeans: ").unwrap();
    assert!(
        above.contains("id >") && !above.contains("quarter"),
        "{plan}"
    );
    assert!(
        below.contains("quarter = ") && !below.contains("id >"),
        "{plan}"
    );
    let sql = format!("{call} WHERE quarter = 'Q1' AND cluster = 1 ORDER BY id");
    assert_eq!(column(&session, &sql).await, ["3", "4"]);
}

#[tokio::test]
async fn the_session_lists_it() {
    let sql = "SELECT function_type FROM information_schema.routines WHERE routine_name = 'kmeans'";
    assert_eq!(column(&session(), sql).await, ["TABLE"]);
}
