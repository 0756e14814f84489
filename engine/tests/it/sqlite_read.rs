//! Reading tables of a SQLite file.

use futures::TryStreamExt;
use tidemill::Kind;

use crate::attached::Attached;
use crate::lab::lines;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_comes_back() {
    let db = Attached::sqlite();
    let query = "SELECT 70000 AS number, 9007199254740993 AS big, CAST(-12345.67 AS DECIMAL(12,2)) AS amount, 0.1 AS double, \
        true AS flag, date '2024-02-29' AS day, arrow_cast(timestamp '2024-02-29T23:59:58.5', 'Timestamp(Microsecond, None)') AS moment, \
        arrow_cast('2024-02-29T23:59:58.123456+02:00', 'Timestamp(Microsecond, Some(\"UTC\"))') AS instant, \
        time '12:30:00' AS clock, 'Grüße' AS note, x'00ff' AS bytes, CAST(NULL AS DECIMAL(5,1)) AS missing";
    db.execute(&format!("COPY INTO db.t FROM ({query})"))
        .await
        .unwrap();
    let row = "70000|9007199254740993|-12345.67|0.1|true|2024-02-29|2024-02-29T23:59:58.500|\
        2024-02-29T21:59:58.123456Z|12:30:00|Grüße|00ff|∅";
    assert_eq!(db.rows("SELECT * FROM db.t").await, [row]);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_called_like_words_of_sql_land() {
    let db = Attached::sqlite();
    db.there(
        "CREATE TABLE \"select\" (\"null\" INTEGER, \"current_date\" TEXT, \"true\" TEXT, \"from\" TEXT);
         INSERT INTO \"select\" VALUES (7, 'd', 't', 'f'), (8, 'e', 'u', 'g')",
    )
    .await;
    let columns = "\"null\", \"current_date\", \"true\", \"from\"";
    for (index, options) in ["", "(WATERMARK \"null\")"].into_iter().enumerate() {
        db.execute(&format!(
            "COPY INTO raw.t_{index} FROM db.\"select\" {options}"
        ))
        .await
        .unwrap();
        let rows = db
            .rows(&format!("SELECT {columns} FROM raw.t_{index} ORDER BY 1"))
            .await;
        assert_eq!(rows, ["7|d|t|f", "8|e|u|g"], "{options}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_are_not_of_their_type_are_named() {
    let db = Attached::sqlite();
    db.there(
        "CREATE TABLE t (id INTEGER, n INTEGER, d DATE, open BOOLEAN, amount NUMERIC(7,2), s TEXT);
         INSERT INTO t VALUES (1, 1, '2024-01-01', 1, 1.25, 'a'), (2, 'two', '2024-1-2', 'yes', 1.234, x'00');
         CREATE TABLE w (k TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID; INSERT INTO w VALUES ('a', 1.5);
         CREATE TABLE shadowed (rowid TEXT, oid TEXT, n INTEGER); INSERT INTO shadowed VALUES ('x', 'y', 'z')",
    )
    .await;
    for (column, what) in [
        ("n", "'two' is no BIGINT: it is stored as a text"),
        ("d", "'2024-1-2' is no DATE: "),
        ("open", "'yes' is no BOOLEAN: it is stored as a text"),
        ("amount", "1.234 is no DECIMAL(7,2): "),
        ("s", "a blob of 1 bytes is no TEXT: it is stored as a blob"),
    ] {
        let error = db.error(&format!("SELECT {column} FROM db.t")).await;
        assert_eq!(error.kind(), Kind::Input);
        let expected = format!("db.public.t: rowid 2, column \"{column}\": {what}");
        assert!(error.message().starts_with(&expected), "{error}");
        assert!(error.get_hint().is_some());
    }
    // No filter hides them from who reads the column.
    for filter in [
        "n = 1",
        "n < 5",
        "d = DATE '2023-01-01'",
        "open",
        "NOT open",
        "s = 'a'",
    ] {
        let error = db
            .error(&format!("SELECT id FROM db.t WHERE {filter}"))
            .await;
        assert!(error.message().contains("rowid 2"), "{filter}: {error}");
    }
    assert_eq!(db.rows("SELECT n FROM db.t WHERE id = 1").await, ["1"]);
    let error = db.error("SELECT n FROM db.w").await;
    assert!(error.message().contains("row 1 of those read"), "{error}");
    let error = db.error("SELECT n FROM db.shadowed").await;
    assert!(error.message().contains("rowid 1"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_is_in_no_calendar_is_not_filtered_away() {
    let db = Attached::sqlite();
    db.there("CREATE TABLE t (id INTEGER, d DATE); INSERT INTO t VALUES (1, '2024-02-29'), (2, '2024-02-30')")
        .await;
    for filter in ["d = DATE '2024-02-29'", "d > DATE '2030-01-01'"] {
        let error = db
            .error(&format!("SELECT id FROM db.t WHERE {filter}"))
            .await;
        let expected = "rowid 2, column \"d\": '2024-02-30' is no DATE";
        assert!(error.message().contains(expected), "{filter}: {error}");
    }
    db.there("DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, NULL)")
        .await;
    let leap = "SELECT id FROM db.t WHERE d = DATE '2024-02-29'";
    assert_eq!(db.rows(leap).await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn scans_take_turns_on_one_snapshot() {
    let db = Attached::sqlite();
    db.there(
        "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) INSERT INTO t SELECT i, 'Name ' || i FROM n;
         CREATE VIEW v AS SELECT id, id * 2 AS twice, CAST(id AS TEXT) AS text FROM t",
    )
    .await;
    let sql = "SELECT count(*), sum(a.id), sum(length(b.name)) FROM db.t AS a JOIN db.t AS b ON a.id = b.id + 1";
    let expected = db.rows(sql).await;
    assert!(expected[0].starts_with("29999|450014999|"), "{expected:?}");

    let rows = db.query(sql).await.unwrap();
    db.there("DELETE FROM t WHERE id > 10; INSERT INTO t VALUES (99, 'late')")
        .await;
    let batches: Vec<_> = rows.try_collect().await.unwrap();
    let seen: Vec<_> = batches.iter().flat_map(|batch| lines(batch, &[])).collect();
    assert_eq!(seen, expected);

    assert_eq!(db.rows("SELECT count(*) FROM db.t").await, ["11"]);
    assert_eq!(db.rows("SELECT id FROM db.v WHERE text = '7'").await, ["7"]);
    assert_eq!(
        db.rows("SELECT id FROM db.T WHERE name = 'name 7'").await,
        Vec::<String>::new()
    );
    assert_eq!(
        db.rows("SELECT id FROM db.t WHERE name <> 'name 7' AND id < 8 AND id > 6")
            .await,
        ["7"]
    );
}
