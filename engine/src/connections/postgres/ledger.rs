//! The ledger of exports in Postgres; see `connections/ledger.rs` for what it is for.

use super::connect::Session;
use super::target::{Relation, find, lock_definitions};
use crate::connections::export::Export;
use crate::connections::ledger::{COLUMNS, Entry, LEDGER, LastExport, by};
use crate::connections::statements::{qualified, quote};
use crate::error::{Error, Kind, Result};

const EXPORTED_AT: &str = "to_char(\"exported_at\" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')";

/// Makes sure that the export can be recorded, before any row moves.
///
/// # Errors
/// The role may neither use the ledger nor create it.
pub(super) async fn prepare(session: &Session, export: &Export) -> Result<()> {
    let ledger = qualified(&export.schema, LEDGER);
    let relation = match find(session, &export.schema, LEDGER).await? {
        Some(relation) => relation,
        None => match create(session, export, &ledger).await? {
            Some(relation) => relation,
            None => return Ok(()),
        },
    };
    check_rights(session, &ledger, &relation).await?;
    for column in missing(session, &relation).await? {
        let doing = format!("add the column \"{}\" to the ledger {ledger}", column.0);
        let sql = format!(
            "ALTER TABLE {ledger} ADD COLUMN IF NOT EXISTS \"{}\" {}",
            column.0, column.1
        );
        let added = session.run(&doing, &sql, &[]).await;
        added.map_err(|error| match error.kind() {
            Kind::Input => {
                error.hint("only its owner may change the ledger: let them export once, or run ALTER TABLE themselves")
            }
            _ => error,
        })?;
    }
    Ok(())
}

/// The last export of a table of the warehouse to this target.
pub(super) async fn last(
    session: &Session,
    export: &Export,
    table_id: &str,
) -> Result<Option<LastExport>> {
    let Some(relation) = find(session, &export.schema, LEDGER).await? else {
        return Ok(None);
    };
    let ledger = qualified(&export.schema, LEDGER);
    check_rights(session, &ledger, &relation).await?;
    if !missing(session, &relation).await?.is_empty() {
        return Ok(None);
    }
    let doing = format!("look into the ledger {ledger}");
    let sql = format!(
        "SELECT \"source_version\", \"run_id\", {EXPORTED_AT} FROM {ledger} \
         WHERE \"target\" = $1 AND \"source_id\" = $2 ORDER BY \"source_version\" DESC LIMIT 1"
    );
    let row = session
        .first_row(&doing, &sql, &[&export.table, &table_id])
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let read = || Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    let (version, run_id, exported_at): (i64, _, String) =
        read().map_err(|error| session.failed(&doing, error))?;
    Ok(Some(LastExport {
        version: version.unsigned_abs(),
        by: by(run_id, &exported_at),
    }))
}

/// Whether the target has batches that are known by their content alone.
pub(super) async fn has_batches_by_content(session: &Session, export: &Export) -> Result<bool> {
    let ledger = qualified(&export.schema, LEDGER);
    let doing = format!("look into the ledger {ledger}");
    let sql =
        format!("SELECT 1 FROM {ledger} WHERE \"target\" = $1 AND \"source_id\" IS NULL LIMIT 1");
    let row = session.first_row(&doing, &sql, &[&export.table]).await?;
    Ok(row.is_some())
}

/// When and by which run a batch was exported, if it was.
pub(super) async fn known(
    session: &Session,
    export: &Export,
    batch_hash: &str,
) -> Result<Option<String>> {
    let ledger = qualified(&export.schema, LEDGER);
    let doing = format!("look into the ledger {ledger}");
    let sql = format!(
        "SELECT \"run_id\", {EXPORTED_AT} FROM {ledger} \
         WHERE \"target\" = $1 AND \"batch_hash\" = $2"
    );
    let row = session
        .first_row(&doing, &sql, &[&export.table, &batch_hash])
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let read = || Ok((row.try_get(0)?, row.try_get(1)?));
    let (run_id, exported_at): (_, String) =
        read().map_err(|error| session.failed(&doing, error))?;
    Ok(Some(by(run_id, &exported_at)))
}

/// Records an export.
pub(super) async fn enter(session: &Session, export: &Export, entry: &Entry<'_>) -> Result<()> {
    let ledger = qualified(&export.schema, LEDGER);
    let names = COLUMNS.map(|column| quote(column.name));
    let set = names[2..]
        .iter()
        .map(|name| format!("{name} = \"excluded\".{name}"));
    let sql = format!(
        "INSERT INTO {ledger} ({}) VALUES ($1, $2, $3, now(), $4, $5, $6, $7, $8) \
         ON CONFLICT (\"target\", \"batch_hash\") DO UPDATE SET {}",
        names.join(", "),
        set.collect::<Vec<_>>().join(", ")
    );
    let followed = entry.followed;
    let version = |version: u64| i64::try_from(version).unwrap_or(i64::MAX);
    session
        .run(
            &format!("write the ledger {ledger}"),
            &sql,
            &[
                &entry.target,
                &entry.batch_hash,
                &version(entry.rows),
                &entry.mode,
                &entry.run_id,
                &followed.map(|followed| &followed.name),
                &followed.map(|followed| &followed.table_id),
                &followed.map(|followed| version(followed.version)),
            ],
        )
        .await?;
    Ok(())
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

/// Creates the ledger; gives one that another export has created meanwhile.
async fn create(session: &Session, export: &Export, ledger: &str) -> Result<Option<Relation>> {
    lock_definitions(session).await?;
    if let Some(relation) = find(session, &export.schema, LEDGER).await? {
        return Ok(Some(relation));
    }
    let columns = COLUMNS.map(|column| format!("\"{}\" {}", column.name, column.postgres));
    let sql = format!(
        "CREATE TABLE {ledger} ({}, PRIMARY KEY (\"target\", \"batch_hash\"))",
        columns.join(", ")
    );
    let doing = format!("create the ledger {ledger}, which makes exports happen once");
    session.run(&doing, &sql, &[]).await?;
    Ok(None)
}

async fn check_rights(session: &Session, ledger: &str, relation: &Relation) -> Result<()> {
    let doing = format!("look into the ledger {ledger}");
    let rights = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    let lacks = "SELECT \"right\" FROM unnest($2::text[]) AS \"right\" \
        WHERE NOT pg_catalog.has_table_privilege($1::oid, \"right\")";
    let row = session
        .first_row(&format!("{doing}: rights"), &format!("SELECT string_agg(\"right\", ', '), current_user::text FROM ({lacks}) AS \"lacking\""), &[&relation.oid, &rights.as_slice()])
        .await?;
    let Some(row) = row else {
        return Ok(());
    };
    let read = || Ok((row.try_get(0)?, row.try_get(1)?));
    let (lacking, role): (Option<String>, String) =
        read().map_err(|error| session.failed(&doing, error))?;
    match lacking {
        None => Ok(()),
        Some(lacking) => Err(Error::input(format!(
            "{role} lacks {lacking} on the ledger {ledger}, so the export could not be recorded; nothing was exported"
        ))
        .hint(format!("let its owner GRANT {} ON {ledger} TO {}", rights.join(", "), quote(&role)))),
    }
}

/// The columns that a ledger of an earlier time lacks, with their types.
async fn missing(
    session: &Session,
    relation: &Relation,
) -> Result<Vec<(&'static str, &'static str)>> {
    let doing = "read the columns of the ledger";
    let sql = "SELECT array_agg(attname::text) FROM pg_catalog.pg_attribute \
        WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped";
    let row = session.first_row(doing, sql, &[&relation.oid]).await?;
    let present: Option<Vec<String>> = match row {
        Some(row) => row
            .try_get(0)
            .map_err(|error| session.failed(doing, error))?,
        None => None,
    };
    let present = present.unwrap_or_default();
    let columns = COLUMNS.iter();
    Ok(columns
        .filter(|column| !present.iter().any(|name| name == column.name))
        .map(|column| (column.name, column.postgres))
        .collect())
}
