//! A Postgres server with all that is needed to log in, made from the parameters of a connection.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tokio_postgres::config::{ChannelBinding, SslMode};

use super::address::{Address, addresses};
use super::parameters::{Lookup, Parameters, PasswordFile, Wanted, url_text};
use super::session_attributes::SessionAttributes;
use super::tls::Security;
use crate::connections::url::Secret;
use crate::error::{Error, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A Postgres server, or several to try in turn. `Display` and `Debug` show no password.
#[derive(Debug, Clone)]
pub struct PostgresUrl {
    /// The hosts, in the order in which they are tried.
    pub(crate) hosts: Vec<Host>,
    /// Encryption, and how far the server proves who it is.
    pub(crate) security: Security,
    /// What the session must be able to do.
    pub(crate) attributes: SessionAttributes,
    /// How long one host may take to answer; without a limit, for ever.
    pub(crate) timeout: Option<Duration>,
    /// What a refused login may be due to.
    pub(crate) password_note: Option<String>,
    shown: String,
}

/// One host.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    /// Holds the password.
    pub(crate) config: Secret<tokio_postgres::Config>,
    /// The protocol has no TLS over a unix socket, whatever sslmode says.
    pub(crate) is_socket: bool,
}

impl PostgresUrl {
    /// Reads a URL of the scheme `postgres` or `postgresql`, with parameters that stand beside it.
    /// Relative files start at the working directory.
    ///
    /// # Errors
    /// A text that is no such URL, a parameter that is given twice or cannot be.
    pub(crate) fn parse(
        text: &str,
        beside: BTreeMap<&'static str, String>,
        lookup: Lookup<'_>,
    ) -> Result<Self> {
        let mut parameters = url_text::parse(text)?;
        for (name, value) in beside {
            if parameters.insert(name, value).is_some() {
                return Err(
                    Error::input(format!("the URL and the key {name} say the same twice"))
                        .hint("leave one of them out"),
                );
            }
        }
        PostgresUrl::of(parameters, lookup)
    }

    /// The server that these parameters describe, with what libpq takes from elsewhere.
    ///
    /// # Errors
    /// A value that its parameter cannot have, files that are not there.
    pub(crate) fn of(given: BTreeMap<&'static str, String>, lookup: Lookup<'_>) -> Result<Self> {
        let parameters = Parameters::collect(given, lookup)?;
        check_settled(&parameters)?;
        let addresses = addresses(&parameters)?;
        let user = match parameters.get("user") {
            Some(user) => user.to_owned(),
            None => whoami::username().map_err(|error| {
                Error::input("the connection names no user")
                    .hint("add one: user = \"..\"")
                    .source(error)
            })?,
        };
        let database = parameters.get("dbname").unwrap_or(&user).to_owned();
        let config = config(&parameters, &user, &database)?;
        let password = Password::of(&parameters);
        let hosts = addresses.iter().map(|address| {
            let mut config = config.clone();
            let is_socket = address.add_to(&mut config);
            if let Some(password) = password.of_host(address, &database, &user) {
                config.password(password);
            }
            Host {
                config: Secret::new(config),
                is_socket,
            }
        });
        let shown: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        let hosts: Vec<_> = hosts.collect();
        let security = match hosts.iter().all(|host| host.is_socket) {
            true => Security::none(),
            false => Security::of(&parameters)?,
        };
        Ok(PostgresUrl {
            hosts,
            security,
            attributes: SessionAttributes::of(&parameters)?,
            timeout: timeout(&parameters)?,
            password_note: password.note(),
            shown: format!("postgres://{user}@{}/{database}", shown.join(",")),
        })
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// Where passwords come from.
enum Password<'p> {
    Given(&'p str),
    File(Option<PasswordFile>),
}

impl<'p> Password<'p> {
    fn of(parameters: &'p Parameters) -> Self {
        match parameters.get("password") {
            Some(password) => Password::Given(password),
            None => {
                let path = parameters.password_file();
                Password::File(path.as_deref().and_then(PasswordFile::open))
            }
        }
    }

    fn of_host(&self, address: &Address, database: &str, user: &str) -> Option<String> {
        match self {
            Password::Given(password) => Some((*password).to_owned()),
            Password::File(file) => file.as_ref()?.password(Wanted {
                host: address.name_in_password_file(),
                port: address.port,
                database,
                user,
            }),
        }
    }

    fn note(&self) -> Option<String> {
        match self {
            Password::Given(_) => None,
            Password::File(file) => file.as_ref()?.note(),
        }
    }
}

/// Refuses what would be something else than libpq makes of it.
fn check_settled(parameters: &Parameters) -> Result<()> {
    parameters.choice("gssencmode", &[("disable", ()), ("prefer", ())])?;
    parameters.choice("sslnegotiation", &[("postgres", ())])?;
    let utf_8 = ["UTF8", "utf8", "UTF-8", "utf-8", "auto"].map(|name| (name, ()));
    parameters.choice("client_encoding", &utf_8)?;
    Ok(())
}

fn config(parameters: &Parameters, user: &str, database: &str) -> Result<tokio_postgres::Config> {
    let mut config = tokio_postgres::Config::new();
    config
        .user(user)
        .dbname(database)
        .ssl_mode(SslMode::Disable);
    let name = parameters.get("application_name");
    let name = name.or_else(|| parameters.get("fallback_application_name"));
    config.application_name(name.unwrap_or("tidemill"));
    if let Some(options) = parameters.get("options") {
        config.options(options);
    }
    let channel_binding = parameters.choice(
        "channel_binding",
        &[
            ("disable", ChannelBinding::Disable),
            ("prefer", ChannelBinding::Prefer),
            ("require", ChannelBinding::Require),
        ],
    )?;
    config.channel_binding(channel_binding.unwrap_or(ChannelBinding::Prefer));
    keep_alive(parameters, &mut config)?;
    if let Some(timeout) = timeout(parameters)? {
        config.connect_timeout(timeout);
    }
    Ok(config)
}

/// The usual two hours would leave a load hanging for that long on a dead network.
fn keep_alive(parameters: &Parameters, config: &mut tokio_postgres::Config) -> Result<()> {
    let number = |name, default: u32| {
        let number = parameters
            .number(name)?
            .and_then(|number| u32::try_from(number).ok());
        Ok::<_, Error>(number.filter(|number| *number > 0).unwrap_or(default))
    };
    let seconds =
        |name, default| Ok::<_, Error>(Duration::from_secs(number(name, default)?.into()));
    config.keepalives(parameters.number("keepalives")? != Some(0));
    config.keepalives_idle(seconds("keepalives_idle", 30)?);
    config.keepalives_interval(seconds("keepalives_interval", 10)?);
    config.keepalives_retries(number("keepalives_count", 3)?);
    match number("tcp_user_timeout", 0)? {
        0 => {}
        milliseconds => {
            config.tcp_user_timeout(Duration::from_millis(milliseconds.into()));
        }
    }
    Ok(())
}

/// As in libpq, zero means no limit; without a word there is one here.
fn timeout(parameters: &Parameters) -> Result<Option<Duration>> {
    Ok(match parameters.number("connect_timeout")? {
        None => Some(CONNECT_TIMEOUT),
        Some(seconds) => u64::try_from(seconds)
            .ok()
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::PathBuf;

    use proptest::prelude::*;
    use tokio_postgres::config::Host as Dialled;

    use super::super::tls::{Mode, Roots};
    use super::*;

    fn try_postgres(text: &str) -> Result<PostgresUrl> {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        PostgresUrl::parse(text, BTreeMap::new(), &|name| {
            (name == "HOME").then(|| home.clone())
        })
    }

    fn postgres(text: &str) -> PostgresUrl {
        try_postgres(text).unwrap()
    }

    #[test]
    fn postgres_is_shown_without_password() {
        let url = postgres("postgres://ada:geheim@db.example/sales?sslmode=require");
        assert_eq!(url.to_string(), "postgres://ada@db.example:5432/sales");
        assert!(!format!("{url:?}").contains("geheim"));
        let password = url.hosts[0].config.expose().get_password();
        assert_eq!(password, Some(&b"geheim"[..]));
        assert_eq!(url.security.mode, Mode::Require);
        assert_eq!(url.timeout, Some(Duration::from_secs(10)));
        let shown = postgres("postgresql://ada:p%40ss@a:1,b:2,[::1]/x").to_string();
        assert_eq!(shown, "postgres://ada@a:1,b:2,[::1]:5432/x");
    }

    #[test]
    fn postgres_parameters() {
        let url = postgres(
            "postgres://a:b@h/d?connect_timeout=3&application_name=x&sslmode=verify-full&sslrootcert=system",
        );
        assert_eq!(url.timeout, Some(Duration::from_secs(3)));
        let config = url.hosts[0].config.expose();
        assert_eq!(config.get_application_name(), Some("x"));
        assert_eq!(url.security.roots, Some(Roots::System));
        assert_eq!(postgres("postgres://h?connect_timeout=0").timeout, None);
    }

    #[test]
    fn hosts_have_addresses_and_ports() {
        let url = postgres("postgres://u@a,b/d?hostaddr=10.0.0.1,::1&port=1,2");
        let dialled = url.hosts.iter().map(|host| {
            let config = host.config.expose();
            (
                config.get_hosts().to_vec(),
                config.get_hostaddrs().to_vec(),
                config.get_ports().to_vec(),
            )
        });
        let expected = [("a", "10.0.0.1", 1), ("b", "::1", 2)].map(|(name, address, port)| {
            (
                vec![Dialled::Tcp(name.to_owned())],
                vec![address.parse().unwrap()],
                vec![port],
            )
        });
        assert_eq!(dialled.collect::<Vec<_>>(), expected);
        for wrong in [
            "a,b/d?port=1,2,3",
            "a,b/d?hostaddr=10.0.0.1",
            "a/d?port=0",
            "a/d?port=65536",
            "a/d?hostaddr=b",
        ] {
            assert!(
                try_postgres(&format!("postgres://u@{wrong}")).is_err(),
                "{wrong}"
            );
        }
    }

    #[test]
    fn unix_sockets() {
        for text in [
            "postgres://a:b@/d?host=/run/pg&sslmode=require",
            "postgres:///d?user=a&host=%2Frun%2Fpg",
            "postgres://a:b@%2Frun%2Fpg/d",
        ] {
            let url = postgres(text);
            let host = &url.hosts[0];
            let expected = [Dialled::Unix(PathBuf::from("/run/pg"))];
            assert_eq!(host.config.expose().get_hosts(), expected);
            assert!(host.is_socket);
            assert_eq!(url.to_string(), "postgres://a@/run/pg:5432/d");
        }
    }

    #[test]
    fn the_password_file_gives_what_nobody_else_does() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passwords");
        std::fs::write(&file, "a:*:d:u:one\nb:*:*:*:two\n").unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        let of = |login: &str| {
            let lookup = |name: &str| (name == "PGPASSFILE").then(|| file.display().to_string());
            let text = format!("postgres://{login}@a,b,c/d");
            let url = PostgresUrl::parse(&text, BTreeMap::new(), &lookup).unwrap();
            let passwords = url.hosts.iter().map(|host| {
                let password = host.config.expose().get_password();
                password.map(|password| String::from_utf8_lossy(password).into_owned())
            });
            passwords.collect::<Vec<_>>()
        };
        let word = |word: &str| Some(word.to_owned());
        assert_eq!(of("u"), [word("one"), word("two"), None]);
        assert_eq!(of("u:given"), [word("given"), word("given"), word("given")]);
    }

    #[test]
    fn unsupported_sslmode_names_the_supported_ones() {
        let error = try_postgres("postgres://a@h/d?sslmode=no").unwrap_err();
        assert!(error.get_hint().unwrap().contains("verify-full"));
    }

    proptest! {
        #[test]
        fn an_encoded_password_survives_and_stays_hidden(password in "\\PC{1,20}") {
            let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC);
            let url = postgres(&format!("postgres://u:{encoded}@host:5433/base"));
            prop_assert_eq!(url.hosts[0].config.expose().get_password(), Some(password.as_bytes()));
            prop_assert_eq!(url.to_string(), "postgres://u@host:5433/base");
        }
    }
}
