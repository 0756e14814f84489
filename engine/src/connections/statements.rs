//! The SQL that moves staged rows into their target, the same for both databases.
//!
//! Every name is quoted and every column has its table in front: a column may be called like the
//! table, like an alias or like a keyword. Postgres and SQLite understand all of it alike; what
//! differs (types, casts, collations) comes with the [`PlannedColumn`]s.

use super::dialect::Dialect;
use super::plan::{Passage, PlannedColumn};
pub(crate) use crate::sql::quote_always as quote;

/// A table in a schema.
pub(crate) fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quote(schema), quote(table))
}

/// The statements of one export.
#[derive(Debug)]
pub(crate) struct Statements<'a> {
    /// The database.
    pub(crate) dialect: Dialect,
    /// The quoted name of the target.
    pub(crate) target: &'a str,
    /// The columns, in the order of the batch.
    pub(crate) columns: &'a [PlannedColumn],
}

impl Statements<'_> {
    /// Creates the target with a primary key over `key`, which may be empty.
    pub(crate) fn create_target(&self, key: &[&PlannedColumn]) -> String {
        let mut parts: Vec<_> = self
            .columns
            .iter()
            .map(|column| {
                let required = if key.contains(&column) {
                    " NOT NULL"
                } else {
                    ""
                };
                format!("{} {}{required}", quote(&column.name), column.target)
            })
            .collect();
        if !key.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", names(key.iter().copied())));
        }
        format!("CREATE TABLE {} ({})", self.target, parts.join(", "))
    }

    /// Creates the staging table.
    pub(crate) fn create_staging(&self) -> String {
        let columns = list(self.columns, |column| {
            format!("{} {}", quote(&column.name), column.staged)
        });
        self.dialect.create_staging(&columns)
    }

    /// Fills the staging table.
    pub(crate) fn fill_staging(&self) -> String {
        self.dialect
            .fill_staging(self.columns, &names(self.columns))
    }

    /// Fills the target straight from the client; Postgres only.
    pub(crate) fn fill_target(&self) -> String {
        format!(
            "COPY {} ({}) FROM STDIN (FORMAT binary)",
            self.target,
            names(self.columns)
        )
    }

    /// Gives the target a column.
    pub(crate) fn add_column(&self, column: &PlannedColumn) -> String {
        format!(
            "ALTER TABLE {} ADD COLUMN {} {}",
            self.target,
            quote(&column.name),
            column.target
        )
    }

    /// Copies all staged rows into the target.
    pub(crate) fn append(&self) -> String {
        self.insert_as("\"target\"")
    }

    /// Copies the staged rows into the target; `clause` says what becomes of those that a unique
    /// index does not take, and may name the target by the name of its table.
    pub(crate) fn insert(&self, table: &str, clause: &str) -> String {
        format!("{} {clause}", self.insert_as(&quote(table)))
    }

    fn insert_as(&self, alias: &str) -> String {
        format!(
            "INSERT INTO {} AS {alias} ({}) SELECT {} FROM {} AS \"staged\" WHERE true",
            self.target,
            names(self.columns),
            list(self.columns, staged),
            self.dialect.staging()
        )
    }

    /// Removes all rows of the target; not TRUNCATE, which readers would see at once.
    pub(crate) fn clear(&self) -> String {
        format!("DELETE FROM {}", self.target)
    }

    /// Removes the rows that meet a condition.
    pub(crate) fn clear_where(&self, condition: &str) -> String {
        format!("{} WHERE ({condition})", self.clear())
    }

    /// Counts the distinct rows that the target and the batch do not hold equally often; of the
    /// target only those that meet the condition.
    pub(crate) fn count_differences(&self, condition: Option<&str>) -> String {
        let target = match condition {
            None => self.target.to_owned(),
            Some(condition) => format!("(SELECT * FROM {} WHERE ({condition}))", self.target),
        };
        let side = |table: &str, weight: &str, value: &dyn Fn(&PlannedColumn) -> String| {
            let values: Vec<_> = self
                .columns
                .iter()
                .enumerate()
                .map(|(at, column)| format!("{}{} AS \"c{at}\"", value(column), column.compare))
                .collect();
            format!(
                "SELECT {weight} AS \"side\", {} FROM {table}",
                values.join(", ")
            )
        };
        let positions: Vec<_> = (0..self.columns.len())
            .map(|at| format!("\"c{at}\""))
            .collect();
        format!(
            "SELECT count(*) FROM (SELECT 1 AS \"one\" FROM ({} UNION ALL {}) AS \"both\" GROUP BY {} HAVING sum(\"side\") <> 0) AS \"different\"",
            side(&format!("{target} AS \"target\""), "1", &|column| format!(
                "\"target\".{}",
                quote(&column.name)
            )),
            side(
                &format!("{} AS \"staged\"", self.dialect.staging()),
                "-1",
                &staged
            ),
            positions.join(", ")
        )
    }

    /// Inserts rows with a new key and updates those that differ.
    pub(crate) fn merge(&self, key: &[&PlannedColumn]) -> String {
        let others: Vec<_> = self
            .columns
            .iter()
            .filter(|column| !key.contains(column))
            .collect();
        let action = match others.is_empty() {
            true => "NOTHING".to_owned(),
            false => {
                let set: Vec<_> = others
                    .iter()
                    .map(|column| format!("{0} = \"excluded\".{0}", quote(&column.name)))
                    .collect();
                let differs: Vec<_> = others
                    .iter()
                    .map(|column| {
                        let (name, compare) = (quote(&column.name), column.compare);
                        format!("\"target\".{name}{compare} IS DISTINCT FROM \"excluded\".{name}{compare}")
                    })
                    .collect();
                format!(
                    "UPDATE SET {} WHERE {}",
                    set.join(", "),
                    differs.join(" OR ")
                )
            }
        };
        format!(
            "{} ON CONFLICT ({}) DO {action}",
            self.append(),
            names(key.iter().copied())
        )
    }

    /// Counts the staged rows whose key the target holds.
    pub(crate) fn count_known(&self, key: &[&PlannedColumn]) -> String {
        format!(
            "SELECT count(*) FROM {} AS \"staged\" WHERE EXISTS (SELECT 1 FROM {} AS \"target\" WHERE {})",
            self.dialect.staging(),
            self.target,
            same_key(key)
        )
    }

    /// The condition for rows of the target whose key is staged.
    pub(crate) fn is_staged(&self, key: &[&PlannedColumn]) -> String {
        format!(
            "EXISTS (SELECT 1 FROM {} AS \"staged\" WHERE {})",
            self.dialect.staging(),
            same_key(key)
        )
    }

    /// Counts the staged rows.
    pub(crate) fn count_staged(&self) -> String {
        format!("SELECT count(*) FROM {}", self.dialect.staging())
    }
}

/// The quoted names, for a list in parentheses.
pub(crate) fn names<'c>(columns: impl IntoIterator<Item = &'c PlannedColumn>) -> String {
    list(columns, |column| quote(&column.name))
}

pub(super) fn list<'c>(
    columns: impl IntoIterator<Item = &'c PlannedColumn>,
    one: impl Fn(&PlannedColumn) -> String,
) -> String {
    let parts: Vec<_> = columns.into_iter().map(one).collect();
    parts.join(", ")
}

fn same_key(key: &[&PlannedColumn]) -> String {
    let equal: Vec<_> = key
        .iter()
        .map(|column| format!("\"target\".{} = {}", quote(&column.name), staged(column)))
        .collect();
    equal.join(" AND ")
}

/// A staged value as the target takes it.
pub(super) fn staged(column: &PlannedColumn) -> String {
    let value = format!("\"staged\".{}", quote(&column.name));
    match column.passage {
        Passage::Same => value,
        Passage::Exact | Passage::Finite | Passage::Read => {
            format!("CAST({value} AS {})", column.target)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::column_type::ColumnType;
    use super::*;

    fn column(name: &str, target: &str) -> PlannedColumn {
        PlannedColumn {
            name: name.to_owned(),
            kind: ColumnType::Text,
            staged: "text".to_owned(),
            target: target.to_owned(),
            passage: if target == "text" {
                Passage::Same
            } else {
                Passage::Exact
            },
            compare: " COLLATE \"C\"",
        }
    }

    #[test]
    fn names_cannot_break_out() {
        assert_eq!(
            quote("a\"; DROP TABLE t; --"),
            "\"a\"\"; DROP TABLE t; --\""
        );
        assert_eq!(qualified("my schema", "T\"x"), "\"my schema\".\"T\"\"x\"");
    }

    #[test]
    fn merge_touches_only_what_differs() {
        let columns = [column("id", "text"), column("note", "varchar(3)")];
        let statements = Statements {
            target: "\"public\".\"t\"",
            dialect: Dialect::Postgres,
            columns: &columns,
        };
        assert_eq!(
            statements.merge(&[&columns[0]]),
            "INSERT INTO \"public\".\"t\" AS \"target\" (\"id\", \"note\") \
             SELECT \"staged\".\"id\", CAST(\"staged\".\"note\" AS varchar(3)) FROM pg_temp.\"tidemill_staging\" AS \"staged\" WHERE true \
             ON CONFLICT (\"id\") DO UPDATE SET \"note\" = \"excluded\".\"note\" \
             WHERE \"target\".\"note\" COLLATE \"C\" IS DISTINCT FROM \"excluded\".\"note\" COLLATE \"C\""
        );
        assert!(
            statements
                .merge(&[&columns[0], &columns[1]])
                .ends_with("DO NOTHING")
        );
    }

    #[test]
    fn a_key_is_required_and_primary() {
        let columns = [column("id", "text"), column("n", "text")];
        let statements = Statements {
            target: "\"t\"",
            dialect: Dialect::Postgres,
            columns: &columns,
        };
        assert_eq!(
            statements.create_target(&[&columns[0]]),
            "CREATE TABLE \"t\" (\"id\" text NOT NULL, \"n\" text, PRIMARY KEY (\"id\"))"
        );
        assert_eq!(
            statements.create_target(&[]),
            "CREATE TABLE \"t\" (\"id\" text, \"n\" text)"
        );
    }
}
