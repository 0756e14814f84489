//! Aggregates that are left to a database: the same as the engine makes of the same rows, or not left.

use crate::attached::Attached;

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_are_left_to_postgres_where_they_are_the_same() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE TYPE mood AS ENUM ('sad', 'glad');
         CREATE TABLE t (id int, small smallint, big bigint, n numeric(12,2), wide numeric(35,2), free numeric, d date, ts timestamp, tz timestamptz,
           open bool, name text, code char(5), m mood, u uuid, f float8);
         INSERT INTO t SELECT i, i % 9, i, i / 4.0, i, i / 4.0, date '2024-01-01' + i % 5, timestamp '2024-01-01' + i * interval '1 hour',
           timestamptz '2024-01-01 00:00:00+00' + i * interval '1 hour', i % 3 = 0, 'name ' || i % 7, 'c' || i % 5,
           (ARRAY['sad', 'glad'])[i % 2 + 1]::mood, md5((i % 4)::text)::uuid, i / 2.0 FROM generate_series(1, 1000) AS g(i);
         INSERT INTO t DEFAULT VALUES; INSERT INTO t (id, name) VALUES (2147483647, 'big'), (2147483647, 'big')",
    )
    .await;
    db.execute("CREATE TABLE raw.t AS SELECT * FROM db.t")
        .await
        .unwrap();
    let left = [
        "count(*)",
        "count(*), count(id), count(f), count(m)",
        "min(id), max(small), min(big), max(n), min(wide), min(d), max(ts), min(tz)",
        "sum(id), sum(small), sum(n)",
        "open, count(*)",
        "d, sum(n) AS total",
        "name, code, m, u, max(id)",
        "free, count(*)",
        "DISTINCT name, open",
        "sum(id) + 1, 2 * count(*)",
    ];
    let here = [
        "sum(f), avg(n)",
        "sum(big)",
        "sum(wide)",
        "min(name), max(m)",
        "count(DISTINCT name)",
        "f, count(*)",
        "id % 2, count(*)",
        "sum(id) FILTER (WHERE open)",
    ];
    for (lists, is_left) in [(left.as_slice(), true), (here.as_slice(), false)] {
        for list in lists {
            for filter in [
                "",
                "WHERE id < 500 AND open",
                "WHERE id < 0",
                "WHERE id > 10 OR n IS NULL",
            ] {
                let sql = |table: &str| {
                    let names = [
                        "open, count(*)",
                        "d, sum",
                        "name, code",
                        "free, ",
                        "f, count",
                        "id % 2,",
                    ];
                    let groups = names.iter().any(|name| list.starts_with(name));
                    let group = if groups { "GROUP BY ALL" } else { "" };
                    let group = match (groups, list.split_once(", max(id)")) {
                        (true, Some((columns, _))) => format!("GROUP BY {columns}"),
                        (true, None) => "GROUP BY 1".to_owned(),
                        _ => group.to_owned(),
                    };
                    format!("SELECT {list} FROM {table} {filter} {group}")
                };
                let there = sql("db.t");
                let mut rows = db.rows(&there).await;
                let mut expected = db.rows(&sql("raw.t")).await;
                rows.sort();
                expected.sort();
                assert_eq!(rows, expected, "{there}");
                let plan = db.plan(&there).await;
                assert_eq!(plan.contains("AS \"groups\""), is_left, "{there}\n{plan}");
                assert_eq!(plan.contains("AggregateExec"), !is_left, "{there}\n{plan}");
            }
        }
    }
    // A filter that is applied here comes first, also when it is one on the groups.
    let plan = db
        .plan("SELECT count(*) FROM db.t WHERE name LIKE 'name%'")
        .await;
    assert!(plan.contains("AggregateExec"), "{plan}");
    let having =
        "SELECT name, count(*) AS n FROM {} GROUP BY name HAVING count(*) > 143 ORDER BY 1";
    let there = having.replace("{}", "db.t AS alias");
    assert_eq!(
        db.rows(&there).await,
        db.rows(&having.replace("{}", "raw.t")).await
    );
    let plan = db.plan(&there).await;
    assert!(
        plan.contains("GROUP BY 1) AS \"groups\" WHERE \"2\" > 143"),
        "{plan}"
    );
    // Types stay what they are.
    for sql in [
        "SELECT sum(n), sum(id), sum(small), count(*), min(d) FROM {}",
        "SELECT max(ts), max(tz), min(small) FROM {}",
    ] {
        let types = async |table: &str| {
            let create = format!(
                "CREATE OR REPLACE TABLE raw.typed AS {}",
                sql.replace("{}", table)
            );
            db.execute(&create).await.unwrap();
            let described = db.rows("DESCRIBE raw.typed").await;
            let types = described
                .iter()
                .map(|row| row.split('|').nth(1).unwrap().to_owned());
            types.collect::<Vec<_>>()
        };
        assert_eq!(types("db.t").await, types("raw.t").await);
    }
    let joined = "SELECT a.name, a.n, count(*) FROM (SELECT name, count(*) AS n FROM db.t GROUP BY name) AS a \
        JOIN db.t AS b ON a.name = b.name GROUP BY 1, 2 ORDER BY 1 LIMIT 1";
    assert_eq!(db.rows(joined).await, ["big|2|2"]);
    let nested = "SELECT max(n), (SELECT count(*) FROM db.t) FROM (SELECT count(*) AS n FROM db.t GROUP BY open)";
    assert_eq!(
        db.rows(nested).await,
        db.rows(&nested.replace("db.t", "raw.t")).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_sqlite_are_counted_there_and_nothing_else() {
    let db = Attached::sqlite();
    db.there("CREATE TABLE t (id INTEGER, n INTEGER); INSERT INTO t VALUES (1, 1), (2, 'two'), (3, NULL)")
        .await;
    assert_eq!(db.rows("SELECT count(*) FROM db.t").await, ["3"]);
    let plan = db.plan("SELECT count(*) FROM db.t").await;
    assert!(plan.contains("(SELECT count(*) AS \"1\" FROM"), "{plan}");
    let error = db.error("SELECT sum(n) FROM db.t").await;
    assert!(error.message().contains("'two' is no BIGINT"), "{error}");
    assert_eq!(
        db.rows("SELECT count(*) FROM db.t WHERE id > 1").await,
        ["2"]
    );
}
