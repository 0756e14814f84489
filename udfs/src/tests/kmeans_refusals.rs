//! What `kmeans` says when it is given what it cannot use: every message names the argument, every
//! hint a remedy, and errors in the statement carry their place.

use super::{answer, rows, session};

async fn refusal(relation: &str, arguments: &str) -> String {
    answer(
        &session(),
        &format!("SELECT * FROM kmeans({relation}, {arguments})"),
    )
    .await
}

const BILLS: &str = "(SELECT 1 AS id, 2.5 AS amount, 'x' AS hospital, DATE '2024-01-01' AS day)";

#[tokio::test]
async fn each_argument_is_checked() {
    for (arguments, expected) in [
        (
            "features => ['amount']",
            "kmeans: `k` is missing\nhint: add for example k => 5",
        ),
        (
            "k => 2",
            "kmeans: `features` is missing\nhint: add for example features => ['average_bill_amount']",
        ),
        (
            "k => 0, features => ['amount']",
            "kmeans: `k` must be a whole number, 1 or more, not 0\nhint: write k => 5",
        ),
        (
            "k => -1, features => ['amount']",
            "kmeans: `k` must be a whole number, 1 or more, not -1\nhint: write k => 5",
        ),
        (
            "k => 2.5, features => ['amount']",
            "kmeans: `k` must be a whole number, 1 or more, not 2.5\nhint: write k => 5",
        ),
        (
            "k => '5', features => ['amount']",
            "kmeans: `k` must be a whole number, 1 or more, not text ('5')\nhint: write k => 5",
        ),
        (
            "k => NULL, features => ['amount']",
            "kmeans: `k` must be a whole number, 1 or more, not NULL\nhint: write k => 5",
        ),
        (
            "k => [5], features => ['amount']",
            "kmeans: `k` must be a whole number, 1 or more, not a list\nhint: write k => 5",
        ),
        (
            "k => 2, features => []",
            "kmeans: `features` is empty\nhint: name at least one column",
        ),
        (
            "k => 2, features => 'amount'",
            "kmeans: `features` must be a list of texts, not text ('amount')\nhint: write features => ['..', '..']",
        ),
        (
            "k => 2, features => ['amount', 3]",
            "kmeans: `features` must be a list of texts, and holds 3\nhint: put each entry in single quotes",
        ),
        (
            "k => 2, features => [amount]",
            "kmeans: `features` cannot be amount without quotes\nhint: write text and column names in single quotes: 'amount'",
        ),
        (
            "k => 2, features => ['amount', 'amount']",
            "kmeans: `features` names 'amount' twice\nhint: name each column once",
        ),
        (
            "k => 2, features => ['amuont']",
            "kmeans: the input has no column 'amuont' (in `features`)\nhint: did you mean 'amount'?",
        ),
        (
            "k => 2, features => ['price']",
            "kmeans: the input has no column 'price' (in `features`)\nhint: the input has id, amount, hospital, day",
        ),
        (
            "k => 2, features => ['hospital']",
            "kmeans: 'hospital' (in `features`) must be numeric or boolean, not Utf8\nhint: a code for each text would make up distances; name it in one_hot => ['hospital'] where the function takes that, or give each value a column: (\"hospital\" = '..') AS is_..",
        ),
        (
            "k => 2, features => ['day']",
            "kmeans: 'day' (in `features`) must be numeric or boolean, not Date32\nhint: turn it into a number first, such as date_part('epoch', \"day\")",
        ),
        (
            "k => 2, features => ['amount'], feature => ['id']",
            "kmeans: there is no argument `feature`\nhint: did you mean `features`?",
        ),
        (
            "k => 2, features => ['amount'], k => 3",
            "kmeans: `k` is given twice\nhint: remove one of the two",
        ),
        (
            "k => 2, features => ['amount'], labels => ['Low']",
            "kmeans: `labels` has 1 entries for k = 2 clusters\nhint: give exactly 2, in the order of `label_by`",
        ),
        (
            "k => 2, features => ['amount'], label_by => 'hospital'",
            "kmeans: 'hospital' (in `label_by`) must be numeric or boolean, not Utf8\nhint: a code for each text would make up distances; name it in one_hot => ['hospital'] where the function takes that, or give each value a column: (\"hospital\" = '..') AS is_..",
        ),
        (
            "k => 2, features => ['amount'], label_by => 'idd'",
            "kmeans: the input has no column 'idd' (in `label_by`)\nhint: did you mean 'id'?",
        ),
        (
            "k => 2, features => ['amount'], partition_by => ['amount']",
            "kmeans: 'amount' is in `partition_by` and in `features`\nhint: within a group it is the same for all rows and tells none apart: remove it from one",
        ),
        (
            "k => 2, features => ['amount'], partition_by => []",
            "kmeans: `partition_by` is empty\nhint: name at least one column",
        ),
        (
            "k => 2, features => ['amount'], scale => 'standart'",
            "kmeans: `scale` cannot be 'standart'\nhint: did you mean 'standard'?",
        ),
        (
            "k => 2, features => ['amount'], scale => 'unit'",
            "kmeans: `scale` cannot be 'unit'\nhint: it is 'standard', 'minmax', 'robust', 'log' or 'none'",
        ),
        (
            "k => 2, features => ['amount'], seed => 'x'",
            "kmeans: `seed` must be a whole number, not text ('x')\nhint: write seed => 42",
        ),
        (
            "k => 2, features => ['amount'], tolerance => -0.1",
            "kmeans: `tolerance` must be a number, 0 or more, not -0.1\nhint: write tolerance => 0.0001",
        ),
        (
            "k => 2, features => ['amount'], max_iterations => 0",
            "kmeans: `max_iterations` must be a whole number, 1 or more, not 0\nhint: write max_iterations => 5",
        ),
        (
            "k => 2, features => ['amount'], n_runs => 0",
            "kmeans: `n_runs` must be a whole number, 1 or more, not 0\nhint: write n_runs => 5",
        ),
        (
            "k => 2, features => ['amount'], init => 'rando'",
            "kmeans: `init` cannot be 'rando'\nhint: did you mean 'random'?",
        ),
        (
            "k => 2, features => ['amount'], init => NULL",
            "kmeans: `init` must be a name or a list of lists, not NULL\nhint: write init => [[100.0, 1.0], [900.0, 4.0]], a list per cluster with a number per feature, or 'k-means++', 'k-means||' or 'random'",
        ),
        (
            "k => 2, features => ['amount'], init => [1.5, 2.5]",
            "kmeans: `init` must be a list of lists, and holds 1.5\nhint: write init => [[100.0, 1.0], [900.0, 4.0]], a list per cluster with a number per feature, or 'k-means++', 'k-means||' or 'random'",
        ),
        (
            "k => 2, features => ['amount'], init => [[1], [2], [3]]",
            "kmeans: `init` has 3 lists for k = 2 clusters\nhint: give exactly 2, each with a number per feature",
        ),
        (
            "k => 2, features => ['amount'], init => []",
            "kmeans: `init` has 0 lists for k = 2 clusters\nhint: give exactly 2, each with a number per feature",
        ),
        (
            "k => 2, features => ['id', 'amount'], init => [[1, 2.5], [1]]",
            "kmeans: list 2 in `init` has 1 numbers for 2 features\nhint: give one for each of id, amount, in this order",
        ),
        (
            "k => 2, features => ['id', 'amount'], init => [[1, NULL], [1, 2]]",
            "kmeans: list 1 in `init` has NULL for 'amount'\nhint: give a number up to 1e150, in the unit of 'amount'",
        ),
        (
            "k => 2, features => ['id', 'amount'], init => [[1, 2], ['x', 2]]",
            "kmeans: list 2 in `init` has text ('x') for 'id'\nhint: give a number up to 1e150, in the unit of 'id'",
        ),
        (
            "k => 2, features => ['amount'], init => [[1], [CAST('NaN' AS DOUBLE)]]",
            "kmeans: list 2 in `init` has NaN for 'amount'\nhint: give a number up to 1e150, in the unit of 'amount'",
        ),
        (
            "k => 1, features => ['amount'], init => [[CAST('-inf' AS DOUBLE)]]",
            "kmeans: list 1 in `init` has -inf for 'amount'\nhint: give a number up to 1e150, in the unit of 'amount'",
        ),
        (
            "k => 1, features => ['amount'], init => [[[1]]]",
            "kmeans: list 1 in `init` has a list for 'amount'\nhint: give a number up to 1e150, in the unit of 'amount'",
        ),
        (
            "k => 2, features => ['amount'], init => [[amount], [2]]",
            "kmeans: `init` cannot be amount without quotes\nhint: write text and column names in single quotes: 'amount'",
        ),
        (
            "k => 2, features => ['amount'], init => [[1], [2]], n_runs => 10",
            "kmeans: `n_runs` cannot be 10 with centroids in `init`\nhint: all runs from the same centroids end alike: remove `n_runs`",
        ),
        (
            "k => $1, features => ['amount']",
            "kmeans: `k` must be a constant, not $1\nhint: write the value itself; $1 and sub-queries are for the relation",
        ),
        (
            "k => (SELECT 2), features => ['amount']",
            "kmeans: `k` must be a constant, not (SELECT 2)\nhint: write the value itself; $1 and sub-queries are for the relation",
        ),
        (
            "2, features => ['amount']",
            "kmeans: cannot read the argument 2\nhint: the relation is a query in parentheses or a table name; every other argument has a name, such as k => 5",
        ),
    ] {
        assert_eq!(refusal(BILLS, arguments).await, expected, "{arguments}");
    }
}

#[tokio::test]
async fn the_relation_is_checked() {
    for (relation, expected) in [
        (
            "(SELECT 1 AS x, 2 AS cluster)",
            "kmeans adds a column `cluster`, and the input has one already\nhint: rename it in the input: (SELECT cluster AS previous_cluster, .. FROM ..)",
        ),
        (
            "(SELECT * FROM (SELECT 1 AS x) a, (SELECT 2 AS x) b)",
            "kmeans: the input has two columns `x`\nhint: list the columns of the input and give each its own name with AS",
        ),
        (
            "(SELECT 1 AS x), (SELECT 2 AS x)",
            "kmeans takes exactly one relation\nhint: write kmeans((SELECT .. FROM ..), k => 5, features => ['..']), or a table name in place of the query",
        ),
    ] {
        assert_eq!(
            refusal(relation, "k => 1, features => ['x']").await,
            expected,
            "{relation}"
        );
    }
    let unknown = refusal("'raw.bils'", "k => 1, features => ['x']").await;
    assert!(
        unknown.contains("raw.bils") && unknown.contains("not found"),
        "{unknown}"
    );
}

#[tokio::test]
async fn correlated_relations_are_refused() {
    let session = session();
    answer(
        &session,
        "CREATE TABLE bills AS SELECT 1 AS id, 2.5 AS amount",
    )
    .await;
    let call = "kmeans((SELECT * FROM bills b WHERE b.id = o.id), k => 1, features => ['amount'])";
    for sql in [
        format!("SELECT (SELECT max(cluster) FROM {call}) FROM bills o"),
        format!("SELECT * FROM bills o, LATERAL (SELECT * FROM {call}) AS l"),
        "SELECT * FROM bills o, LATERAL kmeans(bills, k => 1, features => ['amount']) AS l"
            .to_owned(),
    ] {
        let found = answer(&session, &sql).await;
        assert!(
            found.starts_with(
                "kmeans: the relation cannot use columns of the query around it\nhint: "
            ),
            "{sql}: {found}"
        );
    }
}

#[tokio::test]
async fn clauses_that_would_be_ignored_are_refused() {
    let session = session();
    answer(
        &session,
        "CREATE TABLE bills AS SELECT 1 AS id, 2.5 AS amount",
    )
    .await;
    let found = answer(
        &session,
        "SELECT * FROM kmeans(bills, k => 1, features => ['amount']) WITH ORDINALITY",
    )
    .await;
    assert!(
        found.starts_with("kmeans(..) takes no clause but an alias\nhint: "),
        "{found}"
    );
}

#[tokio::test]
async fn too_few_rows_name_the_group() {
    let session = session();
    answer(&session, "CREATE TABLE bills AS SELECT * FROM (VALUES ('Q1', 1.0), ('Q1', 2.0), ('Q2', 3.0), ('Q2', 3.0), ('Q2', NULL)) AS t(quarter, amount)").await;
    let call = "SELECT * FROM kmeans(bills, features => ['amount']";
    assert_eq!(
        answer(
            &session,
            &format!("{call}, k => 2, partition_by => ['quarter'])")
        )
        .await,
        "kmeans: group quarter = Q2 has 2 rows with all features, 1 of them different: too few for k = 2\n\
         hint: use a smaller k, a coarser partition_by, or leave the group out with WHERE",
    );
    assert_eq!(
        answer(&session, &format!("{call}, k => 4)")).await,
        "kmeans: the input has 4 rows with all features, 3 of them different: too few for k = 4\n\
         hint: use a smaller k, or more rows",
    );
}

#[tokio::test]
async fn huge_features_are_refused() {
    let found = refusal(
        "(SELECT arrow_cast('1e200', 'Float64') AS x)",
        "k => 1, features => ['x']",
    )
    .await;
    assert_eq!(
        found,
        "kmeans: 'x' holds 1e200, beyond 1e150\nhint: divide the column in the SELECT of the input"
    );
}

#[tokio::test]
async fn errors_carry_their_place() {
    let sql = "SELECT *\nFROM kmeans((SELECT 1 AS x),\n  k => 1, featurs => ['x'])";
    let error = rows(&session(), sql).await.unwrap_err();
    let span = error
        .diagnostic()
        .and_then(|diagnostic| diagnostic.span)
        .unwrap();
    assert_eq!((span.start.line, span.start.column), (3, 11));
}
