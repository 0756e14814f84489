//! Exports into Postgres of which the client or the server is killed at any moment: what is there is
//! what was there before or all that is new, and the same statement run again gives exactly the right rows.

use std::collections::HashMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tokio_postgres::{Client, NoTls};

use crate::attached::Attached;
use crate::export_faults::{Rows, SCENES, Scene, moments_of_each, prepare};
use crate::lab::Ran;
use crate::postgres_server::{Crash, PostgresServer, connect};

const SEED: u64 = 20_261_122;
const KILLS: usize = 50;
/// Runs after a fault of which one must succeed.
const ATTEMPTS: usize = 5;
/// How long a server that just started may refuse to talk.
const START_LIMIT: Duration = Duration::from_secs(20);

/// Tables of which each export finds its target again, with what must survive: a view and a grant.
const KEEP: &str = "
    CREATE ROLE db_reader;
    CREATE SCHEMA before;
    CREATE TABLE before.tidemill_exports AS TABLE tidemill_exports;
    CREATE TABLE before.appended AS TABLE appended;
    CREATE TABLE before.merged AS TABLE merged;
    CREATE TABLE before.replaced AS TABLE replaced;
    CREATE VIEW seen_appended AS SELECT * FROM appended;
    CREATE VIEW seen_merged AS SELECT * FROM merged;
    CREATE VIEW seen_replaced AS SELECT * FROM replaced;
    GRANT SELECT ON appended, merged, replaced TO db_reader;";

/// What is killed.
#[derive(Debug, Clone, Copy)]
enum Victim {
    Client,
    Server(Crash),
}

/// How many rows there are, and a hash of them.
type Contents = (i64, String);

/// A server, a warehouse, and what the fault left so far.
struct Faults {
    server: PostgresServer,
    db: Attached,
    client: Client,
    /// What each target is before and after its export.
    expected: HashMap<(&'static str, bool), Contents>,
    /// How often a fault came too late to prevent the commit, and how often not.
    struck: [usize; 2],
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_of_an_export() {
    let mut faults = Faults::prepare().await;
    let mut times = Vec::new();
    for scene in &SCENES {
        faults.reset(scene).await;
        let started = Instant::now();
        faults.run(scene).succeeded();
        times.push(started.elapsed());
        faults.has(scene, true, "undisturbed").await;
    }
    let moments = moments_of_each(&faults.db, SEED, KILLS, &times);
    let victims = [
        Victim::Client,
        Victim::Server(Crash::Immediate),
        Victim::Client,
        Victim::Server(Crash::Kill),
    ];
    for kill in 0..KILLS {
        let (which, turn) = (kill % SCENES.len(), kill / SCENES.len());
        let victim = victims[kill % victims.len()];
        faults
            .strike(&SCENES[which], victim, moments[which][turn])
            .await;
    }
    let [before, after] = faults.struck;
    eprintln!("{before} kills came before the commit, {after} after it");
    assert!(before > 0, "no kill came in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_server_is_away_an_export_says_so_and_may_be_run_again() {
    let mut faults = Faults::prepare().await;
    faults.server.crash(Crash::Immediate);
    for scene in &SCENES {
        faults
            .run(scene)
            .failed_with(5)
            .says(&["cannot connect to", "hint: check host and port"]);
    }
    faults.start().await;
    for scene in &SCENES {
        faults.has(scene, false, "server away").await;
        faults.run(scene).succeeded();
        faults.has(scene, true, "server back").await;
    }
}

impl Faults {
    async fn prepare() -> Faults {
        let server = PostgresServer::without_tls();
        let db = Attached::to(server.url().to_owned());
        prepare(&db).await;
        db.there(KEEP).await;
        let client = connect(server.url()).await;
        let mut expected = HashMap::new();
        for scene in &SCENES {
            for (exported, rows) in [(false, scene.before), (true, scene.after)] {
                let contents = contents(&client, &generated(rows)).await;
                expected.insert((scene.target, exported), contents);
            }
        }
        Faults {
            server,
            db,
            client,
            expected,
            struck: [0; 2],
        }
    }

    /// Makes the target what it was, and the ledger.
    async fn reset(&self, scene: &Scene) {
        let target = scene.target;
        let sql = format!(
            "TRUNCATE {target}; INSERT INTO {target} TABLE before.{target};
             DELETE FROM tidemill_exports WHERE target = '{target}';
             INSERT INTO tidemill_exports SELECT * FROM before.tidemill_exports WHERE target = '{target}'"
        );
        self.client.batch_execute(&sql).await.unwrap();
    }

    fn run(&self, scene: &Scene) -> Ran {
        scene.command(&self.db).output().unwrap().into()
    }

    async fn strike(&mut self, scene: &Scene, victim: Victim, moment: Duration) {
        let what = format!("{victim:?} killed {moment:?} into {}", scene.statement());
        self.reset(scene).await;
        let mut client = scene
            .command(&self.db)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        tokio::time::sleep(moment).await;
        match victim {
            Victim::Client => {
                client.kill().unwrap();
                client.wait().unwrap();
            }
            Victim::Server(how) => {
                self.server.crash(how);
                says_that_the_server_is_gone(client, &what);
                self.start().await;
            }
        }
        let found = contents(&self.client, scene.target).await;
        let is = |exported| found == self.expected[&(scene.target, exported)];
        assert!(is(false) || is(true), "{what}: half written");
        self.struck[usize::from(is(true))] += 1;
        self.run_until_done(scene, &what);
        self.has(scene, true, &what).await;
    }

    async fn start(&mut self) {
        self.server.start_again();
        let started = Instant::now();
        self.client = loop {
            match tokio_postgres::connect(self.server.url(), NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    break client;
                }
                Err(error) => assert!(started.elapsed() < START_LIMIT, "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
    }

    fn run_until_done(&self, scene: &Scene, what: &str) {
        for _ in 0..ATTEMPTS {
            let ran = self.run(scene);
            match ran.code {
                Some(0) => return,
                // Nobody else exports, so there is no other reason to wait.
                Some(5) => assert!(ran.stderr.contains("hint:"), "{what}: {}", ran.stderr),
                _ => panic!("{what}: {}", ran.stderr),
            }
        }
        panic!("{what}: does not succeed");
    }

    /// Asserts that the target and the ledger are what they were before or after the export, and that
    /// view and grant are there.
    async fn has(&self, scene: &Scene, exported: bool, what: &str) {
        let target = scene.target;
        let found = contents(&self.client, target).await;
        assert_eq!(found, self.expected[&(target, exported)], "{what}");
        let kept = format!(
            "SELECT (SELECT count(*) FROM seen_{target})::text,
                pg_catalog.has_table_privilege('db_reader', '{target}', 'SELECT')::text,
                (SELECT count(*) FROM tidemill_exports AS l WHERE target = '{target}'
                  AND source_version > (SELECT max(source_version) FROM before.tidemill_exports
                    WHERE target = l.target))::text"
        );
        let exported = u32::from(exported);
        let kept = self.client.query_one(&kept, &[]).await.unwrap();
        let kept: Vec<String> = (0..3).map(|at| kept.get(at)).collect();
        let wanted = [found.0.to_string(), "true".to_owned(), exported.to_string()];
        assert_eq!(kept, wanted, "{what}: view, grant, entries of the ledger");
    }
}

async fn contents(client: &Client, rows: &str) -> Contents {
    let sql = format!(
        "SELECT count(*), md5(string_agg(concat_ws('|', id, content, amount, day, label), ';' ORDER BY id))
         FROM {rows}"
    );
    let row = client.query_one(&sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

/// Rows as the server makes them by itself.
fn generated(rows: Rows) -> String {
    let parts = rows.iter().map(|(ids, content)| {
        format!(
            "SELECT i AS id, {content} AS content, (i * 1.25)::numeric(12,2) AS amount,
             make_date(2024, 1, 1 + i % 28) AS day, format('row %s of content %s', i, {content}) AS label
             FROM generate_series({}, {}) AS g(i)",
            ids.start,
            ids.end - 1
        )
    });
    let parts: Vec<_> = parts.collect();
    format!("({}) AS t", parts.join(" UNION ALL "))
}

/// A client whose server was killed was done before, or says that a retry makes sense.
fn says_that_the_server_is_gone(client: Child, what: &str) {
    let ran = Ran::from(client.wait_with_output().unwrap());
    match ran.code {
        Some(0) => {}
        Some(5) => assert!(ran.stderr.contains("hint:"), "{what}: {}", ran.stderr),
        code => panic!("{what}: {code:?} {}", ran.stderr),
    }
}
