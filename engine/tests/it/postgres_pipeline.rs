//! The hospital pipeline into a real Postgres: the same rows as in SQLite, and the same once more.

use std::path::Path;

use tokio_postgres::SimpleQueryMessage;

use crate::lab::{Lab, Ran, assert_same_rows, shipped_pipeline, sorted};
use crate::postgres_server::{PostgresServer, connect};

const TABLES: [&str; 2] = ["monthly_billing", "billing_clusters"];

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_and_postgres_hold_the_same_rows() {
    let url = PostgresServer::shared().create_database().await;
    let (sqlite, lab) = (Lab::finished(), Lab::new());
    run_into(&lab, &shipped_pipeline(), &url, &[]).succeeded();
    assert!(!lab.serving_file().exists());
    for table in TABLES {
        let (left, right) = (sqlite.served(table), rows(&url, table).await);
        assert!(left.len() > 49_000, "{table} has {} rows", left.len());
        assert_same_rows(
            &comparable(left),
            &comparable(right),
            &format!("{table}, SQLite and Postgres"),
        );
    }
    let types = rows(
        &url,
        "(SELECT column_name || ' ' || data_type || coalesce(' ' || numeric_precision || ' ' || numeric_scale, '') \
          FROM information_schema.columns WHERE table_name = 'billing_clusters' AND data_type <> 'text') AS types",
    )
    .await;
    assert_eq!(
        types,
        [
            "average_bill_amount numeric 12 2",
            "cluster bigint 64 0",
            "distance double precision"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_run_changes_no_row() {
    let url = PostgresServer::shared().create_database().await;
    let lab = Lab::with_pipeline();
    let run = |flags: &[&str]| run_into(&lab, &lab.pipeline(), &url, flags);
    run(&[]).succeeded();
    // A row that is written again has another transaction and another place.
    let versions = async || {
        let mut versions = Vec::new();
        for table in TABLES {
            let rows = rows(
                &url,
                &format!("(SELECT xmin, ctid, * FROM {table}) AS rows"),
            )
            .await;
            assert!(rows.len() > 4_000, "{table} has {} rows", rows.len());
            versions.push(rows);
        }
        versions
    };
    let before = versions().await;
    let again = run(&[]).succeeded();
    assert_eq!(again.steps_skipped().len(), 8);
    assert!(before == versions().await);
    let refreshed = run(&["--full-refresh"]).succeeded();
    assert_eq!(refreshed.steps_run().len(), 8);
    for (before, after) in before.iter().zip(versions().await) {
        assert_same_rows(before, &after, "before and after a full refresh");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_is_an_error_that_does_not_show_it() {
    let mut url = url::Url::parse(&PostgresServer::shared().create_database().await).unwrap();
    url.set_password(Some("geheim-4711")).unwrap();
    let lab = Lab::with_pipeline();
    let ran = run_into(&lab, &lab.pipeline(), url.as_str(), &[])
        .failed_with(1)
        .says(&["cannot connect to postgres://", "hint:"]);
    assert!(!ran.stderr.contains("geheim") && !ran.stdout.contains("geheim"));
    // What came before is there, and the record of the failure keeps the secret as well.
    for table in lab.tables() {
        let rows = lab.assert_plain(&table).await;
        assert!(!rows.iter().any(|row| row.contains("geheim")), "{table}");
    }
    assert_eq!(
        lab.value("SELECT count(*) > 0 FROM curated.billing_clusters")
            .await,
        "true"
    );
    assert_eq!(lab.value("SELECT status FROM system.runs").await, "failed");
}

#[test]
fn an_unreachable_server_is_worth_a_retry() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let lab = Lab::with_pipeline();
    let url = format!("postgres://someone:geheim-4711@127.0.0.1:{port}/base");
    let ran = run_into(&lab, &lab.pipeline(), &url, &[])
        .failed_with(5)
        .says(&["cannot connect to postgres://someone@127.0.0.1"]);
    assert!(!ran.stderr.contains("geheim"), "{}", ran.stderr);

    // When the database is there again, the run goes on where it stopped.
    let again = lab.run_pipeline().succeeded();
    assert_eq!(again.steps_run(), ["50", "51"]);
}

/// Runs a pipeline with this database to serve from.
fn run_into(lab: &Lab, pipeline: &Path, url: &str, flags: &[&str]) -> Ran {
    let arguments = ["run".as_ref(), pipeline.as_os_str()];
    let flags = flags.iter().map(|flag| flag.as_ref());
    let mut command = lab.command(arguments.into_iter().chain(flags));
    let output = command.env("TIDEMILL_SERVING_URL", url).output();
    output.unwrap().into()
}

/// All rows as Postgres writes them, sorted, values parted by `|`.
async fn rows(url: &str, relation: &str) -> Vec<String> {
    let client = connect(url).await;
    let messages = client
        .simple_query(&format!("SELECT * FROM {relation}"))
        .await
        .unwrap();
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let lines = rows.map(|row| {
        let values: Vec<_> = (0..row.len())
            .map(|at| row.get(at).unwrap_or("∅"))
            .collect();
        values.join("|")
    });
    sorted(lines.collect())
}

/// Postgres writes 12.00 and SQLite 12: numbers are compared by their value.
fn comparable(rows: Vec<String>) -> Vec<String> {
    let rows = rows.into_iter().map(|row| {
        let values = row.split('|').map(|value| {
            let number: Result<f64, _> = value.parse();
            number.map_or_else(|_| value.to_owned(), |number| number.to_string())
        });
        values.collect::<Vec<_>>().join("|")
    });
    sorted(rows.collect())
}
