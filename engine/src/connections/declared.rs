//! The connections that a session has, by name: those that a configuration declares, and those that
//! a statement has attached. Nothing of them is looked at before one is named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray};

use super::config::ConnectionConfig;
use super::postgres::parameters::conninfo;
use super::{Connection, ConnectionUrl};
use crate::config::Environment;
use crate::sql::{Attach, AttachKind, CATALOG, Detach, FILES, closest};
use crate::warehouse::Zone;
use crate::{Error, Result};

/// The schema of a table that is named without one.
pub const DEFAULT_SCHEMA: &str = "public";

type Attached = BTreeMap<String, Arc<ConnectionConfig>>;

/// Connections as they were declared or attached, and what it takes to look them up.
#[derive(Debug, Clone)]
pub struct Connections {
    declared: BTreeMap<String, Arc<ConnectionConfig>>,
    attached: Arc<RwLock<Attached>>,
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
            declared: shared(declared).collect(),
            attached: Arc::default(),
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
        all.extend(shared(declared));
        Connections {
            declared: all,
            attached: Arc::clone(&self.attached),
            environment,
            sqlite_base: self.sqlite_base.clone(),
        }
    }

    /// Whether there is a connection of this name.
    pub fn has(&self, name: &str) -> bool {
        self.config(name).is_some()
    }

    /// What was declared under a name.
    ///
    /// # Errors
    /// No such connection, with what was probably meant.
    pub fn find(&self, name: &str) -> Result<Arc<ConnectionConfig>> {
        self.config(name).ok_or_else(|| {
            let error = Error::input(format!("there is no connection `{name}`"));
            let names: Vec<_> = self.all().into_keys().collect();
            match closest(name, names.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "declare it in tidemill.toml or pipeline.toml, [connections.{name}] with a url, or ATTACH 'url' AS {name}"
                )),
            }
        })
    }

    /// The connection of a name.
    ///
    /// # Errors
    /// No such connection, a variable that is not set, a value that cannot be read.
    pub fn get(&self, name: &str) -> Result<Connection> {
        let config = self.find(name)?;
        Connection::open(name, &config, &self.environment, &self.sqlite_base)
    }

    /// Takes a database in under a new name, until the session ends; says where it is. Connects to
    /// nothing. The path of a SQLite file starts at `folder`.
    ///
    /// # Errors
    /// A name that is taken, an address that cannot be read.
    pub fn attach(&self, attach: &Attach, folder: &Path) -> Result<Option<Connection>> {
        let name = &attach.name;
        if self.has(name) && attach.if_not_exists {
            return Ok(None);
        }
        let taken = if self.has(name) {
            Some("there is a connection of this name already")
        } else if name == FILES {
            Some("this name stands for the files that are read by their path")
        } else if name == CATALOG || name.parse::<Zone>().is_ok() || name == "information_schema" {
            Some("this name stands for something in the warehouse")
        } else {
            None
        };
        if let Some(why) = taken {
            return Err(Error::input(format!("cannot attach {name}: {why}"))
                .hint("choose another name behind AS; SHOW CONNECTIONS lists those there are"));
        }
        let config = config(attach, folder)?;
        let config = match attach.read_only {
            true => config.read_only(),
            false => config,
        };
        let connection = Connection::open(name, &config, &self.environment, &self.sqlite_base)?;
        let mut attached = self
            .attached
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        attached.insert(name.clone(), Arc::new(config));
        Ok(Some(connection))
    }

    /// Forgets what was attached.
    ///
    /// # Errors
    /// Nothing was attached under this name.
    pub fn detach(&self, detach: &Detach) -> Result<()> {
        let name = &detach.name;
        let mut attached = self
            .attached
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if attached.remove(name).is_some() {
            return Ok(());
        }
        drop(attached);
        if detach.if_exists && !self.has(name) {
            return Ok(());
        }
        // A misspelt name is explained as anywhere else.
        let config = self.find(name)?;
        let origin = config
            .origin()
            .map_or_else(String::new, |place| format!(" in {place}"));
        Err(
            Error::input(format!("{name} was not attached but is declared{origin}"))
                .hint("take it out there"),
        )
    }

    /// A row for each: name, kind, address, read only, origin. One that cannot be looked up says why
    /// in place of its address.
    ///
    /// # Errors
    /// None in practice: the columns are as long as each other.
    pub fn list(&self) -> Result<RecordBatch> {
        let all = self.all();
        let opened = all.iter().map(|(name, config)| {
            let opened = Connection::open(name, config, &self.environment, &self.sqlite_base);
            let attached = (!self.declared.contains_key(name)).then(|| "ATTACH".to_owned());
            let origin = config.origin().map(ToString::to_string).or(attached);
            (opened, origin)
        });
        let (opened, origins): (Vec<_>, Vec<_>) = opened.unzip();
        let kind = |connection: &Connection| match connection.url() {
            ConnectionUrl::Postgres(_) => "postgres",
            ConnectionUrl::Sqlite(_) => "sqlite",
        };
        let kinds = opened.iter().map(|opened| opened.as_ref().ok().map(kind));
        let addresses = opened.iter().map(|opened| match opened {
            Ok(connection) => connection.url().to_string(),
            Err(error) => error.message().to_owned(),
        });
        let read_only = opened.iter().map(|opened| {
            let connection = opened.as_ref().ok();
            connection.map(Connection::is_read_only)
        });
        Ok(RecordBatch::try_from_iter_with_nullable([
            (
                "name",
                Arc::new(StringArray::from_iter_values(all.keys())) as ArrayRef,
                false,
            ),
            ("kind", Arc::new(kinds.collect::<StringArray>()), true),
            (
                "address",
                Arc::new(StringArray::from_iter_values(addresses)),
                false,
            ),
            (
                "read_only",
                Arc::new(read_only.collect::<BooleanArray>()),
                true,
            ),
            ("origin", Arc::new(StringArray::from(origins)), true),
        ])?)
    }

    fn config(&self, name: &str) -> Option<Arc<ConnectionConfig>> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        self.declared
            .get(name)
            .or_else(|| attached.get(name))
            .cloned()
    }

    fn all(&self) -> BTreeMap<String, Arc<ConnectionConfig>> {
        let attached = self.attached.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = attached.clone();
        all.extend(self.declared.clone());
        all
    }
}

/// What an address stands for.
fn config(attach: &Attach, folder: &Path) -> Result<ConnectionConfig> {
    let address = &attach.address;
    let is_file_url = address.starts_with("sqlite:");
    let is_postgres = address.starts_with("postgres://") || address.starts_with("postgresql://");
    let refused = match attach.kind {
        _ if address.starts_with("${") => return Ok(ConnectionConfig::url(address)),
        Some(AttachKind::Sqlite) if is_postgres => "a URL of Postgres is no SQLite file",
        Some(AttachKind::Postgres) if is_file_url => "a SQLite file is no Postgres server",
        _ if is_file_url || is_postgres => return Ok(ConnectionConfig::url(address)),
        Some(AttachKind::Postgres) => {
            return conninfo::parse(address).map(ConnectionConfig::parameters);
        }
        Some(AttachKind::Sqlite) => {
            let path = std::path::absolute(folder.join(address));
            let path = path.map_err(|error| Error::file("find", address, error))?;
            return Ok(ConnectionConfig::url(format!("sqlite:{}", path.display())));
        }
        None => "the address tells no kind of database",
    };
    Err(Error::input(format!("cannot attach {}: {refused}", attach.name)).hint(
        "write ATTACH 'postgres://user@host/database' AS name, or ATTACH 'file.db' AS name (TYPE sqlite)",
    ))
}

fn shared(
    declared: BTreeMap<String, ConnectionConfig>,
) -> impl Iterator<Item = (String, Arc<ConnectionConfig>)> {
    declared
        .into_iter()
        .map(|(name, config)| (name, Arc::new(config)))
}
