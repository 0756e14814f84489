//! Attached databases: where rows come from, and where results of the warehouse are exported to.
//!
//! A [`Connection`] is a name and a URL; nothing is opened before it is used. [`Connection::export`]
//! moves a stream of batches into one table, whole or not at all, in one of three [`Mode`]s that can
//! each be repeated safely. SQLite is the embedded default, Postgres the server; both run the same
//! statements (`statements.rs`) over the same plan of columns (`columns.rs`, `plan.rs`).
//!
//! To a query, a connection is a catalog ([`Databases`], `read/`).

mod checks;
mod column_type;
mod columns;
mod config;
mod conflict;
mod declared;
mod deliver;
mod dialect;
mod explain;
mod export;
mod fingerprint;
mod follow;
mod insert;
mod interpolate;
mod ledger;
mod plan;
mod postgres;
mod read;
mod remote_expression;
mod rights;
mod run_statements;
mod sqlite;
mod statements;
mod target;
mod type_table;
mod url;
mod values;
mod verification;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use datafusion::execution::SendableRecordBatchStream;

pub use config::{ConnectionConfig, DeclaredConnections, located};
pub use declared::{Connections, DEFAULT_SCHEMA};
pub use deliver::deliver;
pub use explain::explain_export;
pub use export::{Export, Exported, Finish, Mode};
pub use insert::{create_in_database, insert_into_database};
pub use interpolate::{interpolate, references};
pub use ledger::{Followed, LastExport};
pub use read::{Databases, LeaveAggregates};
pub use rights::Rights;
pub use run_statements::execute_in_database;
pub use url::{ConnectionUrl, PostgresUrl, SqliteUrl};

use crate::config::Environment;
use crate::error::{Error, Place, Result};

/// An attached database. `Debug` and `Display` show it without its password.
#[derive(Debug, Clone)]
pub struct Connection {
    name: String,
    url: ConnectionUrl,
    read_only: bool,
}

impl Connection {
    /// Reads the URL of a connection, `${..}` references already replaced (see [`interpolate`]); a
    /// relative SQLite path lies in `sqlite_base`.
    ///
    /// # Errors
    /// [`crate::Kind::Input`] for a URL that cannot be read; the message never repeats a password.
    pub fn parse(name: &str, url_text: &str, sqlite_base: &Path) -> Result<Self> {
        let config = ConnectionConfig::url(url_text.replace("${", "$${"));
        Connection::open(name, &config, &Environment::default(), sqlite_base)
    }

    /// Looks up what a connection refers to. Opens nothing, save for files with settings.
    ///
    /// # Errors
    /// A variable that is not set, a value that cannot be; the message never repeats one.
    pub fn open(
        name: &str,
        config: &ConnectionConfig,
        environment: &Environment,
        sqlite_base: &Path,
    ) -> Result<Self> {
        let lookup = |variable: &str| environment.lookup(variable);
        let opened = || {
            let mut values = BTreeMap::new();
            for (key, value) in config.values() {
                values.insert(*key, interpolate(value, &lookup)?);
            }
            let read_only = match values.remove(config::READ_ONLY).as_deref() {
                None | Some("false" | "") => false,
                Some("true") => true,
                Some(_) => {
                    return Err(Error::input("read_only is neither true nor false"));
                }
            };
            add_password(&mut values, config.folder())?;
            start_files_at(&mut values, config.folder());
            let url = match values.remove(config::URL) {
                Some(text) => ConnectionUrl::parse(&text, values, &lookup, sqlite_base)?,
                None => ConnectionUrl::Postgres(Box::new(PostgresUrl::of(values, &lookup)?)),
            };
            Ok((url, read_only))
        };
        let (url, read_only) = opened().map_err(|error: Error| {
            let place = |found: Option<Place>| found.or_else(|| config.origin().cloned());
            error
                .context(format!("connection `{name}`"))
                .map_place(place)
        })?;
        Ok(Connection {
            name: name.to_owned(),
            url,
            read_only,
        })
    }

    /// Whether nothing may be written to it.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Refuses a write before anything moves.
    ///
    /// # Errors
    /// The connection is for reading only.
    pub fn check_writable(&self) -> Result<()> {
        match self.read_only {
            false => Ok(()),
            true => Err(
                Error::input(format!("the connection {} is read only", self.name))
                    .hint("write through another connection, or take READ_ONLY off this one"),
            ),
        }
    }

    /// The name that SQL uses.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the database is.
    pub fn url(&self) -> &ConnectionUrl {
        &self.url
    }

    /// Moves all rows of a stream into a table, in one transaction: after an error of the stream, of
    /// the database or of the process, the table is as it was.
    ///
    /// # Errors
    /// [`crate::Kind::Unavailable`] for a database that cannot be reached or was lost,
    /// [`crate::Kind::Locked`] for a SQLite file that another process holds, the error of the stream
    /// itself, and [`crate::Kind::Input`] for all that does not fit: columns, types, values, keys,
    /// rights.
    pub async fn export(
        &self,
        export: &Export,
        batches: SendableRecordBatchStream,
    ) -> Result<Exported> {
        self.check_writable()?;
        match &self.url {
            ConnectionUrl::Sqlite(url) => sqlite::export(url, export, batches).await,
            ConnectionUrl::Postgres(url) => postgres::export(url, export, batches).await,
        }
    }

    /// The names of the columns that rows can be inserted into, in their order; `None` if there is
    /// no such table.
    ///
    /// # Errors
    /// Those of [`Connection::table_exists`].
    pub async fn insertable(&self, schema: &str, table: &str) -> Result<Option<Vec<String>>> {
        match &self.url {
            ConnectionUrl::Sqlite(url) => sqlite::insertable(url, schema, table).await,
            ConnectionUrl::Postgres(url) => postgres::insertable(url, schema, table).await,
        }
    }

    /// Runs statements in the SQL of the database and gives for each the rows that it touched: all
    /// of them in one transaction, where the database allows it.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn execute(&self, sql: &str) -> Result<Vec<u64>> {
        self.check_writable()?;
        match &self.url {
            ConnectionUrl::Sqlite(url) => sqlite::execute(url, sql).await,
            ConnectionUrl::Postgres(url) => postgres::execute(url, sql).await,
        }
    }

    /// The last export of a table of the warehouse to a table of this database.
    ///
    /// # Errors
    /// The database cannot be reached or refuses the login, the ledger cannot be read.
    pub async fn last_export(&self, export: &Export, table_id: &str) -> Result<Option<LastExport>> {
        match &self.url {
            ConnectionUrl::Sqlite(url) => sqlite::last_export(url, export, table_id).await,
            ConnectionUrl::Postgres(url) => postgres::last_export(url, export, table_id).await,
        }
    }

    /// Whether the database has a table of this name; creates nothing, not even a SQLite file.
    ///
    /// # Errors
    /// The database cannot be reached, refuses the login, or (SQLite) has no such schema.
    pub async fn table_exists(&self, schema: &str, table: &str) -> Result<bool> {
        match &self.url {
            ConnectionUrl::Sqlite(url) => sqlite::table_exists(url, schema, table).await,
            ConnectionUrl::Postgres(url) => postgres::table_exists(url, schema, table).await,
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.url)
    }
}

/// Puts the password of a file where a password stands. A file may end with a line end, which is
/// no part of it.
fn add_password(values: &mut BTreeMap<&'static str, String>, folder: &Path) -> Result<()> {
    let Some(file) = values.remove(config::PASSWORD_FILE) else {
        return Ok(());
    };
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).map_err(|error| Error::file("read", &path, error))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    match values.insert("password", password.to_owned()) {
        None => Ok(()),
        Some(_) => Err(
            Error::input("password and password_file say the same twice")
                .hint("leave one of them out"),
        ),
    }
}

/// Files of a configuration start at its folder.
fn start_files_at(values: &mut BTreeMap<&'static str, String>, folder: &Path) {
    for key in [
        "passfile",
        "servicefile",
        "sslrootcert",
        "sslcert",
        "sslkey",
    ] {
        if let Some(value) = values.get_mut(key)
            && value != "system"
        {
            *value = folder.join(value.as_str()).display().to_string();
        }
    }
}
