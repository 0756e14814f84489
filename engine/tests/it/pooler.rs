//! Postgres behind a pooler that gives every transaction another session: PgBouncer with
//! `pool_mode = transaction`, where a prepared statement or a setting does not outlive a transaction.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::attached::Attached;
use crate::postgres_server::{PostgresServer, connect};

const START_LIMIT: Duration = Duration::from_secs(10);

struct Pooler {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Pooler {
    /// In front of this database; `None` where there is no PgBouncer.
    fn start(url: &str) -> Option<Pooler> {
        let program = find_program()?;
        let server = url::Url::parse(url).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\npooled = host={} port={} dbname={} user={} password={}\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\nunix_socket_dir =\n\
             pool_mode = transaction\ndefault_pool_size = 6\nserver_round_robin = 1\n",
            server.host_str().unwrap(),
            server.port().unwrap(),
            server.path().trim_start_matches('/'),
            server.username(),
            server.password().unwrap()
        );
        std::fs::write(&settings, text).unwrap();
        let mut command = Command::new(program);
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        if is_root {
            command.args(["-u", "nobody"]);
        }
        let process = command
            .arg(&settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pooler = Pooler {
            process,
            url: format!("postgres://anybody@127.0.0.1:{port}/pooled?sslmode=disable"),
            _folder: folder,
        };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.elapsed() < START_LIMIT, "PgBouncer does not start");
            std::thread::sleep(Duration::from_millis(30));
        }
        Some(pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn find_program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.exists())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_works_behind_a_pooler_of_transactions() {
    let url = PostgresServer::shared().create_database().await;
    let Some(pooler) = Pooler::start(&url) else {
        return eprintln!("skipped: there is no pgbouncer on PATH");
    };
    let direct = Attached::to(url);
    direct
        .there(
            "CREATE TYPE mood AS ENUM ('sad', 'glad');
             CREATE TABLE t (id int, m mood, pad text); INSERT INTO t SELECT i, 'glad', repeat('x', 180) FROM generate_series(1, 150000) AS g(i)",
        )
        .await;
    let db = Attached::to(pooler.url.clone());
    for _ in 0..3 {
        let sum = "SELECT count(*), sum(length(pad)) FROM db.t WHERE id % 2 = 0 AND m = 'glad'";
        assert_eq!(db.rows(sum).await, ["75000|13500000"]);
        assert_eq!(
            db.rows("SELECT count(*), min(id) FROM db.t").await,
            ["150000|1"]
        );
        let join =
            "SELECT count(*) FROM db.t AS a JOIN db.t AS b ON a.id = b.id + 1 WHERE b.pad <> 'y'";
        assert_eq!(db.rows(join).await, ["149999"]);
        assert!(!db.rows("SHOW TABLES FROM db").await.is_empty());
        db.execute("COPY INTO db.copied FROM (SELECT 1 AS id, 'a' AS name) (MODE replace)")
            .await
            .unwrap();
        db.execute("COPY INTO db.merged FROM (SELECT 1 AS id, 'b' AS name) (MODE merge, KEY (id))")
            .await
            .unwrap();
    }
    db.execute("CALL postgres_execute('db', 'CREATE TABLE counted (n int)')")
        .await
        .unwrap();
    // From now on there are two servers that take turns.
    let both = [connect(&pooler.url).await, connect(&pooler.url).await];
    for statement in ["BEGIN", "COMMIT"] {
        for client in &both {
            client.batch_execute(statement).await.unwrap();
        }
    }
    for _ in 0..8 {
        db.execute("CALL postgres_execute('db', 'INSERT INTO counted VALUES (1)')")
            .await
            .unwrap();
    }
    assert_eq!(direct.rows("SELECT count(*) FROM db.counted").await, ["8"]);
    let open = "CALL postgres_execute('db', 'BEGIN; INSERT INTO counted VALUES (1)')";
    let error = db.execute(open).await.unwrap_err();
    assert!(error.message().contains("transaction open"), "{error}");
    assert_eq!(direct.rows("SELECT count(*) FROM db.counted").await, ["8"]);
    assert_eq!(direct.rows("SELECT id, name FROM db.merged").await, ["1|b"]);
    let connection =
        tidemill::connections::Connection::parse("db", &pooler.url, ".".as_ref()).unwrap();
    for _ in 0..8 {
        assert!(connection.table_exists("public", "t").await.unwrap());
    }
    // Nothing is left behind in the sessions that others get next.
    let left =
        "SELECT * FROM postgres_query('db', 'SELECT count(*) AS n FROM pg_prepared_statements')";
    for _ in 0..8 {
        assert_eq!(db.rows(left).await, ["1"]);
    }
}
