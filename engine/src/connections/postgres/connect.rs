//! A session with a Postgres server: connect within the time limit, run statements, explain what
//! failed.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use super::error::explain;
use super::tls;
use crate::connections::url::PostgresUrl;
use crate::error::{Error, Kind, Result};

/// How long the end of a session may take.
const ENDING: Duration = Duration::from_secs(2);

/// An open connection. Dropping it ends the session, and with it an open transaction.
pub(super) struct Session {
    pub(super) client: Client,
    io: JoinHandle<Result<(), tokio_postgres::Error>>,
    shown: String,
}

/// Connects and logs in.
///
/// # Errors
/// [`Kind::Unavailable`] when no server answers in time, [`Kind::Input`] when it refuses.
pub(super) async fn connect(url: &PostgresUrl) -> Result<Session> {
    let doing = format!("cannot connect to {url}");
    let config = url.config.expose();
    let connecting = config.connect(tls::connector(&url.verify)?);
    // The driver's own limit covers the TCP handshake only, not a server that accepts and is silent.
    let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(1);
    let limit = url.timeout.saturating_mul(hosts);
    let (client, connection) = match tokio::time::timeout(limit, connecting).await {
        Ok(connected) => connected.map_err(|error| explain(&doing, error))?,
        Err(elapsed) => {
            return Err(Error::new(Kind::Unavailable, format!("{doing}: no answer within {} s", limit.as_secs()))
                .hint("check host and port and that the server is up, or allow more with connect_timeout=30 in the URL")
                .source(elapsed));
        }
    };
    Ok(Session {
        client,
        io: tokio::spawn(connection),
        shown: url.to_string(),
    })
}

impl Session {
    /// Explains why something did not work.
    pub(super) fn failed(&self, doing: &str, error: tokio_postgres::Error) -> Error {
        explain(&format!("cannot {doing} on {}", self.shown), error)
    }

    /// Runs a statement and says how many rows it touched.
    pub(super) async fn run(
        &self,
        doing: &str,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        self.client
            .execute(sql, values)
            .await
            .map_err(|error| self.failed(doing, error))
    }

    /// Runs a query for the first of its rows.
    pub(super) async fn first_row(
        &self,
        doing: &str,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<tokio_postgres::Row>> {
        self.client
            .query_opt(sql, values)
            .await
            .map_err(|error| self.failed(doing, error))
    }

    /// Runs a query that counts.
    pub(super) async fn count(&self, doing: &str, sql: &str) -> Result<u64> {
        let row = self
            .client
            .query_one(sql, &[])
            .await
            .map_err(|error| self.failed(doing, error))?;
        let count: i64 = row.try_get(0).map_err(|error| self.failed(doing, error))?;
        u64::try_from(count).map_err(|error| Error::internal("a count is negative").source(error))
    }

    /// Ends the session in the middle of a statement, without waiting for the rest of its rows:
    /// closes the connection, and asks the server to stop, which else would notice only when it
    /// next sends something.
    pub(super) fn stop(self, url: &PostgresUrl) {
        let cancel = self.client.cancel_token();
        self.io.abort();
        let (Ok(runtime), Ok(tls)) = (Handle::try_current(), tls::connector(&url.verify)) else {
            return;
        };
        runtime.spawn(async move {
            let _ = tokio::time::timeout(ENDING, cancel.cancel_query(tls)).await;
        });
    }

    /// Ends the session after an error: rolls back, so that nothing is held when the caller reads
    /// the error, and finds out why a cut connection was cut.
    pub(super) async fn abandon(self, error: Error) -> Error {
        let cut = std::error::Error::source(&error)
            .and_then(|source| source.downcast_ref::<tokio_postgres::Error>())
            .is_some_and(tokio_postgres::Error::is_closed);
        if !cut {
            // The session ends in any case, and with it the transaction; this only waits for it.
            let _ = tokio::time::timeout(ENDING, self.client.batch_execute("ROLLBACK")).await;
            return error;
        }
        // A cut connection fails every statement alike; only the task that read from it knows why.
        drop(self.client);
        match tokio::time::timeout(ENDING, self.io).await {
            Ok(Ok(Err(reason))) => {
                explain(&format!("lost the connection to {}", self.shown), reason)
            }
            _ => error,
        }
    }
}
