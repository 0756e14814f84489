//! Parquet: row groups are streamed, the types of the file are kept.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType, TimestampNanosecondType,
};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Type as PhysicalType;

use super::typed::{BATCH_ROWS, Fault, TypedBatch, TypedBatches};
use crate::landing::discover::SourceFile;
use crate::{Error, Place, Result};

type Builder = ParquetRecordBatchReaderBuilder<std::fs::File>;

/// The columns of the file. The old INT96 timestamps are TIMESTAMP in microseconds: in nanoseconds
/// they would end in the year 2262.
pub(super) fn schema(file: &SourceFile) -> Result<SchemaRef> {
    let builder = open(file, ArrowReaderOptions::new())?;
    Ok(with_int96_as(&builder, TimeUnit::Microsecond))
}

/// Whether a column, wherever it is, holds INT96.
pub(super) fn has_int96(file: &SourceFile) -> Result<bool> {
    let builder = open(file, ArrowReaderOptions::new())?;
    let mut leaves = builder.parquet_schema().columns().iter();
    Ok(leaves.any(|leaf| leaf.physical_type() == PhysicalType::INT96))
}

/// The rows of the file.
pub(super) fn read(file: &SourceFile, wanted: &[usize]) -> Result<TypedBatches> {
    let plain = open(file, ArrowReaderOptions::new())?;
    let int96 = int96_columns(&plain);
    let in_int96: Vec<usize> = (0..wanted.len())
        .filter(|at| int96.contains(&wanted[*at]))
        .collect();
    if in_int96.is_empty() {
        let name = file.name.clone();
        let batches = project(plain, wanted, &file.name)?;
        return Ok(Box::new(batches.map(move |batch| {
            Ok(batch.map_err(|error| broken(&name, error))?.into())
        })));
    }
    // Read twice, in both units: where they disagree there are digits below a microsecond.
    let micros = with_int96_as(&plain, TimeUnit::Microsecond);
    let nanos = with_int96_as(&plain, TimeUnit::Nanosecond);
    let open_as = |schema, wanted: &[usize]| {
        let builder = open(file, ArrowReaderOptions::new().with_schema(schema))?;
        project(builder, wanted, &file.name)
    };
    let exact: Vec<usize> = in_int96.iter().map(|at| wanted[*at]).collect();
    let batches = open_as(micros, wanted)?.zip(open_as(nanos, &exact)?);
    let name = file.name.clone();
    Ok(Box::new(batches.map(move |(rows, nanos)| {
        let rows = rows.map_err(|error| broken(&name, error))?;
        let nanos = nanos.map_err(|error| broken(&name, error))?;
        let faults = lost_digits(&rows, &nanos, &in_int96);
        Ok(TypedBatch { rows, faults })
    })))
}

fn open(file: &SourceFile, options: ArrowReaderOptions) -> Result<Builder> {
    ParquetRecordBatchReaderBuilder::try_new_with_options(file.open_uncompressed()?, options)
        .map_err(|error| broken(&file.name, error))
}

fn project(builder: Builder, wanted: &[usize], name: &str) -> Result<ParquetRecordBatchReader> {
    let mask = ProjectionMask::roots(builder.parquet_schema(), wanted.iter().copied());
    builder
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| broken(name, error))
}

/// The columns of the file, not those inside of structs and lists, whose values are INT96.
fn int96_columns(builder: &Builder) -> Vec<usize> {
    let roots = builder.parquet_schema().root_schema().get_fields();
    (0..roots.len())
        .filter(|root| {
            roots[*root].is_primitive() && roots[*root].get_physical_type() == PhysicalType::INT96
        })
        .collect()
}

fn with_int96_as(builder: &Builder, unit: TimeUnit) -> SchemaRef {
    let int96 = int96_columns(builder);
    let fields = builder.schema().fields().iter().enumerate();
    let fields: Vec<Arc<Field>> = fields
        .map(|(at, field)| match int96.contains(&at) {
            true => Arc::new(
                field
                    .as_ref()
                    .clone()
                    .with_data_type(DataType::Timestamp(unit, None)),
            ),
            false => Arc::clone(field),
        })
        .collect();
    Arc::new(Schema::new_with_metadata(
        fields,
        builder.schema().metadata().clone(),
    ))
}

/// Values that differ in the two units. Nanoseconds may have gone round the 64 bits, but then they
/// did so by whole multiples of 2^64, as the product here does.
fn lost_digits(micros: &RecordBatch, nanos: &RecordBatch, columns: &[usize]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        let micros = micros
            .column(*column)
            .as_primitive::<TimestampMicrosecondType>();
        let nanos = nanos
            .column(index)
            .as_primitive::<TimestampNanosecondType>();
        for row in 0..micros.len() {
            if !micros.is_null(row) && micros.value(row).wrapping_mul(1000) != nanos.value(row) {
                faults.push(Fault {
                    row,
                    column: *column,
                    reason: "the timestamp has digits below a microsecond".to_owned(),
                    hint: None,
                });
            }
        }
    }
    faults
}

fn broken(file: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::input("the file is not readable as Parquet")
        .source(error)
        .place(Place::file(file))
}
