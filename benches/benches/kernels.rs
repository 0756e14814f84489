//! Micro-benchmarks of kernels: pure functions that run once per value or row, where a per cent counts
//! and a whole statement is too noisy to show it. `cargo bench -p tidemill-benches --bench kernels`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::io::{Cursor, Read};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs};
use tidemill::Result;
use tidemill::landing::formats::Remarks;
use tidemill::landing::formats::csv::{CsvFile, CsvOptions};
use tidemill::values::{DateFormat, parse_date, parse_decimal, parse_double};
use tidemill_benches::generate::{Dataset, generate};

criterion_group!(kernels, csv, values, functions);
criterion_main!(kernels);

/// 15 MB: beyond the caches, as files are.
const ROWS: u64 = 100_000;

fn admissions() -> Vec<u8> {
    let mut bytes = vec![];
    generate(Dataset::Hospital, ROWS, 42, &mut bytes).unwrap();
    bytes
}

/// Bytes to the types of their columns, bytes to typed columns; on one thread.
fn csv(criterion: &mut Criterion) {
    let bytes = admissions();
    let length = bytes.len() as u64;
    let open = opener(bytes);
    let options = CsvOptions::default();
    let file = CsvFile {
        name: "admissions.csv",
        options: &options,
        remarks: &Remarks::default(),
        open: &open,
    };
    let schema = inferred_schema(&file);
    let sources: Vec<_> = (0..schema.fields().len()).map(Some).collect();
    let mut group = criterion.benchmark_group("csv");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(length));
    group.bench_function("infer", |bencher| {
        bencher.iter(|| file.infer(|_| false).unwrap());
    });
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            let pieces = file.read(Arc::clone(&schema), &sources).unwrap();
            let records: u64 = pieces
                .map(|piece| black_box(piece.unwrap()).records())
                .sum();
            assert_eq!(records, ROWS);
        });
    });
    group.finish();
}

/// Opens `bytes` as if they were a file.
fn opener(bytes: Vec<u8>) -> impl Fn() -> Result<Box<dyn Read + Send>> {
    let bytes: Arc<[u8]> = bytes.into();
    move || Ok(Box::new(Cursor::new(Arc::clone(&bytes))))
}

fn inferred_schema(file: &CsvFile<'_>) -> SchemaRef {
    let inference = file.infer(|_| false).unwrap();
    let fields: Vec<_> = inference
        .columns
        .into_iter()
        .map(|column| Field::new(column.name, column.data_type.unwrap(), true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// One text to one value.
fn values(criterion: &mut Criterion) {
    let bytes = admissions();
    let dates = texts(&bytes, "Date of Admission");
    let bills = texts(&bytes, "Billing Amount");
    bench_parser(criterion, "date", &dates, |text| {
        parse_date(text, DateFormat::ISO).is_ok()
    });
    // All fractional digits that a bill can have.
    bench_parser(criterion, "decimal", &bills, |text| {
        parse_decimal(text, 38, 20).is_ok()
    });
    bench_parser(criterion, "double", &bills, |text| {
        parse_double(text).is_ok()
    });
}

/// The values of a column.
fn texts(bytes: &[u8], column: &str) -> Vec<String> {
    let mut reader = csv::Reader::from_reader(bytes);
    let headers = reader.headers().unwrap();
    let index = headers.iter().position(|name| name == column).unwrap();
    let records = reader.records().map(Result::unwrap);
    records.map(|record| record[index].to_owned()).collect()
}

fn bench_parser(
    criterion: &mut Criterion,
    name: &str,
    texts: &[String],
    parse: impl Fn(&str) -> bool,
) {
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut group = criterion.benchmark_group("values");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(name, |bencher| {
        bencher.iter(|| assert!(texts.iter().all(|text| parse(black_box(text)))));
    });
    group.finish();
}

/// Every scalar function over a batch of dates.
fn functions(criterion: &mut Criterion) {
    // Five years, again and again.
    let dates: Date32Array = (0..8192).map(|row| Some(18_024 + row % 1_827)).collect();
    let rows = dates.len();
    let bytes = rows * size_of::<i32>();
    let dates: ArrayRef = Arc::new(dates);
    let field = Arc::new(Field::new("x", DataType::Date32, true));
    let mut group = criterion.benchmark_group("functions");
    group.throughput(Throughput::Bytes(bytes as u64));
    for function in tidemill_udfs::all_scalar() {
        let return_field = function
            .return_field_from_args(ReturnFieldArgs {
                arg_fields: &[Arc::clone(&field)],
                scalar_arguments: &[None],
            })
            .unwrap();
        let options = Arc::new(ConfigOptions::default());
        group.bench_function(function.name(), |bencher| {
            bencher.iter(|| {
                let arguments = ScalarFunctionArgs {
                    args: vec![ColumnarValue::Array(Arc::clone(&dates))],
                    arg_fields: vec![Arc::clone(&field)],
                    number_rows: rows,
                    return_field: Arc::clone(&return_field),
                    config_options: Arc::clone(&options),
                };
                function.invoke_with_args(arguments).unwrap()
            });
        });
    }
    group.finish();
}
