//! An analysis as rows, one per operator, and back: rows are what a statement gives, in every format.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, Int64Array, PrimitiveArray, RecordBatch, StringArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Field, Float64Type, Int64Type, Schema, SchemaRef,
};

use super::{Analysis, Operator, Skipped};
use crate::Result;

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let count = |name: &str| Field::new(name, DataType::Int64, true);
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    let number = |name: &str| Field::new(name, DataType::Float64, false);
    Arc::new(Schema::new(vec![
        Field::new("depth", DataType::Int64, false),
        text("operator"),
        text("detail"),
        number("time_ms"),
        number("time_share"),
        count("rank"),
        count("rows"),
        count("bytes"),
        count("spilled_bytes"),
        count("files_skipped"),
        count("files"),
        count("row_groups_skipped"),
        count("row_groups"),
        number("total_ms"),
    ]))
});

/// The columns of EXPLAIN ANALYZE.
pub fn analyze_schema() -> &'static SchemaRef {
    &SCHEMA
}

/// One row per operator; the time of the whole query stands in each.
pub(super) fn to_batch(analysis: &Analysis) -> Result<RecordBatch> {
    let operators = &analysis.operators;
    let counts = |of: fn(&Operator) -> Option<u64>| -> ArrayRef {
        let counts = operators
            .iter()
            .map(|operator| of(operator).map(|count| count as i64));
        Arc::new(counts.collect::<Int64Array>())
    };
    let numbers = |of: &dyn Fn(&Operator) -> f64| -> ArrayRef {
        Arc::new(
            operators
                .iter()
                .map(|operator| Some(of(operator)))
                .collect::<Float64Array>(),
        )
    };
    let texts = |of: fn(&Operator) -> &str| -> ArrayRef {
        Arc::new(
            operators
                .iter()
                .map(|operator| Some(of(operator)))
                .collect::<StringArray>(),
        )
    };
    let total = milliseconds(analysis.total);
    Ok(RecordBatch::try_new(
        Arc::clone(&SCHEMA),
        vec![
            counts(|operator| Some(operator.depth as u64)),
            texts(|operator| &operator.name),
            texts(|operator| &operator.detail),
            numbers(&|operator| milliseconds(operator.time)),
            numbers(&|operator| operator.share),
            counts(|operator| operator.rank.map(|rank| rank as u64)),
            counts(|operator| operator.rows),
            counts(|operator| operator.bytes),
            counts(|operator| Some(operator.spilled)),
            counts(|operator| operator.files.map(|files| files.skipped)),
            counts(|operator| operator.files.map(|files| files.of)),
            counts(|operator| operator.row_groups.map(|groups| groups.skipped)),
            counts(|operator| operator.row_groups.map(|groups| groups.of)),
            numbers(&|_| total),
        ],
    )?)
}

/// What the rows say. `None` if they are not those of an analysis.
pub fn from_batch(batch: &RecordBatch) -> Option<Analysis> {
    let text = |column: usize, row| {
        batch
            .column(column)
            .as_string_opt::<i32>()
            .map(|texts| texts.value(row).to_owned())
    };
    let count =
        |column: usize, row| value::<Int64Type>(batch, column, row).map(|count| count as u64);
    let number = |column: usize, row| value::<Float64Type>(batch, column, row);
    let skipped = |column: usize, row| {
        Some(Skipped {
            skipped: count(column, row)?,
            of: count(column + 1, row)?,
        })
    };
    let time = |column, row| {
        Some(Duration::from_secs_f64(
            (number(column, row)? / 1e3).max(0.0),
        ))
    };
    let operators = (0..batch.num_rows()).map(|row| {
        Some(Operator {
            depth: count(0, row)? as usize,
            name: text(1, row)?,
            detail: text(2, row)?,
            time: time(3, row)?,
            share: number(4, row)?,
            rank: count(5, row).map(|rank| rank as usize),
            rows: count(6, row),
            bytes: count(7, row),
            spilled: count(8, row).unwrap_or(0),
            files: skipped(9, row),
            row_groups: skipped(11, row),
        })
    });
    Some(Analysis {
        operators: operators.collect::<Option<_>>()?,
        total: time(13, 0)?,
    })
}

fn value<T: ArrowPrimitiveType>(
    batch: &RecordBatch,
    column: usize,
    row: usize,
) -> Option<T::Native> {
    let values: &PrimitiveArray<T> = batch.columns().get(column)?.as_primitive_opt()?;
    (row < values.len() && values.is_valid(row)).then(|| values.value(row))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
