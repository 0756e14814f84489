//! ORC.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Decimal128Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema, SchemaRef, TimeUnit};
use orc_rust::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask;
use orc_rust::statistics::TypeStatistics;

use super::typed::{BATCH_ROWS, Fault, TypedBatch, TypedBatches};
use crate::landing::discover::SourceFile;
use crate::{Error, Place, Result};

type Builder = ArrowReaderBuilder<std::fs::File>;

/// ORC counts nanoseconds of any year; this type holds them all.
const NANOSECONDS: DataType = DataType::Decimal128(38, 9);

/// In nanoseconds; far more than clocks and zones differ.
const A_YEAR: i128 = 366 * 86_400 * 1_000_000_000;

/// The columns of the file. A timestamp is TIMESTAMP in microseconds: in nanoseconds it would end
/// in the year 2262.
pub(super) fn schema(file: &SourceFile) -> Result<SchemaRef> {
    Ok(with_timestamps(&open(file)?.schema(), |zone| {
        DataType::Timestamp(TimeUnit::Microsecond, zone)
    }))
}

/// The rows of the file.
pub(super) fn read(file: &SourceFile, wanted: &[usize]) -> Result<TypedBatches> {
    let builder = open(file)?;
    let names: Vec<String> = {
        let schema = builder.schema();
        let known = wanted.iter().filter_map(|at| schema.fields().get(*at));
        known.map(|field| field.name().clone()).collect()
    };
    let mask = ProjectionMask::named_roots(builder.file_metadata().root_data_type(), &names);
    let builder = builder.with_projection(mask).with_batch_size(BATCH_ROWS);
    let found = builder.schema();
    let latest = latest_timestamps(&builder, &found);
    let exact = with_timestamps(&found, |_| NANOSECONDS);
    let name = file.name.clone();
    let reader = builder.with_schema(exact).build();
    Ok(Box::new(reader.map(move |batch| {
        let batch = batch.map_err(|error| broken(&name, error))?;
        in_microseconds(&batch, &found, &latest)
    })))
}

fn open(file: &SourceFile) -> Result<Builder> {
    ArrowReaderBuilder::try_new(file.open_uncompressed()?)
        .map_err(|error| broken(&file.name, error))
}

/// For each column the time in nanoseconds that no value is later than, as the file itself says.
fn latest_timestamps(builder: &Builder, columns: &Schema) -> Vec<i128> {
    let metadata = builder.file_metadata();
    let in_file = metadata.root_data_type().children();
    let latest = |name: &str| {
        let column = in_file.iter().find(|column| column.name() == name)?;
        let index = column.data_type().column_index();
        let statistics = metadata.column_file_statistics().get(index)?;
        match statistics.type_statistics()? {
            TypeStatistics::Timestamp {
                min_utc: 0,
                max_utc: 0,
                ..
            } => None,
            TypeStatistics::Timestamp { max_utc, .. } => {
                Some(i128::from(*max_utc) * 1_000_000 + A_YEAR)
            }
            _ => None,
        }
    };
    let names = columns.fields().iter().map(|field| field.name());
    names
        .map(|name| latest(name).unwrap_or(i128::MAX))
        .collect()
}

fn with_timestamps(schema: &Schema, data_type: impl Fn(Option<Arc<str>>) -> DataType) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(_, zone) => Arc::new(
            field
                .as_ref()
                .clone()
                .with_data_type(data_type(zone.clone())),
        ),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<Arc<Field>>>()))
}

/// The batch with the types of the file, timestamps in microseconds.
fn in_microseconds(batch: &RecordBatch, found: &SchemaRef, latest: &[i128]) -> Result<TypedBatch> {
    let schema = with_timestamps(found, |zone| {
        DataType::Timestamp(TimeUnit::Microsecond, zone)
    });
    let mut faults = Vec::new();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (index, (column, field)) in batch.columns().iter().zip(schema.fields()).enumerate() {
        columns.push(match field.data_type() {
            DataType::Timestamp(_, zone) => {
                let nanos = column.as_primitive::<Decimal128Type>();
                let (micros, mut refused) = micros(nanos, latest[index]);
                refused.iter_mut().for_each(|fault| fault.column = index);
                faults.extend(refused);
                Arc::new(micros.with_timezone_opt(zone.clone())) as ArrayRef
            }
            _ => Arc::clone(column),
        });
    }
    let rows = RecordBatch::try_new(schema, columns)?;
    Ok(TypedBatch { rows, faults })
}

/// Nanoseconds as microseconds, and the rows where that is not exact or not what was written.
///
/// Arrow's writer counts the fraction of a second before 1970 backwards. The library takes that
/// for a number without sign, and gives a time centuries later.
fn micros(nanos: &Decimal128Array, latest: i128) -> (TimestampMicrosecondArray, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut refuse = |row, reason: &str, hint: Option<&str>| {
        faults.push(Fault {
            row,
            column: 0,
            reason: reason.to_owned(),
            hint: hint.map(str::to_owned),
        });
        None
    };
    let mut exact = |(row, nanos): (usize, Option<i128>)| {
        let nanos = nanos?;
        if nanos > latest {
            let reason = "a time before 1970 has a fraction of a second that cannot be read";
            return refuse(row, reason, Some("write the file as Parquet"));
        }
        if nanos % 1000 != 0 {
            return refuse(row, "the timestamp has digits below a microsecond", None);
        }
        let micros = i64::try_from(nanos / 1000);
        micros.map_or_else(|_| refuse(row, "the timestamp is out of range", None), Some)
    };
    let micros = nanos.iter().enumerate().map(&mut exact).collect();
    (micros, faults)
}

fn broken(file: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::input("the file is not readable as ORC")
        .source(error)
        .place(Place::file(file))
}
