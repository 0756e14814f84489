//! `target_session_attrs`: which of several servers will do, such as the one that takes writes.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::parameters::Parameters;
use crate::error::{Error, Result};

/// Asks in one simple query, which a pooler passes to any server connection.
const ASK: &str =
    "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only')";

/// What a session must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionAttributes {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    /// A standby if there is one, else any.
    PreferStandby,
}

impl SessionAttributes {
    /// What the parameters ask for.
    ///
    /// # Errors
    /// A word that libpq does not know.
    pub(super) fn of(parameters: &Parameters) -> Result<Self> {
        let choices = [
            ("any", SessionAttributes::Any),
            ("read-write", SessionAttributes::ReadWrite),
            ("read-only", SessionAttributes::ReadOnly),
            ("primary", SessionAttributes::Primary),
            ("standby", SessionAttributes::Standby),
            ("prefer-standby", SessionAttributes::PreferStandby),
        ];
        let chosen = parameters.choice("target_session_attrs", &choices)?;
        Ok(chosen.unwrap_or(SessionAttributes::Any))
    }

    /// The demands that are made in turn, each of all hosts.
    pub(super) fn rounds(self) -> Vec<SessionAttributes> {
        match self {
            SessionAttributes::PreferStandby => {
                vec![SessionAttributes::Standby, SessionAttributes::Any]
            }
            one => vec![one],
        }
    }

    /// Why the server behind a session will not do, if it does not.
    ///
    /// # Errors
    /// A connection that was lost.
    pub(super) async fn missed(
        self,
        client: &Client,
    ) -> Result<Option<Error>, tokio_postgres::Error> {
        if self == SessionAttributes::Any {
            return Ok(None);
        }
        let replies = client.simple_query(ASK).await?;
        let row = replies.iter().find_map(|reply| match reply {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let value = |column| row.and_then(|row| row.get(column)).unwrap_or_default();
        let (in_recovery, reads_only) = (value(0) == "t", value(1) == "on");
        let missed = match self {
            SessionAttributes::Any | SessionAttributes::PreferStandby => None,
            SessionAttributes::ReadWrite => reads_only.then_some("its sessions only read"),
            SessionAttributes::ReadOnly => (!reads_only).then_some("its sessions may write"),
            SessionAttributes::Primary => in_recovery.then_some("it is a standby"),
            SessionAttributes::Standby => (!in_recovery).then_some("it is not a standby"),
        };
        Ok(missed.map(|why| {
            Error::input(format!("the server will not do: {why}"))
                .hint("target_session_attrs asks for another one; list all hosts, or leave it out")
        }))
    }
}
