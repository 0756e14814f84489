//! Tables of Postgres compared inside Postgres: their types, and all of their rows.

use crate::error::{Error, Result};
use crate::postgres::Database;
use crate::report::grouped;

const SHOWN_ROWS: usize = 5;

/// Compares what the tables of several contestants hold with what they should; gives it in words.
///
/// # Errors
/// A table of other types or with other rows: which ones.
pub fn all_hold(
    database: &Database,
    expected: &str,
    tables: impl Iterator<Item = String>,
) -> Result<String> {
    for table in tables {
        same_types(database, expected, &table)?;
        same_rows(database, expected, &table)?;
    }
    let (rows, columns) = (count(database, expected)?, types(database, expected)?.len());
    Ok(format!(
        "{} rows x {columns} columns in type and value",
        grouped(rows)
    ))
}

fn same_types(database: &Database, ours: &str, theirs: &str) -> Result<()> {
    let (left, right) = (types(database, ours)?, types(database, theirs)?);
    match left == right {
        true => Ok(()),
        false => Err(Error::new(format!(
            "types differ: {ours} {left:?}, {theirs} {right:?}"
        ))),
    }
}

/// Equal as multisets, in both directions.
fn same_rows(database: &Database, ours: &str, theirs: &str) -> Result<()> {
    let missing = |left: &str, right: &str| {
        database.rows(&format!(
            "SELECT rows::text FROM (SELECT * FROM {left} EXCEPT ALL SELECT * FROM {right}) AS rows"
        ))
    };
    let mut differences = Vec::new();
    for (sign, left, right) in [("-", ours, theirs), ("+", theirs, ours)] {
        let rows = missing(left, right)?;
        if !rows.is_empty() {
            differences.push(format!("{sign} {} rows of {left}, such as", rows.len()));
        }
        let shown = rows.iter().take(SHOWN_ROWS);
        differences.extend(shown.map(|row| format!("{sign} {}", row.get::<_, String>(0))));
    }
    match differences.is_empty() {
        true => Ok(()),
        false => Err(Error::new(format!(
            "rows differ:\n{}",
            differences.join("\n")
        ))),
    }
}

fn count(database: &Database, table: &str) -> Result<u64> {
    let rows = database.rows(&format!("SELECT count(*) FROM {table}"))?;
    let number = rows.first().map_or(0, |row| row.get::<_, i64>(0));
    u64::try_from(number).map_err(|error| Error::new(error.to_string()))
}

/// Names and types; of a decimal without its precision, which only some declare.
fn types(database: &Database, table: &str) -> Result<Vec<(String, String)>> {
    let rows = database.rows(&format!(
        "SELECT column_name::text, data_type::text FROM information_schema.columns \
         WHERE table_name = '{table}' ORDER BY 1"
    ))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_other_value_and_one_other_type_are_found() {
        let database = Database::create().unwrap();
        database
            .run(
                "CREATE TABLE ours AS SELECT n AS id, n / 7.0::float8 AS amount FROM generate_series(1, 1000) AS n;
                 CREATE TABLE same AS SELECT * FROM ours ORDER BY amount DESC;
                 CREATE TABLE other AS SELECT id, CASE id WHEN 77 THEN amount + 1e-13 ELSE amount END AS amount FROM ours;
                 CREATE TABLE twice AS SELECT * FROM ours UNION ALL SELECT * FROM ours WHERE id = 5;
                 CREATE TABLE typed AS SELECT id::bigint AS id, amount FROM ours;",
            )
            .unwrap();
        same_rows(&database, "ours", "same").unwrap();
        same_types(&database, "ours", "same").unwrap();
        let other = same_rows(&database, "ours", "other")
            .unwrap_err()
            .to_string();
        assert!(other.contains("- (77,11)\n+ 1 rows of other"), "{other}");
        let twice = same_rows(&database, "ours", "twice")
            .unwrap_err()
            .to_string();
        assert!(
            twice.contains("+ 1 rows of twice, such as\n+ (5,"),
            "{twice}"
        );
        let typed = same_types(&database, "ours", "typed")
            .unwrap_err()
            .to_string();
        assert!(
            typed.contains("\"integer\"") && typed.contains("\"bigint\""),
            "{typed}"
        );
    }
}
