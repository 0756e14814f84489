//! ORC.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema, SchemaRef, TimeUnit};
use orc_rust::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask;

use super::typed::{BATCH_ROWS, Fault, TypedBatch, TypedBatches};
use crate::landing::discover::SourceFile;
use crate::{Error, Place, Result};

type Builder = ArrowReaderBuilder<std::fs::File>;

/// ORC counts nanoseconds of any year; this type holds them all.
const NANOSECONDS: DataType = DataType::Decimal128(38, 9);

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
    let exact = with_timestamps(&found, |_| NANOSECONDS);
    let name = file.name.clone();
    let reader = builder.with_schema(exact).build();
    Ok(Box::new(reader.map(move |batch| {
        let batch = batch.map_err(|error| broken(&name, error))?;
        in_microseconds(&batch, &found)
    })))
}

fn open(file: &SourceFile) -> Result<Builder> {
    ArrowReaderBuilder::try_new(file.open_uncompressed()?)
        .map_err(|error| broken(&file.name, error))
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
fn in_microseconds(batch: &RecordBatch, found: &SchemaRef) -> Result<TypedBatch> {
    let schema = with_timestamps(found, |zone| {
        DataType::Timestamp(TimeUnit::Microsecond, zone)
    });
    let mut faults = Vec::new();
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (index, (column, field)) in batch.columns().iter().zip(schema.fields()).enumerate() {
        columns.push(match field.data_type() {
            DataType::Timestamp(_, zone) => {
                let (micros, inexact) = micros(column);
                faults.extend(inexact.into_iter().map(|row| Fault {
                    row,
                    column: index,
                    reason: "the timestamp has digits below a microsecond".to_owned(),
                    hint: None,
                }));
                Arc::new(micros.with_timezone_opt(zone.clone())) as ArrayRef
            }
            _ => Arc::clone(column),
        });
    }
    let rows = RecordBatch::try_new(schema, columns)?;
    Ok(TypedBatch { rows, faults })
}

/// Nanoseconds as microseconds, and the rows where that is not exact.
fn micros(nanos: &ArrayRef) -> (TimestampMicrosecondArray, Vec<usize>) {
    let nanos = nanos.as_primitive::<Decimal128Type>();
    let exact = |nanos: i128| match nanos % 1000 {
        0 => i64::try_from(nanos / 1000).ok(),
        _ => None,
    };
    let values: TimestampMicrosecondArray =
        nanos.iter().map(|value| value.and_then(exact)).collect();
    let inexact = (0..nanos.len())
        .filter(|row| values.is_null(*row) && !nanos.is_null(*row))
        .collect();
    (values, inexact)
}

fn broken(file: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::input("the file is not readable as ORC")
        .source(error)
        .place(Place::file(file))
}
