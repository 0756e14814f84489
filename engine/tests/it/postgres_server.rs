//! A Postgres server for tests: the one that `TIDEMILL_TEST_POSTGRES_URL` names, else a private one
//! made from the binaries of this machine, which ends with the test process, however that ends.
//!
//! The private server is the child of a shell that waits on a pipe from this process. When the pipe
//! closes, on drop, exit or kill, the shell stops the server and removes its folder. On a server of
//! the environment the databases of the tests, `it_<process>_<number>`, stay.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const URL_VARIABLE: &str = "TIDEMILL_TEST_POSTGRES_URL";
const USER: &str = "tidemill";
const START_LIMIT: Duration = Duration::from_secs(60);

/// Everything that must not run as root. Certificates are made here so that they have the right
/// owner; without openssl the server has no TLS.
const SCRIPT: &str = r#"
set -eu
umask 077
cd "$FOLDER"
"$BIN/initdb" -D data -U "$PGUSER_NAME" -A scram-sha-256 --pwfile=password -E UTF8 --locale=C --no-sync >log 2>&1
# Logins that only one way of connecting opens, for the roles of these names.
cat >hba <<'RULES'
hostnossl all only_tls all reject
hostssl all only_plain all reject
host all by_md5 all md5
host all by_cleartext all password
hostssl all by_certificate all cert
RULES
cat data/pg_hba.conf >>hba
cp hba data/pg_hba.conf
tls=off
if [ "$WITH_TLS" = yes ] && command -v openssl >/dev/null 2>&1; then
    key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    openssl req -x509 $key -keyout ca.key -out ca.crt -days 2 -subj "/CN=tidemill tests" >>log 2>&1
    openssl req $key -keyout server.key -out server.csr -subj "/CN=localhost" >>log 2>&1
    echo "subjectAltName=DNS:localhost" >server.ext
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile server.ext >>log 2>&1
    openssl req $key -keyout client.key -out client.csr -subj "/CN=by_certificate" >>log 2>&1
    echo "extendedKeyUsage=clientAuth" >client.ext
    openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out client.crt -days 2 -extfile client.ext >>log 2>&1
    openssl req -x509 $key -keyout other.key -out other.crt -days 2 -subj "/CN=another authority" >>log 2>&1
    tls="on -c ssl_ca_file=$FOLDER/ca.crt"
fi
serve() {
    "$BIN/postgres" -D data -c listen_addresses=127.0.0.1 -c port="$PORT" -c unix_socket_directories="$FOLDER" \
        -c fsync=off -c full_page_writes=off -c max_connections=60 \
        -c ssl=$tls -c ssl_cert_file="$FOLDER/server.crt" -c ssl_key_file="$FOLDER/server.key" >>log 2>&1 </dev/null &
    server=$!
}
serve
# Until the pipe closes: START, or the name of a signal.
while read -r order; do
    case "$order" in
    START)
        # As long as sessions of the killed server end, a new one gives up at once.
        tries=0
        serve
        until [ "$(sed -n '1p;8p' data/postmaster.pid 2>/dev/null | tr -d '\n ')" = "${server}ready" ]; do
            kill -0 "$server" 2>/dev/null || serve
            tries=$((tries + 1))
            [ "$tries" -lt 600 ]
            sleep 0.05
        done
        ;;
    *)
        kill -"$order" "$server"
        wait "$server" || true
        ;;
    esac
    echo "$order"
done
kill -INT "$server" 2>/dev/null || true
wait "$server" || true
cd /
rm -rf "$FOLDER"
"#;

/// A running server.
pub struct PostgresServer {
    base: String,
    private: Option<Private>,
}

/// How a server ends without saying goodbye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// As `pg_ctl stop -m immediate` does it.
    Immediate,
    /// The first process is killed, and the others notice.
    Kill,
}

struct Private {
    shell: Child,
    folder: PathBuf,
    port: u16,
    password: String,
}

impl PostgresServer {
    /// The server that all tests of this process share.
    pub fn shared() -> &'static PostgresServer {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(PostgresServer::start)
    }

    /// Takes the server that the environment names or starts a private one.
    pub fn start() -> PostgresServer {
        match std::env::var(URL_VARIABLE) {
            Ok(url) if !url.is_empty() => PostgresServer {
                base: url,
                private: None,
            },
            _ => PostgresServer::private(true),
        }
    }

    /// A private server that has no TLS.
    pub fn without_tls() -> PostgresServer {
        PostgresServer::private(false)
    }

    fn private(tls: bool) -> PostgresServer {
        let private = Private::start(tls);
        PostgresServer {
            base: private.url("127.0.0.1", "postgres"),
            private: Some(private),
        }
    }

    /// Ends a private server at once; its address refuses connections until [`PostgresServer::start_again`].
    pub fn crash(&mut self, how: Crash) {
        self.order(match how {
            Crash::Immediate => "QUIT",
            Crash::Kill => "KILL",
        });
    }

    /// Starts a server that has crashed, and waits until it has recovered.
    pub fn start_again(&mut self) {
        self.order("START");
    }

    fn order(&mut self, order: &str) {
        let private = self.private.as_mut().unwrap();
        private.order(order).unwrap_or_else(|error| {
            let log = std::fs::read_to_string(private.folder.join("log")).unwrap_or_default();
            panic!("the private Postgres server does not {order}: {error}\n{log}")
        });
    }

    /// The URL of a database that is always there, as a user who may create others.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// Creates an empty database and gives its URL.
    pub async fn create_database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "it_{}_{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let client = connect(&self.base).await;
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .unwrap();
        self.url_of(&name)
    }

    /// The URL of another database on the same server.
    pub fn url_of(&self, database: &str) -> String {
        let mut url = url::Url::parse(&self.base).unwrap();
        url.set_path(database);
        url.to_string()
    }

    /// The URL over TCP under another host name of the same machine; `None` for a foreign server.
    pub fn url_at(&self, host: &str) -> Option<String> {
        self.private
            .as_ref()
            .map(|private| private.url(host, "postgres"))
    }

    /// The URL over the unix socket; `None` for a foreign server.
    pub fn socket_url(&self) -> Option<String> {
        let private = self.private.as_ref()?;
        let host = private.folder.display();
        Some(format!(
            "postgres://{USER}:{}@/postgres?host={host}&port={}",
            private.password, private.port
        ))
    }

    /// Where the files of a private server lie; `None` for a foreign server.
    pub fn folder(&self) -> Option<&Path> {
        Some(&self.private.as_ref()?.folder)
    }

    /// The certificate of the authority behind the server's; `None` without TLS.
    pub fn authority(&self) -> Option<PathBuf> {
        self.certificate("ca.crt")
    }

    /// A file with a certificate or a key, `client.crt`, `client.key` or `other.crt`; `None` without TLS.
    pub fn certificate(&self, name: &str) -> Option<PathBuf> {
        let path = self.private.as_ref()?.folder.join(name);
        path.exists().then_some(path)
    }
}

/// A client of the driver itself, for looking at what an export did.
pub async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

impl Private {
    fn start(tls: bool) -> Private {
        // Another process may take the free port first: try again.
        let mut log = String::new();
        for _ in 0..3 {
            match Private::try_start(tls) {
                Ok(private) => return private,
                Err(failure) => log = failure,
            }
        }
        panic!("the private Postgres server of the tests does not start:\n{log}");
    }

    fn try_start(tls: bool) -> Result<Private, String> {
        let bin = find_binaries();
        let user = unprivileged_user();
        let folder = tempfile::Builder::new()
            .prefix("tidemill-pg-")
            .tempdir()
            .unwrap()
            .keep();
        let password = uuid::Uuid::now_v7().simple().to_string();
        std::fs::write(folder.join("password"), &password).unwrap();
        if let Some(user) = &user {
            for path in [folder.join("password"), folder.clone()] {
                std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid)).unwrap();
            }
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut shell = shell_as(user.as_ref())
            .env("BIN", &bin)
            .env("FOLDER", &folder)
            .env("PORT", port.to_string())
            .env("PGUSER_NAME", USER)
            .env("WITH_TLS", if tls { "yes" } else { "no" })
            .env("LC_ALL", "C")
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        match wait_until_ready(&mut shell, &folder) {
            Ok(()) => Ok(Private {
                shell,
                folder,
                port,
                password,
            }),
            Err(failure) => {
                drop(shell.stdin.take());
                let _ = shell.wait();
                let _ = std::fs::remove_dir_all(&folder);
                Err(failure)
            }
        }
    }

    /// Lets the shell do something, and waits until it has.
    fn order(&mut self, order: &str) -> std::io::Result<()> {
        let line = format!("{order}\n");
        let (input, output) = (self.shell.stdin.as_mut(), self.shell.stdout.as_mut());
        input.unwrap().write_all(line.as_bytes())?;
        output.unwrap().read_exact(&mut vec![0; line.len()])
    }

    fn url(&self, host: &str, database: &str) -> String {
        format!(
            "postgres://{USER}:{}@{host}:{}/{database}",
            self.password, self.port
        )
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

fn wait_until_ready(shell: &mut Child, folder: &Path) -> Result<(), String> {
    let start = Instant::now();
    loop {
        // The server writes its state into the last line of this file.
        let state = std::fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
        if state
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
        {
            return Ok(());
        }
        let ended = shell.try_wait().unwrap().is_some();
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        if ended || log.contains("FATAL") || start.elapsed() > START_LIMIT {
            let mut failure = log;
            if ended && let Some(mut stderr) = shell.stderr.take() {
                let _ = stderr.read_to_string(&mut failure);
            }
            let _ = write!(failure, "\n(after {:?})", start.elapsed());
            return Err(failure);
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// The folder with `initdb` and `postgres`: from PATH, else the newest that Debian installed.
fn find_binaries() -> PathBuf {
    let complete =
        |folder: &PathBuf| folder.join("initdb").exists() && folder.join("postgres").exists();
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&path).find(complete) {
        return folder;
    }
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(complete)
        .collect();
    versions.sort();
    versions.pop().unwrap_or_else(|| {
        panic!(
            "these tests need Postgres: install its server (Debian: apt-get install postgresql), \
             put the folder of initdb and postgres on PATH, or name a server with \
             {URL_VARIABLE}=postgres://user:password@host:5432/database"
        )
    })
}

struct User {
    name: &'static str,
    uid: u32,
    gid: u32,
}

/// Postgres refuses to run as root: who it runs as then.
fn unprivileged_user() -> Option<User> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse::<u32>()
            .ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let user = ["postgres", "nobody"].into_iter().find_map(|name| {
        Some(User {
            name,
            uid: id(&["-u", name])?,
            gid: id(&["-g", name])?,
        })
    });
    assert!(
        user.is_some(),
        "these tests run as root and Postgres does not: add a user postgres or nobody"
    );
    user
}

fn shell_as(user: Option<&User>) -> Command {
    let Some(user) = user else {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT]);
        return command;
    };
    let works = |program: &str| {
        let found = Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        found.is_ok_and(|status| status.success())
    };
    let mut command;
    if works("setpriv") {
        command = Command::new("setpriv");
        let (uid, gid) = (
            format!("--reuid={}", user.uid),
            format!("--regid={}", user.gid),
        );
        command.args([&uid, &gid, "--clear-groups", "--", "sh", "-c", SCRIPT]);
    } else if works("runuser") {
        command = Command::new("runuser");
        command.args(["-u", user.name, "--", "sh", "-c", SCRIPT]);
    } else {
        command = Command::new("su");
        command.args(["-s", "/bin/sh", user.name, "-c", SCRIPT]);
    }
    command
}
