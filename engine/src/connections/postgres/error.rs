//! From an error of the Postgres driver to one of ours: the one place that knows SQLSTATE codes.
//!
//! The server's message, detail and place all go into our message, because the driver shows only
//! `db error`. The URL in front never has a password, and the driver's errors hold none.

use std::error::Error as StdError;

use tokio_postgres::error::DbError;

use crate::error::{Error, Kind};

/// How the driver says that the server has no TLS.
const NO_TLS: &str = "server does not support TLS";
/// How the driver says that the server asks for a password and there is none.
const NO_PASSWORD: &str = "password missing";

/// Explains what failed: `doing` says what was tried and where.
pub(super) fn explain(doing: &str, error: tokio_postgres::Error) -> Error {
    let (kind, message, hint) = match error.as_db_error() {
        Some(refusal) => {
            let (kind, ours) = judge(refusal.code().code());
            let theirs = refusal.hint();
            // The server knows more about the statement, but not whether it can be run again.
            let hint = match kind {
                Kind::Unavailable => ours.or(theirs),
                _ => theirs.or(ours),
            };
            (kind, describe(refusal), hint.map(str::to_owned))
        }
        None => {
            let (kind, hint) = judge_driver(&error);
            (kind, describe_driver(&error), hint.map(str::to_owned))
        }
    };
    let ours = Error::new(kind, format!("{doing}: {message}")).source(error);
    match hint {
        Some(hint) => ours.hint(hint),
        None => ours,
    }
}

/// What kind of refusal ended an attempt to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The server does not accept this login.
    Login,
    /// The server has answered with some other error.
    Statement,
    /// The server is starting, stopping or recovering.
    NotYet,
    /// The server has no TLS.
    NoTls,
    /// One side did not accept the other's certificate or TLS.
    Handshake,
    /// The server was not reached, or hung up.
    Unreachable,
}

impl Refusal {
    /// Sorts an error of the driver.
    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        if let Some(refusal) = error.as_db_error() {
            return match refusal.code().code() {
                "57P03" => Refusal::NotYet,
                code if code.starts_with("28") => Refusal::Login,
                _ => Refusal::Statement,
            };
        }
        let text = deepest(error);
        if text.contains(NO_TLS) {
            Refusal::NoTls
        } else if text.contains(NO_PASSWORD) {
            Refusal::Login
        } else if find::<rustls::Error>(error).is_some()
            || error.to_string().contains("TLS handshake")
        {
            Refusal::Handshake
        } else {
            Refusal::Unreachable
        }
    }

    /// Whether the same may work with TLS instead of without, or the other way round.
    pub(super) fn may_be_due_to_encryption(self) -> bool {
        matches!(self, Refusal::Login | Refusal::NoTls | Refusal::Handshake)
    }
}

/// Who must act on a SQLSTATE, and how.
fn judge(code: &str) -> (Kind, Option<&'static str>) {
    let retry =
        "the server is not available right now: run the statement again, nothing was changed";
    match (code, code.get(..2).unwrap_or_default()) {
        (_, "28") => (
            Kind::Input,
            Some("check user and password of the connection, and pg_hba.conf on the server"),
        ),
        ("3D000", _) => (
            Kind::Input,
            Some("check the database name of the connection, or create the database"),
        ),
        ("42501", _) => (
            Kind::Input,
            Some(
                "ask the owner to GRANT the user USAGE on the schema and SELECT on the table, for an export also CREATE on the schema and INSERT, UPDATE and DELETE on the table",
            ),
        ),
        ("25006", _) => (
            Kind::Input,
            Some(
                "connect to the primary server, not to a read-only standby; postgres_query only reads",
            ),
        ),
        ("57014", _) => (
            Kind::Unavailable,
            Some(
                "the server cancelled the statement: raise statement_timeout for this user, or run the statement again",
            ),
        ),
        ("53300", _) => (
            Kind::Unavailable,
            Some("the server has no free connection: run the statement again later"),
        ),
        ("53100", _) => (
            Kind::Unavailable,
            Some("the disk of the server is full; nothing was changed"),
        ),
        (_, "08" | "40" | "53" | "57" | "58") | ("55P03", _) => (Kind::Unavailable, Some(retry)),
        ("23502", _) => (
            Kind::Input,
            Some(
                "the column is NOT NULL in the table: fill it in the query, for example with coalesce",
            ),
        ),
        ("23505", _) => (
            Kind::Input,
            Some(
                "another row of the table or the batch has this key; export with MODE merge to update it",
            ),
        ),
        (_, "22" | "23") => (
            Kind::Input,
            Some("correct the value in the query; nothing was exported"),
        ),
        _ => (Kind::Input, None),
    }
}

fn describe(refusal: &DbError) -> String {
    let mut text = refusal.message().to_owned();
    for more in [refusal.detail(), refusal.where_()].into_iter().flatten() {
        let more: Vec<_> = more
            .lines()
            .map(|line| line.trim().trim_end_matches('.'))
            .collect();
        text.push_str(&format!(" ({})", more.join("; ")));
    }
    text
}

/// Who must act when the server did not answer in its own words.
fn judge_driver(error: &tokio_postgres::Error) -> (Kind, Option<&'static str>) {
    let unreachable = "check host and port of the connection and that the server runs and accepts connections from here";
    if let Some(tls) = find::<rustls::Error>(error) {
        return (Kind::Input, Some(judge_tls(tls)));
    }
    if let Some(io) = find::<std::io::Error>(error) {
        return match io.kind() {
            // A socket folder that this user may not enter.
            std::io::ErrorKind::PermissionDenied => (
                Kind::Input,
                Some("check the permissions of the socket folder"),
            ),
            _ => (Kind::Unavailable, Some(unreachable)),
        };
    }
    let text = deepest(error);
    if text.contains(NO_TLS) {
        (
            Kind::Input,
            Some("use sslmode=prefer or disable, or switch TLS on in the server"),
        )
    } else if text.contains(NO_PASSWORD) {
        (
            Kind::Input,
            Some(
                "give it by reference: PGPASSWORD, password_file, ~/.pgpass, or postgres://user:${DB_PASSWORD}@host/database",
            ),
        )
    } else if error.is_closed() {
        (
            Kind::Unavailable,
            Some("nothing was changed: run the statement again"),
        )
    } else {
        (Kind::Input, None)
    }
}

fn judge_tls(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Certificate;
    match error {
        rustls::Error::InvalidCertificate(
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
        ) => {
            "the server's certificate is for other names: connect under one of its subject alternative names, or check no name with sslmode=verify-ca"
        }
        rustls::Error::InvalidCertificate(Certificate::UnknownIssuer) => {
            "the authority behind the server's certificate is not among those that are trusted: name its PEM file with sslrootcert, or ~/.postgresql/root.crt"
        }
        rustls::Error::InvalidCertificate(_) => "the server must have another certificate",
        rustls::Error::AlertReceived(_) => {
            "the server did not accept this side: name a client certificate with sslcert and sslkey"
        }
        _ => "the two sides have no TLS in common; versions 1.2 and 1.3 are spoken here",
    }
}

fn describe_driver(error: &tokio_postgres::Error) -> String {
    if error.is_closed() {
        return "the connection was cut".to_owned();
    }
    let (outer, inner) = (error.to_string(), deepest(error));
    if inner == outer {
        outer
    } else {
        format!("{outer}: {inner}")
    }
}

fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut last = error;
    while let Some(next) = last.source() {
        last = next;
    }
    last.to_string()
}

/// The first error of a type in the chain; an `io::Error` hides what it wraps from `source`.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|wrapped| wrapped.downcast_ref()) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_who_must_act() {
        for code in [
            "28P01", "28000", "3D000", "42501", "23502", "23505", "22003", "25006", "42601",
        ] {
            assert_eq!(judge(code).0, Kind::Input, "{code}");
        }
        for code in [
            "08006", "53300", "53100", "57P01", "57P03", "57014", "40P01", "40001", "55P03",
            "58030",
        ] {
            assert_eq!(judge(code).0, Kind::Unavailable, "{code}");
        }
    }
}
