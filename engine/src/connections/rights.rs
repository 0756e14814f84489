//! Whether a database can be reached, and what may be done there. Nothing is changed.

use super::{Connection, ConnectionUrl, postgres, sqlite};
use crate::Result;

/// What a connection may do in its database.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The server or library, such as `PostgreSQL 17.2`.
    pub server: String,
    /// Who is logged in, where the database knows users.
    pub user: Option<String>,
    /// How many tables and views there are.
    pub tables: u64,
    /// How many of them may be read.
    pub readable: u64,
    /// How many may be written.
    pub writable: u64,
    /// Schemas in which tables may be made.
    pub creatable: Vec<String>,
}

impl Connection {
    /// Logs in, and asks what it may do there.
    ///
    /// # Errors
    /// The database cannot be reached or refuses the login; the message never repeats a password.
    pub async fn rights(&self) -> Result<Rights> {
        let mut rights = match self.url() {
            ConnectionUrl::Postgres(url) => postgres::rights(url).await?,
            ConnectionUrl::Sqlite(url) => sqlite::rights(url).await?,
        };
        if self.is_read_only() {
            rights.writable = 0;
            rights.creatable.clear();
        }
        Ok(rights)
    }
}
