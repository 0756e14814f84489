//! Connecting to a real Postgres server: passwords that stay hidden, servers that are away, TLS.

use tidemill::connections::{Connection, Export, Mode};
use tidemill::{Error, Kind};

use crate::export_target::{Target, rows_of};
use crate::postgres_server::PostgresServer;

/// A connection to this server.
pub fn open(url: &str) -> Connection {
    Connection::parse("serving", url, ".".as_ref()).unwrap()
}

/// All that a user could ever read of an error.
pub fn everything(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {}", error.get_hint().unwrap_or_default());
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        text.push_str(&format!(" {source} {source:?}"));
        next = source.source();
    }
    text
}

#[tokio::test]
async fn a_wrong_password_is_not_shown() {
    let mut url = url::Url::parse(PostgresServer::shared().url()).unwrap();
    url.set_password(Some("geheim")).unwrap();
    let connection = open(url.as_str());
    assert!(!format!("{connection} {connection:?}").contains("geheim"));
    let error = connection.table_exists("public", "t").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(!everything(&error).contains("geheim"));
    let shown = format!("postgres://{}@", url.username());
    assert!(
        error
            .message()
            .starts_with(&format!("cannot connect to {shown}")),
        "{error}"
    );
    assert!(
        error
            .get_hint()
            .unwrap()
            .contains("check user and password")
    );
}

#[tokio::test]
async fn a_missing_database_or_password_is_an_input_error() {
    let server = PostgresServer::shared();
    let error = open(&server.url_of("no_such_base"))
        .table_exists("public", "t")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(
        error
            .message()
            .contains("database \"no_such_base\" does not exist"),
        "{error}"
    );

    let mut url = url::Url::parse(server.url()).unwrap();
    url.set_password(None).unwrap();
    let error = open(url.as_str())
        .table_exists("public", "t")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(
        error.get_hint().unwrap().contains("by reference"),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    for url in [
        format!("postgres://u:geheim@{closed}/d"),
        format!(
            "postgres://u:geheim@{}/d?connect_timeout=1",
            silent.local_addr().unwrap()
        ),
        "postgres://u:geheim@/d?host=/no/such/folder".to_owned(),
        "postgres://u:geheim@no-such-host.invalid/d".to_owned(),
    ] {
        let error = open(&url).table_exists("public", "t").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unavailable, "{error:?}");
        assert!(error.get_hint().is_some());
        assert!(!everything(&error).contains("geheim"));
    }
}

#[tokio::test]
async fn a_unix_socket_works() {
    let Some(url) = PostgresServer::shared().socket_url() else {
        return eprintln!("skipped: the server of TIDEMILL_TEST_POSTGRES_URL has no socket here");
    };
    assert!(!open(&url).table_exists("public", "t").await.unwrap());
    // There is no TLS over one, and none is needed.
    let verified = format!("{url}&sslmode=verify-full");
    assert!(!open(&verified).table_exists("public", "t").await.unwrap());
    assert!(
        open(&url)
            .table_exists("pg_catalog", "pg_class")
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn tls_encrypts_and_verifies_as_sslmode_says() {
    let server = PostgresServer::shared();
    let (Some(authority), Some(by_name), Some(by_address)) = (
        server.authority(),
        server.url_at("localhost"),
        server.url_at("127.0.0.1"),
    ) else {
        return eprintln!(
            "skipped: needs a private server and the openssl program for its certificate"
        );
    };
    let root = format!("sslrootcert={}", authority.display());
    let encrypted = format!("{by_address}?sslmode=require&application_name=tls-require");
    let export = Export::new("public", "tls_used", Mode::Replace);
    open(&encrypted)
        .export(&export, rows_of("SELECT 1 AS id").await)
        .await
        .unwrap();

    for (url, hint) in [
        (format!("{by_address}?sslmode=disable"), None),
        (format!("{by_address}?sslmode=prefer"), None),
        (format!("{by_address}?sslmode=verify-ca&{root}"), None),
        (format!("{by_name}?sslmode=verify-full&{root}"), None),
        (
            format!("{by_address}?sslmode=verify-full&{root}"),
            Some("sslmode=verify-ca"),
        ),
        (format!("{by_name}?sslrootcert=system"), Some("sslrootcert")),
        (
            format!("{by_name}?sslmode=verify-ca&sslrootcert=/no/such.pem"),
            Some("sslrootcert"),
        ),
    ] {
        match open(&url).table_exists("public", "tls_used").await {
            Ok(found) => assert!(found && hint.is_none(), "{url}"),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Input, "{url}: {error:?}");
                let expected = hint.unwrap_or("none, for it works");
                assert!(error.get_hint().unwrap().contains(expected), "{error:?}");
            }
        }
    }
}

#[tokio::test]
async fn require_really_encrypts() {
    let server = PostgresServer::shared();
    if server.authority().is_none() {
        return eprintln!(
            "skipped: needs a private server and the openssl program for its certificate"
        );
    }
    let target = Target::postgres().await;
    // A default that the session itself fills tells what the export used.
    target
        .execute(
            "CREATE FUNCTION uses_tls() RETURNS boolean LANGUAGE sql AS \
             'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'; \
             CREATE TABLE t (id BIGINT, tls BOOLEAN DEFAULT uses_tls())",
        )
        .await;
    let database = target.read("SELECT current_database()").await.remove(0);
    for (mode, id, expected) in [("disable", 1, "f"), ("require", 2, "t"), ("prefer", 3, "t")] {
        let url = format!("{}?sslmode={mode}", server.url_of(&database));
        let export = Export::new("public", "t", Mode::Replace);
        let query = format!("SELECT {id} AS id");
        open(&url)
            .export(&export, rows_of(&query).await)
            .await
            .unwrap();
        assert_eq!(target.read("SELECT tls FROM t").await, [expected], "{mode}");
    }
}
