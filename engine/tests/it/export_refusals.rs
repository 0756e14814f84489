//! What every export must refuse, whatever database it goes to, and leave nothing behind.

use std::time::Duration;

use tidemill::connections::Mode;
use tidemill::{Error, Kind};

use crate::export_target::{Target, merge, rows_then};
use crate::on_both::on_both;

on_both!(
    crate::export_target::Target:
    a_merge_key_must_identify_a_row,
    a_failing_stream_leaves_nothing,
    an_abandoned_export_leaves_nothing,
    columns_must_fit_an_existing_table,
    a_refused_row_leaves_nothing,
    values_that_cannot_be_kept_are_named,
);

async fn a_merge_key_must_identify_a_row(target: &Target) {
    let null = "SELECT * FROM (VALUES (1, 'a'), (NULL, 'b')) AS v(id, kind)";
    let error = target
        .export("t", merge(&["id", "kind"]), null)
        .await
        .unwrap_err();
    assert_eq!(
        error.message(),
        "the merge key is NULL: \"id\" = NULL, \"kind\" = b"
    );

    let twice = "SELECT * FROM (VALUES (7, 'a'), (7, 'b')) AS v(id, kind)";
    let error = target.export("t", merge(&["id"]), twice).await.unwrap_err();
    assert_eq!(
        error.message(),
        "the merge key is not unique in the batch: \"id\" = 7"
    );
    assert!(!target.exists("t").await);

    target
        .execute("CREATE TABLE loose (id INTEGER, kind TEXT, UNIQUE (id, kind))")
        .await;
    let error = target
        .export("loose", merge(&["id"]), "SELECT 1 AS id, 'a' AS kind")
        .await
        .unwrap_err();
    assert!(
        error
            .message()
            .contains("has no unique index over exactly (\"id\")"),
        "{error}"
    );
    let hint = target.pick(
        "CREATE UNIQUE INDEX",
        "ALTER TABLE \"public\".\"loose\" ADD PRIMARY KEY (\"id\")",
    );
    assert!(error.get_hint().unwrap().contains(hint));
    let merged = target
        .export(
            "loose",
            merge(&["kind", "id"]),
            "SELECT 1 AS id, 'a' AS kind",
        )
        .await
        .unwrap();
    assert_eq!(merged.inserted, 1);
}

async fn a_failing_stream_leaves_nothing(target: &Target) {
    let rows = "SELECT * FROM generate_series(1, 20000) AS v(id)";
    let failure = || Some(Error::new(Kind::Rejects, "the query broke").into_datafusion());
    for mode in [Mode::Append, Mode::Replace, merge(&["id"])] {
        let error = target
            .export_stream("t", mode, rows_then(rows, failure()).await)
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (Kind::Rejects, "the query broke")
        );
        assert!(!target.exists("t").await);
    }
    target
        .export("t", Mode::Replace, "SELECT 5 AS id")
        .await
        .unwrap();
    let broken = rows_then(rows, failure()).await;
    target
        .export_stream("t", Mode::Replace, broken)
        .await
        .unwrap_err();
    assert_eq!(target.read("SELECT id FROM t").await, ["5"]);
}

async fn an_abandoned_export_leaves_nothing(target: &Target) {
    let rows = rows_then("SELECT * FROM generate_series(1, 20000) AS v(id)", None).await;
    let export = target.export_stream("t", Mode::Append, rows);
    tokio::time::timeout(Duration::from_millis(1500), export)
        .await
        .unwrap_err();
    let exported = target
        .export("t", Mode::Append, "SELECT 1 AS id")
        .await
        .unwrap();
    assert_eq!((exported.inserted, exported.created_table), (1, true));
}

async fn columns_must_fit_an_existing_table(target: &Target) {
    target
        .execute("CREATE TABLE t (id INTEGER NOT NULL, name TEXT, must TEXT NOT NULL, extra TEXT, origin TEXT NOT NULL DEFAULT 'old')")
        .await;
    let error = target
        .export(
            "t",
            Mode::Append,
            "SELECT 'x' AS id, 1 AS lost, 'n' AS name",
        )
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    for part in [
        "\"id\" is TEXT and cannot go into ",
        "the table has no column \"lost\"",
        "\"must\" of the table is NOT NULL without a default",
    ] {
        assert!(error.message().contains(part), "{error}");
    }
    target
        .export("t", Mode::Append, "SELECT 'm' AS must, 1 AS id")
        .await
        .unwrap();
    assert_eq!(
        target
            .read("SELECT id, name, must, extra, origin FROM t")
            .await,
        ["1|-|m|-|old"]
    );
    target
        .execute("UPDATE t SET origin = 'kept', extra = 'e'")
        .await;
    let replaced = target
        .export("t", Mode::Replace, "SELECT 'm' AS must, 1 AS id")
        .await
        .unwrap();
    assert_eq!(replaced.unchanged, 1);
    assert_eq!(target.read("SELECT origin, extra FROM t").await, ["kept|e"]);

    target.execute("CREATE VIEW v AS SELECT id FROM t").await;
    let error = target
        .export("v", Mode::Append, "SELECT 1 AS id")
        .await
        .unwrap_err();
    assert!(error.message().contains("is not a table"));
}

async fn a_refused_row_leaves_nothing(target: &Target) {
    target
        .execute("CREATE TABLE t (id INTEGER, amount NUMERIC CHECK (amount >= 0))")
        .await;
    target
        .export(
            "t",
            Mode::Append,
            "SELECT 1 AS id, CAST(5 AS DECIMAL(5,2)) AS amount",
        )
        .await
        .unwrap();
    let rows = "SELECT v AS id, CAST(5000 - v AS DECIMAL(10,2)) AS amount FROM generate_series(1, 5001) AS g(v)";
    for mode in [Mode::Append, Mode::Replace] {
        let error = target.export("t", mode, rows).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Input);
        assert!(error.message().to_lowercase().contains("check"), "{error}");
        assert_eq!(target.read("SELECT id FROM t").await, ["1"]);
    }
    assert_eq!(
        target.read("SELECT count(*) FROM tidemill_exports").await,
        ["1"]
    );
}

async fn values_that_cannot_be_kept_are_named(target: &Target) {
    let nul = "SELECT * FROM (VALUES ('fine'), ('a' || chr(0))) AS v(note)";
    let error = target.export("t", Mode::Append, nul).await.unwrap_err();
    assert!(
        error
            .message()
            .starts_with("row 2, column \"note\": the text holds a NUL"),
        "{error}"
    );

    let finer = "SELECT arrow_cast(v, 'Timestamp(Nanosecond, None)') AS at FROM (VALUES (1000), (1001)) AS v(v)";
    let error = target.export("t", Mode::Append, finer).await.unwrap_err();
    assert!(
        error
            .message()
            .starts_with("row 2, column \"at\": a value does not fit TIMESTAMP exactly"),
        "{error}"
    );

    let error = target
        .export("t", Mode::Append, "SELECT interval '1 day' AS wait")
        .await
        .unwrap_err();
    assert!(
        error.message().starts_with("no database type for \"wait\""),
        "{error}"
    );
    assert!(!target.exists("t").await);
}
