//! A warehouse with one database attached, called `db`.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use tidemill::config::{Config, ConnectionConfig, Environment};
use tidemill::execute::{Outcome, Rows, execute};
use tidemill::reconciliation::Copied;
use tidemill::session::Session;
use tidemill::sql::{Parameters, Script};
use tidemill::warehouse::Zone;
use tidemill::{Error, Result};

use crate::lab::{Lab, execute_in, lines, query_in};
use crate::postgres_server::{PostgresServer, connect};

/// The warehouse and its database.
pub struct Attached {
    pub lab: Lab,
    pub session: Session,
    pub url: String,
}

impl Attached {
    /// An empty database of the shared server.
    pub async fn postgres() -> Attached {
        Attached::to(PostgresServer::shared().create_database().await)
    }

    /// A file in the warehouse.
    pub fn sqlite() -> Attached {
        Attached::to("sqlite:serving.db".to_owned())
    }

    pub fn to(url: String) -> Attached {
        let lab = Lab::new();
        let session = Session::open(Config {
            warehouse: lab.warehouse(),
            memory_limit: 1 << 30,
            threads: 2,
            spill_folder: lab.folder().to_owned(),
            default_zone: Zone::Raw,
            warn_scan_bytes: u64::MAX,
            connections: BTreeMap::from([("db".to_owned(), ConnectionConfig::url(&url))]),
            environment: Environment::default(),
            origins: std::collections::BTreeMap::new(),
        });
        // For the binary.
        let declaration = format!("[connections.db]\nurl = \"{url}\"\n");
        std::fs::write(lab.folder().join("tidemill.toml"), declaration).unwrap();
        Attached {
            lab,
            session: session.unwrap(),
            url,
        }
    }

    /// Runs statements of the database's own, past Tidemill.
    pub async fn there(&self, sql: &str) {
        if self.url.starts_with("sqlite") {
            std::fs::create_dir_all(self.lab.warehouse()).unwrap();
            let file = rusqlite::Connection::open(self.lab.serving_file()).unwrap();
            file.execute_batch(sql).unwrap();
        } else {
            connect(&self.url).await.batch_execute(sql).await.unwrap();
        }
    }

    pub async fn execute(&self, sql: &str) -> Result<()> {
        execute_in(&self.session, sql).await
    }

    /// What a COPY INTO of one source did.
    pub async fn copied(&self, sql: &str) -> Copied {
        let mut statements = Script::inline(sql).parse(&Parameters::new()).unwrap();
        let statement = statements.remove(0).statement;
        match execute(&self.session, statement).await.unwrap() {
            Outcome::Copied(mut copied) => copied.remove(0),
            other => panic!("{sql} gave {other:?}"),
        }
    }

    /// Begins a query.
    pub async fn query(&self, sql: &str) -> Result<Rows> {
        query_in(&self.session, sql).await
    }

    /// The rows of a query, values parted by `|`.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        self.try_rows(sql).await.unwrap()
    }

    pub async fn try_rows(&self, sql: &str) -> Result<Vec<String>> {
        let batches: Vec<_> = self.query(sql).await?.try_collect().await?;
        Ok(batches.iter().flat_map(|batch| lines(batch, &[])).collect())
    }

    /// The error of a query.
    pub async fn error(&self, sql: &str) -> Error {
        self.try_rows(sql).await.unwrap_err()
    }

    /// The plan of a query.
    pub async fn plan(&self, sql: &str) -> String {
        self.rows(&format!("EXPLAIN {sql}")).await.join("\n")
    }
}
