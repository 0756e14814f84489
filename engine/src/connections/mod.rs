//! Attached databases: where rows come from, and where results of the warehouse are exported to.
//!
//! A [`Connection`] is a name and a URL; nothing is opened before it is used. [`Connection::export`]
//! moves a stream of batches into one table, whole or not at all, in one of three [`Mode`]s that can
//! each be repeated safely. SQLite is the embedded default, Postgres the server; both run the same
//! statements (`statements.rs`) over the same plan of columns (`columns.rs`, `plan.rs`).
//!
//! To a query, a connection is a catalog ([`Databases`], `read/`).

mod column_type;
mod columns;
mod declared;
mod deliver;
mod export;
mod fingerprint;
mod interpolate;
mod plan;
mod postgres;
mod read;
mod sqlite;
mod statements;
mod url;
mod values;

use std::fmt;
use std::path::Path;

use datafusion::execution::SendableRecordBatchStream;

pub use declared::{Connections, DEFAULT_SCHEMA};
pub use deliver::deliver;
pub use export::{Export, Exported, Mode};
pub use interpolate::interpolate;
pub use read::Databases;
pub use url::{ConnectionUrl, PostgresUrl, SqliteUrl};

use crate::error::Result;

/// An attached database. `Debug` and `Display` show it without its password.
#[derive(Debug, Clone)]
pub struct Connection {
    name: String,
    url: ConnectionUrl,
}

impl Connection {
    /// Reads the URL of a connection, `${..}` references already replaced (see [`interpolate`]); a
    /// relative SQLite path lies in `sqlite_base`.
    ///
    /// # Errors
    /// [`crate::Kind::Input`] for a URL that cannot be read; the message never repeats a password.
    pub fn parse(name: &str, url_text: &str, sqlite_base: &Path) -> Result<Self> {
        let url = ConnectionUrl::parse(url_text, sqlite_base)
            .map_err(|error| error.context(format_args!("the connection {name}")))?;
        Ok(Connection {
            name: name.to_owned(),
            url,
        })
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
        match &self.url {
            ConnectionUrl::Sqlite(url) => sqlite::export(url, export, batches).await,
            ConnectionUrl::Postgres(url) => postgres::export(url, export, batches).await,
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
