//! What a column of an export is in SQL, whatever Arrow layout carries it.

use std::fmt;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, TimeUnit};

/// A type that both databases can hold, with its name in the SQL of Tidemill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// A column without a type: `SELECT NULL AS x`.
    Null,
    Boolean,
    SmallInt,
    Integer,
    BigInt,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Real,
    Double,
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds, no time zone.
    Timestamp,
    /// Microseconds, in UTC.
    TimestampTz,
    Text,
    Bytes,
}

impl ColumnType {
    /// The SQL type of an Arrow type; `None` when no database column can hold it.
    pub(crate) fn of(arrow: &DataType) -> Option<Self> {
        use DataType as A;
        Some(match arrow {
            A::Null => ColumnType::Null,
            A::Boolean => ColumnType::Boolean,
            A::Int8 | A::Int16 | A::UInt8 => ColumnType::SmallInt,
            A::Int32 | A::UInt16 => ColumnType::Integer,
            A::Int64 | A::UInt32 => ColumnType::BigInt,
            A::UInt64 => ColumnType::Decimal {
                precision: 20,
                scale: 0,
            },
            A::Decimal32(precision, scale)
            | A::Decimal64(precision, scale)
            | A::Decimal128(precision, scale) => decimal(*precision, *scale)?,
            A::Float16 | A::Float32 => ColumnType::Real,
            A::Float64 => ColumnType::Double,
            A::Date32 | A::Date64 => ColumnType::Date,
            A::Time32(_) | A::Time64(_) => ColumnType::Time,
            A::Timestamp(_, None) => ColumnType::Timestamp,
            A::Timestamp(_, Some(_)) => ColumnType::TimestampTz,
            A::Utf8 | A::LargeUtf8 | A::Utf8View => ColumnType::Text,
            A::Binary | A::LargeBinary | A::BinaryView | A::FixedSizeBinary(_) => ColumnType::Bytes,
            A::Dictionary(_, values) => ColumnType::of(values)?,
            A::RunEndEncoded(_, values) => ColumnType::of(values.data_type())?,
            A::Decimal256(..)
            | A::Duration(_)
            | A::Interval(_)
            | A::List(_)
            | A::ListView(_)
            | A::FixedSizeList(..)
            | A::LargeList(_)
            | A::LargeListView(_)
            | A::Struct(_)
            | A::Union(..)
            | A::Map(..) => return None,
        })
    }

    /// The one Arrow type that carries it after [`super::columns::Columns::normalise`].
    pub(crate) fn arrow(self) -> DataType {
        match self {
            ColumnType::Null | ColumnType::Text => DataType::Utf8,
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::SmallInt => DataType::Int16,
            ColumnType::Integer => DataType::Int32,
            ColumnType::BigInt => DataType::Int64,
            // Scales of ColumnType are at most 38, so the conversion keeps the value.
            ColumnType::Decimal { precision, scale } => {
                DataType::Decimal128(precision, scale.cast_signed())
            }
            ColumnType::Real => DataType::Float32,
            ColumnType::Double => DataType::Float64,
            ColumnType::Date => DataType::Date32,
            ColumnType::Time => DataType::Time64(TimeUnit::Microsecond),
            ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            ColumnType::TimestampTz => {
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
            }
            ColumnType::Bytes => DataType::Binary,
        }
    }
}

/// A negative scale means trailing zeros: `DECIMAL(3, -2)` holds up to 99900.
fn decimal(precision: u8, scale: i8) -> Option<ColumnType> {
    match u8::try_from(scale) {
        Ok(scale) => Some(ColumnType::Decimal { precision, scale }),
        Err(_) => {
            let precision = precision.checked_add(scale.unsigned_abs())?;
            (precision <= DECIMAL128_MAX_PRECISION).then_some(ColumnType::Decimal {
                precision,
                scale: 0,
            })
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ColumnType::Decimal { precision, scale } => {
                return write!(f, "DECIMAL({precision},{scale})");
            }
            ColumnType::Null => "NULL",
            ColumnType::Boolean => "BOOLEAN",
            ColumnType::SmallInt => "SMALLINT",
            ColumnType::Integer => "INTEGER",
            ColumnType::BigInt => "BIGINT",
            ColumnType::Real => "REAL",
            ColumnType::Double => "DOUBLE",
            ColumnType::Date => "DATE",
            ColumnType::Time => "TIME",
            ColumnType::Timestamp => "TIMESTAMP",
            ColumnType::TimestampTz => "TIMESTAMPTZ",
            ColumnType::Text => "TEXT",
            ColumnType::Bytes => "BYTEA",
        })
    }
}
