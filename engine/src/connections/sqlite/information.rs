//! The `information_schema` of a SQLite file, made up of its pragmas: `tables` and `columns`, with the
//! columns of the standard that say something here.

use super::kinds::{Kind, read_as};
use super::relation::Found;
use crate::connections::statements::quote;

const TABLES: &str = "SELECT 'public' AS table_schema, name AS table_name, \
    CASE type WHEN 'view' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type \
    FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' AND name NOT GLOB 'sqlite_*'";
const COLUMNS: &str = "SELECT 'public' AS table_schema, t.name AS table_name, c.name AS column_name, \
    c.cid + 1 AS ordinal_position, c.dflt_value AS column_default, \
    CASE WHEN c.\"notnull\" THEN 'NO' ELSE 'YES' END AS is_nullable, c.type AS data_type \
    FROM pragma_table_list AS t JOIN pragma_table_xinfo(t.name, 'main') AS c ON c.hidden <> 1 \
    WHERE t.schema = 'main' AND t.type <> 'shadow' AND t.name NOT GLOB 'sqlite_*'";

/// The tables there are.
pub(super) const NAMES: [&str; 2] = ["columns", "tables"];

/// One of them.
pub(super) fn find(table: &str) -> Option<Found> {
    let (query, columns): (_, &[(&str, &str)]) = match table {
        "tables" => (
            TABLES,
            &[
                ("table_schema", "TEXT"),
                ("table_name", "TEXT"),
                ("table_type", "TEXT"),
            ],
        ),
        "columns" => (
            COLUMNS,
            &[
                ("table_schema", "TEXT"),
                ("table_name", "TEXT"),
                ("column_name", "TEXT"),
                ("ordinal_position", "INTEGER"),
                ("column_default", "TEXT"),
                ("is_nullable", "TEXT"),
                ("data_type", "TEXT"),
            ],
        ),
        _ => return None,
    };
    let columns = columns
        .iter()
        .map(|(name, declared)| ((*name).to_owned(), read_as(declared)));
    let columns: Vec<(String, Kind)> = columns.collect();
    Some(Found::query(
        format!("({query}) AS {}", quote(table)),
        columns,
    ))
}
