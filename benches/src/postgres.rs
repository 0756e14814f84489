//! A database of its own on the Postgres server of the tests: the one that `TIDEMILL_TEST_POSTGRES_URL`
//! names, else a private one that ends with this process.
//!
//! The password reaches contestants by their environment only, never by a command line.

use std::path::Path;
use std::process::Command;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::Row;
use url::Url;

use crate::error::{Error, Result};
use crate::postgres_server::{PostgresServer, connect};
use crate::tidemill::Tidemill;

/// What [`Database::tidemill`] calls the database.
pub const CONNECTION: &str = "serving";
const URL_VARIABLE: &str = "TIDEMILL_BENCHES_URL";

/// A database, and the server that lives as long.
pub struct Database {
    url: Url,
    runtime: Runtime,
    _server: PostgresServer,
}

impl Database {
    /// Starts or finds the server and makes a database on it.
    ///
    /// # Errors
    /// A machine without Postgres.
    pub fn create() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::new(error.to_string()))?;
        // Made for tests, the server panics with the remedy: not here, where other suites follow.
        let made = std::thread::scope(|scope| {
            let make = || {
                let server = PostgresServer::start();
                let url = runtime.block_on(server.create_database());
                (server, url)
            };
            scope.spawn(make).join()
        });
        let (server, url) =
            made.map_err(|_| Error::new("no Postgres server: see what was said"))?;
        let mut url = Url::parse(&url).map_err(|error| Error::new(error.to_string()))?;
        // Encryption would be the work of some contestants and not of others.
        url.query_pairs_mut().append_pair("sslmode", "disable");
        Ok(Database {
            url,
            runtime,
            _server: server,
        })
    }

    /// Tidemill with a script that knows the database as [`CONNECTION`], in an empty folder.
    ///
    /// # Errors
    /// A disk that is full.
    pub fn tidemill(
        &self,
        tidemill: &Tidemill,
        folder: &Path,
        warehouse: &Path,
        script: &str,
    ) -> Result<Command> {
        let path = folder.join("tidemill.toml");
        let configuration = format!("[connections.{CONNECTION}]\nurl = \"${{{URL_VARIABLE}}}\"\n");
        std::fs::write(&path, configuration).map_err(|error| Error::file("write", &path, error))?;
        let mut command = tidemill.script(folder, warehouse, script);
        command.env(URL_VARIABLE, self.url.as_str());
        Ok(command)
    }

    /// psql with statements that follow each other in one session, each of which tells its time.
    pub fn psql(&self, program: &Path, statements: &[String]) -> Command {
        let mut command = Command::new(program);
        command.args(["-X", "-v", "ON_ERROR_STOP=1", "-c", "\\timing on"]);
        for statement in statements {
            command.args(["-c", statement]);
        }
        self.for_libpq(&mut command);
        command
    }

    /// Gives a command that uses libpq the place of the database and the password.
    pub fn for_libpq(&self, command: &mut Command) {
        let decoded = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        command.env("PGHOST", self.url.host_str().unwrap_or_default());
        command.env("PGPORT", self.url.port().unwrap_or(5432).to_string());
        command.env("PGUSER", decoded(self.url.username()));
        command.env(
            "PGPASSWORD",
            decoded(self.url.password().unwrap_or_default()),
        );
        command.env(
            "PGDATABASE",
            decoded(self.url.path().trim_start_matches('/')),
        );
        command.env("PGSSLMODE", "disable");
    }

    /// Runs statements.
    ///
    /// # Errors
    /// What the server says.
    pub fn run(&self, statements: &str) -> Result<()> {
        let done = self.runtime.block_on(async {
            let client = connect(self.url.as_str()).await;
            client.batch_execute(statements).await
        });
        done.map_err(|error| refused(statements, &error))
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// What the server says.
    pub fn rows(&self, query: &str) -> Result<Vec<Row>> {
        let rows = self.runtime.block_on(async {
            let client = connect(self.url.as_str()).await;
            client.query(query, &[]).await
        });
        rows.map_err(|error| refused(query, &error))
    }
}

fn refused(sql: &str, error: &tokio_postgres::Error) -> Error {
    let said = error
        .as_db_error()
        .map_or_else(|| error.to_string(), ToString::to_string);
    Error::new(format!("{said}\nin {sql}"))
}
