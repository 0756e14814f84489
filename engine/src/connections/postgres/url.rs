//! The URL of a Postgres server, read without repeating any part of it in a message.
//!
//! A password with an unescaped `@` or `/` moves into any other part of the URL. So the parser of
//! `tokio-postgres` is asked, but its errors, which quote what they stumble over, are not passed on.
//! What it does not know, the checks of `sslmode`, is cut out before.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::{Host, SslMode};

use super::tls::{Roots, Verify};
use crate::connections::url::Secret;
use crate::error::{Error, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ESCAPE: &str = "percent-encode special characters in user and password (@ is %40, / is %2F, ? is %3F, # is %23, % is %25)";

/// A Postgres server with all that is needed to log in.
#[derive(Debug, Clone)]
pub struct PostgresUrl {
    /// Holds the password.
    pub(crate) config: Secret<tokio_postgres::Config>,
    /// How far the server's certificate is checked.
    pub(crate) verify: Verify,
    /// How long one host may take to answer.
    pub(crate) timeout: Duration,
    shown: String,
}

impl PostgresUrl {
    /// Reads a URL of the scheme `postgres` or `postgresql`.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text.matches('@').count() > 1 {
            return Err(Error::input("the Postgres URL has more than one `@`").hint(ESCAPE));
        }
        let (plain, tls) = take_tls_parameters(text)?;
        let mut config: tokio_postgres::Config = plain.parse().map_err(|error| explain(&error))?;
        check_hosts(&config)?;

        let (mode, verify) = tls.modes()?;
        // The protocol has no TLS over a unix socket, whatever sslmode says.
        let only_sockets = !config
            .get_hosts()
            .iter()
            .any(|host| matches!(host, Host::Tcp(_)));
        config.ssl_mode(if only_sockets { SslMode::Disable } else { mode });

        let timeout = *config.get_connect_timeout().unwrap_or(&CONNECT_TIMEOUT);
        config.connect_timeout(timeout);
        if config.get_application_name().is_none() {
            config.application_name("tidemill");
        }
        if config.get_keepalives_interval().is_none() {
            // The default of two hours would leave a load hanging for that long on a dead network.
            config.keepalives_idle(Duration::from_secs(30));
            config.keepalives_interval(Duration::from_secs(10));
            config.keepalives_retries(3);
        }
        Ok(PostgresUrl {
            shown: show(&config),
            config: Secret::new(config),
            verify,
            timeout,
        })
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// The parameters about TLS, of which `tokio-postgres` knows only a part.
#[derive(Default)]
struct TlsParameters {
    mode: Option<String>,
    root: Option<String>,
}

impl TlsParameters {
    fn modes(self) -> Result<(SslMode, Verify)> {
        let roots = match self.root.as_deref() {
            None | Some("system") => Roots::Public,
            Some(path) => Roots::File(PathBuf::from(path)),
        };
        Ok(match self.mode.as_deref() {
            Some("disable") => (SslMode::Disable, Verify::Nothing),
            None | Some("prefer") => (SslMode::Prefer, Verify::Nothing),
            Some("require") => (SslMode::Require, Verify::Nothing),
            Some("verify-ca") => (SslMode::Require, Verify::Chain(roots)),
            Some("verify-full") => (SslMode::Require, Verify::ChainAndName(roots)),
            Some(_) => {
                return Err(Error::input(
                    "the Postgres URL asks for an sslmode that is not supported",
                )
                .hint("use sslmode=disable, prefer, require, verify-ca or verify-full"));
            }
        })
    }
}

/// Cuts `sslmode` and `sslrootcert` out of the URL, with the same idea of where the parameters
/// begin as the parser that reads the rest.
fn take_tls_parameters(text: &str) -> Result<(String, TlsParameters)> {
    let after_login = text.find('@').unwrap_or(0);
    let Some(mark) = text[after_login..]
        .find('?')
        .map(|found| after_login + found)
    else {
        return Ok((text.to_owned(), TlsParameters::default()));
    };
    let mut tls = TlsParameters::default();
    let mut others = Vec::new();
    for parameter in text[mark + 1..].split('&') {
        match parameter.split_once('=') {
            Some(("sslmode", value)) => tls.mode = Some(decode(value)?),
            Some(("sslrootcert", value)) => tls.root = Some(decode(value)?),
            _ => others.push(parameter),
        }
    }
    Ok((format!("{}?{}", &text[..mark], others.join("&")), tls))
}

fn decode(value: &str) -> Result<String> {
    match percent_encoding::percent_decode_str(value).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(Error::input(
            "a parameter of the Postgres URL is not UTF-8 text",
        )),
    }
}

/// Passes on the one kind of detail that cannot hold a password: which known option is wrong.
fn explain(error: &tokio_postgres::Error) -> Error {
    use std::error::Error as _;
    let detail = error.source().map(ToString::to_string).unwrap_or_default();
    let message = match detail.strip_prefix("invalid value for option ") {
        Some(option) => format!(
            "the Postgres URL has an invalid value for {}",
            option.trim_matches('`')
        ),
        None if detail.starts_with("unknown option") => {
            "the Postgres URL has an unknown parameter".to_owned()
        }
        None => "this is not a Postgres URL".to_owned(),
    };
    Error::input(message).hint(format!(
        "write postgres://user:password@host:5432/database?sslmode=require; {ESCAPE}"
    ))
}

fn check_hosts(config: &tokio_postgres::Config) -> Result<()> {
    let hosts = config.get_hosts();
    if hosts.is_empty() {
        return Err(Error::input("the Postgres URL names no host").hint(
            "write postgres://user:password@host:5432/database, or ?host=/folder for a unix socket",
        ));
    }
    // A host can hold none of these; a password that was not escaped can, and ends up here.
    let broken = |host: &Host| matches!(host, Host::Tcp(name) if name.is_empty() || name.contains(['@', ':', '/', '#', '%', ' ']) && name.parse::<std::net::IpAddr>().is_err());
    if hosts.iter().any(broken) {
        return Err(Error::input("the Postgres URL has a host that cannot be one").hint(ESCAPE));
    }
    Ok(())
}

fn show(config: &tokio_postgres::Config) -> String {
    let user = config
        .get_user()
        .map(|user| format!("{user}@"))
        .unwrap_or_default();
    let ports = config.get_ports();
    let hosts: Vec<_> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| {
            let port = ports.get(at).or(ports.first()).unwrap_or(&5432);
            match host {
                Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
                Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                Host::Unix(folder) => format!("{}:{port}", folder.display()),
            }
        })
        .collect();
    let database = config
        .get_dbname()
        .or(config.get_user())
        .unwrap_or_default();
    format!("postgres://{user}{}/{database}", hosts.join(","))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn postgres(text: &str) -> PostgresUrl {
        PostgresUrl::parse(text).unwrap()
    }

    #[test]
    fn postgres_is_shown_without_password() {
        let url = postgres("postgres://ada:geheim@db.example/sales?sslmode=require");
        assert_eq!(url.to_string(), "postgres://ada@db.example:5432/sales");
        assert!(!format!("{url:?}").contains("geheim"));
        assert_eq!(url.config.expose().get_password(), Some(&b"geheim"[..]));
        assert_eq!(url.config.expose().get_ssl_mode(), SslMode::Require);
        assert_eq!(url.timeout, Duration::from_secs(10));
        let shown = postgres("postgresql://ada:p%40ss@a:1,b:2/x").to_string();
        assert_eq!(shown, "postgres://ada@a:1,b:2/x");
    }

    #[test]
    fn postgres_parameters() {
        let url = postgres(
            "postgres://a:b@h/d?connect_timeout=3&application_name=x&sslmode=verify-full&sslrootcert=%2Fca.pem",
        );
        assert_eq!(url.timeout, Duration::from_secs(3));
        assert_eq!(url.config.expose().get_application_name(), Some("x"));
        assert_eq!(
            url.verify,
            Verify::ChainAndName(Roots::File("/ca.pem".into()))
        );
        let url = postgres("postgres://a@h/d?sslmode=verify-ca");
        assert_eq!(url.verify, Verify::Chain(Roots::Public));
    }

    #[test]
    fn unix_sockets() {
        for text in [
            "postgres://a:b@/d?host=/run/pg&sslmode=require",
            "postgres:///d?user=a&host=%2Frun%2Fpg",
            "postgres://a:b@%2Frun%2Fpg/d",
        ] {
            let url = postgres(text);
            assert_eq!(
                url.config.expose().get_hosts(),
                [Host::Unix("/run/pg".into())]
            );
            assert_eq!(url.config.expose().get_ssl_mode(), SslMode::Disable);
            assert_eq!(url.to_string(), "postgres://a@/run/pg:5432/d");
        }
    }

    #[test]
    fn unsupported_sslmode_names_the_supported_ones() {
        let error = PostgresUrl::parse("postgres://a@h/d?sslmode=allow").unwrap_err();
        assert!(error.get_hint().unwrap().contains("verify-full"));
    }

    proptest! {
        #[test]
        fn an_encoded_password_survives_and_stays_hidden(password in "\\PC{1,20}") {
            let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC);
            let url = postgres(&format!("postgres://u:{encoded}@host:5433/base"));
            prop_assert_eq!(url.config.expose().get_password(), Some(password.as_bytes()));
            prop_assert_eq!(url.to_string(), "postgres://u@host:5433/base");
        }
    }
}
