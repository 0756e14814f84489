//! Values of SQLite become Arrow columns, or an error: what is stored must be of the type that its
//! column declares.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use chrono::{NaiveTime, Timelike};
use rusqlite::types::ValueRef;

use super::kinds::Kind;
use crate::connections::column_type::ColumnType;
use crate::values::{
    DateFormat, parse_date, parse_decimal, parse_timestamp, parse_timestamp_with_zone,
};

/// So many significant digits survive between text and binary fraction.
const SAFE_DIGITS: usize = 15;
/// Up to here, every integer is a binary fraction of its own.
const EXACT_IN_DOUBLE: u64 = 1 << 53;

/// The values of a column so far.
pub(super) enum Values {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Decimal(Decimal128Builder, u8, u8),
    Double(Float64Builder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder, bool),
    Text(StringBuilder, bool),
    Bytes(BinaryBuilder),
}

impl Values {
    /// No values yet. The types that SQLite's own columns are never read as stand for the wider one.
    pub(super) fn new(kind: Kind) -> Self {
        let arrow = kind.column.arrow();
        match kind.column {
            ColumnType::Boolean => Values::Boolean(BooleanBuilder::new()),
            ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt => {
                Values::Integer(Int64Builder::new())
            }
            ColumnType::Decimal { precision, scale } => Values::Decimal(
                Decimal128Builder::new().with_data_type(arrow),
                precision,
                scale,
            ),
            ColumnType::Real | ColumnType::Double => Values::Double(Float64Builder::new()),
            ColumnType::Date => Values::Date(Date32Builder::new()),
            ColumnType::Time => Values::Time(Time64MicrosecondBuilder::new()),
            ColumnType::Timestamp | ColumnType::TimestampTz => Values::Timestamp(
                TimestampMicrosecondBuilder::new().with_data_type(arrow),
                kind.column == ColumnType::TimestampTz,
            ),
            ColumnType::Text | ColumnType::Null => {
                Values::Text(StringBuilder::new(), kind.any_as_text)
            }
            ColumnType::Bytes => Values::Bytes(BinaryBuilder::new()),
        }
    }

    /// Takes a value in.
    ///
    /// # Errors
    /// Why it is not one of the type.
    pub(super) fn add(&mut self, value: ValueRef<'_>) -> Result<(), String> {
        if value == ValueRef::Null {
            self.add_null();
            return Ok(());
        }
        match (self, value) {
            (Values::Boolean(builder), ValueRef::Integer(value @ (0 | 1))) => {
                builder.append_value(value == 1);
            }
            (Values::Integer(builder), ValueRef::Integer(value)) => builder.append_value(value),
            (Values::Decimal(builder, precision, scale), value) => {
                builder.append_value(decimal(value, *precision, *scale)?);
            }
            (Values::Double(builder), ValueRef::Real(value)) => builder.append_value(value),
            (Values::Double(builder), ValueRef::Integer(value))
                if value.unsigned_abs() <= EXACT_IN_DOUBLE =>
            {
                builder.append_value(value as f64);
            }
            (Values::Date(builder), ValueRef::Text(value)) => {
                let date = parse_date(text(value)?, DateFormat::ISO);
                builder.append_value(date.map_err(|refusal| refusal.to_string())?);
            }
            (Values::Time(builder), ValueRef::Text(value)) => {
                builder.append_value(time(text(value)?)?);
            }
            (Values::Timestamp(builder, zoned), ValueRef::Text(value)) => {
                let parse = match zoned {
                    true => parse_timestamp_with_zone,
                    false => parse_timestamp,
                };
                let moment = parse(text(value)?, DateFormat::ISO);
                builder.append_value(moment.map_err(|refusal| refusal.to_string())?);
            }
            (Values::Text(builder, _), ValueRef::Text(value)) => {
                builder.append_value(text(value)?);
            }
            (Values::Text(builder, true), ValueRef::Integer(value)) => {
                builder.append_value(value.to_string());
            }
            (Values::Text(builder, true), ValueRef::Real(value)) => {
                builder.append_value(format!("{value:?}"));
            }
            (Values::Bytes(builder), ValueRef::Blob(value)) => builder.append_value(value),
            (_, value) => return Err(format!("it is stored as {}", storage(value))),
        }
        Ok(())
    }

    /// The column, and an empty one in its place.
    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Values::Boolean(builder) => Arc::new(builder.finish()),
            Values::Integer(builder) => Arc::new(builder.finish()),
            Values::Decimal(builder, ..) => Arc::new(builder.finish()),
            Values::Double(builder) => Arc::new(builder.finish()),
            Values::Date(builder) => Arc::new(builder.finish()),
            Values::Time(builder) => Arc::new(builder.finish()),
            Values::Timestamp(builder, _) => Arc::new(builder.finish()),
            Values::Text(builder, _) => Arc::new(builder.finish()),
            Values::Bytes(builder) => Arc::new(builder.finish()),
        }
    }

    fn add_null(&mut self) {
        match self {
            Values::Boolean(builder) => builder.append_null(),
            Values::Integer(builder) => builder.append_null(),
            Values::Decimal(builder, ..) => builder.append_null(),
            Values::Double(builder) => builder.append_null(),
            Values::Date(builder) => builder.append_null(),
            Values::Time(builder) => builder.append_null(),
            Values::Timestamp(builder, _) => builder.append_null(),
            Values::Text(builder, _) => builder.append_null(),
            Values::Bytes(builder) => builder.append_null(),
        }
    }
}

/// A value as a message shows it.
pub(super) fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => format!("{value:?}"),
        ValueRef::Text(value) => format!("'{}'", String::from_utf8_lossy(value)),
        ValueRef::Blob(value) => format!("a blob of {} bytes", value.len()),
    }
}

/// The bytes that a value takes, about.
pub(super) fn size(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(value) | ValueRef::Blob(value) => value.len(),
        _ => size_of::<i64>(),
    }
}

fn storage(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::Null => "NULL",
        ValueRef::Integer(_) => "an integer",
        ValueRef::Real(_) => "a binary fraction",
        ValueRef::Text(_) => "a text",
        ValueRef::Blob(_) => "a blob",
    }
}

/// A binary fraction of at most 15 digits was written from exactly one decimal of so many.
fn decimal(value: ValueRef<'_>, precision: u8, scale: u8) -> Result<i128, String> {
    let text = match value {
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => {
            let text = value.to_string();
            let digits = text.trim_start_matches(['-', '0', '.']);
            let count = digits.bytes().filter(u8::is_ascii_digit).count();
            let zeros = digits.bytes().rev().take_while(|digit| *digit == b'0');
            if count - zeros.count() > SAFE_DIGITS {
                return Err(format!("it has more than {SAFE_DIGITS} digits"));
            }
            text
        }
        value => return Err(format!("it is stored as {}", storage(value))),
    };
    parse_decimal(&text, precision, scale).map_err(|refusal| refusal.to_string())
}

fn time(text: &str) -> Result<i64, String> {
    let time = NaiveTime::parse_from_str(text, "%H:%M:%S%.f")
        .map_err(|_| "it is no time such as 23:59:58".to_owned())?;
    let nanos = i64::from(time.nanosecond());
    // A leap second has more than a thousand million, and no second of its own here.
    if nanos % 1_000 != 0 || nanos >= 1_000_000_000 {
        return Err("it is finer than a microsecond".to_owned());
    }
    Ok(i64::from(time.num_seconds_from_midnight()) * 1_000_000 + nanos / 1_000)
}

fn text(value: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(value).map_err(|_| "it is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::util::display::array_value_to_string;

    use super::super::kinds::read_as;
    use super::*;

    fn read(declared: &str, value: ValueRef<'_>) -> Result<String, String> {
        let mut values = Values::new(read_as(declared));
        values.add(value)?;
        Ok(array_value_to_string(&values.finish(), 0).unwrap())
    }

    #[test]
    fn values_of_their_type_are_exact() {
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        for (declared, value, expected) in [
            (
                "INTEGER",
                ValueRef::Integer(i64::MIN),
                "-9223372036854775808",
            ),
            ("BOOLEAN", ValueRef::Integer(1), "true"),
            (
                "NUMERIC(20,2)",
                ValueRef::Real(1_234_567_890_123.45),
                "1234567890123.45",
            ),
            ("NUMERIC(20,0)", ValueRef::Real(1e18), "1000000000000000000"),
            ("NUMERIC(5,1)", ValueRef::Integer(-7), "-7.0"),
            ("NUMERIC(5,4)", ValueRef::Real(0.0005), "0.0005"),
            ("REAL", ValueRef::Integer(5), "5.0"),
            ("DATE", text("2024-02-29"), "2024-02-29"),
            ("TIME", text("23:59:58.000001"), "23:59:58.000001"),
            (
                "TIMESTAMP",
                text("2024-02-29 01:02:03"),
                "2024-02-29T01:02:03",
            ),
            (
                "TIMESTAMPTZ",
                text("2024-02-29 01:02:03+01:00"),
                "2024-02-29T00:02:03Z",
            ),
            ("TEXT", text("Grüße"), "Grüße"),
            ("", ValueRef::Real(0.5), "0.5"),
            ("BLOB", ValueRef::Blob(&[0, 255]), "00ff"),
        ] {
            assert_eq!(read(declared, value).as_deref(), Ok(expected), "{declared}");
        }
    }

    #[test]
    fn values_of_other_types_are_refused() {
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        for (declared, value, expected) in [
            ("INTEGER", text("x"), "it is stored as a text"),
            (
                "INTEGER",
                ValueRef::Real(0.5),
                "it is stored as a binary fraction",
            ),
            (
                "BOOLEAN",
                ValueRef::Integer(2),
                "it is stored as an integer",
            ),
            (
                "NUMERIC(20,2)",
                ValueRef::Real(0.1 + 0.2),
                "it has more than 15 digits",
            ),
            ("TEXT", ValueRef::Blob(b"x"), "it is stored as a blob"),
            (
                "TIME",
                text("12:00:00.0000001"),
                "it is finer than a microsecond",
            ),
        ] {
            assert_eq!(read(declared, value).unwrap_err(), expected, "{declared}");
        }
        assert!(read("DATE", text("2024-2-29")).is_err());
        assert!(read("NUMERIC(5,2)", ValueRef::Real(1.234)).is_err());
        assert!(read("REAL", ValueRef::Integer(i64::MAX)).is_err());
        assert!(read("TIMESTAMP", text("2024-02-29 01:02:03Z")).is_err());
    }
}
