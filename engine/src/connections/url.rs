//! From the text of a connection to a checked URL, without ever showing its password.
//!
//! ```text
//! sqlite:serving.db                    a file in the base folder (the warehouse root)
//! sqlite:///srv/serving.db             an absolute path
//! postgres://user:password@host:5432/database?sslmode=require&connect_timeout=10
//! postgresql://user@/database?host=/run/postgresql
//! ```
//!
//! Nothing that could be part of a password is repeated in a message.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::postgres::parameters::Lookup;
pub use super::postgres::url::PostgresUrl;
use crate::error::{Error, Result};

const FORMS: &str = "write sqlite:file.db, sqlite:///absolute/file.db or postgres://user:password@host:5432/database";

/// A value that must not be printed: neither `Debug` nor `Display` shows it.
#[derive(Clone)]
pub(crate) struct Secret<T>(T);

impl<T> Secret<T> {
    /// Locks a value away.
    pub(crate) fn new(value: T) -> Self {
        Secret(value)
    }

    /// The value, for the one call that needs it.
    pub(crate) fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where a database is. `Display` and `Debug` show everything but the password.
#[derive(Clone)]
pub enum ConnectionUrl {
    /// A SQLite file.
    Sqlite(SqliteUrl),
    /// A Postgres server, or several to try in turn.
    Postgres(Box<PostgresUrl>),
}

/// A SQLite file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqliteUrl {
    /// The file.
    pub(crate) path: PathBuf,
    /// The base folder that a relative path started at; made when missing.
    pub(crate) base: Option<PathBuf>,
}

impl ConnectionUrl {
    /// Reads a URL with the keys that stand beside it; a relative SQLite path lies in `sqlite_base`.
    ///
    /// # Errors
    /// [`crate::Kind::Input`], never with a part of the text that could be a password.
    pub(crate) fn parse(
        text: &str,
        beside: BTreeMap<&'static str, String>,
        lookup: Lookup<'_>,
        sqlite_base: &Path,
    ) -> Result<Self> {
        match text.split_once(':') {
            Some(("sqlite", rest)) => match beside.keys().next() {
                None => Ok(ConnectionUrl::Sqlite(parse_sqlite(rest, sqlite_base)?)),
                Some(key) => Err(Error::input(format!("a SQLite file has no {key}"))
                    .hint("beside its url only read_only can stand")),
            },
            Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
                let url = PostgresUrl::parse(text, beside, lookup)?;
                Ok(ConnectionUrl::Postgres(Box::new(url)))
            }
            Some((scheme, rest)) if rest.starts_with("//") && is_word(scheme) => Err(Error::input(
                format!("databases of the kind {scheme} cannot be attached"),
            )
            .hint(FORMS)),
            _ => Err(Error::input("this is not the URL of a database").hint(FORMS)),
        }
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectionUrl::Sqlite(url) => write!(f, "sqlite:{}", url.path.display()),
            ConnectionUrl::Postgres(url) => write!(f, "{url}"),
        }
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn parse_sqlite(rest: &str, base: &Path) -> Result<SqliteUrl> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    if path.starts_with(":memory:") {
        return Err(Error::input("an in-memory SQLite database cannot be attached: it would be gone when the export ends")
            .hint("name a file: sqlite:serving.db"));
    }
    if path.is_empty() || path.ends_with('/') {
        return Err(Error::input("the SQLite URL names no file").hint(FORMS));
    }
    if path.contains('?') {
        return Err(
            Error::input("a SQLite URL takes no parameters").hint("leave out the part from `?` on")
        );
    }
    let path = Path::new(path);
    Ok(match path.is_absolute() {
        true => SqliteUrl {
            path: path.to_owned(),
            base: None,
        },
        false => SqliteUrl {
            path: base.join(path),
            base: Some(base.to_owned()),
        },
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|next| next.is_ascii_alphanumeric() || "+-.".contains(next))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<ConnectionUrl> {
        ConnectionUrl::parse(text, BTreeMap::new(), &|_| None, Path::new("/warehouse"))
    }

    fn sqlite_path(text: &str) -> String {
        parse(text).unwrap().to_string()
    }

    #[test]
    fn sqlite_paths() {
        assert_eq!(
            sqlite_path("sqlite:serving.db"),
            "sqlite:/warehouse/serving.db"
        );
        assert_eq!(
            sqlite_path("sqlite://serving.db"),
            "sqlite:/warehouse/serving.db"
        );
        assert_eq!(sqlite_path("sqlite:///srv/a b.db"), "sqlite:/srv/a b.db");
        assert_eq!(sqlite_path("sqlite:/srv/x.db"), "sqlite:/srv/x.db");
    }

    #[test]
    fn sqlite_refusals() {
        for text in ["sqlite::memory:", "sqlite://:memory:"] {
            assert!(parse(text).unwrap_err().message().contains("in-memory"));
        }
        for text in [
            "sqlite:",
            "sqlite://",
            "sqlite:folder/",
            "sqlite:a.db?mode=ro",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_repeat_no_part_of_the_password() {
        for text in [
            "postgres://ada:ge@heim@h/d",
            "postgres://ada:geheim@h:x/d",
            "postgres://ada:geheim@h/d?geheim=1",
            "postgres://ada:geheim@h/d?port=geheim",
            "postgres://ada:geheim@h/d?sslmode=geheim",
            "postgres://ada:geheim",
            "postgres://ada:geheim@h/d?target_session_attrs=geheim",
            "postgers://ada:geheim@h/d",
            "postgres:ada:geheim@h/d",
            "ada:geheim@h/d",
        ] {
            let error = parse(text).unwrap_err();
            let all = format!("{error:?} {error} {}", error.get_hint().unwrap_or_default());
            assert!(!all.contains("geheim") && !all.contains("heim@"), "{all}");
            assert!(error.get_hint().is_some());
        }
    }

    proptest! {
        #[test]
        fn parse_never_panics(text in "(postgres|sqlite)?:?(//)?\\PC{0,30}") {
            let _ = parse(&text);
        }
    }
}
