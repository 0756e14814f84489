//! `ntile_label` in SQL.

use super::{answer, column, session};

const BILLS: &str = "(VALUES (1, 'a', 10), (2, 'a', 20), (3, 'a', 20), (4, 'a', NULL), (5, 'b', 7), (6, 'b', 8)) AS t(id, part, x)";

async fn labels(window: &str) -> Vec<String> {
    let sql =
        format!("SELECT ntile_label(x, ['Low', 'High']) OVER ({window}) FROM {BILLS} ORDER BY id");
    column(&session(), &sql).await
}

#[tokio::test]
async fn equal_values_share_a_label_and_null_has_none() {
    assert_eq!(
        labels("ORDER BY x").await,
        ["Low", "High", "High", "", "Low", "Low"]
    );
    assert_eq!(
        labels("PARTITION BY part ORDER BY x").await,
        ["Low", "Low", "Low", "", "Low", "High"]
    );
    assert_eq!(
        labels("ORDER BY x DESC").await,
        ["Low", "Low", "Low", "", "High", "High"]
    );
    assert_eq!(
        labels("ORDER BY x NULLS FIRST").await,
        labels("ORDER BY x").await
    );
}

#[tokio::test]
async fn parts_are_about_the_same_size() {
    let sql = "SELECT count(*) FROM (SELECT ntile_label(x, ['a', 'b', 'c']) OVER (ORDER BY x) AS part FROM generate_series(1, 100) AS t(x)) GROUP BY part ORDER BY part";
    assert_eq!(column(&session(), sql).await, ["34", "33", "33"]);
}

#[tokio::test]
async fn what_it_cannot_use_is_refused() {
    let session = session();
    for (call, expected) in [
        (
            "ntile_label(x, 3) OVER (ORDER BY x)",
            "ntile_label: the labels must be a list of texts\nhint: write ntile_label(amount, ['Low', 'Mid', 'High']) OVER (ORDER BY amount)",
        ),
        (
            "ntile_label(x, ['a', NULL]) OVER (ORDER BY x)",
            "ntile_label: a label is NULL\nhint: write for example ['Low', 'Mid', 'High']",
        ),
        (
            "ntile_label(x, ['a', 'b']) OVER (ORDER BY id DESC)",
            "ntile_label: the window is not ordered by the values to label\nhint: write ntile_label(x, ..) OVER (ORDER BY x) with the same x",
        ),
    ] {
        assert_eq!(
            answer(&session, &format!("SELECT {call} FROM {BILLS}")).await,
            expected,
            "{call}"
        );
    }
}
