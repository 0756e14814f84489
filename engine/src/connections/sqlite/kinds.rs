//! What a declared type of SQLite is read as.
//!
//! | declared | read as | values |
//! |---|---|---|
//! | `BOOLEAN`, `BOOL` | BOOLEAN | 0 and 1 |
//! | `NUMERIC(p,s)`, `DECIMAL(p,s)` | DECIMAL(p,s) | numbers of up to 15 digits, no more of them behind the point than `s` |
//! | `NUMERIC`, `DECIMAL` | DOUBLE | numbers |
//! | `DATE`, `TIME` | DATE, TIME | ISO texts |
//! | `TIMESTAMP`, `DATETIME` | TIMESTAMP | ISO texts without zone |
//! | `TIMESTAMPTZ` | TIMESTAMPTZ | ISO texts with a zone |
//! | with `INT` in the name | BIGINT | integers |
//! | with `CHAR`, `CLOB` or `TEXT` in it | TEXT | texts |
//! | with `REAL`, `FLOA` or `DOUB` in it | DOUBLE | numbers |
//! | with `BLOB` in it | BYTEA | blobs |
//! | all others, none at all | TEXT | texts; numbers as SQLite writes them |
//!
//! It is the type table read backwards; for foreign tables SQLite's own rules of affinity
//! follow. SQLite keeps any value in any column, so each is checked when it is read: one that is
//! not of its column's type is an error with its table, column and row, never a NULL.

use super::types::affinity;
use crate::connections::column_type::ColumnType;
use crate::connections::read::Compares;

/// How a column is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// Its type.
    pub(super) column: ColumnType,
    /// Whether numbers are taken as texts.
    pub(super) any_as_text: bool,
}

/// How a column of a declared type is read.
pub(super) fn read_as(declared: &str) -> Kind {
    let strict = |column| Kind {
        column,
        any_as_text: false,
    };
    let declared = declared.to_ascii_uppercase();
    let (name, digits) = match declared.split_once('(') {
        Some((name, rest)) => (
            name.trim_end(),
            rest.split_once(')').map(|(digits, _)| digits),
        ),
        None => (declared.trim_end(), None),
    };
    strict(match name {
        "BOOLEAN" | "BOOL" => ColumnType::Boolean,
        "NUMERIC" | "DECIMAL" => match digits {
            None => ColumnType::Double,
            Some(digits) => match decimal(digits) {
                Some(decimal) => decimal,
                None => return any(),
            },
        },
        "DATE" => ColumnType::Date,
        "TIME" => ColumnType::Time,
        "TIMESTAMP" | "DATETIME" => ColumnType::Timestamp,
        "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" => ColumnType::TimestampTz,
        _ => match affinity(&declared) {
            "INTEGER" => ColumnType::BigInt,
            "TEXT" => ColumnType::Text,
            "REAL" => ColumnType::Double,
            "BLOB" if !declared.is_empty() => ColumnType::Bytes,
            _ => return any(),
        },
    })
}

fn any() -> Kind {
    Kind {
        column: ColumnType::Text,
        any_as_text: true,
    }
}

fn decimal(digits: &str) -> Option<ColumnType> {
    let (precision, scale) = digits.split_once(',').unwrap_or((digits, "0"));
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: u8 = scale.trim().parse().ok()?;
    ((1..=38).contains(&precision) && scale <= precision)
        .then_some(ColumnType::Decimal { precision, scale })
}

impl Kind {
    /// What gives the values of a column: texts are compared byte for byte, whatever collation the
    /// column was declared with.
    pub(super) fn expression(self, quoted: &str) -> String {
        match self.compares() {
            Compares::Equality => format!("{quoted} COLLATE BINARY"),
            _ => quoted.to_owned(),
        }
    }

    /// What filters on the column mean there what they mean here, misfits aside. Decimals are
    /// binary fractions there, and of times there are several spellings.
    pub(super) fn compares(self) -> Compares {
        match self.column {
            ColumnType::BigInt | ColumnType::Date => Compares::Ordered,
            ColumnType::Boolean => Compares::Boolean,
            ColumnType::Text if !self.any_as_text => Compares::Equality,
            _ => Compares::Nothing,
        }
    }

    /// The condition for values that are not of the type, for those that can be compared.
    pub(super) fn misfit(self, quoted: &str) -> Option<String> {
        match self.column {
            ColumnType::BigInt => Some(format!("typeof({quoted}) NOT IN ('integer', 'null')")),
            // The 30th of February is another day there.
            ColumnType::Date => Some(format!(
                "{quoted} NOT GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' OR date({quoted}) IS NOT {quoted}"
            )),
            ColumnType::Boolean => Some(format!("{quoted} NOT IN (0, 1)")),
            ColumnType::Text => Some(format!("typeof({quoted}) NOT IN ('text', 'null')")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connections::dialect::Dialect;

    #[test]
    fn what_was_exported_is_read_as_it_was() {
        for kind in [
            ColumnType::Boolean,
            ColumnType::BigInt,
            ColumnType::Decimal {
                precision: 12,
                scale: 2,
            },
            ColumnType::Double,
            ColumnType::Date,
            ColumnType::Time,
            ColumnType::Timestamp,
            ColumnType::TimestampTz,
            ColumnType::Text,
            ColumnType::Bytes,
        ] {
            let read = read_as(&kind.declared(Dialect::Sqlite));
            assert_eq!((read.column, read.any_as_text), (kind, false));
        }
    }

    #[test]
    fn foreign_types_follow_their_affinity() {
        for (declared, column) in [
            ("varchar(60)", ColumnType::Text),
            ("unsigned big int", ColumnType::BigInt),
            ("double precision", ColumnType::Double),
            ("datetime", ColumnType::Timestamp),
            ("numeric", ColumnType::Double),
            (
                "decimal (10)",
                ColumnType::Decimal {
                    precision: 10,
                    scale: 0,
                },
            ),
        ] {
            assert_eq!(read_as(declared).column, column, "{declared}");
        }
        for declared in ["", "json", "uuid", "decimal(50,2)"] {
            assert_eq!(read_as(declared), any(), "{declared}");
        }
    }
}
