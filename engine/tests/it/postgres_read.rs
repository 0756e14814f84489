//! Reading tables of a real Postgres.

use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt};
use tidemill::Kind;

use crate::attached::Attached;
use crate::postgres_connect::everything;
use crate::postgres_server::{PostgresServer, connect};

#[tokio::test(flavor = "multi_thread")]
async fn every_type_arrives_exactly() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN price AS numeric(8,3); CREATE TYPE pair AS (a int, b text);
         CREATE TABLE t (b bool, i2 smallint, i4 int, i8 bigint, o oid, f4 real, f8 double precision, n numeric(38,10), whole numeric(5,-2),
           free numeric, p price, d date, ts timestamp, tz timestamptz, ti time, tx text, vc varchar(9), ch char(5), nm name, by bytea,
           u uuid, j json, jb jsonb, m mood, iv interval, pr pair, ip inet, ai int[], at text[], an numeric(5,2)[], am mood[], a2 int[][],
           v int2vector, \"Quoted \"\"Name\" int);
         INSERT INTO t VALUES
         (true, -32768, -2147483648, -9223372036854775808, 4294967295, 1.5, 0.1, -9999999999999999999999999999.9999999999, 12345, 0.1000,
          -12345.678, '0001-01-01', '1969-12-31 23:59:59.999999', '2024-02-29 23:59:58.123456+02', '23:59:59.999999', 'Grüße 🌊', 'nine', 'ab', 'me',
          '\\x00ff', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{\"a\" :1}', '{\"a\" :1}', 'glad', '1 day 02:00', (1, 'x'), '10.0.0.1/8',
          '{1,NULL,3}', '{a,\"\",NULL}', '{1.50,-0.05}', '{sad}', '{{1,2},{3,4}}', '1 2', 7),
         (false, 32767, 2147483647, 9223372036854775807, 0, 'Infinity', 'NaN', 9999999999999999999999999999.9999999999, -100, 'NaN',
          0, '9999-12-31', '9999-12-31 23:59:59.999999', '0001-01-01 00:00:00+00', '00:00', '', '', '', '', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL,
          '{}', '{}', '{}', '{}', '{}', '', 0);
         INSERT INTO t DEFAULT VALUES",
    )
    .await;
    let rows = db.rows("SELECT * FROM db.public.t").await;
    assert_eq!(
        rows[0],
        "true|-32768|-2147483648|-9223372036854775808|4294967295|1.5|0.1|-9999999999999999999999999999.9999999999|12300|0.1000|\
         -12345.678|0001-01-01|1969-12-31T23:59:59.999999|2024-02-29T21:59:58.123456Z|23:59:59.999999|Grüße 🌊|nine|ab|me|00ff|\
         a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{\"a\" :1}|{\"a\": 1}|glad|1 day 02:00:00|(1,x)|10.0.0.1/8|[1, ∅, 3]|[a, , ∅]|[1.50, -0.05]|\
         [sad]|{{1,2},{3,4}}|1 2|7"
    );
    assert_eq!(
        rows[1],
        "false|32767|2147483647|9223372036854775807|0|inf|NaN|9999999999999999999999999999.9999999999|-100|NaN|\
         0.000|9999-12-31|9999-12-31T23:59:59.999999|0001-01-01T00:00:00Z|00:00:00||||||∅|∅|∅|∅|∅|∅|∅|[]|[]|[]|[]|{}||0"
    );
    assert_eq!(rows[2], vec!["∅"; 34].join("|"));
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_told_by_describe() {
    let db = Attached::postgres().await;
    db.there("CREATE TABLE t (n numeric(12,2), free numeric, wide numeric(50,2), tz timestamptz, l int[])")
        .await;
    let types: Vec<String> = db
        .rows("DESCRIBE db.t")
        .await
        .iter()
        .map(|row| row.split('|').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(
        types,
        [
            "DECIMAL(12,2)",
            "TEXT",
            "TEXT",
            "TIMESTAMP WITH TIME ZONE",
            "INTEGER[]"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_without_a_type_here_are_named() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE TABLE t (id int, n numeric(5,2), d date, tz timestamptz, a int[]);
         INSERT INTO t VALUES (1, 'NaN', 'infinity', '-infinity', '{{1},{2}}'), (2, 1, '2024-01-01', '2024-01-01', '{1}')",
    )
    .await;
    for (column, what) in [
        ("n", "NaN"),
        ("d", "infinity"),
        ("tz", "infinity"),
        ("a", "several dimensions"),
    ] {
        let error = db.error(&format!("SELECT {column} FROM db.t")).await;
        assert_eq!(error.kind(), Kind::Input);
        let begins = format!("db.public.t: column \"{column}\" holds ");
        assert!(error.message().starts_with(&begins), "{error}");
        assert!(error.message().contains(what), "{error}");
        assert!(error.get_hint().is_some());
    }
    // What is not read, or filtered out there, does not matter.
    assert_eq!(
        db.rows("SELECT id, n, d FROM db.t WHERE id > 1").await,
        ["2|1.00|2024-01-01"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_limits_are_left_to_the_server() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE TYPE mood AS ENUM ('sad', 'glad');
         CREATE TABLE t (id int, n numeric(12,2), d date, ts timestamp, tz timestamptz, open bool, name text, code char(5), m mood, u uuid, f float8, j json, jb jsonb);
         INSERT INTO t SELECT i, i / 4.0, date '2024-01-01' + i, timestamp '2024-01-01' + i * interval '1 hour',
           timestamptz '2024-01-01 00:00:00+00' + i * interval '1 hour', i % 3 = 0, 'name ' || i % 7, 'c' || i % 5,
           (ARRAY['sad', 'glad'])[i % 2 + 1]::mood, md5(i::text)::uuid, i / 2.0, '[1, 2]', '[1, 2]' FROM generate_series(1, 100) AS g(i);
         INSERT INTO t DEFAULT VALUES",
    )
    .await;
    // The same rows in the warehouse tell what the engine makes of each filter.
    db.execute("CREATE TABLE raw.t AS SELECT * FROM db.t")
        .await
        .unwrap();
    for (filter, sql) in [
        ("id < 10", "\"id\" < 10"),
        ("id BETWEEN 5 AND 7", "\"id\" >= 5 AND \"id\" <= 7"),
        ("id NOT IN (1, 2, 3, 4)", "\"id\" NOT IN (1, 2, 3, 4)"),
        ("n >= 12.25", "\"n\" >= 12.25"),
        ("d = DATE '2024-01-05'", "\"d\" = '2024-01-05'"),
        ("open", "\"open\""),
        ("NOT open", "NOT \"open\""),
        ("open IS NULL", "\"open\" IS NULL"),
        ("name = 'name 3'", "\"name\" = 'name 3'"),
        ("name <> 'name 3'", "\"name\" <> 'name 3'"),
        ("code = 'c1'", "CAST(\"code\" AS text) = 'c1'"),
        ("m = 'glad'", "CAST(\"m\" AS text) = 'glad'"),
        ("m = 'no such mood'", "CAST(\"m\" AS text) = 'no such mood'"),
        (
            "u = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b'",
            "\"u\" = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b'",
        ),
        (
            "ts < arrow_cast('2024-01-01T05:00:00', 'Timestamp(Microsecond, None)')",
            "\"ts\" < '2024-01-01 05:00:00.000000'",
        ),
        (
            "tz < arrow_cast('2024-01-01T05:00:00Z', 'Timestamp(Microsecond, Some(\"UTC\"))')",
            "\"tz\" < '2024-01-01 05:00:00.000000+00'",
        ),
        ("id = 3 OR n IS NULL", "(\"id\" = 3 OR \"n\" IS NULL)"),
    ] {
        let plan = db
            .plan(&format!("SELECT id FROM db.t WHERE {filter}"))
            .await;
        assert!(plan.contains(sql), "{filter}: no `{sql}` in\n{plan}");
        assert!(!plan.contains("FilterExec"), "{filter}:\n{plan}");
    }
    for filter in [
        "id < 10",
        "id NOT IN (1, 2, 3)",
        "n >= 12.25 AND open",
        "name <> 'name 3'",
        "name > 'name 3'",
        "code = 'c1'",
        "code = 'c1 '",
        "m = 'GLAD'",
        "u = 'C4CA4238-A0B9-2382-0DCC-509A6F75849B'",
        "f > 3.5",
        "j = '[1, 2]'",
        "jb = '[1, 2]'",
        "j IS NULL",
        "ts < TIMESTAMP '2024-01-02'",
        "tz BETWEEN TIMESTAMP '2024-01-02' AND TIMESTAMP '2024-01-03'",
        "NOT (id > 5 OR open)",
        "id = 3 OR name LIKE '%5'",
    ] {
        let sql = |table: &str| format!("SELECT * FROM {table} WHERE {filter} ORDER BY id");
        assert_eq!(
            db.rows(&sql("db.t")).await,
            db.rows(&sql("raw.t")).await,
            "{filter}"
        );
    }
    let plan = db.plan("SELECT name FROM db.t WHERE id > 3 LIMIT 4").await;
    assert!(
        plan.contains("SELECT \"name\" FROM \"public\".\"t\" WHERE \"id\" > 3 LIMIT 4"),
        "{plan}"
    );
    // Every row that passes here must be there: no limit before a filter of ours.
    let plan = db.plan("SELECT name FROM db.t WHERE f > 3 LIMIT 4").await;
    assert!(!plan.contains("LIMIT 4]"), "{plan}");
    assert_eq!(db.rows("SELECT count(*) FROM db.t").await, ["101"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_not_cut_to_be_found() {
    let db = Attached::postgres().await;
    db.there("CREATE TABLE t (n name, more name[]); INSERT INTO t VALUES (repeat('a', 63), '{b}')")
        .await;
    let count = |length: usize| {
        let name = "a".repeat(length);
        format!("SELECT count(*) FROM db.t WHERE n = '{name}'")
    };
    assert_eq!(db.rows(&count(70)).await, ["0"]);
    assert_eq!(db.rows(&count(63)).await, ["1"]);
    assert_eq!(db.rows("SELECT more[1] FROM db.t").await, ["b"]);

    let long = "a".repeat(70);
    for table in [format!("db.{long}"), format!("db.{long}.t")] {
        let error = db.error(&format!("SELECT * FROM {table}")).await;
        assert!(!error.message().contains("too long"), "{error}");
        assert!(error.message().contains(&long), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_table_is_read_in_ranges_of_one_snapshot() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE TABLE t (id int, pad text);
         INSERT INTO t SELECT i, repeat('x', 180) FROM generate_series(1, 200000) AS g(i);
         CREATE INDEX by_id ON t (id); ANALYZE t",
    )
    .await;
    let whole = "SELECT count(*), sum(id), min(id), max(id), sum(length(pad)) FROM db.t";
    let plan = db.plan(whole).await;
    assert!(plan.contains("ctid >= '(0,0)' AND ctid < '("), "{plan}");
    assert!(plan.contains("; SELECT"), "{plan}");
    let expected = "200000|20000100000|1|200000|36000000";
    assert_eq!(db.rows(whole).await, [expected]);

    // Rows that come and go after the statement has begun are not part of it.
    let rows = db.query(whole).await.unwrap();
    db.there("DELETE FROM t WHERE id % 2 = 0; INSERT INTO t SELECT 0, 'late' FROM generate_series(1, 1000)")
        .await;
    let batches: Vec<_> = rows.try_collect().await.unwrap();
    let seen: Vec<_> = batches
        .iter()
        .flat_map(|batch| crate::lab::lines(batch, &[]))
        .collect();
    assert_eq!(seen, [expected]);
    assert_eq!(db.rows("SELECT count(*) FROM db.t").await, ["101000"]);

    // An index finds a few rows faster than all ranges together.
    let plan = db.plan("SELECT * FROM db.t WHERE id = 77").await;
    assert!(!plan.contains("ctid"), "{plan}");
    let plan = db.plan("SELECT * FROM db.t WHERE id > 77").await;
    assert!(plan.contains("ctid"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_is_dropped_ends_on_the_server() {
    let db = Attached::postgres().await;
    db.there("CREATE VIEW endless AS SELECT generate_series(1, 1000000000) AS i")
        .await;
    let mut rows = db.query("SELECT i FROM db.endless").await.unwrap();
    assert!(rows.next().await.unwrap().unwrap().num_rows() > 0);
    drop(rows);
    let client = connect(&db.url).await;
    let started = Instant::now();
    loop {
        let sql = "SELECT count(*) FROM pg_stat_activity \
            WHERE application_name = 'tidemill' AND datname = current_database()";
        let active: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        if active == 0 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{active} left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_while_reading_is_worth_a_retry() {
    let db = Attached::postgres().await;
    db.there("CREATE VIEW endless AS SELECT generate_series(1, 1000000000) AS i")
        .await;
    let mut rows = db.query("SELECT i FROM db.endless").await.unwrap();
    assert!(rows.next().await.unwrap().unwrap().num_rows() > 0);
    db.there(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tidemill' \
         AND datname = current_database() AND query LIKE 'COPY%'",
    )
    .await;
    let error = rows.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_joins_the_warehouse_and_itself() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE SCHEMA sales; CREATE TABLE sales.\"Orders\" (id int, city text);
         INSERT INTO sales.\"Orders\" SELECT i, 'city ' || i % 3 FROM generate_series(1, 30000) AS g(i)",
    )
    .await;
    db.execute("CREATE TABLE raw.cities AS SELECT * FROM (VALUES ('city 0', 'north'), ('city 1', 'south')) AS v(city, region)")
        .await
        .unwrap();
    let sql = "SELECT region, count(*) FROM db.sales.\"Orders\" JOIN raw.cities USING (city) GROUP BY 1 ORDER BY 1";
    assert_eq!(db.rows(sql).await, ["north|10000", "south|10000"]);
    let sql = "SELECT count(*) FROM db.sales.\"Orders\" AS a JOIN db.sales.\"Orders\" AS b ON a.id = b.id + 1";
    assert_eq!(db.rows(sql).await, ["29999"]);
    let error = db.error("SELECT * FROM db.sales.orders").await;
    assert_eq!(
        error.message(),
        "there is no table sales.orders in the database db"
    );
    assert_eq!(
        error.get_hint().unwrap(),
        "did you mean `db.sales.\"Orders\"`?"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_those_of_the_user_and_passwords_stay_hidden() {
    let owner = Attached::postgres().await;
    let name = owner.url.rsplit('/').next().unwrap().to_owned();
    let user = format!("reader_of_{name}");
    owner
        .there(&format!("CREATE ROLE {user} LOGIN PASSWORD 'geheim'; CREATE TABLE t (id int); CREATE TABLE open (id int); GRANT SELECT ON open TO {user}"))
        .await;
    let mut url = url::Url::parse(&PostgresServer::shared().url_of(&name)).unwrap();
    url.set_username(&user).unwrap();
    url.set_password(Some("geheim")).unwrap();
    let reader = Attached::to(url.to_string());
    assert_eq!(reader.rows("SELECT count(*) FROM db.open").await, ["0"]);
    let error = reader.error("SELECT * FROM db.t").await;
    assert_eq!(error.kind(), Kind::Input);
    assert!(error.message().contains("permission denied for table t"));
    assert!(error.get_hint().unwrap().contains("GRANT"));
    assert!(!everything(&error).contains("geheim"));

    url.set_password(Some("falsch")).unwrap();
    let stranger = Attached::to(url.to_string());
    let failed = stranger.lab.run(["-c", "SELECT * FROM db.open"]);
    let failed = failed.failed_with(1).says(&["check user and password"]);
    assert!(!format!("{}{}", failed.stdout, failed.stderr).contains("falsch"));
    let shown = reader
        .lab
        .run(["-c", "EXPLAIN VERBOSE SELECT * FROM db.open"]);
    assert!(!shown.succeeded().stdout.contains("geheim"));
    owner
        .there(&format!("DROP OWNED BY {user}; DROP ROLE {user}"))
        .await;

    let nobody = Attached::to("postgres://ada:geheim@127.0.0.1:1/x".to_owned());
    let failed = nobody.lab.run(["-c", "SELECT * FROM db.t"]);
    assert!(!failed.failed_with(5).stderr.contains("geheim"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_goes_into_another_of_the_same_database_and_into_itself() {
    for db in [Attached::postgres().await, Attached::sqlite()] {
        db.there("CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1), (2)")
            .await;
        db.execute("COPY INTO db.t2 FROM (SELECT id FROM db.t); COPY INTO db.t FROM (SELECT id + 1 AS id FROM db.t) (MODE replace)")
            .await
            .unwrap();
        let rows = "SELECT id FROM db.t ORDER BY id";
        assert_eq!(db.rows(rows).await, ["2", "3"]);
        assert_eq!(db.rows("SELECT count(*) FROM db.t2").await, ["2"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_in_the_servers_own_sql_is_a_table() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE DOMAIN price AS numeric(8,3); CREATE TABLE t (id int, amount numeric(12,2), p price, tags text[]);
         INSERT INTO t SELECT i, i / 4.0, i / 8.0, ARRAY['a', 'b'] FROM generate_series(1, 10) AS g(i); CREATE SEQUENCE numbers",
    )
    .await;
    let sql = "SELECT * FROM postgres_query('db', 'SELECT id, amount, p, tags, sum(amount) OVER () AS total, ''it''''s'' AS word FROM t ORDER BY id; ')";
    assert_eq!(
        db.rows(&format!("{sql} WHERE id < 3 ORDER BY id")).await,
        [
            "1|0.25|0.125|[a, b]|13.75|it's",
            "2|0.50|0.250|[a, b]|13.75|it's"
        ]
    );
    let plan = db.plan(&format!("{sql} WHERE id < 3")).await;
    assert!(plan.contains("AS \"query\" WHERE \"id\" < 3"), "{plan}");
    let joined = "SELECT count(*) FROM postgres_query('db', 'SELECT id FROM t -- all of them') AS a JOIN db.t AS b ON a.id = b.id";
    assert_eq!(db.rows(joined).await, ["10"]);
    db.execute(
        "CREATE TABLE raw.t AS SELECT * FROM postgres_query('db', $$SELECT version() AS v$$)",
    )
    .await
    .unwrap();
    assert!(db.rows("SELECT v FROM raw.t").await[0].starts_with("PostgreSQL "));

    for (query, message) in [
        ("SELECT nothing FROM t", "column \"nothing\" does not exist"),
        (
            "SELECT id, id FROM t",
            "two columns of the query are named \"id\"",
        ),
        ("SELECT $1::int", "the query has parameters"),
        ("SELECT nextval(''numbers'')", "read-only transaction"),
        ("DELETE FROM t RETURNING id", "syntax error"),
        ("SELECT 1) AS x; DROP TABLE t; --", "syntax error"),
    ] {
        let error = db
            .error(&format!("SELECT * FROM postgres_query('db', '{query}')"))
            .await;
        assert_eq!(error.kind(), Kind::Input, "{error}");
        assert!(error.message().contains(message), "{query}: {error}");
    }
    let view = "CREATE VIEW raw.v AS SELECT * FROM postgres_query('db', 'SELECT 1 AS one')";
    let error = db.execute(view).await.unwrap_err();
    assert_eq!(error.message(), "a view cannot read the database db");
    assert_eq!(db.rows("SELECT count(*) FROM db.t").await, ["10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_reads_a_database_is_never_skipped() {
    let db = Attached::postgres().await;
    db.there("CREATE TABLE t AS SELECT 1 AS id").await;
    let lab = &db.lab;
    let toml = format!("[connections.db]\nurl = \"{}\"\n", db.url);
    lab.write_step("pipeline.toml", &toml);
    lab.write_step("10_land.sql", "COPY INTO raw.t FROM db.t (WATERMARK id)");
    lab.write_step(
        "20_ask.sql",
        "CREATE OR REPLACE TABLE raw.n AS SELECT * FROM postgres_query('db', 'SELECT count(*) AS n FROM t')",
    );
    lab.write_step(
        "30_copy.sql",
        "CREATE OR REPLACE TABLE curated.t AS SELECT * FROM raw.t",
    );
    assert_eq!(lab.run_pipeline().succeeded().steps_run().len(), 3);
    let again = lab.run_pipeline().succeeded();
    assert_eq!(again.steps_run(), ["10", "20"]);
    assert_eq!(again.steps_skipped(), ["30"]);
    db.there("INSERT INTO t VALUES (2)").await;
    assert_eq!(lab.run_pipeline().succeeded().steps_run().len(), 3);
    assert_eq!(db.rows("SELECT count(*) FROM curated.t").await, ["2"]);
    assert_eq!(db.rows("SELECT n FROM raw.n").await, ["2"]);
}
