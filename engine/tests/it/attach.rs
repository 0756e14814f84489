//! ATTACH of a real Postgres: what it is shown as, what it refuses, what it says about itself.

use crate::attached::Attached;
use crate::lab::Lab;
use crate::postgres_server::PostgresServer;

/// Statements of the shared server, run by the binary with its password in the text.
fn run(lab: &Lab, url: &str, sql: &str) -> crate::lab::Ran {
    let sql = sql.replace("$URL", url);
    lab.run(["--format", "csv", "-c", &sql])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attached_server_is_read_and_written_and_its_password_stays_hidden() {
    let url = PostgresServer::shared().create_database().await;
    let password = url::Url::parse(&url)
        .unwrap()
        .password()
        .unwrap()
        .to_owned();
    let lab = Lab::new();
    let ran = run(
        &lab,
        &url,
        "ATTACH '$URL' AS sales; COPY INTO sales.t FROM (SELECT 7 AS id); SELECT id FROM sales.public.t; \
         SHOW CONNECTIONS; EXPLAIN VERBOSE SELECT * FROM sales.t; DETACH sales",
    )
    .succeeded();
    assert!(
        ran.stdout
            .contains("sales,postgres,postgres://tidemill@127.0.0.1:"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("attached sales (postgres://tidemill@"),
        "{}",
        ran.stderr
    );
    let everything = format!("{}{}", ran.stdout, ran.stderr);
    assert!(!everything.contains(&password), "{everything}");

    for (sql, message) in [
        (
            "ATTACH '$URL' AS raw",
            "stands for something in the warehouse",
        ),
        ("ATTACH '$URL?sslmod=x' AS sales", "did you mean `sslmode`?"),
        ("ATTACH '$URL' sales", "expected: AS"),
        ("ATACH '$URL' AS sales", "ATACH"),
        (
            "ATTACH '$URL' AS sales (READ_ONLY); COPY INTO sales.t FROM (SELECT 8 AS id)",
            "the connection sales is read only",
        ),
        (
            "ATTACH '$URL' AS sales; SELECT * FROM sales.nothing",
            "there is no table public.nothing",
        ),
        (
            "ATTACH '$URL_of_nobody' AS sales; SELECT * FROM sales.nothing",
            "does not exist",
        ),
    ] {
        let ran = run(&lab, &url, sql).failed_with(1).says(&[message]);
        assert!(
            !format!("{}{}", ran.stdout, ran.stderr).contains(&password),
            "{}",
            ran.stderr
        );
    }
    // By reference, from the environment.
    let mut command = lab.command([
        "-c",
        "ATTACH '${SALES_URL}' AS sales; SELECT id FROM sales.t",
    ]);
    let output = command.env("SALES_URL", &url).output().unwrap();
    crate::lab::Ran::from(output).succeeded();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_says_what_is_in_it() {
    let db = Attached::postgres().await;
    db.there(
        "CREATE SCHEMA sales; CREATE DOMAIN price AS numeric(8,3); CREATE DOMAIN discount AS price CHECK (value < 1);
         CREATE TABLE sales.orders (id int NOT NULL, amount discount, tags text[]); CREATE VIEW sales.big AS SELECT id FROM sales.orders;
         CREATE TABLE t (id int); INSERT INTO sales.orders VALUES (1, 0.125, '{a}')",
    )
    .await;
    assert_eq!(
        db.rows("SHOW TABLES FROM db").await,
        ["public|t|table", "sales|big|view", "sales|orders|table"]
    );
    assert_eq!(
        db.rows("SHOW TABLES FROM db.sales").await,
        ["sales|big|view", "sales|orders|table"]
    );
    let columns = "SELECT column_name, ordinal_position, is_nullable, data_type FROM db.information_schema.columns \
        WHERE table_schema = 'sales' AND table_name = 'orders' ORDER BY ordinal_position";
    assert_eq!(
        db.rows(columns).await,
        [
            "id|1|NO|integer",
            "amount|2|YES|USER-DEFINED",
            "tags|3|YES|ARRAY"
        ]
    );
    let plan = db.plan(columns).await;
    assert!(
        plan.contains("FROM \"information_schema\".\"columns\" WHERE"),
        "{plan}"
    );
    // A domain over a domain is what both are over.
    assert_eq!(
        db.rows("SELECT amount FROM db.sales.orders WHERE amount = 0.125")
            .await,
        ["0.125"]
    );
    let described = db.rows("DESCRIBE db.sales.orders").await;
    assert!(
        described[1].starts_with("amount|DECIMAL(8,3)|"),
        "{described:?}"
    );
    let error = db.error("SELECT * FROM db.information_schema.tabels").await;
    assert_eq!(
        error.message(),
        "there is no table information_schema.tabels in the database db"
    );
    assert_eq!(
        error.get_hint(),
        Some("did you mean `db.information_schema.tables`?")
    );
    let missing = db.error("SHOW TABLES FROM dc").await;
    assert_eq!(missing.get_hint(), Some("did you mean `db`?"));
}

#[test]
fn a_step_attaches_nothing() {
    let lab = Lab::new();
    lab.write_step(
        "10_attach.sql",
        "SELECT 1;\nATTACH 'x.db' AS x (TYPE sqlite)",
    );
    let pipeline = lab.pipeline();
    let ran = lab
        .run(["run".as_ref(), pipeline.as_os_str()])
        .failed_with(1);
    ran.says(&[
        "a step cannot attach or detach a database",
        "10_attach.sql:2",
        "pipeline.toml",
    ]);
}
