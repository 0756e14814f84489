//! Which Postgres type holds which column.
//!
//! What a created column is stands in `type_table.rs`; a column that is there takes more:
//!
//! | exported | goes into |
//! |---|---|
//! | SMALLINT, INTEGER, BIGINT, DECIMAL, REAL, DOUBLE | any number type that holds every value exactly |
//! | DATE | `timestamp` |
//! | TIMESTAMP | `date` at midnight |
//! | TEXT | `varchar(n)`, `char(n)` if it fits; `json`, `jsonb`, `uuid`, `xml`, enums if the server can read it |
//! | NULL without type | anything |

use crate::connections::column_type::ColumnType;
use crate::connections::columns::Column;
use crate::connections::dialect::Dialect;
use crate::connections::plan::{ExistingColumn, Passage, PlannedColumn};

/// The longest name that Postgres keeps; it would cut a longer one, in bytes, without an error.
pub(super) const MAX_NAME_BYTES: usize = 63;

/// A column of a table that Tidemill creates.
pub(super) fn create(column: &Column) -> PlannedColumn {
    let declared = column.kind.declared(Dialect::Postgres);
    PlannedColumn {
        name: column.name.clone(),
        kind: column.kind,
        staged: declared.clone(),
        target: declared,
        passage: Passage::Same,
        compare: compare(column.kind),
    }
}

/// A column that goes into an existing one; `None` when the types do not go together.
pub(super) fn fit(column: &Column, existing: &ExistingColumn) -> Option<PlannedColumn> {
    let created = create(column);
    let passage = match created.target == existing.declared {
        true => Passage::Same,
        false => passage(column.kind, &existing.family)?,
    };
    Some(PlannedColumn {
        name: existing.name.clone(),
        target: existing.declared.clone(),
        passage,
        ..created
    })
}

fn passage(kind: ColumnType, family: &str) -> Option<Passage> {
    match (kind, family) {
        (ColumnType::Null, _) => Some(Passage::Read),
        (ColumnType::Real | ColumnType::Double, "numeric") => Some(Passage::Finite),
        (
            ColumnType::SmallInt
            | ColumnType::Integer
            | ColumnType::BigInt
            | ColumnType::Decimal { .. }
            | ColumnType::Real
            | ColumnType::Double,
            "int2" | "int4" | "int8" | "numeric" | "float4" | "float8",
        )
        | (ColumnType::Boolean, "bool")
        | (ColumnType::Date | ColumnType::Timestamp, "date" | "timestamp")
        | (ColumnType::TimestampTz, "timestamptz")
        | (ColumnType::Time, "time")
        | (ColumnType::Text, "text")
        | (ColumnType::Bytes, "bytea") => Some(Passage::Exact),
        (ColumnType::Text, "json" | "jsonb" | "uuid" | "xml" | "enum") => Some(Passage::Read),
        _ => None,
    }
}

/// The type that holds what a column has and what is exported into it; `None` where there is no
/// such type, or the column has it already.
pub(super) fn widened(kind: ColumnType, present: &str) -> Option<String> {
    let wider = match (kind, present) {
        (ColumnType::Double, "real") => "double precision".to_owned(),
        (ColumnType::Timestamp, "date") => ColumnType::Timestamp.declared(Dialect::Postgres),
        (ColumnType::Text, _) if present.starts_with("character") => "text".to_owned(),
        _ => {
            let (whole, scale) = digits_of(kind)?;
            let (present_whole, present_scale) = present_digits(present)?;
            let (whole, scale) = (whole.max(present_whole), scale.max(present_scale));
            match (kind, scale) {
                (ColumnType::BigInt | ColumnType::Integer, 0)
                    if present != "bigint" && !present.starts_with("numeric") =>
                {
                    kind.declared(Dialect::Postgres)
                }
                _ => format!("numeric({},{scale})", whole + scale),
            }
        }
    };
    (wider != present).then_some(wider)
}

/// Digits in front of the point and behind it.
fn digits_of(kind: ColumnType) -> Option<(u32, u32)> {
    Some(match kind {
        ColumnType::SmallInt => (5, 0),
        ColumnType::Integer => (10, 0),
        ColumnType::BigInt => (19, 0),
        ColumnType::Decimal { precision, scale } => {
            (u32::from(precision.saturating_sub(scale)), u32::from(scale))
        }
        _ => return None,
    })
}

fn present_digits(present: &str) -> Option<(u32, u32)> {
    match present {
        "smallint" => return digits_of(ColumnType::SmallInt),
        "integer" => return digits_of(ColumnType::Integer),
        "bigint" => return digits_of(ColumnType::BigInt),
        _ => {}
    }
    let digits = present.strip_prefix("numeric(")?.strip_suffix(')')?;
    let (precision, scale) = digits.split_once(',')?;
    let (precision, scale): (u32, u32) = (precision.parse().ok()?, scale.parse().ok()?);
    Some((precision.checked_sub(scale)?, scale))
}

/// Texts are compared byte for byte: under another collation, or as citext, `Smith` and `SMITH` may
/// count as equal, and an update would be taken for unchanged. Types without `=`, such as json, are
/// compared as text for the same price.
fn compare(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Null | ColumnType::Text => "::text COLLATE \"C\"",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn fits(kind: ColumnType, declared: &str, family: &str) -> Option<Passage> {
        let column = Column {
            name: "c".to_owned(),
            kind,
        };
        let existing = ExistingColumn {
            name: "c".to_owned(),
            declared: declared.to_owned(),
            family: family.to_owned(),
            required: false,
            computed: false,
        };
        fit(&column, &existing).map(|plan| plan.passage)
    }

    #[test]
    fn same_types_need_no_cast() {
        let kind = ColumnType::Decimal {
            precision: 12,
            scale: 2,
        };
        assert_eq!(fits(kind, "numeric(12,2)", "numeric"), Some(Passage::Same));
        assert_eq!(
            fits(ColumnType::Double, "double precision", "float8"),
            Some(Passage::Same)
        );
    }

    #[test]
    fn other_types_must_be_exact_or_readable() {
        let kind = ColumnType::Decimal {
            precision: 12,
            scale: 3,
        };
        assert_eq!(fits(kind, "numeric(7,2)", "numeric"), Some(Passage::Exact));
        assert_eq!(
            fits(ColumnType::BigInt, "integer", "int4"),
            Some(Passage::Exact)
        );
        assert_eq!(
            fits(ColumnType::Text, "character varying(60)", "text"),
            Some(Passage::Exact)
        );
        assert_eq!(
            fits(ColumnType::Text, "jsonb", "jsonb"),
            Some(Passage::Read)
        );
        assert_eq!(
            fits(ColumnType::Null, "jsonb", "jsonb"),
            Some(Passage::Read)
        );
    }

    #[test]
    fn wider_types_hold_both() {
        let decimal = |precision, scale| ColumnType::Decimal { precision, scale };
        for (kind, present, wider) in [
            (ColumnType::BigInt, "integer", Some("bigint")),
            (ColumnType::Integer, "smallint", Some("integer")),
            (ColumnType::Integer, "bigint", Some("numeric(19,0)")),
            (ColumnType::BigInt, "numeric(7,2)", Some("numeric(21,2)")),
            (decimal(10, 3), "numeric(7,2)", Some("numeric(10,3)")),
            (decimal(5, 3), "numeric(7,2)", Some("numeric(8,3)")),
            (decimal(5, 3), "integer", Some("numeric(13,3)")),
            (decimal(5, 2), "numeric(7,2)", None),
            (ColumnType::Double, "real", Some("double precision")),
            (ColumnType::Double, "integer", None),
            (ColumnType::Text, "character varying(3)", Some("text")),
            (ColumnType::Text, "jsonb", None),
            (
                ColumnType::Timestamp,
                "date",
                Some("timestamp without time zone"),
            ),
        ] {
            assert_eq!(
                widened(kind, present).as_deref(),
                wider,
                "{kind} into {present}"
            );
        }
    }

    #[test]
    fn unlike_types_do_not_fit() {
        for (kind, family) in [
            (ColumnType::Text, "int4"),
            (ColumnType::Integer, "text"),
            (ColumnType::Timestamp, "timestamptz"),
            (ColumnType::TimestampTz, "timestamp"),
            (ColumnType::Boolean, "int4"),
            (ColumnType::Date, "text"),
        ] {
            assert_eq!(fits(kind, "other", family), None, "{kind} into {family}");
        }
    }
}
