//! What is said about a connection, in a configuration or by ATTACH, with nothing looked up yet.
//!
//! ```toml
//! [connections.hospital]                 # a Postgres server, in the words of libpq
//! host = "db.example.org"
//! dbname = "billing"
//! user = "db_reader"
//! password_file = "/run/secrets/billing"
//! sslmode = "verify-full"
//! read_only = true
//!
//! [connections.serving]                  # or a URL, with any of these keys beside it
//! url = "${TIDEMILL_SERVING_URL:-sqlite:serving.db}"
//! ```
//!
//! Every value may refer to variables (`interpolate.rs`). Values may be secrets: nothing here shows
//! one, neither `Debug` nor an error.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use toml::Spanned;

use super::interpolate::references;
use super::postgres::parameters::PARAMETERS;
use crate::Place;
use crate::sql::closest;

/// The database as one text.
pub(super) const URL: &str = "url";
/// Refuses every write.
pub(super) const READ_ONLY: &str = "read_only";
/// A file that holds nothing but the password.
pub(super) const PASSWORD_FILE: &str = "password_file";

/// Connections as a TOML file declares them, not yet located in it.
pub type DeclaredConnections = BTreeMap<Spanned<String>, ConnectionConfig>;

/// `[connections.<name>]` of a configuration, or an ATTACH.
#[derive(Clone)]
pub struct ConnectionConfig {
    values: BTreeMap<&'static str, String>,
    origin: Option<Place>,
}

impl ConnectionConfig {
    /// A connection with a URL and nothing beside it.
    pub fn url(url: impl Into<String>) -> Self {
        ConnectionConfig {
            values: BTreeMap::from([(URL, url.into())]),
            origin: None,
        }
    }

    /// A Postgres server described by parameters of libpq.
    pub(super) fn parameters(values: BTreeMap<&'static str, String>) -> Self {
        ConnectionConfig {
            values,
            origin: None,
        }
    }

    /// The same, but for reading only.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.values.insert(READ_ONLY, "true".to_owned());
        self
    }

    /// What is said under a key, references not yet replaced.
    pub(super) fn values(&self) -> &BTreeMap<&'static str, String> {
        &self.values
    }

    /// The variables that its values refer to, and whether each has a default.
    pub fn references(&self) -> Vec<(String, bool)> {
        self.values
            .values()
            .flat_map(|value| references(value))
            .collect()
    }

    /// The file that holds its password, if one does.
    pub fn password_file(&self) -> Option<PathBuf> {
        let file = self.values.get(PASSWORD_FILE)?;
        Some(self.folder().join(file))
    }

    /// Where it was declared; nowhere if a statement attached it.
    pub fn origin(&self) -> Option<&Place> {
        self.origin.as_ref()
    }

    /// The folder in which relative files of it lie: that of the configuration, as for settings.
    pub(super) fn folder(&self) -> &Path {
        let file = self.origin.as_ref().and_then(|place| place.file.as_deref());
        let folder = file.and_then(|file| Path::new(file).parent());
        folder.unwrap_or(Path::new(""))
    }
}

/// Gives declared connections their places in the file.
pub fn located(
    declared: DeclaredConnections,
    file: &Path,
    text: &str,
) -> BTreeMap<String, ConnectionConfig> {
    let locate = |(name, config): (Spanned<String>, ConnectionConfig)| {
        let before = text.get(..name.span().start).unwrap_or_default();
        let origin = Place {
            line: before.matches('\n').count() as u64 + 1,
            ..Place::file(file)
        };
        let config = ConnectionConfig {
            origin: Some(origin),
            ..config
        };
        (name.into_inner(), config)
    };
    declared.into_iter().map(locate).collect()
}

impl fmt::Debug for ConnectionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.values.keys().collect();
        f.debug_struct("ConnectionConfig")
            .field("keys", &keys)
            .field("origin", &self.origin)
            .finish()
    }
}

impl<'de> Deserialize<'de> for ConnectionConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = BTreeMap<&'static str, String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table with a url, or with host, dbname, user, ..")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut values = BTreeMap::new();
                while let Some(Key(key)) = map.next_key()? {
                    let Text(value) = map.next_value()?;
                    values.insert(key, value);
                }
                Ok(values)
            }
        }
        let values = deserializer.deserialize_map(Table)?;
        Ok(ConnectionConfig {
            values,
            origin: None,
        })
    }
}

/// A key that is known.
struct Key(&'static str);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        let known = || {
            let parameters = PARAMETERS.iter().map(|parameter| parameter.name);
            [URL, READ_ONLY, PASSWORD_FILE]
                .into_iter()
                .chain(parameters)
        };
        let found = known().find(|name| *name == written);
        found.map(Key).ok_or_else(|| {
            let meant = match closest(&written, known()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "give a url, or host, dbname, user, sslmode and so on".to_owned(),
            };
            D::Error::custom(format!("a connection has no key `{written}`: {meant}"))
        })
    }
}

/// A text, a whole number or a truth value, as text.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Scalar;
        impl Visitor<'_> for Scalar {
            type Value = String;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a whole number, true or false")
            }

            fn visit_str<E>(self, value: &str) -> Result<String, E> {
                Ok(value.to_owned())
            }

            fn visit_i64<E>(self, value: i64) -> Result<String, E> {
                Ok(value.to_string())
            }

            fn visit_bool<E>(self, value: bool) -> Result<String, E> {
                Ok(value.to_string())
            }
        }
        deserializer.deserialize_any(Scalar).map(Text)
    }
}

/// The folder of a user's own files for libpq, as far as there is one.
pub(super) fn home(lookup: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    lookup("HOME")
        .map(PathBuf::from)
        .or_else(|| etcetera::home_dir().ok())
}
