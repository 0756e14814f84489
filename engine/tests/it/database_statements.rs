//! Statements on a database as the binary runs them: what they say, the exit code, and what a user
//! without rights is told.

use tidemill::Kind;

use crate::attached::Attached;
use crate::postgres_server::PostgresServer;

async fn inserts_say_what_became_of_their_rows(db: &Attached) {
    db.execute("COPY INTO db.public.status FROM (SELECT 'land' AS step, 1 AS tries) (MODE merge, KEY (step))")
        .await
        .unwrap();
    let insert = "INSERT INTO db.status VALUES ('land', 1), ('send', 2) ON CONFLICT (step) \
        DO UPDATE SET tries = excluded.tries WHERE status.tries <> excluded.tries";
    let ran = db.lab.run(["-c", insert]).succeeded();
    assert!(
        ran.stderr
            .contains("inserted into db.status: 1 new, 0 updated, 1 left as they were, 1 row"),
        "{}",
        ran.stderr
    );
    let ran = db
        .lab
        .run(["-c", "CREATE TABLE db.public.more AS SELECT 1 AS id"])
        .succeeded();
    assert!(ran.stderr.contains("created table db.public.more, 1 row"));
    let ran = db.lab.run(["-c", "INSERT INTO db.nowhere VALUES (1)"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("there is no table public.nowhere"));
}

#[tokio::test(flavor = "multi_thread")]
async fn inserts_say_what_became_of_their_rows_in_sqlite() {
    inserts_say_what_became_of_their_rows(&Attached::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inserts_say_what_became_of_their_rows_in_postgres() {
    inserts_say_what_became_of_their_rows(&Attached::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_with_a_call_is_never_skipped() {
    let db = Attached::sqlite();
    db.there("CREATE TABLE runs (at TEXT)").await;
    db.lab.write_step(
        "10_count.sql",
        "CALL sqlite_execute('db', 'INSERT INTO runs VALUES (datetime(''now''))')",
    );
    for _ in 0..2 {
        db.lab.run_pipeline().succeeded();
    }
    assert_eq!(db.rows("SELECT count(*) FROM db.runs").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_rights_is_told_which() {
    let owner = Attached::postgres().await;
    let database = owner.url.rsplit('/').next().unwrap().to_owned();
    let user = format!("reads_{database}");
    owner
        .there(&format!(
            "CREATE ROLE {user} LOGIN PASSWORD 'geheim'; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
             CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT); INSERT INTO t VALUES (1, 'a'); \
             CREATE TABLE shared (id BIGINT, name TEXT); GRANT SELECT ON t TO {user}; \
             GRANT ALL ON shared TO {user}; GRANT USAGE ON SCHEMA public TO {user}"
        ))
        .await;
    let mut url = url::Url::parse(&PostgresServer::shared().url_of(&database)).unwrap();
    url.set_username(&user).unwrap();
    url.set_password(Some("geheim")).unwrap();
    let reader = Attached::to(url.to_string());
    for statement in [
        "INSERT INTO db.t VALUES (2, 'b')",
        "INSERT INTO db.t VALUES (1, 'b') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
        "CREATE TABLE db.public.mine AS SELECT 1 AS id",
        "COPY INTO db.t FROM (SELECT 3 AS id, 'c' AS name) (MODE merge)",
        "COPY INTO db.t FROM (SELECT 3 AS id, 'c' AS name) (MODE replace, DELETE_WHERE (id = 3))",
        "COPY INTO db.shared FROM (SELECT 3 AS id, 'c' AS name) (MODE replace, INDEX (id))",
        "COPY INTO db.shared FROM (SELECT 3 AS id, 'c' AS name, 1 AS new) (MODE replace, ON_SCHEMA_CHANGE add)",
        "COPY INTO db.shared FROM (SELECT 3 AS id, 'c' AS name) (MODE replace, GRANT (SELECT TO public))",
        "COPY INTO db.shared FROM (SELECT 3 AS id, 'c' AS name) (MODE replace, COMMENT 'mine')",
        "CALL postgres_execute('db', 'DELETE FROM shared; DELETE FROM t')",
    ] {
        let error = reader.execute(statement).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{statement}: {error}");
        let message = error.message();
        let is_clear = ["permission denied", "must be owner", "may not pass"]
            .iter()
            .any(|part| message.contains(part));
        assert!(
            is_clear && error.get_hint().is_some(),
            "{statement}: {error:?}"
        );
        assert!(!format!("{error:?}").contains("geheim"));
    }
    let rows = owner
        .rows("SELECT id, name FROM db.t UNION ALL SELECT * FROM db.shared")
        .await;
    assert_eq!(rows, ["1|a"]);
    owner
        .there(&format!("DROP OWNED BY {user}; DROP ROLE {user}"))
        .await;
}
