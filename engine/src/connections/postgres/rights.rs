//! What a role may do in the database that it is connected to.

use super::look;
use crate::connections::rights::Rights;
use crate::connections::url::PostgresUrl;
use crate::error::{Error, Result};

const QUESTION: &str = "\
SELECT pg_catalog.current_setting('server_version'), current_user::text,
  (SELECT pg_catalog.count(*) FROM relations),
  (SELECT pg_catalog.count(*) FROM relations WHERE pg_catalog.has_table_privilege(oid, 'SELECT')),
  (SELECT pg_catalog.count(*) FROM relations WHERE pg_catalog.has_table_privilege(oid, 'INSERT')),
  (SELECT pg_catalog.array_agg(nspname::text ORDER BY nspname) FROM schemas
   WHERE pg_catalog.has_schema_privilege(oid, 'CREATE'))
FROM (SELECT 1) AS one";

/// What belongs to the users of the database, in front of [`QUESTION`].
const OF_USERS: &str = "\
WITH schemas AS (
  SELECT oid, nspname FROM pg_catalog.pg_namespace
  WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'),
relations AS (
  SELECT c.oid FROM pg_catalog.pg_class AS c JOIN schemas AS s ON s.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f'))
";

/// Logs in, and asks.
///
/// # Errors
/// The server cannot be reached or refuses the login.
pub(crate) async fn rights(url: &PostgresUrl) -> Result<Rights> {
    const DOING: &str = "ask for rights";
    look(url, async |session| {
        let row = session
            .first_row(DOING, &format!("{OF_USERS}{QUESTION}"), &[])
            .await?
            .ok_or_else(|| Error::internal("a query of one row has none"))?;
        let failed = |error| session.failed(DOING, error);
        let count = |index| {
            let count: i64 = row.try_get(index).map_err(failed)?;
            Ok::<_, Error>(u64::try_from(count).unwrap_or(0))
        };
        let version: String = row.try_get(0).map_err(failed)?;
        let creatable: Option<Vec<String>> = row.try_get(5).map_err(failed)?;
        Ok(Rights {
            server: format!("PostgreSQL {version}"),
            user: row.try_get(1).map_err(failed)?,
            tables: count(2)?,
            readable: count(3)?,
            writable: count(4)?,
            creatable: creatable.unwrap_or_default(),
        })
    })
    .await
}
