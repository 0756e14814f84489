//! What a table is to have besides its rows: indexes, comments, rights, an owner. Each is asked for
//! first and made only if it is missing, so that a repeated export needs no more rights than one
//! that only writes rows.

use super::connect::Session;
use super::target::find;
use crate::connections::export::{Export, Finish};
use crate::connections::statements::{qualified, quote};
use crate::error::{Error, Result};
use crate::sql::{Grant, literal};

/// Whether a valid index without condition has exactly these columns, in this order.
const HAS_INDEX: &str = "SELECT 1 FROM pg_catalog.pg_index AS i WHERE i.indrelid = $1 AND i.indisvalid \
    AND i.indpred IS NULL AND i.indexprs IS NULL AND $2 = (SELECT array_agg(a.attname::text ORDER BY k.place) \
      FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(number, place) \
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number)";
const HAS_RIGHT: &str = "SELECT 1 FROM pg_catalog.pg_class AS c, \
    pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS a \
    LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = a.grantee \
    WHERE c.oid = $1 AND coalesce(r.rolname::text, 'public') = $2 AND a.privilege_type = $3";
const OWNER: &str =
    "SELECT pg_catalog.pg_get_userbyid(relowner)::text FROM pg_catalog.pg_class WHERE oid = $1";
const COMMENT: &str = "SELECT pg_catalog.obj_description($1, 'pg_class')";
const COLUMN_COMMENT: &str = "SELECT pg_catalog.col_description($1, attnum) FROM pg_catalog.pg_attribute \
    WHERE attrelid = $1 AND attname = $2::text AND NOT attisdropped";
/// What stands for all roles.
const PUBLIC: &str = "public";

/// Makes what is missing; says what was made. `existed` says whether the table was there before.
///
/// # Errors
/// A column or role that does not exist, or rights that the user does not have.
pub(super) async fn finish(
    session: &Session,
    export: &Export,
    existed: bool,
) -> Result<Vec<String>> {
    let wishes = &export.finish;
    if *wishes == Finish::default() {
        return Ok(Vec::new());
    }
    let name = qualified(&export.schema, &export.table);
    let Some(relation) = find(session, &export.schema, &export.table).await? else {
        return Err(Error::internal(format!(
            "{name} is gone within its own transaction"
        )));
    };
    let table = Table {
        session,
        name,
        oid: relation.oid,
    };
    let mut made = Vec::new();
    for columns in &wishes.indexes {
        made.extend(table.index(columns).await?);
    }
    if let Some(comment) = &wishes.comment {
        made.extend(table.comment(comment).await?);
    }
    if wishes.comment.is_some() || !existed {
        for (column, comment) in &wishes.column_comments {
            table.column_comment(column, comment).await?;
        }
    }
    for grant in &wishes.grants {
        made.extend(table.grant(grant).await?);
    }
    // Last: a new owner may leave this user no rights.
    if let Some(owner) = &wishes.owner {
        made.extend(table.owner(owner).await?);
    }
    Ok(made)
}

struct Table<'s> {
    session: &'s Session,
    name: String,
    oid: u32,
}

impl Table<'_> {
    async fn index(&self, columns: &[String]) -> Result<Option<String>> {
        let list: Vec<_> = columns.iter().map(|column| quote(column)).collect();
        let list = list.join(", ");
        let doing = format!("create an index on {} ({list})", self.name);
        let known = self
            .session
            .first_row(&doing, HAS_INDEX, &[&self.oid, &columns])
            .await?;
        if known.is_some() {
            return Ok(None);
        }
        // Without a name the server finds one that is free.
        let sql = format!("CREATE INDEX ON {} ({list})", self.name);
        self.session.run(&doing, &sql, &[]).await?;
        Ok(Some(format!("created an index on ({list})")))
    }

    async fn comment(&self, text: &str) -> Result<Option<String>> {
        let doing = format!("comment on {}", self.name);
        let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&self.oid];
        if self.text(&doing, COMMENT, values).await?.as_deref() == Some(text) {
            return Ok(None);
        }
        let sql = format!("COMMENT ON TABLE {} IS {}", self.name, literal(text));
        self.session.run(&doing, &sql, &[]).await?;
        Ok(Some("set the comment".to_owned()))
    }

    async fn column_comment(&self, column: &str, text: &str) -> Result<()> {
        let place = format!("{}.{}", self.name, quote(column));
        let doing = format!("comment on {place}");
        let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&self.oid, &column];
        if self.text(&doing, COLUMN_COMMENT, values).await?.as_deref() != Some(text) {
            let sql = format!("COMMENT ON COLUMN {place} IS {}", literal(text));
            self.session.run(&doing, &sql, &[]).await?;
        }
        Ok(())
    }

    async fn grant(&self, grant: &Grant) -> Result<Option<String>> {
        if self.has(grant).await? {
            return Ok(None);
        }
        let role = match grant.role.as_str() {
            PUBLIC => "PUBLIC".to_owned(),
            role => quote(role),
        };
        let sql = format!("GRANT {} ON {} TO {role}", grant.privilege, self.name);
        self.session
            .run(&format!("grant {grant}"), &sql, &[])
            .await?;
        // The server only warns when a user has a right without the right to pass it on.
        match self.has(grant).await? {
            true => Ok(Some(format!("granted {grant}"))),
            false => Err(Error::input(format!(
                "cannot grant {grant} on {}: this user may not pass that right on",
                self.name
            ))
            .hint("ask the owner of the table to grant it, or to grant this user the right WITH GRANT OPTION")),
        }
    }

    async fn has(&self, grant: &Grant) -> Result<bool> {
        let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
            &[&self.oid, &grant.role, &grant.privilege];
        let doing = format!("read the rights on {}", self.name);
        let found = self.session.first_row(&doing, HAS_RIGHT, values).await?;
        Ok(found.is_some())
    }

    async fn owner(&self, role: &str) -> Result<Option<String>> {
        let doing = format!("give {} to its owner", self.name);
        if self.text(&doing, OWNER, &[&self.oid]).await?.as_deref() == Some(role) {
            return Ok(None);
        }
        let sql = format!("ALTER TABLE {} OWNER TO {}", self.name, quote(role));
        self.session.run(&doing, &sql, &[]).await?;
        Ok(Some(format!("the owner is {}", quote(role))))
    }

    async fn text(
        &self,
        doing: &str,
        sql: &str,
        values: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Option<String>> {
        match self.session.first_row(doing, sql, values).await? {
            None => Ok(None),
            Some(row) => row
                .try_get(0)
                .map_err(|error| self.session.failed(doing, error)),
        }
    }
}
