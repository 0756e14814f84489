//! The values that a watermark can have: those that grow and are exact.

use arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use arrow::temporal_conversions::{as_date, as_datetime};

/// What the values of a watermark are; each is kept as the integer that Arrow has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    Integer,
    Date,
    Timestamp,
    TimestampTz,
}

impl MarkKind {
    /// That of a column; `None` if it cannot be a watermark.
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Int16 | DataType::Int32 | DataType::Int64 => MarkKind::Integer,
            DataType::Date32 => MarkKind::Date,
            DataType::Timestamp(TimeUnit::Microsecond, None) => MarkKind::Timestamp,
            DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => MarkKind::TimestampTz,
            _ => return None,
        })
    }

    /// How the ledger calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            MarkKind::Integer => "an integer",
            MarkKind::Date => "a date",
            MarkKind::Timestamp => "a timestamp",
            MarkKind::TimestampTz => "a timestamp with time zone",
        }
    }

    /// A value as SQL, of exactly its type: one of another would be compared here and not in the
    /// database.
    pub(super) fn literal(self, value: i64) -> String {
        let value = format!("arrow_cast('{value}', 'Int64')");
        let to = match self {
            MarkKind::Integer => return value,
            MarkKind::Date => {
                return format!("arrow_cast(arrow_cast({value}, 'Int32'), 'Date32')");
            }
            MarkKind::Timestamp => "Timestamp(Microsecond, None)",
            MarkKind::TimestampTz => "Timestamp(Microsecond, Some(\"UTC\"))",
        };
        format!("arrow_cast({value}, '{to}')")
    }

    /// A value as a message shows it.
    pub(super) fn show(self, value: i64) -> String {
        let moment = || as_datetime::<TimestampMicrosecondType>(value).map(|at| at.to_string());
        let shown = match self {
            MarkKind::Integer => None,
            MarkKind::Date => as_date::<Date32Type>(value).map(|day| day.to_string()),
            MarkKind::Timestamp => moment(),
            MarkKind::TimestampTz => moment().map(|at| format!("{at} UTC")),
        };
        shown.unwrap_or_else(|| value.to_string())
    }
}
