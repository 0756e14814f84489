//! From an error of the Postgres driver to one of ours: the one place that knows SQLSTATE codes.
//!
//! The server's message, detail and place all go into our message, because the driver shows only
//! `db error`. The URL in front never has a password, and the driver's errors hold none.

use std::error::Error as StdError;

use tokio_postgres::error::DbError;

use crate::error::{Error, Kind};

/// Explains what failed: `doing` says what was tried and where.
pub(super) fn explain(doing: &str, error: tokio_postgres::Error) -> Error {
    let (kind, message, hint) = match error.as_db_error() {
        Some(refusal) => {
            let (kind, hint) = judge(refusal.code().code());
            (
                kind,
                describe(refusal),
                refusal
                    .hint()
                    .map(str::to_owned)
                    .or(hint.map(str::to_owned)),
            )
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

/// Who must act on a SQLSTATE, and how.
fn judge(code: &str) -> (Kind, Option<&'static str>) {
    let retry =
        "the server is not available right now: run the statement again, nothing was changed";
    match (code, code.get(..2).unwrap_or_default()) {
        (_, "28") => (
            Kind::Input,
            Some(
                "check user and password in the URL of the connection, and pg_hba.conf on the server",
            ),
        ),
        ("3D000", _) => (
            Kind::Input,
            Some("check the database name in the URL, or create the database"),
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
    if find::<rustls::Error>(error).is_some() {
        return (
            Kind::Input,
            Some(
                "sslmode=verify-ca and verify-full trust public authorities; name your own with sslrootcert=/path/ca.pem, or use sslmode=require",
            ),
        );
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
    if text.contains("server does not support TLS") {
        (
            Kind::Input,
            Some("use sslmode=prefer or disable, or switch TLS on in the server"),
        )
    } else if text.contains("password missing") {
        (
            Kind::Input,
            Some(
                "put the password into the URL by reference: postgres://user:${DB_PASSWORD}@host/database",
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
