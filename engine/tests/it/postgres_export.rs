//! Exports into a real Postgres server.

use std::time::Duration;

use futures::StreamExt;
use tidemill::Kind;
use tidemill::connections::{Export, Mode};

use crate::export_target::{Target, merge, rows_of, rows_then};
use crate::postgres_connect::{everything, open};
use crate::postgres_server::{PostgresServer, connect};

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_in_the_middle_is_unavailable_and_leaves_nothing() {
    let target = Target::postgres().await;
    let cutter = connect(PostgresServer::shared().url()).await;
    let database = target.read("SELECT current_database()").await.remove(0);
    let rows = rows_then("SELECT * FROM generate_series(1, 20000) AS v(id)", None).await;
    let cut = async move {
        let kill = "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = $1 AND application_name = 'tidemill' AND query LIKE 'COPY%') AS k";
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let killed: i64 = cutter.query_one(kill, &[&database]).await.unwrap().get(0);
            if killed > 0 {
                break;
            }
        }
    };
    // The stream goes on only after the cut.
    let schema = rows.schema();
    let more = rows_then("SELECT * FROM generate_series(1, 20000) AS v(id)", None).await;
    let later = rows
        .take(1)
        .chain(futures::stream::once(cut).filter_map(|()| async { None }))
        .chain(more.take(3));
    let later = datafusion::physical_plan::stream::RecordBatchStreamAdapter::new(schema, later);
    let error = target
        .export_stream("t", Mode::Append, Box::pin(later))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
    assert!(!target.exists("t").await);
}

#[tokio::test]
async fn missing_rights_are_an_input_error() {
    let target = Target::postgres().await;
    let user = target
        .read("SELECT 'reader_' || current_database()")
        .await
        .remove(0);
    target.execute(&format!("CREATE ROLE {user} LOGIN PASSWORD 'geheim'; REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE TABLE t (id BIGINT)")).await;
    let database = target.read("SELECT current_database()").await.remove(0);
    let mut url = url::Url::parse(&PostgresServer::shared().url_of(&database)).unwrap();
    url.set_username(&user).unwrap();
    url.set_password(Some("geheim")).unwrap();
    for (schema, table) in [("public", "t"), ("public", "other"), ("sales", "t")] {
        let export = Export::new(schema, table, Mode::Replace);
        let error = open(url.as_str())
            .export(&export, rows_of("SELECT 1 AS id").await)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Input);
        assert!(error.message().contains("permission denied"), "{error}");
        assert!(error.get_hint().unwrap().contains("GRANT"));
        assert!(!everything(&error).contains("geheim"));
    }
    target
        .execute(&format!("DROP OWNED BY {user}; DROP ROLE {user}"))
        .await;
}

#[tokio::test]
async fn a_missing_schema_is_created_and_grants_survive_a_replace() {
    let target = Target::postgres().await;
    let export = |table: &str| Export::new("My Schema", table, Mode::Replace);
    let exports = ["a", "b", "c"].map(|table| {
        let (target, export) = (&target, export(table));
        async move {
            target
                .connection
                .export(&export, rows_of("SELECT 1 AS id").await)
                .await
                .unwrap()
        }
    });
    futures::future::join_all(exports).await;
    target
        .execute("GRANT SELECT ON \"My Schema\".a TO PUBLIC")
        .await;
    let grants = "SELECT relacl FROM pg_class WHERE relname = 'a'";
    let before = target.read(grants).await;
    target
        .connection
        .export(&export("a"), rows_of("SELECT 2 AS id").await)
        .await
        .unwrap();
    assert_eq!(target.read(grants).await, before);
    assert_eq!(target.read("SELECT id FROM \"My Schema\".a").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_never_see_an_empty_table() {
    let target = Target::postgres().await;
    let rows = |start: u32| {
        format!(
            "SELECT v AS id FROM generate_series({start}, {}) AS g(v)",
            start + 999
        )
    };
    target.export("t", Mode::Replace, &rows(0)).await.unwrap();
    let reading = async {
        let mut counts = std::collections::BTreeSet::new();
        for _ in 0..40 {
            counts.extend(target.read("SELECT count(*) FROM t").await);
        }
        counts
    };
    let writing = async {
        for start in 1..8 {
            target
                .export("t", Mode::Replace, &rows(start))
                .await
                .unwrap();
        }
    };
    let (counts, ()) = tokio::join!(reading, writing);
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), ["1000"]);
}

#[tokio::test]
async fn values_go_into_other_types_only_unchanged() {
    let target = Target::postgres().await;
    target
        .execute(
            "CREATE TYPE mood AS ENUM ('good', 'bad'); \
             CREATE TABLE t (amount NUMERIC(7,2), name VARCHAR(3), n INTEGER, ratio REAL, day DATE, doc JSON, feeling mood)",
        )
        .await;
    let fits = "SELECT CAST(1.500 AS DECIMAL(10,3)) AS amount, 'abc' AS name, 7 AS n, 0.5 AS ratio, \
        arrow_cast(timestamp '2024-02-29T00:00:00', 'Timestamp(Microsecond, None)') AS day, '{\"a\": 1}' AS doc, 'good' AS feeling";
    for _ in 0..2 {
        target.export("t", Mode::Replace, fits).await.unwrap();
        assert_eq!(
            target.read("SELECT * FROM t").await,
            ["1.50|abc|7|0.5|2024-02-29|{\"a\": 1}|good"]
        );
    }
    for (query, column) in [
        ("SELECT CAST(1.005 AS DECIMAL(10,3)) AS amount", "amount"),
        (
            "SELECT CAST(123456.00 AS DECIMAL(10,2)) AS amount",
            "amount",
        ),
        ("SELECT 'abcd' AS name", "name"),
        ("SELECT 3000000000 AS n", "n"),
        ("SELECT 0.1 AS ratio", "ratio"),
        (
            "SELECT arrow_cast(timestamp '2024-02-29T10:00:00', 'Timestamp(Microsecond, None)') AS day",
            "day",
        ),
        ("SELECT '{' AS doc", "doc"),
        ("SELECT 'meh' AS feeling", "feeling"),
    ] {
        let error = target.export("t", Mode::Append, query).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{query}");
        assert!(
            error.message().contains(&format!("\"{column}\"")),
            "{query}: {error}"
        );
        assert_eq!(target.read("SELECT count(*) FROM t").await, ["1"]);
    }
}

#[tokio::test]
async fn a_change_of_case_is_a_change_under_any_collation() {
    let target = Target::postgres().await;
    target
        .execute("CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT COLLATE loose)")
        .await;
    target
        .export("t", merge(&["id"]), "SELECT 1 AS id, 'Smith' AS name")
        .await
        .unwrap();
    let merged = target
        .export("t", merge(&["id"]), "SELECT 1 AS id, 'SMITH' AS name")
        .await
        .unwrap();
    assert_eq!(merged.updated, 1);
    let replaced = target
        .export("t", Mode::Replace, "SELECT 1 AS id, 'smith' AS name")
        .await
        .unwrap();
    assert_eq!(replaced.deleted, 1);
}

#[tokio::test]
async fn dropped_rows_and_long_names_are_errors() {
    let target = Target::postgres().await;
    target
        .execute("CREATE TABLE t (id BIGINT); CREATE RULE r AS ON INSERT TO t WHERE NEW.id > 1 DO INSTEAD NOTHING")
        .await;
    let rows = "SELECT v AS id FROM generate_series(1, 3) AS g(v)";
    let error = target.export("t", Mode::Append, rows).await.unwrap_err();
    assert!(
        error.message().starts_with("the table took 1 of 3 rows"),
        "{error}"
    );
    assert_eq!(target.read("SELECT count(*) FROM t").await, ["0"]);

    let long = "ü".repeat(32);
    let error = target
        .export("t", Mode::Append, &format!("SELECT 1 AS {long}"))
        .await
        .unwrap_err();
    assert!(
        error.message().contains("longer than the 63 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_domain_over_a_domain_takes_what_its_type_takes() {
    let target = Target::postgres().await;
    target
        .execute("CREATE DOMAIN inner_d AS integer; CREATE DOMAIN outer_d AS inner_d CHECK (VALUE > 0); CREATE TABLE t (id outer_d)")
        .await;
    let rows = |value: i32| format!("SELECT CAST({value} AS INTEGER) AS id");
    target.export("t", Mode::Append, &rows(7)).await.unwrap();
    assert_eq!(target.read("SELECT id FROM t").await, ["7"]);
    let refused = target.export("t", Mode::Append, &rows(-7)).await;
    assert_eq!(refused.unwrap_err().kind(), Kind::Input);
}

#[tokio::test]
async fn nan_and_infinity_are_kept() {
    let target = Target::postgres().await;
    let rows = "SELECT CAST(v AS DOUBLE) AS x FROM (VALUES ('NaN'), ('inf'), ('-inf')) AS v(v)";
    target.export("t", Mode::Replace, rows).await.unwrap();
    assert_eq!(
        target.read("SELECT x FROM t ORDER BY x").await,
        ["-Infinity", "Infinity", "NaN"]
    );
    assert_eq!(
        target
            .export("t", Mode::Replace, rows)
            .await
            .unwrap()
            .unchanged,
        3
    );
}
