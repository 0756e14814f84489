//! Where the statements of an export differ between the two databases.

use super::plan::PlannedColumn;

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    Sqlite,
}

impl Dialect {
    /// Compares names as the database does: SQLite takes names that differ in the case of ASCII
    /// letters for the same.
    pub(crate) fn same_name(self) -> fn(&str, &str) -> bool {
        match self {
            Dialect::Postgres => |one, other| one == other,
            Dialect::Sqlite => |one, other| one.eq_ignore_ascii_case(other),
        }
    }

    /// Begins the transaction that writes. In Postgres READ COMMITTED, whatever the server's default:
    /// each statement must see what the export before this one committed while this one waited for
    /// its lock.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Dialect::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Dialect::Sqlite => "BEGIN IMMEDIATE",
        }
    }

    /// The quoted name of the table in which rows wait for the target.
    pub(crate) fn staging(self) -> &'static str {
        match self {
            Dialect::Postgres => "pg_temp.\"tidemill_staging\"",
            Dialect::Sqlite => "temp.\"tidemill_staging\"",
        }
    }

    /// What numbers the rows of a table with these columns as they arrived; `None` if the columns
    /// take all names of it. In Postgres no column can be called so.
    pub(crate) fn row_id<'n>(
        self,
        columns: impl Iterator<Item = &'n str> + Clone,
    ) -> Option<&'static str> {
        match self {
            Dialect::Postgres => Some("ctid"),
            Dialect::Sqlite => ["rowid", "_rowid_", "oid"]
                .into_iter()
                .find(|id| !columns.clone().any(|name| name.eq_ignore_ascii_case(id))),
        }
    }

    /// Creates the staging table, of these columns with their types.
    pub(crate) fn create_staging(self, columns: &str) -> String {
        let staging = self.staging();
        match self {
            Dialect::Postgres => {
                format!("CREATE TEMP TABLE {staging} ({columns}) ON COMMIT DROP")
            }
            Dialect::Sqlite => format!("CREATE TABLE {staging} ({columns})"),
        }
    }

    /// Fills the staging table.
    pub(crate) fn fill_staging(self, columns: &[PlannedColumn], names: &str) -> String {
        let staging = self.staging();
        match self {
            Dialect::Postgres => format!("COPY {staging} ({names}) FROM STDIN (FORMAT binary)"),
            Dialect::Sqlite => {
                let marks = vec!["?"; columns.len()].join(", ");
                format!("INSERT INTO {staging} VALUES ({marks})")
            }
        }
    }
}
