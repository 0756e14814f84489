//! The period functions over every type they take.

use super::{answer, column, session};

const ALL: &str = "year(x), month(x), quarter(x), year_month(x), year_quarter(x)";

async fn periods(value: &str) -> String {
    let sql = format!("SELECT concat_ws(' ', {ALL}) FROM (SELECT {value} AS x)");
    column(&session(), &sql).await.join(",")
}

#[tokio::test]
async fn dates_timestamps_and_text_agree() {
    for value in [
        "DATE '2024-11-05'",
        "arrow_cast(DATE '2024-11-05', 'Date64')",
        "TIMESTAMP '2024-11-05 23:59:59.999'",
        "arrow_cast('2024-11-05T10:00:00', 'Timestamp(s)')",
        "arrow_cast('2024-11-05T10:00:00', 'Timestamp(ms)')",
        "arrow_cast('2024-11-05T10:00:00', 'Timestamp(µs)')",
        "'2024-11-05'",
        "'2024-11-05T00:00:00+13:00'",
        "arrow_cast('2024-11-05', 'Utf8View')",
        "arrow_cast('2024-11-05', 'LargeUtf8')",
        "arrow_cast('2024-11-05', 'Dictionary(UInt16, Utf8)')",
    ] {
        assert_eq!(periods(value).await, "2024 11 4 2024-11 2024-Q4", "{value}");
    }
}

#[tokio::test]
async fn quarters_start_in_january_april_july_and_october() {
    let sql = "SELECT year_quarter(make_date(2024, m, 1)) FROM generate_series(1, 12) AS months(m) ORDER BY m";
    let quarters = column(&session(), sql).await;
    let expected = [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4].map(|quarter| format!("2024-Q{quarter}"));
    assert_eq!(quarters, expected);
}

#[tokio::test]
async fn a_zone_counts_in_its_local_time() {
    // Half past midnight in Berlin is still last year in UTC.
    for (zone, expected) in [
        ("Europe/Berlin", "2024 1 1 2024-01 2024-Q1"),
        ("+00:00", "2023 12 4 2023-12 2023-Q4"),
    ] {
        let value = format!(
            "arrow_cast(arrow_cast('2023-12-31T23:30:00Z', 'Timestamp(ns, \"UTC\")'), 'Timestamp(ns, \"{zone}\")')"
        );
        assert_eq!(periods(&value).await, expected, "{zone}");
    }
}

#[tokio::test]
async fn years_of_other_ages() {
    for (day, expected) in [
        ("0044-03-15", "0044-03"),
        ("-0044-03-15", "-0044-03"),
        ("+12024-03-15", "+12024-03"),
        ("1582-10-10", "1582-10"),
    ] {
        let found = column(&session(), &format!("SELECT year_month('{day}')")).await;
        assert_eq!(found, [expected], "{day}");
    }
}

#[tokio::test]
async fn null_gives_null_for_scalars_and_columns() {
    assert_eq!(periods("CAST(NULL AS DATE)").await, "");
    assert_eq!(periods("NULL").await, "");
    let sql = "SELECT year_month(x) FROM (VALUES (DATE '2024-01-01'), (NULL)) AS t(x)";
    assert_eq!(column(&session(), sql).await, ["2024-01", ""]);
}

#[tokio::test]
async fn what_has_no_date_is_refused() {
    let session = session();
    for (sql, problem) in [
        (
            "SELECT year('yesterday')",
            "year: 'yesterday' is not an ISO date\nhint: write dates as 2024-01-31",
        ),
        (
            "SELECT month(x) FROM (VALUES ('31/01/2024')) AS t(x)",
            "month: '31/01/2024' is not an ISO date",
        ),
        ("SELECT year(2024)", "'year'"),
        (
            "SELECT year(arrow_cast(9223372036854775807, 'Timestamp(s)'))",
            "year: a value lies outside the calendar",
        ),
    ] {
        let found = answer(&session, sql).await;
        assert!(found.contains(problem), "{sql}: {found}");
    }
}

#[tokio::test]
async fn a_year_filter_becomes_a_range() {
    let session = session();
    answer(
        &session,
        "CREATE TABLE bills AS SELECT DATE '2024-05-05' AS day, TIMESTAMP '2024-05-05' AS moment",
    )
    .await;
    for column in ["day", "moment"] {
        let plan = answer(
            &session,
            &format!("EXPLAIN SELECT * FROM bills WHERE year({column}) = 2024"),
        )
        .await;
        assert!(
            plan.contains(">=") && plan.contains(" <") && !plan.contains("year("),
            "{plan}"
        );
        let sql = format!(
            "SELECT count(*) FROM bills WHERE year({column}) = 2024 AND year({column}) <> 2023"
        );
        assert_eq!(super::column(&session, &sql).await, ["1"]);
    }
}

#[tokio::test]
async fn the_session_lists_them() {
    let sql = "SELECT DISTINCT routine_name || ' ' || data_type FROM information_schema.routines
               WHERE routine_name IN ('year', 'month', 'quarter', 'year_month', 'year_quarter') ORDER BY 1";
    assert_eq!(
        column(&session(), sql).await,
        [
            "month Int32",
            "quarter Int32",
            "year Int32",
            "year_month String",
            "year_quarter String"
        ],
    );
}
