//! Logging in to a real Postgres as libpq does: keys, variables, service and password files, the six
//! modes of TLS, the ways to prove who one is.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use futures::TryStreamExt;
use tempfile::TempDir;
use tidemill::config::{Config, Flags};
use tidemill::session::Session;
use tidemill::{Error, Kind, Result};

use crate::lab::{Lab, lines, query_in};
use crate::postgres_connect::everything;
use crate::postgres_server::{PostgresServer, connect};

/// Whether the session is encrypted, and who it is.
const WHO: &str = "SELECT * FROM postgres_query('db', \
    'SELECT ssl, current_user::text AS who FROM pg_stat_ssl WHERE pid = pg_backend_pid()')";

/// The parts of the server's address.
struct Address {
    port: String,
    password: String,
    database: String,
}

fn address() -> Address {
    let url = url::Url::parse(PostgresServer::shared().url()).unwrap();
    Address {
        port: url.port().unwrap_or(5432).to_string(),
        password: url.password().unwrap_or_default().to_owned(),
        database: url.path().trim_start_matches('/').to_owned(),
    }
}

/// A folder with a configuration, variables and other files.
struct Files(TempDir);

impl Files {
    /// `[connections.db]` with these lines, and a `.env` with those.
    fn new(connection: &str, variables: &str) -> Files {
        let files = Files(tempfile::tempdir().unwrap());
        files.add(
            "tidemill.toml",
            &format!("[connections.db]\n{connection}\n"),
        );
        files.add(".env", variables);
        files
    }

    /// A file for its owner only.
    fn add(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.open_to(name, 0o600);
    }

    fn open_to(&self, name: &str, mode: u32) {
        let path = self.path().join(name);
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// The first row of a query in a session of its own.
    async fn ask(&self, sql: &str) -> Result<String> {
        let mut config = Config::load(Some(&self.path().join("tidemill.toml")), &Flags::new())?;
        config.warehouse = self.path().join("warehouse");
        let session = Session::open(config)?;
        let batches: Vec<_> = query_in(&session, sql).await?.try_collect().await?;
        Ok(batches
            .iter()
            .flat_map(|batch| lines(batch, &[]))
            .next()
            .unwrap())
    }

    async fn who(&self) -> Result<String> {
        self.ask(WHO).await
    }
}

/// Makes roles that log in with the password `geheim`.
async fn make_roles(server: &PostgresServer, roles: &[(&str, &str)]) {
    let client = connect(server.url()).await;
    // Tests that run at once would make the same role.
    let mut sql = "SELECT pg_advisory_lock(1);".to_owned();
    for (role, encryption) in roles {
        sql.push_str(&format!(
            "SET password_encryption = '{encryption}'; \
             DO $$ BEGIN CREATE ROLE {role} LOGIN PASSWORD 'geheim'; \
             EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
        ));
    }
    client.batch_execute(&sql).await.unwrap();
}

fn without_secret(error: &Error) {
    assert!(!everything(error).contains("geheim"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_libpq_make_a_connection() {
    let Address {
        port,
        password,
        database,
    } = address();
    let files = Files::new(
        &format!(
            "host = \"localhost\"\nport = {port}\ndbname = \"{database}\"\nuser = \"tidemill\"\n\
            password = \"${{LOGIN_PASSWORD}}\"\nsslmode = \"disable\"\napplication_name = \"by keys\"\n\
            options = \"-c search_path=sales\"\nconnect_timeout = 5\ntarget_session_attrs = \"read-write\""
        ),
        &format!("LOGIN_PASSWORD={password}\n"),
    );
    assert_eq!(files.who().await.unwrap(), "false|tidemill");
    let settings = "SELECT * FROM postgres_query('db', \
        'SELECT current_setting(''application_name'') AS name, current_setting(''search_path'') AS path')";
    assert_eq!(files.ask(settings).await.unwrap(), "by keys|sales");

    let unwilling = Files::new(
        &format!(
            "url = \"postgres://tidemill@localhost:{port}/{database}\"\ntarget_session_attrs = \"standby\"\npassword = \"{password}\""
        ),
        "",
    );
    let error = unwilling.who().await.unwrap_err();
    assert!(
        error
            .message()
            .ends_with("the server will not do: it is not a standby"),
        "{error}"
    );
    // One after the other, until one will do.
    let url = format!(
        "host = \"/no/such/folder,127.0.0.1,localhost\"\nport = \"1,1,{port}\"\n\
        target_session_attrs = \"prefer-standby\"\nuser = \"tidemill\"\ndbname = \"{database}\"\npassword = \"{password}\""
    );
    assert!(
        Files::new(&url, "")
            .who()
            .await
            .unwrap()
            .ends_with("|tidemill")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_fill_what_the_connection_leaves_out() {
    let Address {
        port,
        password,
        database,
    } = address();
    let variables = format!(
        "PGHOST=localhost\nPGPORT={port}\nPGUSER=nobody\nPGDATABASE={database}\nPGPASSWORD={password}\nPGSSLMODE=disable\n"
    );
    let files = Files::new("user = \"tidemill\"", &variables);
    assert_eq!(files.who().await.unwrap(), "false|tidemill");
    let files = Files::new("url = \"postgres://tidemill@\"", &variables);
    assert_eq!(files.who().await.unwrap(), "false|tidemill");
    let files = Files::new(
        "user = \"tidemill\"",
        &variables.replace("PGPORT=", "PGPORT=geheim"),
    );
    let error = files.who().await.unwrap_err();
    assert!(
        error.message().contains("PGPORT: the port is not a number"),
        "{error}"
    );
    without_secret(&error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_file_describes_a_server() {
    let Address {
        port,
        password,
        database,
    } = address();
    let connection = "service = \"billing\"\nservicefile = \"services.conf\"\nuser = \"tidemill\"";
    let files = Files::new(connection, "PGHOST=no-such-host.invalid\n");
    let service = format!(
        "# servers\n[other]\nhost=127.0.0.1\n\n[billing]\nhost=localhost\nport={port}\nuser=nobody\ndbname={database}\npassword={password}\n"
    );
    files.add("services.conf", &service);
    assert!(files.who().await.unwrap().ends_with("|tidemill"));

    for (text, line, message) in [
        (
            service.replace("user=", "usr="),
            8,
            "a parameter that is not supported",
        ),
        (
            service.replace("port=", "port=geheim"),
            7,
            "the port is not a number",
        ),
        (
            service.replace("dbname=", "geheim "),
            9,
            "the line is not name=value",
        ),
        (
            service.replace("[billing]", "[sales]"),
            2,
            "no service file has a section [billing]",
        ),
    ] {
        files.add("services.conf", &text);
        let error = files.who().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Input);
        assert!(error.message().contains(message), "{error}");
        let place = error.get_place().unwrap();
        let file = if message.contains("no service") {
            "tidemill.toml"
        } else {
            "services.conf"
        };
        assert!(place.file.as_ref().unwrap().ends_with(file), "{place}");
        assert_eq!(
            place.line,
            if message.contains("no service") {
                1
            } else {
                line
            }
        );
        without_secret(&error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_comes_from_a_file() {
    let Address {
        port,
        password,
        database,
    } = address();
    let keys = format!(
        "host = \"localhost\"\nport = {port}\nuser = \"tidemill\"\ndbname = \"{database}\"\nsslmode = \"disable\""
    );
    let secret = Files::new(
        &format!("{keys}\npassword_file = \"secret\""),
        "PGPASSWORD=wrong\n",
    );
    secret.add("secret", &format!("{password}\n"));
    assert_eq!(secret.who().await.unwrap(), "false|tidemill");

    let files = Files::new(&format!("{keys}\npassfile = \"passwords\""), "");
    files.add(
        "passwords",
        &format!("# mine\nlocalhost:1:*:*:geheim\nlocalhost:{port}:*:tidemill:{password}\n"),
    );
    assert_eq!(files.who().await.unwrap(), "false|tidemill");
    files.open_to("passwords", 0o644);
    let error = files.who().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Input);
    assert!(
        error
            .get_hint()
            .unwrap()
            .contains("passed over: others may read it"),
        "{error:?}"
    );
    without_secret(&error);
    assert!(!everything(&error).contains(&password));

    let both = Files::new(
        &format!("{keys}\npassword_file = \"secret\"\npassword = \"geheim\""),
        "",
    );
    both.add("secret", "geheim");
    let error = both.who().await.unwrap_err();
    assert!(
        error
            .message()
            .ends_with("password and password_file say the same twice")
    );
    without_secret(&error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_asks_for_a_password_in_any_way() {
    let server = PostgresServer::shared();
    if server.certificate("ca.crt").is_none() {
        return eprintln!("skipped: needs a private server and the openssl program");
    }
    make_roles(
        server,
        &[
            ("by_md5", "md5"),
            ("by_cleartext", "scram-sha-256"),
            ("by_scram", "scram-sha-256"),
        ],
    )
    .await;
    let Address { port, .. } = address();
    for role in ["by_md5", "by_cleartext", "by_scram"] {
        for (mode, encrypted) in [("disable", false), ("require", true)] {
            let url = |password: &str, more: &str| {
                format!(
                    "url = \"postgres://{role}:{password}@localhost:{port}/postgres?sslmode={mode}{more}\""
                )
            };
            let who = Files::new(&url("geheim", ""), "").who().await.unwrap();
            assert_eq!(who, format!("{encrypted}|{role}"));
            let error = Files::new(&url("falsch", ""), "").who().await.unwrap_err();
            assert!(
                error.message().contains("password authentication failed"),
                "{error}"
            );
            assert!(!everything(&error).contains("falsch"));
            // Only SCRAM over TLS ties the login to the server's certificate.
            let bound = Files::new(&url("geheim", "&channel_binding=require"), "")
                .who()
                .await;
            assert_eq!(
                bound.is_ok(),
                role == "by_scram" && encrypted,
                "{role} {mode} {bound:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_six_modes_do_as_libpq_has_them() {
    let Some(authority) = PostgresServer::shared().authority() else {
        return eprintln!("skipped: needs a private server and the openssl program");
    };
    let (with_tls, without_tls) = (PostgresServer::shared(), PostgresServer::without_tls());
    let scram = "scram-sha-256";
    let roles = [
        ("only_tls", scram),
        ("only_plain", scram),
        ("either", scram),
    ];
    make_roles(with_tls, &roles).await;
    make_roles(&without_tls, &roles).await;
    let root = format!("&sslrootcert={}", authority.display());
    // What the session is to only_tls, only_plain and either; then to a server without TLS.
    for (mode, root, expected) in [
        ("disable", "", ["", "plain", "plain", "plain"]),
        ("allow", "", ["tls", "plain", "plain", "plain"]),
        ("prefer", "", ["tls", "plain", "tls", "plain"]),
        ("require", "", ["tls", "", "tls", ""]),
        ("verify-ca", &root, ["tls", "", "tls", ""]),
        ("verify-full", &root, ["tls", "", "tls", ""]),
    ] {
        let cases = [
            (with_tls, "only_tls"),
            (with_tls, "only_plain"),
            (with_tls, "either"),
            (&without_tls, "either"),
        ];
        for ((server, role), expected) in cases.into_iter().zip(expected) {
            let port = url::Url::parse(server.url()).unwrap().port().unwrap();
            let url = format!(
                "url = \"postgres://{role}:geheim@localhost:{port}/postgres?sslmode={mode}{root}\""
            );
            let session = match Files::new(&url, "").who().await {
                Ok(who) if who.starts_with("true") => "tls",
                Ok(_) => "plain",
                Err(error) => {
                    assert_eq!(error.kind(), Kind::Input, "{error:?}");
                    without_secret(&error);
                    ""
                }
            };
            assert_eq!(session, expected, "{mode} for {role}");
        }
    }
    let port = url::Url::parse(without_tls.url()).unwrap().port().unwrap();
    let lab = Lab::new();
    let url = format!(
        "[connections.db]\nurl = \"postgres://either:falsch@localhost:{port}/postgres?sslmode=require\"\n"
    );
    std::fs::write(lab.folder().join("tidemill.toml"), url).unwrap();
    lab.run(["-c", WHO])
        .failed_with(1)
        .says(&["server does not support TLS", "sslmode=prefer"]);
}

/// What lies in the user's own folder counts without a word.
#[tokio::test(flavor = "multi_thread")]
async fn roots_and_certificates_of_the_user_are_found() {
    let server = PostgresServer::shared();
    let (Some(authority), Some(other), Some(certificate), Some(key)) = (
        server.authority(),
        server.certificate("other.crt"),
        server.certificate("client.crt"),
        server.certificate("client.key"),
    ) else {
        return eprintln!("skipped: needs a private server and the openssl program");
    };
    make_roles(server, &[("by_certificate", "scram-sha-256")]).await;
    let Address { port, password, .. } = address();
    let lab = Lab::new();
    let own = lab.folder().join(".postgresql");
    std::fs::create_dir(&own).unwrap();
    let run = |login: &str, more: &str| {
        let url = format!(
            "[connections.db]\nurl = \"postgres://{login}@localhost:{port}/postgres?{more}\"\n"
        );
        std::fs::write(lab.folder().join("tidemill.toml"), url).unwrap();
        let mut command = lab.command(["--format", "csv", "-c", WHO]);
        command
            .env("HOME", lab.folder())
            .env("SSL_CERT_FILE", &authority);
        crate::lab::Ran::from(command.output().unwrap())
    };
    let mine = format!("tidemill:{password}");
    run(&mine, "sslmode=verify-full")
        .failed_with(1)
        .says(&["no root certificates", "sslrootcert=system"]);
    assert!(
        run(&mine, "sslrootcert=system")
            .succeeded()
            .stdout
            .contains("true")
    );
    run(&mine, "sslrootcert=system&sslmode=require")
        .failed_with(1)
        .says(&["too weak"]);

    std::fs::copy(&authority, own.join("root.crt")).unwrap();
    assert!(
        run(&mine, "sslmode=verify-full")
            .succeeded()
            .stdout
            .contains("true")
    );
    std::fs::copy(&other, own.join("root.crt")).unwrap();
    run(&mine, "sslmode=require")
        .failed_with(1)
        .says(&["UnknownIssuer", "sslrootcert"]);
    assert!(
        run(&mine, "sslmode=prefer")
            .succeeded()
            .stdout
            .contains("false")
    );
    std::fs::remove_file(own.join("root.crt")).unwrap();

    run("by_certificate", "sslmode=require")
        .failed_with(1)
        .says(&["certificate"]);
    let (crt, own_key) = (own.join("postgresql.crt"), own.join("postgresql.key"));
    std::fs::copy(&certificate, &crt).unwrap();
    run("by_certificate", "sslmode=require")
        .failed_with(1)
        .says(&["there is no key"]);
    std::fs::copy(&key, &own_key).unwrap();
    assert!(
        run("by_certificate", "sslmode=require")
            .succeeded()
            .stdout
            .contains("true,by_certificate")
    );
    std::fs::set_permissions(&own_key, PermissionsExt::from_mode(0o644)).unwrap();
    run("by_certificate", "sslmode=require")
        .failed_with(1)
        .says(&["can be read by others", "chmod 0600"]);
    let named = format!(
        "sslmode=require&sslcert={}&sslkey={}",
        certificate.display(),
        key.display()
    );
    assert!(
        run("by_certificate", &named)
            .succeeded()
            .stdout
            .contains("true,by_certificate")
    );
}

#[test]
fn a_fault_in_a_configuration_shows_no_secret() {
    for (connection, message) in [
        (
            "pasword = \"geheim\"",
            "a connection has no key `pasword`: did you mean `password`?",
        ),
        ("password = [\"geheim\"]", "expected a text"),
        ("password = \"geheim", ""),
        ("url = \"postgres://a:geheim@h/d\" password = \"x\"", ""),
        (
            "password = \"geheim\"\npassword = \"geheim\"",
            "duplicate key",
        ),
    ] {
        let files = Files::new(connection, "");
        let error =
            Config::load(Some(&files.path().join("tidemill.toml")), &Flags::new()).unwrap_err();
        assert!(error.message().contains(message), "{error}");
        assert!(error.get_place().unwrap().line >= 1);
        without_secret(&error);
    }
    let files = Files::new("password = \"geheim\"\nhost = \"h\"", "");
    let config = Config::load(Some(&files.path().join("tidemill.toml")), &Flags::new()).unwrap();
    assert!(!format!("{config:?}").contains("geheim"));
}
