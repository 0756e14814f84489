//! A session with a Postgres server: log in as `sslmode` and `target_session_attrs` say and within
//! the time limit, run statements, explain what failed.
//!
//! Which hosts and which encryption are tried in turn is libpq's: another host when one cannot be
//! reached or is just starting, not when it refuses the login; the other encryption when TLS or the
//! login is refused, and only in the modes `allow` and `prefer`.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::{Refusal, explain};
use super::session_attributes::SessionAttributes;
use super::tls;
use super::url::Host;
use crate::connections::url::PostgresUrl;
use crate::error::{Error, Kind, Result};

/// How long the end of a session may take.
const ENDING: Duration = Duration::from_secs(2);
/// The statement after which a cut connection leaves open what became of the transaction.
const COMMIT: &str = "COMMIT";
const IN_DOUBT: &str = "whether the server has committed is not known: run the statement again, which exports no row twice; before an INSERT or FORCE look into its table";

/// An open connection. Dropping it ends the session, and with it an open transaction.
pub(super) struct Session {
    pub(super) client: Client,
    io: JoinHandle<Result<(), tokio_postgres::Error>>,
    tls: MakeRustlsConnect,
    shown: String,
}

/// Connects and logs in.
///
/// # Errors
/// [`Kind::Unavailable`] when no server answers in time, [`Kind::Input`] when it refuses.
pub(super) async fn connect(url: &PostgresUrl) -> Result<Session> {
    let tls = tls::connector(&url.security)?;
    let mut last = None;
    for wanted in url.attributes.rounds() {
        for host in &url.hosts {
            match log_in(url, host, &tls).await {
                Ok(session) => match missed(&session, wanted).await {
                    None => return Ok(session),
                    Some(why) => last = Some(why),
                },
                Err(Failure::OfHost(error)) => last = Some(error),
                Err(Failure::OfLogin(error)) => return Err(error),
            }
        }
    }
    Err(last.unwrap_or_else(|| Error::internal("a connection without a host")))
}

/// Why no session came about.
enum Failure {
    /// Another host may do better.
    OfHost(Error),
    /// The server has answered.
    OfLogin(Error),
}

async fn missed(session: &Session, wanted: SessionAttributes) -> Option<Error> {
    match wanted.missed(&session.client).await {
        Ok(missed) => missed.map(|error| error.context(format!("cannot use {}", session.shown))),
        Err(error) => Some(session.failed("ask what it is", error)),
    }
}

/// Logs in to a host, first with or without TLS and then, if the mode allows it, the other way.
async fn log_in(
    url: &PostgresUrl,
    host: &Host,
    tls: &MakeRustlsConnect,
) -> Result<Session, Failure> {
    let attempts = match host.is_socket {
        true => &[false][..],
        false => url.security.mode.attempts(),
    };
    let mut doing = format!("cannot connect to {url}");
    let mut first: Option<tokio_postgres::Error> = None;
    for (at, encrypted) in attempts.iter().enumerate() {
        let error = match attempt(url, host, tls, *encrypted, &doing).await? {
            Ok(session) => return Ok(session),
            Err(error) => error,
        };
        let refusal = Refusal::of(&error);
        let is_last = at + 1 == attempts.len();
        if !is_last && refusal.may_be_due_to_encryption() {
            if refusal != Refusal::NoTls {
                let how = if *encrypted { "with" } else { "without" };
                doing = format!("{doing} (after this was refused {how} TLS)");
                first = Some(error);
            }
            continue;
        }
        // A server without TLS has said the first time what is wrong.
        let (doing, error) = match first.filter(|_| refusal == Refusal::NoTls) {
            Some(first) => (format!("cannot connect to {url}"), first),
            None => (doing, error),
        };
        return Err(failure(url, &doing, error));
    }
    Err(Failure::OfHost(Error::internal("no way to log in")))
}

/// One attempt within the time limit.
async fn attempt(
    url: &PostgresUrl,
    host: &Host,
    tls: &MakeRustlsConnect,
    encrypted: bool,
    doing: &str,
) -> Result<Result<Session, tokio_postgres::Error>, Failure> {
    let mut config = host.config.expose().clone();
    config.ssl_mode(match encrypted {
        true => SslMode::Require,
        false => SslMode::Disable,
    });
    let connecting = config.connect(tls.clone());
    // The driver's own limit covers the TCP handshake only, not a server that accepts and is silent.
    let connected = match url.timeout {
        None => connecting.await,
        Some(limit) => tokio::time::timeout(limit, connecting).await.map_err(|elapsed| {
            let message = format!("{doing}: no answer within {} s", limit.as_secs());
            Failure::OfHost(Error::new(Kind::Unavailable, message)
                .hint("check host and port and that the server is up, or allow more with connect_timeout=30")
                .source(elapsed))
        })?,
    };
    Ok(connected.map(|(client, connection)| Session {
        client,
        io: tokio::spawn(connection),
        tls: tls.clone(),
        shown: url.to_string(),
    }))
}

fn failure(url: &PostgresUrl, doing: &str, error: tokio_postgres::Error) -> Failure {
    let refusal = Refusal::of(&error);
    let mut error = explain(doing, error);
    if let (Refusal::Login, Some(note)) = (refusal, &url.password_note) {
        let hint = error.get_hint().map(|hint| format!("{note}; {hint}"));
        error = error.hint(hint.unwrap_or_else(|| note.clone()));
    }
    match refusal {
        Refusal::Login | Refusal::Statement => Failure::OfLogin(error),
        Refusal::NotYet | Refusal::NoTls | Refusal::Handshake | Refusal::Unreachable => {
            Failure::OfHost(error)
        }
    }
}

impl Session {
    /// Explains why something did not work.
    pub(super) fn failed(&self, doing: &str, error: tokio_postgres::Error) -> Error {
        explain(&format!("cannot {doing} on {}", self.shown), error)
    }

    /// Runs a statement and says how many rows it touched. Without values it is one message, which a
    /// pooler passes on as a whole; a prepared one would have to be in a transaction already.
    pub(super) async fn run(
        &self,
        doing: &str,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64> {
        let done = match values {
            [] => self.client.simple_query(sql).await.map(|replies| {
                let counts = replies.iter().map(|reply| match reply {
                    SimpleQueryMessage::CommandComplete(rows) => *rows,
                    _ => 0,
                });
                counts.sum()
            }),
            values => self.client.execute(sql, values).await,
        };
        done.map_err(|error| {
            let in_doubt = sql == COMMIT && error.as_db_error().is_none();
            let error = self.failed(doing, error);
            if in_doubt {
                error.hint(IN_DOUBT)
            } else {
                error
            }
        })
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
    pub(super) fn stop(self) {
        let (cancel, tls) = (self.client.cancel_token(), self.tls);
        self.io.abort();
        let Ok(runtime) = Handle::try_current() else {
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
                let lost = explain(&format!("lost the connection to {}", self.shown), reason);
                match error.get_hint() {
                    Some(IN_DOUBT) => lost.hint(IN_DOUBT),
                    _ => lost,
                }
            }
            _ => error,
        }
    }
}
