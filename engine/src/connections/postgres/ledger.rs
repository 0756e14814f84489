//! The ledger of appended batches, a table beside the targets: `tidemill_exports`.
//!
//! A row is written in the transaction that appends the batch, so a batch and its entry are there
//! together or not at all.

use super::connect::Session;
use super::target::{find, lock_definitions};
use crate::connections::export::{Export, LEDGER};
use crate::connections::statements::qualified;
use crate::error::Result;

/// Records a batch; says when it was exported before, and then records nothing.
pub(super) async fn enter(
    session: &Session,
    export: &Export,
    hash: &str,
    rows: u64,
) -> Result<Option<String>> {
    let ledger = qualified(&export.schema, LEDGER);
    if find(session, &export.schema, LEDGER).await?.is_none() {
        create(session, export, &ledger).await?;
    }
    let doing = format!("look into the ledger {ledger}");
    let sql = format!(
        "SELECT to_char(\"exported_at\" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM {ledger} \
         WHERE \"target\" = $1 AND \"batch_hash\" = $2"
    );
    if let Some(row) = session
        .first_row(&doing, &sql, &[&export.table, &hash])
        .await?
    {
        let when: String = row
            .try_get(0)
            .map_err(|error| session.failed(&doing, error))?;
        return Ok(Some(format!("{when} UTC")));
    }
    let sql = format!(
        "INSERT INTO {ledger} (\"target\", \"batch_hash\", \"rows\", \"exported_at\") VALUES ($1, $2, $3, now())"
    );
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    session
        .run(
            &format!("write the ledger {ledger}"),
            &sql,
            &[&export.table, &hash, &rows],
        )
        .await?;
    Ok(None)
}

/// Forgets the batches of a table whose rows are gone: it was created anew or replaced.
pub(super) async fn forget(session: &Session, export: &Export) -> Result<()> {
    if find(session, &export.schema, LEDGER).await?.is_none() {
        return Ok(());
    }
    let ledger = qualified(&export.schema, LEDGER);
    let known = format!("SELECT 1 FROM {ledger} WHERE \"target\" = $1 LIMIT 1");
    let doing = format!("clear the ledger {ledger}");
    if session
        .first_row(&doing, &known, &[&export.table])
        .await?
        .is_some()
    {
        let sql = format!("DELETE FROM {ledger} WHERE \"target\" = $1");
        session.run(&doing, &sql, &[&export.table]).await?;
    }
    Ok(())
}

async fn create(session: &Session, export: &Export, ledger: &str) -> Result<()> {
    lock_definitions(session).await?;
    if find(session, &export.schema, LEDGER).await?.is_some() {
        return Ok(());
    }
    let sql = format!(
        "CREATE TABLE {ledger} (\"target\" text, \"batch_hash\" text, \"rows\" bigint NOT NULL, \
         \"exported_at\" timestamptz NOT NULL, PRIMARY KEY (\"target\", \"batch_hash\"))"
    );
    session
        .run(&format!("create the ledger {ledger}"), &sql, &[])
        .await?;
    Ok(())
}
