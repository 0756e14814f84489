//! The target table in Postgres: find it, plan its columns, check its key; create it, or give it
//! columns.

use std::collections::BTreeSet;

use super::connect::Session;
use super::domains::TYPE_BEHIND;
use super::types;
use crate::connections::columns::Columns;
use crate::connections::dialect::Dialect;
use crate::connections::export::{Export, Mode, check_primary_key, exists, needs_key};
use crate::connections::plan::{ExistingColumn, Matched, Rules, match_columns};
use crate::connections::statements::{qualified, quote};
use crate::connections::target::Target;
use crate::error::{Error, Result};

/// The tables of the catalogue are named in full: a search path may put others in front.
const FIND: &str = "SELECT c.oid, c.relkind::text, c.relhasrules OR c.relrowsecurity FROM pg_catalog.pg_class AS c \
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1::text AND c.relname = $2::text";

/// Unique indexes that `ON CONFLICT` can name by their columns alone.
const KEYS: &str = "SELECT (SELECT array_agg(a.attname::text) FROM pg_catalog.pg_attribute AS a \
      WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])) \
    FROM pg_catalog.pg_index AS i WHERE i.indrelid = $1 \
      AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL";

/// The columns of the primary key, in its order.
const PRIMARY_KEY: &str = "SELECT a.attname::text FROM pg_catalog.pg_index AS i \
    CROSS JOIN LATERAL unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(number, place) \
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number \
    WHERE i.indrelid = $1 AND i.indisprimary ORDER BY k.place";

/// A relation of the database.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) oid: u32,
    kind: String,
    /// Whether rules or row policies stand before it.
    guarded: bool,
}

/// Finds a relation by its exact name.
pub(super) async fn find(session: &Session, schema: &str, table: &str) -> Result<Option<Relation>> {
    let doing = format!("look for the table {}", qualified(schema, table));
    let Some(row) = session.first_row(&doing, FIND, &[&schema, &table]).await? else {
        return Ok(None);
    };
    let read = || {
        Ok(Relation {
            oid: row.try_get(0)?,
            kind: row.try_get(1)?,
            guarded: row.try_get(2)?,
        })
    };
    let relation = read().map_err(|error| session.failed(&doing, error))?;
    Ok(Some(relation))
}

/// Plans the columns of the target; changes nothing.
///
/// # Errors
/// The table is no table, is missing where it must be there, its columns do not fit, or it lacks
/// the merge key.
pub(super) async fn plan(session: &Session, export: &Export, columns: &Columns) -> Result<Target> {
    check_names(export, columns)?;
    let name = qualified(&export.schema, &export.table);
    let Some(relation) = find(session, &export.schema, &export.table).await? else {
        return Ok(Target {
            key: needs_key(export, &name)?,
            matched: Matched::new_table(columns.list().iter().map(types::create).collect()),
            dialect: Dialect::Postgres,
            name,
            exists: false,
            guarded: false,
        });
    };
    if !matches!(relation.kind.as_str(), "r" | "p") {
        return Err(
            Error::input(format!("{name} is not a table and cannot be exported to"))
                .hint("choose another name, or export to the table behind it"),
        );
    }
    if export.mode == Mode::Create {
        return Err(exists(&name));
    }
    let existing = existing_columns(session, &name, relation.oid).await?;
    let rules = Rules {
        same_name: Dialect::Postgres.same_name(),
        create: types::create,
        fit: types::fit,
    };
    let change = export.schema_change();
    let matched = match_columns(&name, columns.list(), &existing, change, &rules)?;
    let key = match &export.mode {
        Mode::Merge { key } if key.is_empty() => {
            primary_key(session, &name, relation.oid, &matched).await?
        }
        _ => check_key(session, export, &name, relation.oid).await?,
    };
    Ok(Target {
        dialect: Dialect::Postgres,
        name,
        matched,
        key,
        exists: true,
        guarded: relation.guarded,
    })
}

/// Creates schema and table when they are missing, or gives the table the columns that it lacks.
///
/// # Errors
/// The user has not the rights.
pub(super) async fn make(session: &Session, export: &Export, target: &Target) -> Result<()> {
    let statements = target.statements();
    if !target.exists {
        create_schema(session, &export.schema).await?;
        let doing = format!("create the table {}", target.name);
        let sql = statements.create_target(&target.key());
        session.run(&doing, &sql, &[]).await?;
    }
    for column in &target.matched.added {
        let doing = format!("add the column {} to {}", quote(&column.name), target.name);
        let sql = statements.add_column(column);
        session.run(&doing, &sql, &[]).await?;
    }
    Ok(())
}

/// The names of the columns that rows can be inserted into, in order; `None` without such a table.
pub(super) async fn insertable(
    session: &Session,
    schema: &str,
    table: &str,
) -> Result<Option<Vec<String>>> {
    let Some(relation) = find(session, schema, table).await? else {
        return Ok(None);
    };
    let name = qualified(schema, table);
    let columns = existing_columns(session, &name, relation.oid).await?;
    let given = columns.into_iter().filter(|column| !column.computed);
    Ok(Some(given.map(|column| column.name).collect()))
}

fn check_names(export: &Export, columns: &Columns) -> Result<()> {
    let names = columns.list().iter().map(|column| column.name.as_str());
    match names
        .chain([export.schema.as_str(), export.table.as_str()])
        .find(|name| name.len() > types::MAX_NAME_BYTES)
    {
        None => Ok(()),
        Some(long) => Err(Error::input(format!(
            "the name {} is longer than the {} bytes that Postgres keeps",
            quote(long),
            types::MAX_NAME_BYTES
        ))
        .hint("give it a shorter name with AS")),
    }
}

/// Asks first: `IF NOT EXISTS` wants the right to create even when there is nothing to do.
async fn create_schema(session: &Session, schema: &str) -> Result<()> {
    let known = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1::text";
    let doing = format!("create the schema {}", quote(schema));
    lock_definitions(session).await?;
    if session
        .first_row(&doing, known, &[&schema])
        .await?
        .is_none()
    {
        session
            .run(&doing, &format!("CREATE SCHEMA {}", quote(schema)), &[])
            .await?;
    }
    Ok(())
}

/// Two exports that create the same schema or ledger at once would make one of them fail. Taken
/// after the lock on the target and never the other way around, so nobody waits in a circle.
pub(super) async fn lock_definitions(session: &Session) -> Result<()> {
    lock(session, "definitions").await
}

/// Waits until no other export holds the lock of this name; it ends with the transaction.
pub(super) async fn lock(session: &Session, name: &str) -> Result<()> {
    let digest = blake3::hash(format!("tidemill\0{name}").as_bytes());
    let key = digest.as_bytes()[..8]
        .iter()
        .fold(0_i64, |key, byte| (key << 8) | i64::from(*byte));
    session
        .run(
            "lock the target",
            "SELECT pg_catalog.pg_advisory_xact_lock($1)",
            &[&key],
        )
        .await?;
    Ok(())
}

/// The columns of a table, in their order.
fn columns_query() -> String {
    format!(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
    CASE WHEN b.typtype = 'e' THEN 'enum' WHEN b.typcategory = 'S' THEN 'text' ELSE b.typname::text END, \
    a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', \
    a.attgenerated <> '' OR a.attidentity = 'a' \
    FROM pg_catalog.pg_attribute AS a \
    {TYPE_BEHIND} \
    WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    )
}

async fn existing_columns(session: &Session, name: &str, oid: u32) -> Result<Vec<ExistingColumn>> {
    let doing = format!("read the columns of {name}");
    let failed = |error| session.failed(&doing, error);
    let rows = session
        .client
        .query(&columns_query(), &[&oid])
        .await
        .map_err(failed)?;
    rows.iter()
        .map(|row| {
            Ok(ExistingColumn {
                name: row.try_get(0)?,
                declared: row.try_get(1)?,
                family: row.try_get(2)?,
                required: row.try_get(3)?,
                computed: row.try_get(4)?,
            })
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)
}

async fn primary_key(
    session: &Session,
    name: &str,
    oid: u32,
    matched: &Matched,
) -> Result<Vec<String>> {
    let doing = format!("read the primary key of {name}");
    let failed = |error| session.failed(&doing, error);
    let rows = session.client.query(PRIMARY_KEY, &[&oid]).await;
    let rows = rows.map_err(failed)?;
    let key = rows.iter().map(|row| row.try_get(0));
    let key = key.collect::<Result<Vec<String>, _>>().map_err(failed)?;
    check_primary_key(name, key, matched, Dialect::Postgres.same_name())
}

/// The merge key, if a unique index has exactly its columns.
async fn check_key(
    session: &Session,
    export: &Export,
    name: &str,
    oid: u32,
) -> Result<Vec<String>> {
    let key = export.mode.key();
    if key.is_empty() {
        return Ok(Vec::new());
    }
    let doing = format!("read the keys of {name}");
    let failed = |error| session.failed(&doing, error);
    let wanted: BTreeSet<&str> = key.iter().map(String::as_str).collect();
    for row in session.client.query(KEYS, &[&oid]).await.map_err(failed)? {
        let columns: Vec<String> = row.try_get(0).map_err(failed)?;
        if columns.iter().map(String::as_str).collect::<BTreeSet<_>>() == wanted {
            return Ok(key.to_vec());
        }
    }
    let list: Vec<_> = key.iter().map(|column| quote(column)).collect();
    let list = list.join(", ");
    Err(Error::input(format!(
        "{name} has no unique index over exactly ({list}), which a merge needs"
    ))
    .hint(format!(
        "create one: ALTER TABLE {name} ADD PRIMARY KEY ({list})"
    )))
}
