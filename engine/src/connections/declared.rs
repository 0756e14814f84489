//! The connections that a session has, by name. Nothing of them is looked at before one is named.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Connection, interpolate};
use crate::config::{ConnectionConfig, Environment};
use crate::sql::closest;
use crate::{Error, Result};

/// The schema of a table that is named without one.
pub const DEFAULT_SCHEMA: &str = "public";

/// Connections as they were declared, and what it takes to make URLs of them.
#[derive(Debug, Clone)]
pub struct Connections {
    declared: BTreeMap<String, ConnectionConfig>,
    environment: Environment,
    sqlite_base: PathBuf,
}

impl Connections {
    /// Connections that take their variables from `environment`; relative SQLite paths lie in
    /// `sqlite_base`.
    pub fn new(
        declared: BTreeMap<String, ConnectionConfig>,
        environment: Environment,
        sqlite_base: PathBuf,
    ) -> Self {
        Connections {
            declared,
            environment,
            sqlite_base,
        }
    }

    /// These, with the connections and variables of a pipeline in front of them.
    #[must_use]
    pub fn with(
        &self,
        declared: BTreeMap<String, ConnectionConfig>,
        environment: Environment,
    ) -> Self {
        let mut all = self.declared.clone();
        all.extend(declared);
        Connections {
            declared: all,
            environment,
            sqlite_base: self.sqlite_base.clone(),
        }
    }

    /// Whether there is a connection of this name.
    pub fn has(&self, name: &str) -> bool {
        self.declared.contains_key(name)
    }

    /// What was declared under a name.
    ///
    /// # Errors
    /// No such connection, with what was probably meant.
    pub fn find(&self, name: &str) -> Result<&ConnectionConfig> {
        self.declared.get(name).ok_or_else(|| {
            let error = Error::input(format!("there is no connection `{name}`"));
            let names = self.declared.keys().map(String::as_str);
            match closest(name, names) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "declare it in tidemill.toml or pipeline.toml: [connections.{name}] with a url"
                )),
            }
        })
    }

    /// The connection of a name.
    ///
    /// # Errors
    /// No such connection, a variable that is not set, a URL that cannot be read.
    pub fn get(&self, name: &str) -> Result<Connection> {
        let config = self.find(name)?;
        let url = interpolate(&config.url, &|variable| self.environment.lookup(variable))
            .map_err(|error| error.context(format!("connection `{name}`")))?;
        Connection::parse(name, &url, &self.sqlite_base)
    }
}
