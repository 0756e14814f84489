//! Reads the rows of an export back from the target, before the commit.

use std::pin::pin;
use std::sync::Arc;

use futures::StreamExt;

use super::connect::Session;
use super::decode::Decoder;
use super::kinds::Kind;
use crate::connections::export::{Export, Exported, Mode};
use crate::connections::remote_expression::in_postgres;
use crate::connections::statements::{list, quote};
use crate::connections::target::Target;
use crate::connections::verification::{Checksum, Verification};
use crate::error::Result;

/// The rows that this transaction has written.
const WRITTEN_HERE: &str = "\"target\".xmin = (pg_catalog.txid_current() % 4294967296)::text::xid";

/// The last command of this transaction that wrote rows of the target, -1 if none did: one that
/// changes the type of a column may write all of them anew.
///
/// # Errors
/// A connection that was lost.
pub(super) async fn last_command(session: &Session, target: &Target) -> Result<i64> {
    let name = &target.name;
    let doing = format!("look for the rows of {name} that were written anew");
    let sql = format!(
        "SELECT coalesce(max(\"target\".cmin::text::bigint), -1) FROM {name} AS \"target\" WHERE {WRITTEN_HERE}"
    );
    let row = session.first_row(&doing, &sql, &[]).await?;
    let command = row.map(|row| row.try_get(0)).transpose();
    let command = command.map_err(|error| session.failed(&doing, error))?;
    Ok(command.unwrap_or(-1))
}

/// Compares what was sent with what the target holds now; says what was compared, nothing if the
/// ledger knew the rows, for then they may have been changed since. Rows that commands up to `before`
/// wrote are older ones.
///
/// # Errors
/// Other rows than were sent.
pub(super) async fn verify(
    session: &Session,
    export: &Export,
    target: &Target,
    exported: &Exported,
    sent: Verification,
    before: i64,
) -> Result<Option<String>> {
    let statements = target.statements();
    let whole = &target.name;
    let rows = match &export.mode {
        Mode::Append if exported.unchanged > 0 => return Ok(None),
        Mode::Append | Mode::Insert { .. } | Mode::Create => {
            format!(
                "{whole} AS \"target\" WHERE {WRITTEN_HERE} AND \"target\".cmin::text::bigint > {before}"
            )
        }
        Mode::Replace => format!("{whole} AS \"target\""),
        Mode::ReplaceWhere { condition } => {
            let condition = in_postgres(condition);
            format!("(SELECT * FROM {whole} WHERE ({condition})) AS \"target\"")
        }
        Mode::Merge { .. } => {
            let is_staged = statements.is_staged(&target.key());
            format!("{whole} AS \"target\" WHERE {is_staged}")
        }
    };
    let values = list(sent.of(&target.matched.planned), |column| {
        format!(
            "CAST(\"target\".{} AS {})",
            quote(&column.name),
            column.staged
        )
    });
    let sql = format!("SELECT {values} FROM {rows}");
    let found = read_back(session, &sql, &sent).await?;
    sent.compare(&target.name, &found).map(Some)
}

async fn read_back(session: &Session, sql: &str, sent: &Verification) -> Result<Checksum> {
    let failed = |error| session.failed("read the rows back", error);
    let copy = format!("COPY ({sql}) TO STDOUT (FORMAT binary)");
    let mut messages = pin!(session.client.copy_out(&copy).await.map_err(failed)?);
    let columns = sent.columns.list().iter();
    let kinds: Vec<_> = columns
        .map(|column| (column.name.as_str(), Kind::of(column.kind)))
        .collect();
    let kinds = kinds.iter().map(|(name, kind)| (*name, kind));
    let mut decoder = Decoder::new(kinds, Arc::clone(sent.columns.schema()));
    let mut found = Checksum::new(&sent.columns);
    while let Some(message) = messages.next().await {
        decoder.add(&message.map_err(failed)?)?;
        if decoder.is_full() {
            found.add(&decoder.finish()?);
        }
    }
    decoder.check_end()?;
    found.add(&decoder.finish()?);
    Ok(found)
}
