//! Who may write a table of Postgres but not record it in the ledger is told so before anything
//! moves; and two processes that export at once add every row once.

use std::process::{Child, Stdio};

use tidemill::Kind;

use crate::attached::Attached;
use crate::lab::Ran;
use crate::postgres_server::PostgresServer;

/// How often two processes race.
const RACES: usize = 4;
const ROWS: u32 = 5_000;
/// An export that would fail at its first row, and one that follows a table.
const EXPORTS: [&str; 2] = [
    "COPY INTO db.t FROM (SELECT CAST(name AS BIGINT) AS id FROM raw.names)",
    "COPY INTO db.t FROM raw.t",
];

/// A database with the table `t`, and a role that may write to it.
struct Roles {
    admin: Attached,
    writer: Attached,
    role: String,
}

impl Roles {
    async fn new() -> Roles {
        let url = PostgresServer::shared().create_database().await;
        let role = format!("writer_{}", url.rsplit('/').next().unwrap());
        let admin = Attached::to(url.clone());
        admin
            .there(&format!(
                "CREATE TABLE t (id BIGINT);
                 CREATE ROLE {role} LOGIN PASSWORD 'geheim'; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
                 GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {role}"
            ))
            .await;
        let mut url = url::Url::parse(&url).unwrap();
        url.set_username(&role).unwrap();
        url.set_password(Some("geheim")).unwrap();
        let writer = Attached::to(url.to_string());
        for sql in [
            "CREATE TABLE raw.names AS SELECT 'no number' AS name",
            "CREATE TABLE raw.t AS SELECT 1 AS id",
        ] {
            writer.execute(sql).await.unwrap();
        }
        Roles {
            admin,
            writer,
            role,
        }
    }

    /// Asserts that the writer's exports are refused with this message and hint, and write nothing.
    async fn are_refused(&self, message: &str, hint: &str) {
        let rows = self.count().await;
        for sql in EXPORTS {
            let error = self.writer.execute(sql).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Input, "{sql}: {error:?}");
            assert!(error.message().contains(message), "{sql}: {error}");
            assert!(error.get_hint().unwrap().contains(hint), "{sql}: {error:?}");
        }
        assert_eq!(self.count().await, rows);
    }

    async fn count(&self) -> Vec<String> {
        self.admin.rows("SELECT count(*) FROM db.t").await
    }

    async fn end(self) {
        let role = &self.role;
        let gone = format!("DROP OWNED BY {role}; DROP ROLE {role}");
        drop(self.writer);
        self.admin.there(&gone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_create_the_ledger_is_told_before_anything_moves() {
    let roles = Roles::new().await;
    roles
        .are_refused(
            "create the ledger \"public\".\"tidemill_exports\", which makes exports happen once",
            "CREATE on the schema",
        )
        .await;

    let grant = format!("GRANT CREATE ON SCHEMA public TO {}", roles.role);
    roles.admin.there(&grant).await;
    roles.writer.execute(EXPORTS[1]).await.unwrap();
    assert_eq!(roles.count().await, ["1"]);
    roles.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_use_the_ledger_is_told_before_anything_moves() {
    let roles = Roles::new().await;
    let other = "COPY INTO db.t FROM (SELECT 7 AS id)";
    roles.admin.execute(other).await.unwrap();
    let hint = format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON \"public\".\"tidemill_exports\" TO \"{}\"",
        roles.role
    );
    roles
        .are_refused(
            "lacks SELECT, INSERT, UPDATE, DELETE on the ledger \"public\".\"tidemill_exports\"",
            &hint,
        )
        .await;
    let grant = format!("GRANT SELECT ON tidemill_exports TO {}", roles.role);
    roles.admin.there(&grant).await;
    let lacking = "lacks INSERT, UPDATE, DELETE on the ledger";
    roles.are_refused(lacking, &hint).await;

    // The hint can be followed to the letter.
    roles
        .admin
        .there(hint.trim_start_matches("let its owner "))
        .await;
    // Nobody knows whether the batch of a query is among these rows: FORCE says that it is not.
    let export = format!("{} (FORCE)", EXPORTS[1]);
    roles.writer.execute(&export).await.unwrap();
    assert_eq!(roles.count().await, ["2"]);
    roles.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_owner_brings_a_ledger_of_an_earlier_time_up_to_date() {
    let roles = Roles::new().await;
    let other = "COPY INTO db.t FROM (SELECT 7 AS id)";
    roles.admin.execute(other).await.unwrap();
    let earlier = format!(
        "ALTER TABLE tidemill_exports DROP COLUMN source_version, DROP COLUMN run_id;
         GRANT ALL ON tidemill_exports TO {}",
        roles.role
    );
    roles.admin.there(&earlier).await;
    roles
        .are_refused(
            "add the column \"run_id\" to the ledger",
            "its owner may change the ledger: let them export once",
        )
        .await;

    roles.admin.execute(other).await.unwrap();
    assert_eq!(roles.count().await, ["1"]);
    // Nobody knows whether the batch of a query is among these rows: FORCE says that it is not.
    let export = format!("{} (FORCE)", EXPORTS[1]);
    roles.writer.execute(&export).await.unwrap();
    assert_eq!(roles.count().await, ["2"]);
    roles.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_export_at_once_and_every_row_is_there_once() {
    for mode in ["MODE append", "MODE merge, KEY (id)", "MODE replace"] {
        for _ in 0..RACES {
            race(mode).await;
        }
    }
}

async fn race(mode: &str) {
    let db = Attached::postgres().await;
    let insert = async |ids: std::ops::RangeInclusive<u32>| {
        let name = format!("{}.csv", ids.start());
        let lines = ids.map(|id| format!("{id}\n"));
        let text = format!("id\n{}", lines.collect::<String>());
        std::fs::write(db.lab.folder().join(&name), text).unwrap();
        let path = db.lab.folder().join(name);
        let copy = format!("COPY INTO raw.t FROM '{}' (FORMAT csv)", path.display());
        db.execute(&copy).await.unwrap();
    };
    let export = format!("COPY INTO db.t FROM raw.t ({mode})");
    for last in [ROWS, 2 * ROWS] {
        insert(last - ROWS + 1..=last).await;
        let both = [(); 2].map(|()| start(&db, &export));
        let codes = both.map(|child| {
            let ran = Ran::from(child.wait_with_output().unwrap());
            let raced = ran.code == Some(i32::from(Kind::Locked.exit_code()));
            assert!(
                ran.code == Some(0) || raced && ran.stderr.contains("run the statement again"),
                "{mode}: {ran:?}"
            );
            ran.code
        });
        assert!(codes.contains(&Some(0)), "{mode}: {codes:?}");
        let rows = "SELECT count(*) || ' ' || count(DISTINCT id) FROM db.t";
        assert_eq!(db.rows(rows).await, [format!("{last} {last}")], "{mode}");
        db.lab.run(["-c", &export]).succeeded();
        assert_eq!(db.rows(rows).await, [format!("{last} {last}")], "{mode}");
    }
}

fn start(db: &Attached, sql: &str) -> Child {
    db.lab
        .command(["-c", sql])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}
