//! Whatever a table holds, it lands from CSV as it does from Parquet: on one thread and on four, from
//! a file of one chunk and from one of several.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::formats::{COLUMNS, Made, batch_of, made, write_parquet};
use super::lab::{Lab, assert_same_rows, sorted};

/// More than two chunks of the reader.
const SEVERAL_CHUNKS: usize = 9 << 20;
const VALUES: &str = "id, amount, note, day, at, flag, ratio, place";

pub fn place() -> impl Strategy<Value = Option<String>> {
    let odd = prop_oneof![
        Just("ü".to_owned()),
        Just("東京 🏥".to_owned()),
        Just("a/b=c %41".to_owned()),
        Just(" two\nlines ".to_owned()),
        Just("..".to_owned()),
        Just("\"quoted\", 'too'".to_owned()),
        "[a-c]",
    ];
    prop::option::of(odd)
}

fn rows() -> impl Strategy<Value = Vec<(Made, Option<String>)>> {
    prop::collection::vec((made(), place()), 1..40)
}

#[test]
fn small_tables_come_back_equal() {
    check(20, |_| 1);
}

#[test]
fn tables_of_several_chunks_come_back_equal() {
    check(3, |bytes| SEVERAL_CHUNKS / bytes + 1);
}

/// Checks so many tables; `repeats` says how often the rows of so many bytes stand in their file.
fn check(cases: u32, repeats: fn(usize) -> usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&rows(), |rows| {
            runtime.block_on(check_table(&rows, repeats));
            Ok(())
        })
        .unwrap();
}

async fn check_table(rows: &[(Made, Option<String>)], repeats: fn(usize) -> usize) {
    let lab = Lab::new();
    let batch = with_places(rows);
    let (parquet, csv) = (lab.folder().join("t.parquet"), lab.folder().join("t.csv"));
    write_parquet(&parquet, &batch);
    let repeats = write_csv(&csv, &batch, repeats);
    let load = |table: &str, file: &Path, more: &str| {
        format!(
            "COPY INTO raw.{table} FROM '{}' ({COLUMNS}{more})",
            file.display()
        )
    };
    lab.execute(&load("expected", &parquet, "")).await;
    let query =
        format!("SELECT {VALUES}, count(*) * {repeats} FROM raw.expected GROUP BY {VALUES}");
    let expected = sorted(lab.rows(&query).await);
    for threads in [1, 4] {
        let load = load(&format!("t{threads}"), &csv, ", PARTITION_BY (place)");
        lab.execute(&format!("SET threads = {threads}; {load}"))
            .await;
        let query = format!("SELECT {VALUES}, count(*) FROM raw.t{threads} GROUP BY {VALUES}");
        let landed = sorted(lab.rows(&query).await);
        assert_same_rows(&landed, &expected, &format!("{threads} threads"));
    }
}

pub fn with_places(rows: &[(Made, Option<String>)]) -> RecordBatch {
    let made: Vec<_> = rows.iter().map(|(made, _)| made.clone()).collect();
    let places: StringArray = rows.iter().map(|(_, place)| place.as_deref()).collect();
    let batch = batch_of(&made);
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let columns: Vec<(&str, ArrayRef)> = names
        .zip(batch.columns().iter().cloned())
        .chain([("place", std::sync::Arc::new(places) as ArrayRef)])
        .collect();
    RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap()
}

/// Writes the rows as often as asked, and says how often: NULL is an empty field, every text is quoted.
fn write_csv(path: &Path, batch: &RecordBatch, repeats: fn(usize) -> usize) -> usize {
    let is_text: Vec<_> = batch
        .columns()
        .iter()
        .map(|column| *column.data_type() == DataType::Utf8)
        .collect();
    let texts: Vec<ArrayRef> = batch
        .columns()
        .iter()
        .map(|column| cast(column, &DataType::Utf8).unwrap())
        .collect();
    let mut records = String::new();
    for row in 0..batch.num_rows() {
        for (index, (column, is_text)) in texts.iter().zip(&is_text).enumerate() {
            let separator = if index == 0 { "" } else { "," };
            let column = column.as_string::<i32>();
            let value = match (column.is_valid(row), is_text) {
                (false, _) => String::new(),
                (true, false) => column.value(row).to_owned(),
                (true, true) => format!("\"{}\"", column.value(row).replace('"', "\"\"")),
            };
            write!(records, "{separator}{value}").unwrap();
        }
        records.push_str("\r\n");
    }
    let repeats = repeats(records.len());
    let header = VALUES.replace(' ', "");
    fs::write(path, format!("{header}\r\n{}", records.repeat(repeats))).unwrap();
    repeats
}
