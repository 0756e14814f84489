//! What the log says about the values of a data file, from the file's own footer, so that readers
//! can leave out files that hold nothing they look for.
//!
//! The bounds that are written hold for every value, also where they cannot be written exactly:
//! the protocol gives timestamps milliseconds, so the largest is rounded up, and decimals are
//! written with all their digits.

use arrow::datatypes::{DataType, Decimal128Type, DecimalType, SchemaRef};
use chrono::{DateTime, Duration, NaiveDate};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::statistics::Statistics;
use serde_json::Value;

/// The columns that the protocol has statistics for, if a table does not say otherwise.
const COLUMNS_WITH_STATISTICS: usize = 32;
const MICROSECONDS_PER_MILLISECOND: i128 = 1000;

/// The `stats` of an `add` action of Delta, as JSON.
pub(super) fn statistics(metadata: &ParquetMetaData, schema: &SchemaRef) -> String {
    let (mut smallest, mut largest, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
    let leaves = metadata.file_metadata().schema_descr().columns();
    for (leaf, descriptor) in leaves.iter().enumerate() {
        let [name] = descriptor.path().parts() else {
            continue;
        };
        let Some((column, field)) = schema.column_with_name(name) else {
            continue;
        };
        if column >= COLUMNS_WITH_STATISTICS || descriptor.max_rep_level() > 0 {
            continue;
        }
        let chunks = || metadata.row_groups().iter().map(|group| group.column(leaf));
        let null_count = |chunk: &ColumnChunkMetaData| chunk.statistics()?.null_count_opt();
        if let Some(count) = chunks().map(null_count).sum::<Option<u64>>() {
            nulls.push((name, count.to_string()));
        }
        let Some((low, high)) = bounds(chunks(), field.data_type()) else {
            continue;
        };
        smallest.extend(
            low.to_json(field.data_type(), End::Low)
                .map(|low| (name, low)),
        );
        largest.extend(
            high.to_json(field.data_type(), End::High)
                .map(|high| (name, high)),
        );
    }
    let rows = metadata.file_metadata().num_rows();
    let (smallest, largest, nulls) = (object(smallest), object(largest), object(nulls));
    format!(
        r#"{{"numRecords":{rows},"minValues":{smallest},"maxValues":{largest},"nullCount":{nulls}}}"#
    )
}

/// A smallest or largest value: numbers, dates and times as the integer that stores them.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
enum Bound {
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Low,
    High,
}

/// The bounds of a column over all its chunks; none if there is no value, or a chunk does not
/// tell its own.
fn bounds<'m>(
    chunks: impl Iterator<Item = &'m ColumnChunkMetaData>,
    data_type: &DataType,
) -> Option<(Bound, Bound)> {
    let mut bounds: Option<(Bound, Bound)> = None;
    for chunk in chunks {
        let statistics = chunk.statistics()?;
        if statistics.null_count_opt() == Some(chunk.num_values() as u64) {
            continue;
        }
        let low = Bound::of(statistics, data_type, End::Low)?;
        let high = Bound::of(statistics, data_type, End::High)?;
        bounds = Some(match bounds {
            None => (low, high),
            Some((lowest, highest)) => (
                if low < lowest { low } else { lowest },
                if high > highest { high } else { highest },
            ),
        });
    }
    bounds
}

impl Bound {
    fn of(statistics: &Statistics, data_type: &DataType, end: End) -> Option<Self> {
        macro_rules! value {
            ($statistics:expr) => {
                match end {
                    End::Low => $statistics.min_opt()?,
                    End::High => $statistics.max_opt()?,
                }
            };
        }
        Some(match (statistics, data_type) {
            (Statistics::Boolean(values), DataType::Boolean) => Bound::Boolean(*value!(values)),
            (
                Statistics::Int32(values),
                DataType::Int8
                | DataType::Int16
                | DataType::Int32
                | DataType::Date32
                | DataType::Decimal128(_, _),
            ) => Bound::Integer((*value!(values)).into()),
            (
                Statistics::Int64(values),
                DataType::Int64 | DataType::Timestamp(_, _) | DataType::Decimal128(_, _),
            ) => Bound::Integer((*value!(values)).into()),
            (Statistics::FixedLenByteArray(values), DataType::Decimal128(_, _)) => {
                Bound::Integer(big_endian(value!(values).data())?)
            }
            (Statistics::Float(values), DataType::Float32) => {
                Bound::Float((*value!(values)).into())
            }
            (Statistics::Double(values), DataType::Float64) => Bound::Float(*value!(values)),
            (Statistics::ByteArray(values), DataType::Utf8) => {
                Bound::Text(std::str::from_utf8(value!(values).data()).ok()?.to_owned())
            }
            _ => return None,
        })
    }

    fn to_json(&self, data_type: &DataType, end: End) -> Option<String> {
        let text = match (self, data_type) {
            (Bound::Boolean(value), _) => return Some(value.to_string()),
            (Bound::Float(value), _) => {
                return value.is_finite().then(|| Value::from(*value).to_string());
            }
            (Bound::Integer(value), DataType::Decimal128(precision, scale)) => {
                return Some(Decimal128Type::format_decimal(*value, *precision, *scale));
            }
            (Bound::Integer(days), DataType::Date32) => date(*days)?,
            (Bound::Integer(microseconds), DataType::Timestamp(_, zone)) => {
                timestamp(*microseconds, zone.is_some(), end)?
            }
            (Bound::Integer(value), _) => return Some(value.to_string()),
            (Bound::Text(text), _) => text.clone(),
        };
        Some(Value::from(text).to_string())
    }
}

fn date(days: i128) -> Option<String> {
    let days = Duration::try_days(days.try_into().ok()?)?;
    let date = NaiveDate::default().checked_add_signed(days)?;
    Some(date.format("%Y-%m-%d").to_string())
}

fn timestamp(microseconds: i128, zone: bool, end: End) -> Option<String> {
    let down = microseconds.div_euclid(MICROSECONDS_PER_MILLISECOND);
    let inexact = microseconds.rem_euclid(MICROSECONDS_PER_MILLISECOND) != 0;
    let milliseconds = down + i128::from(end == End::High && inexact);
    let time = DateTime::from_timestamp_millis(milliseconds.try_into().ok()?)?;
    let format = match zone {
        true => "%Y-%m-%dT%H:%M:%S%.3fZ",
        false => "%Y-%m-%d %H:%M:%S%.3f",
    };
    Some(time.format(format).to_string())
}

/// A two's complement number, its first byte first.
fn big_endian(bytes: &[u8]) -> Option<i128> {
    let sign = if *bytes.first()? >= 0x80 { 0xff } else { 0 };
    let mut number = [sign; size_of::<i128>()];
    let start = number.len().checked_sub(bytes.len())?;
    number[start..].copy_from_slice(bytes);
    Some(i128::from_be_bytes(number))
}

/// A JSON object of names and JSON values. Put together here because a decimal with all its
/// digits is a JSON number, but none that a float holds.
fn object(entries: Vec<(&String, String)>) -> String {
    let entries: Vec<_> = entries
        .into_iter()
        .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
        .collect();
    format!("{{{}}}", entries.join(","))
}
