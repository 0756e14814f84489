//! The SQL that moves staged rows into their target, the same for both databases.
//!
//! Every name is quoted and every column has its table in front: a column may be called like the
//! table, like an alias or like a keyword. Postgres and SQLite understand all of it alike; what
//! differs (types, casts, collations) comes with the [`PlannedColumn`]s.

use super::plan::{Passage, PlannedColumn};
use crate::error::Error;

/// A name as SQL writes it, whatever it holds.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A table in a schema.
pub(crate) fn qualified(schema: &str, table: &str) -> String {
    format!("{}.{}", quote(schema), quote(table))
}

/// The statements of one export.
#[derive(Debug)]
pub(crate) struct Statements<'a> {
    /// The quoted name of the target.
    pub(crate) target: &'a str,
    /// The quoted name of the staging table.
    pub(crate) staging: &'a str,
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

    /// The columns of the staging table with their types.
    pub(crate) fn staging_columns(&self) -> String {
        list(self.columns, |column| {
            format!("{} {}", quote(&column.name), column.staged)
        })
    }

    /// Copies all staged rows into the target.
    pub(crate) fn append(&self) -> String {
        format!(
            "INSERT INTO {} AS \"target\" ({}) SELECT {} FROM {} AS \"staged\" WHERE true",
            self.target,
            names(self.columns),
            list(self.columns, staged),
            self.staging
        )
    }

    /// Removes all rows of the target; not TRUNCATE, which readers would see at once.
    pub(crate) fn clear(&self) -> String {
        format!("DELETE FROM {}", self.target)
    }

    /// Counts the distinct rows that the target and the batch do not hold equally often.
    pub(crate) fn count_differences(&self) -> String {
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
            side(
                &format!("{} AS \"target\"", self.target),
                "1",
                &|column| format!("\"target\".{}", quote(&column.name))
            ),
            side(&format!("{} AS \"staged\"", self.staging), "-1", &staged),
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
        let equal: Vec<_> = key
            .iter()
            .map(|column| format!("\"target\".{} = {}", quote(&column.name), staged(column)))
            .collect();
        format!(
            "SELECT count(*) FROM {} AS \"staged\" WHERE EXISTS (SELECT 1 FROM {} AS \"target\" WHERE {})",
            self.staging,
            self.target,
            equal.join(" AND ")
        )
    }

    /// What must not be found in the staging table before a merge.
    pub(crate) fn key_checks(&self, key: &[&PlannedColumn]) -> [KeyCheck; 2] {
        let staging = self.staging;
        let values = list(key.iter().copied(), |column| {
            format!("CAST(\"staged\".{} AS text)", quote(&column.name))
        });
        let names: Vec<_> = key
            .iter()
            .map(|column| format!("\"staged\".{}", quote(&column.name)))
            .collect();
        let nulls: Vec<_> = names.iter().map(|name| format!("{name} IS NULL")).collect();
        let group = names.join(", ");
        [
            KeyCheck {
                sql: format!(
                    "SELECT {values} FROM {staging} AS \"staged\" WHERE {} LIMIT 1",
                    nulls.join(" OR ")
                ),
                fault: "is NULL",
                hint: "leave these rows out or fill the key in the query",
            },
            KeyCheck {
                sql: format!(
                    "SELECT {values} FROM {staging} AS \"staged\" GROUP BY {group} HAVING count(*) > 1 ORDER BY {group} LIMIT 1"
                ),
                fault: "is not unique in the batch",
                hint: "aggregate or number the rows in the query, or name more columns in KEY",
            },
        ]
    }

    /// Shows one staged value that its target type cannot hold, for a passage that must be exact.
    pub(crate) fn find_inexact(&self, column: &PlannedColumn) -> String {
        let name = quote(&column.name);
        format!(
            "SELECT CAST(\"staged\".{name} AS text) FROM {} AS \"staged\" WHERE \"staged\".{name} IS DISTINCT FROM CAST({} AS {}) LIMIT 1",
            self.staging,
            staged(column),
            column.staged
        )
    }

    /// Casts all values of one column, for a passage that fails on a wrong one.
    pub(crate) fn read_all(&self, column: &PlannedColumn) -> String {
        format!(
            "SELECT count({}) FROM {} AS \"staged\"",
            staged(column),
            self.staging
        )
    }

    /// Counts the staged rows.
    pub(crate) fn count_staged(&self) -> String {
        format!("SELECT count(*) FROM {}", self.staging)
    }
}

/// A query for one row whose key cannot be merged.
#[derive(Debug)]
pub(crate) struct KeyCheck {
    /// Gives the key of such a row as texts.
    pub(crate) sql: String,
    fault: &'static str,
    hint: &'static str,
}

impl KeyCheck {
    /// The error about a row that was found.
    pub(crate) fn error(&self, key: &[&PlannedColumn], values: &[Option<String>]) -> Error {
        let pairs: Vec<_> = key
            .iter()
            .zip(values)
            .map(|(column, value)| {
                format!(
                    "{} = {}",
                    quote(&column.name),
                    value.as_deref().unwrap_or("NULL")
                )
            })
            .collect();
        Error::input(format!(
            "the merge key {}: {}",
            self.fault,
            pairs.join(", ")
        ))
        .hint(self.hint)
    }
}

/// The quoted names, for a list in parentheses.
pub(crate) fn names<'c>(columns: impl IntoIterator<Item = &'c PlannedColumn>) -> String {
    list(columns, |column| quote(&column.name))
}

fn list<'c>(
    columns: impl IntoIterator<Item = &'c PlannedColumn>,
    one: impl Fn(&PlannedColumn) -> String,
) -> String {
    let parts: Vec<_> = columns.into_iter().map(one).collect();
    parts.join(", ")
}

fn staged(column: &PlannedColumn) -> String {
    let value = format!("\"staged\".{}", quote(&column.name));
    match column.passage {
        Passage::Same => value,
        Passage::Exact | Passage::Read => format!("CAST({value} AS {})", column.target),
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
            staging: "\"s\"",
            columns: &columns,
        };
        assert_eq!(
            statements.merge(&[&columns[0]]),
            "INSERT INTO \"public\".\"t\" AS \"target\" (\"id\", \"note\") \
             SELECT \"staged\".\"id\", CAST(\"staged\".\"note\" AS varchar(3)) FROM \"s\" AS \"staged\" WHERE true \
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
            staging: "\"s\"",
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
