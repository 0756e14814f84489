//! How SQLite stores the columns of an export.
//!
//! What a created column declares, and how a value is stored, stands in `type_table.rs`.
//!
//! SQLite gives a column an affinity by its declared type and converts what is stored in it; a text
//! column takes no numbers and a numeric one no texts, because `00123` would become 123.

use arrow::datatypes::{Decimal128Type, DecimalType};
use chrono::{DateTime, NaiveTime};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use crate::connections::column_type::ColumnType;
use crate::connections::columns::Column;
use crate::connections::dialect::Dialect;
use crate::connections::plan::{ExistingColumn, Passage, PlannedColumn};
use crate::connections::type_table::SAFE_DIGITS;
use crate::connections::values::{Typed, Values};

/// The affinity of a declared type, by the five rules of <https://sqlite.org/datatype3.html>.
pub(super) fn affinity(declared: &str) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let has = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
    if has(&["INT"]) {
        "INTEGER"
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        "TEXT"
    } else if declared.is_empty() || has(&["BLOB"]) {
        "BLOB"
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        "REAL"
    } else {
        "NUMERIC"
    }
}

/// A column of a table that Tidemill creates.
pub(super) fn create(column: &Column) -> PlannedColumn {
    let declared = column.kind.declared(Dialect::Sqlite);
    PlannedColumn {
        name: column.name.clone(),
        kind: column.kind,
        staged: affinity(&declared).to_owned(),
        target: declared,
        passage: Passage::Same,
        compare: compare(column.kind),
    }
}

/// A column that goes into an existing one; `None` when the types do not go together. Staged with
/// the affinity of the target, so a value is converted, and compared, as the target has it.
pub(super) fn fit(column: &Column, existing: &ExistingColumn) -> Option<PlannedColumn> {
    let family = existing.family.as_str();
    let fits = match column.kind {
        ColumnType::Null => true,
        ColumnType::SmallInt | ColumnType::Integer | ColumnType::Boolean => {
            matches!(family, "INTEGER" | "NUMERIC" | "REAL" | "BLOB")
        }
        // A real holds integers up to 2^53 only.
        ColumnType::BigInt => matches!(family, "INTEGER" | "NUMERIC" | "BLOB"),
        ColumnType::Real | ColumnType::Double => {
            matches!(family, "INTEGER" | "NUMERIC" | "REAL" | "BLOB")
        }
        // Without a numeric affinity the digits would stay text.
        ColumnType::Decimal { .. } => matches!(family, "INTEGER" | "NUMERIC" | "REAL"),
        // A date or time has dashes or colons and is never taken for a number.
        ColumnType::Date | ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz => {
            matches!(family, "TEXT" | "NUMERIC" | "BLOB")
        }
        ColumnType::Text => matches!(family, "TEXT" | "BLOB"),
        ColumnType::Bytes => family == "BLOB",
    };
    let created = create(column);
    let declared = existing.declared.to_ascii_uppercase();
    let is_decimal = declared.starts_with("NUMERIC") || declared.starts_with("DECIMAL");
    let passage = match column.kind {
        // The affinity keeps a fraction as it is, which no reader of integers could take.
        ColumnType::Decimal { .. } | ColumnType::Real | ColumnType::Double
            if family == "INTEGER" =>
        {
            Passage::Exact
        }
        _ if !is_decimal || declared == created.target => Passage::Same,
        ColumnType::Real | ColumnType::Double => Passage::Finite,
        _ => Passage::Exact,
    };
    fits.then(|| PlannedColumn {
        name: existing.name.clone(),
        staged: existing.family.clone(),
        target: existing.declared.clone(),
        passage,
        ..created
    })
}

/// Texts are compared byte for byte, also in a column that is declared NOCASE.
fn compare(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Null | ColumnType::Text => " COLLATE BINARY",
        _ => "",
    }
}

/// The value as SQLite gets it, or why it cannot hold it.
pub(super) fn bind<'a>(
    values: &Values<'a>,
    kind: ColumnType,
    row: usize,
) -> Result<ToSqlOutput<'a>, String> {
    if values.is_null(row) {
        return Ok(ToSqlOutput::Owned(Value::Null));
    }
    let owned = |value| Ok(ToSqlOutput::Owned(value));
    match values.typed {
        Typed::Boolean(array) => owned(Value::Integer(i64::from(array.value(row)))),
        Typed::SmallInt(array) => owned(Value::Integer(i64::from(array.value(row)))),
        Typed::Integer(array) => owned(Value::Integer(i64::from(array.value(row)))),
        Typed::BigInt(array) => owned(Value::Integer(array.value(row))),
        Typed::Decimal(array) => owned(Value::Text(decimal(array.value(row), kind)?)),
        Typed::Real(array) => owned(Value::Real(number(f64::from(array.value(row)))?)),
        Typed::Double(array) => owned(Value::Real(number(array.value(row))?)),
        Typed::Date(array) => owned(Value::Text(date(array.value(row))?)),
        Typed::Time(array) => owned(Value::Text(time(array.value(row))?)),
        Typed::Timestamp(array) => owned(Value::Text(timestamp(array.value(row))?)),
        Typed::TimestampTz(array) => owned(Value::Text(timestamp(array.value(row))? + "+00:00")),
        Typed::Text(array) => Ok(ToSqlOutput::Borrowed(ValueRef::Text(
            array.value(row).as_bytes(),
        ))),
        Typed::Bytes(array) => Ok(ToSqlOutput::Borrowed(ValueRef::Blob(array.value(row)))),
    }
}

fn decimal(value: i128, kind: ColumnType) -> Result<String, String> {
    let ColumnType::Decimal { precision, scale } = kind else {
        return Err("it is no decimal".to_owned());
    };
    let text = Decimal128Type::format_decimal(value, precision, scale.cast_signed());
    let digits = value.unsigned_abs().to_string();
    let significant = digits.trim_end_matches('0').len();
    match significant <= usize::from(SAFE_DIGITS) {
        true => Ok(text),
        false => Err(format!(
            "{text} has {significant} significant digits and SQLite keeps {SAFE_DIGITS}"
        )),
    }
}

fn number(value: f64) -> Result<f64, String> {
    match value.is_nan() {
        true => Err("it is NaN, which SQLite stores as NULL".to_owned()),
        false => Ok(value),
    }
}

fn date(days: i32) -> Result<String, String> {
    DateTime::from_timestamp(i64::from(days) * 86_400, 0)
        .map(|date| date.format("%Y-%m-%d").to_string())
        .ok_or_else(|| format!("the date {days} days after 1970-01-01 has no ISO form"))
}

fn time(micros: i64) -> Result<String, String> {
    let parts = (
        u32::try_from(micros.div_euclid(1_000_000)),
        u32::try_from(micros.rem_euclid(1_000_000)),
    );
    let time = match parts {
        (Ok(seconds), Ok(micros)) => {
            NaiveTime::from_num_seconds_from_midnight_opt(seconds, micros * 1_000)
        }
        _ => None,
    };
    time.map(|time| {
        time.format(if micros % 1_000_000 == 0 {
            "%H:%M:%S"
        } else {
            "%H:%M:%S%.6f"
        })
        .to_string()
    })
    .ok_or_else(|| format!("the time {micros} us after midnight has no ISO form"))
}

/// Microseconds since 1970 as a timestamp is stored.
pub(in crate::connections) fn timestamp(micros: i64) -> Result<String, String> {
    let whole = micros % 1_000_000 == 0;
    DateTime::from_timestamp_micros(micros)
        .map(|time| {
            time.format(if whole {
                "%Y-%m-%d %H:%M:%S"
            } else {
                "%Y-%m-%d %H:%M:%S%.6f"
            })
            .to_string()
        })
        .ok_or_else(|| format!("the time {micros} us after 1970-01-01 has no ISO form"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn affinities_follow_the_five_rules() {
        for (declared, expected) in [
            ("INTEGER", "INTEGER"),
            ("bigint", "INTEGER"),
            ("VARCHAR(60)", "TEXT"),
            ("TEXT", "TEXT"),
            ("", "BLOB"),
            ("BLOB", "BLOB"),
            ("DOUBLE PRECISION", "REAL"),
            ("NUMERIC(7,2)", "NUMERIC"),
            ("DECIMAL(7,2)", "NUMERIC"),
            ("DATE", "NUMERIC"),
            ("BOOLEAN", "NUMERIC"),
            ("TIMESTAMP", "NUMERIC"),
        ] {
            assert_eq!(affinity(declared), expected, "{declared}");
        }
    }

    #[test]
    fn a_created_column_takes_its_own_type() {
        for kind in [
            ColumnType::Null,
            ColumnType::Boolean,
            ColumnType::SmallInt,
            ColumnType::BigInt,
            ColumnType::Decimal {
                precision: 12,
                scale: 2,
            },
            ColumnType::Double,
            ColumnType::Date,
            ColumnType::Time,
            ColumnType::TimestampTz,
            ColumnType::Text,
            ColumnType::Bytes,
        ] {
            let declared = kind.declared(Dialect::Sqlite);
            let existing = ExistingColumn {
                name: "c".to_owned(),
                family: affinity(&declared).to_owned(),
                declared,
                required: false,
                computed: false,
            };
            let column = Column {
                name: "C".to_owned(),
                kind,
            };
            assert!(fit(&column, &existing).is_some(), "{kind}");
        }
    }

    #[test]
    fn decimals_keep_15_digits_or_fail() {
        let kind = ColumnType::Decimal {
            precision: 38,
            scale: 2,
        };
        assert_eq!(decimal(-5, kind).unwrap(), "-0.05");
        assert_eq!(
            decimal(123_456_789_012_345, kind).unwrap(),
            "1234567890123.45"
        );
        assert_eq!(
            decimal(123_456_789_012_345_000, kind).unwrap(),
            "1234567890123450.00"
        );
        assert_eq!(
            decimal(1_234_567_890_123_456, kind).unwrap_err(),
            "12345678901234.56 has 16 significant digits and SQLite keeps 15"
        );
    }

    #[test]
    fn dates_and_times_are_iso() {
        assert_eq!(date(-1).unwrap(), "1969-12-31");
        assert_eq!(date(19_782).unwrap(), "2024-02-29");
        assert!(date(i32::MAX).is_err());
        assert_eq!(time(86_398_000_000).unwrap(), "23:59:58");
        assert_eq!(time(1).unwrap(), "00:00:00.000001");
        assert!(time(-1).is_err());
        assert_eq!(timestamp(-1).unwrap(), "1969-12-31 23:59:59.999999");
        assert_eq!(timestamp(0).unwrap(), "1970-01-01 00:00:00");
        assert!(timestamp(i64::MAX).is_err());
    }

    #[test]
    fn nan_is_refused_and_infinity_kept() {
        assert!(number(f64::NAN).is_err());
        assert_eq!(number(f64::INFINITY).unwrap(), f64::INFINITY);
    }
}
