//! The type table: what each type of an export is in Postgres and in SQLite, and what may be lost on
//! the way. It is declared here once: tables that are created and `EXPLAIN COPY INTO` read it, and a
//! test writes the page `docs/database-types.md` from it.
//!
//! Lost is never a value: what a column cannot hold is refused, with its row. What a value may lose is
//! its form, and the table says which values are refused.

use arrow::datatypes::{DataType, TimeUnit};

use super::column_type::ColumnType;
use super::dialect::Dialect;

/// One type of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TypeRow {
    /// The type in Postgres, as `format_type` spells it; `p` and `s` stand for digits.
    postgres: &'static str,
    /// The type that a table of SQLite declares.
    sqlite: &'static str,
}

impl ColumnType {
    /// The row of a type.
    fn row(self) -> TypeRow {
        let row = |postgres, sqlite| TypeRow { postgres, sqlite };
        match self {
            ColumnType::Boolean => row("boolean", "BOOLEAN"),
            ColumnType::SmallInt => row("smallint", "INTEGER"),
            ColumnType::Integer => row("integer", "INTEGER"),
            ColumnType::BigInt => row("bigint", "INTEGER"),
            ColumnType::Decimal { .. } => row("numeric(p,s)", "NUMERIC(p,s)"),
            ColumnType::Real => row("real", "REAL"),
            ColumnType::Double => row("double precision", "REAL"),
            ColumnType::Date => row("date", "DATE"),
            ColumnType::Time => row("time without time zone", "TIME"),
            ColumnType::Timestamp => row("timestamp without time zone", "TIMESTAMP"),
            ColumnType::TimestampTz => row("timestamp with time zone", "TIMESTAMPTZ"),
            ColumnType::Text | ColumnType::Null => row("text", "TEXT"),
            ColumnType::Bytes => row("bytea", "BLOB"),
        }
    }

    /// The type that a created table declares.
    pub(crate) fn declared(self, dialect: Dialect) -> String {
        let row = self.row();
        let declared = match dialect {
            Dialect::Postgres => row.postgres,
            Dialect::Sqlite => row.sqlite,
        };
        match self {
            ColumnType::Decimal { precision, scale } => {
                declared.replace("p,s", &format!("{precision},{scale}"))
            }
            _ => declared.to_owned(),
        }
    }

    /// What values of the type lose or are refused for in a database.
    pub(crate) fn loss(self, dialect: Dialect) -> Option<&'static str> {
        match (self, dialect) {
            (ColumnType::Text, _) => Some("the character NUL refused"),
            (ColumnType::Decimal { precision, .. }, Dialect::Sqlite) if precision > SAFE_DIGITS => {
                Some("15 significant digits kept, more refused")
            }
            (ColumnType::Real | ColumnType::Double, Dialect::Sqlite) => Some("NaN refused"),
            _ => None,
        }
    }
}

/// SQLite promises to keep so many digits between text and number.
pub(crate) const SAFE_DIGITS: u8 = 15;

/// What values of an Arrow type lose or are refused for, whatever the database.
pub(crate) fn loss_of_arrow(arrow: &DataType) -> Option<&'static str> {
    match arrow {
        DataType::Timestamp(TimeUnit::Nanosecond, _) | DataType::Time64(TimeUnit::Nanosecond) => {
            Some("microseconds kept, nanoseconds refused")
        }
        DataType::Timestamp(_, Some(zone)) if !matches!(zone.as_ref(), "UTC" | "+00:00" | "Z") => {
            Some("the moment kept, its zone becomes UTC")
        }
        DataType::Date64 => Some("days kept, times of a day refused"),
        DataType::Dictionary(_, values) => loss_of_arrow(values),
        DataType::RunEndEncoded(_, values) => loss_of_arrow(values.data_type()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fmt::Write as _;
    use std::path::Path;

    use super::super::{postgres, sqlite};
    use super::*;

    const BEFORE: &str = "\
# Types in databases

What COPY INTO, INSERT and CREATE TABLE AS make of a column in a database, and what it is when it is read
again. A value that a type cannot hold is refused, with its row and column; nothing is rounded, cut or made
NULL. `EXPLAIN COPY INTO` prints the same for the columns of one export.

| Type here | From Arrow | In Postgres | Read again | In SQLite | Stored as | Read again | Refused |
| --- | --- | --- | --- | --- | --- | --- | --- |
";
    const AFTER: &str = "
In a table that is there already, a column of another type takes the values that it can hold exactly; in
Postgres a text column also goes into `json`, `jsonb`, `uuid`, `xml` and enums. Timestamps and times in
nanoseconds are kept to the microsecond or refused. Intervals, lists, structs, maps and decimals of more than 38
digits have no type in a database: cast them in the query.

Read from Postgres: `numeric` without digits is TEXT, an array is a LIST, `json`, `uuid` and all other types
are TEXT as the server writes them. Read from SQLite: a column is read by the type that it declares, and a
value that is not of it is refused.
";

    /// All types; one DECIMAL stands for all of them.
    const ALL: [ColumnType; 14] = [
        ColumnType::Boolean,
        ColumnType::SmallInt,
        ColumnType::Integer,
        ColumnType::BigInt,
        ColumnType::Decimal {
            precision: 38,
            scale: 10,
        },
        ColumnType::Real,
        ColumnType::Double,
        ColumnType::Date,
        ColumnType::Time,
        ColumnType::Timestamp,
        ColumnType::TimestampTz,
        ColumnType::Text,
        ColumnType::Bytes,
        ColumnType::Null,
    ];

    /// The Arrow types that become one, and how SQLite stores a value.
    fn described(kind: ColumnType) -> (&'static str, &'static str) {
        match kind {
            ColumnType::Boolean => ("Boolean", "0 or 1"),
            ColumnType::SmallInt => ("Int8, Int16, UInt8", "integer"),
            ColumnType::Integer => ("Int32, UInt16", "integer"),
            ColumnType::BigInt => ("Int64, UInt32", "integer"),
            ColumnType::Decimal { .. } => (
                "Decimal32, Decimal64, Decimal128; UInt64 as DECIMAL(20,0)",
                "integer or real",
            ),
            ColumnType::Real => ("Float16, Float32", "real"),
            ColumnType::Double => ("Float64", "real"),
            ColumnType::Date => ("Date32, Date64", "text, `2024-02-29`"),
            ColumnType::Time => ("Time32, Time64", "text, `23:59:58` or `23:59:58.123456`"),
            ColumnType::Timestamp => (
                "Timestamp without zone",
                "text, `2024-02-29 23:59:58` or with six digits more",
            ),
            ColumnType::TimestampTz => (
                "Timestamp with zone",
                "the same in UTC with `+00:00` behind",
            ),
            ColumnType::Text => ("Utf8, LargeUtf8, Utf8View", "text"),
            ColumnType::Bytes => ("Binary, LargeBinary, BinaryView, FixedSizeBinary", "blob"),
            ColumnType::Null => ("Null", "NULL"),
        }
    }

    fn page() -> String {
        let mut page = BEFORE.to_owned();
        for kind in ALL {
            let row = kind.row();
            let (arrow, stored) = described(kind);
            let generic = |name: String| name.replace("38,10", "p,s");
            let databases = [(Dialect::Postgres, "Postgres"), (Dialect::Sqlite, "SQLite")];
            let losses = databases
                .map(|(dialect, name)| kind.loss(dialect).map(|loss| format!("{name}: {loss}")));
            let losses: Vec<_> = losses.into_iter().flatten().collect();
            writeln!(
                page,
                "| {} | {} | `{}` | {} | `{}` | {} | {} | {} |",
                generic(kind.to_string()),
                arrow,
                row.postgres,
                generic(postgres::read_again(kind).to_string()),
                row.sqlite,
                stored,
                generic(sqlite::read_again(kind).to_string()),
                losses.join("; ")
            )
            .unwrap();
        }
        page + AFTER
    }

    /// With TIDEMILL_TEST_BLESS=1 the page is written.
    #[test]
    fn the_page_says_what_the_table_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/database-types.md");
        if std::env::var_os("TIDEMILL_TEST_BLESS").is_some() {
            std::fs::write(&path, page()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), page());
    }

    #[test]
    fn every_arrow_type_is_in_the_row_of_its_type() {
        for (arrow, kind) in [
            (DataType::UInt8, ColumnType::SmallInt),
            (DataType::UInt32, ColumnType::BigInt),
            (DataType::Float16, ColumnType::Real),
            (DataType::Utf8View, ColumnType::Text),
            (DataType::FixedSizeBinary(4), ColumnType::Bytes),
            (DataType::Date64, ColumnType::Date),
        ] {
            assert_eq!(ColumnType::of(&arrow), Some(kind));
            let name = arrow.to_string();
            let name = name.split('(').next().unwrap();
            assert!(described(kind).0.contains(name), "{name}");
        }
    }
}
