//! Statements in the SQL of the server, as they are.

use tokio_postgres::SimpleQueryMessage;

use super::connect::connect;
use crate::connections::url::PostgresUrl;
use crate::error::{Error, Result};

/// Asks in one simple query, which a pooler passes to any server connection; to the one with the
/// transaction, as long as that is open.
const IS_OPEN: &str = "SELECT pg_catalog.txid_current_if_assigned() IS NOT NULL";

/// Runs statements and gives for each the rows that it touched. The server takes all of them as
/// one transaction, unless they begin and end one themselves; a single one that cannot run in a
/// transaction, such as VACUUM, runs without.
///
/// # Errors
/// What the server refuses; a transaction that was begun and not ended.
pub(crate) async fn execute(url: &PostgresUrl, sql: &str) -> Result<Vec<u64>> {
    const DOING: &str = "run these statements";
    let session = connect(url).await?;
    let run = async {
        let messages = session.client.simple_query(sql).await;
        let messages = messages.map_err(|error| session.failed(DOING, error))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::CommandComplete(rows) => Some(rows),
            _ => None,
        });
        let rows = rows.collect();
        let replies = session.client.simple_query(IS_OPEN).await;
        let replies = replies.map_err(|error| session.failed(DOING, error))?;
        let is_open = replies.iter().any(|reply| match reply {
            SimpleQueryMessage::Row(row) => row.get(0) == Some("t"),
            _ => false,
        });
        match is_open {
            true => Err(Error::input(
                "the statements left a transaction open, so their changes were taken back",
            )
            .hint("end them with COMMIT, or leave BEGIN out: they are one transaction anyway")),
            false => Ok(rows),
        }
    };
    match run.await {
        Ok(rows) => Ok(rows),
        Err(error) => Err(session.abandon(error).await),
    }
}
