//! Whatever the rows, the limits and the threads: what is read back is what was written.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use arrow::array::{
    ArrayRef, AsArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array,
    StringArray, TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int32Type, Int64Type};
use datafusion::execution::SessionStateBuilder;
use deltalake_core::kernel::Add;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::sql::{Layout, PartitionField};
use crate::warehouse::sweep::data_files;

const ROOMY: Limits = Limits {
    threads: 2,
    waiting_bytes: MEBIBYTE,
    run_rows: 1000,
    chunk_rows: 1000,
    chunk_bytes: MEBIBYTE,
    file_bytes: MEBIBYTE,
};

/// A row: its partition, and a text; its number is its place.
type Row = (Option<String>, Option<i32>, Option<String>);

fn partition_text() -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(
        0.9,
        prop_oneof![
            "[ab]",
            "[a-z0-9 /=%.:ü🌊'\"]{1,8}"
                .prop_filter("a name that no folder can have", |text| text != "."
                    && text != "..")
        ],
    )
}

fn rows() -> impl Strategy<Value = Vec<Vec<Row>>> {
    let row = (
        partition_text(),
        proptest::option::of(-2..3_i32),
        proptest::option::of(".{0,12}"),
    );
    proptest::collection::vec(proptest::collection::vec(row, 0..60), 0..8)
}

fn limits() -> impl Strategy<Value = Limits> {
    let sizes = (1..4096_usize, 1..100_usize, 1..100_usize, 1..4096_usize);
    (prop_oneof![Just(1_usize), Just(4)], sizes).prop_map(
        |(threads, (waiting_bytes, run_rows, chunk_rows, file_bytes))| Limits {
            threads,
            waiting_bytes,
            run_rows,
            chunk_rows,
            chunk_bytes: 2048,
            file_bytes,
        },
    )
}

fn batches_of(rows: &[Vec<Row>]) -> Vec<RecordBatch> {
    let mut number = 0..;
    rows.iter()
        .map(|rows| {
            let numbers = number.by_ref().take(rows.len()).collect::<Int64Array>();
            let column = |text: fn(&Row) -> &Option<String>| {
                Arc::new(rows.iter().map(text).collect::<StringArray>()) as ArrayRef
            };
            let small = rows.iter().map(|row| row.1).collect::<Int32Array>();
            RecordBatch::try_from_iter_with_nullable([
                ("number", Arc::new(numbers) as ArrayRef, true),
                ("place", column(|row| &row.0), true),
                ("small", Arc::new(small) as ArrayRef, true),
                ("text", column(|row| &row.2), true),
            ])
            .unwrap()
        })
        .collect()
}

/// Writes batches, partitioned by some of their columns.
async fn write(
    folder: &Path,
    batches: &[RecordBatch],
    partition_by: &[&str],
    sort_by: &[&str],
    limits: Limits,
) -> Result<Vec<Add>> {
    let state = SessionStateBuilder::new().with_default_features().build();
    let partition_by = partition_by
        .iter()
        .map(|name| PartitionField {
            name: (*name).to_owned(),
            expression: None,
        })
        .collect();
    let layout = Layout {
        partition_by,
        sort_by: sort_by.iter().map(|name| (*name).to_owned()).collect(),
    };
    let schema = batches[0].schema();
    let definition = TableDefinition::for_rows(&schema, layout, &state)?;
    let shaper = RowShaper::new(&definition, &schema, &state)?;
    let encoding = |schema| ParquetEncoding::zstd(schema, &definition.layout.sort_by);
    let folder = folder.to_owned();
    let mut files = DataFiles::new(folder, &definition, shaper, limits, &state, encoding)?;
    let schema = Arc::clone(files.file_schema());
    // Threads for so few rows, too.
    files.rows = ROWS_WITHOUT_THREADS;
    for batch in batches {
        files.write(batch.clone()).await?;
    }
    let files = files.finish().await?.into_iter();
    Ok(files.map(|file| file.into_add(&schema)).collect())
}

fn read(folder: &Path, add: &Add) -> RecordBatch {
    let file = File::open(folder.join(&add.path)).unwrap();
    assert_eq!(file.metadata().unwrap().len() as i64, add.size);
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn statistics_of(add: &Add) -> Value {
    serde_json::from_str(add.stats.as_deref().unwrap()).unwrap()
}

/// The rows of some files by their number; the numbers within a file rise.
fn rows_of(folder: &Path, adds: &[Add]) -> BTreeMap<i64, Row> {
    let mut rows = BTreeMap::new();
    for add in adds {
        let batch = read(folder, add);
        let numbers = batch.column(0).as_primitive::<Int64Type>().values();
        assert!(numbers.is_sorted());
        let statistics = statistics_of(add);
        assert_eq!(statistics["numRecords"], numbers.len());
        assert_eq!(statistics["minValues"]["number"], numbers[0]);
        assert_eq!(statistics["maxValues"]["number"], *numbers.last().unwrap());
        let small = add.partition_values["small"].as_ref();
        let texts = batch.column(1).as_string::<i32>();
        assert_eq!(statistics["nullCount"]["text"], texts.null_count());
        for (number, text) in numbers.iter().zip(texts) {
            let row = (
                add.partition_values["place"].clone(),
                small.map(|small| small.parse().unwrap()),
                text.map(str::to_owned),
            );
            assert_eq!(rows.insert(*number, row), None);
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_row_comes_back_once_in_its_partition_and_in_order(
        rows in rows(),
        limits in limits(),
    ) {
        let batches = batches_of(&rows);
        prop_assume!(!batches.is_empty());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let write = write(folder.path(), &batches, &["place", "small"], &[], limits);
        let adds = runtime.block_on(write).unwrap();
        let expected: BTreeMap<i64, Row> = (0..).zip(rows.into_iter().flatten()).collect();
        prop_assert_eq!(rows_of(folder.path(), &adds), expected);
        prop_assert_eq!(data_files(folder.path()).len(), adds.len());
    }
}

#[tokio::test]
async fn rows_are_sorted_within_files_and_equal_ones_keep_their_order() {
    // Two and a half row groups, in an order of their own.
    let rows = 5 * ROW_GROUP_ROWS / 2;
    let row = |number: usize| {
        let small = i32::try_from(number * 7919 % 1009).unwrap();
        (Some("place".to_owned()), Some(small), None)
    };
    let rows: Vec<Row> = (0..rows).map(row).collect();
    let batches = batches_of(std::slice::from_ref(&rows));
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        waiting_bytes: 512 * MEBIBYTE,
        file_bytes: 512 * MEBIBYTE,
        ..ROOMY
    };
    let limits = limits.for_sorted_rows();
    let adds = write(folder.path(), &batches, &["place"], &["small"], limits)
        .await
        .unwrap();
    assert_eq!(adds.len(), 1);
    let add = &adds[0];
    let found = read(folder.path(), add);
    let numbers = found.column(0).as_primitive::<Int64Type>().values().iter();
    let smalls = found.column(1).as_primitive::<Int32Type>().values().iter();
    let mut expected: Vec<_> = (0..)
        .zip(rows)
        .map(|(number, row)| (row.1, number))
        .collect();
    expected.sort_unstable();
    let found = smalls.copied().map(Some).zip(numbers.copied());
    assert!(found.eq(expected));

    let file = File::open(folder.path().join(&add.path)).unwrap();
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    let metadata = ArrowReaderMetadata::load(&file, options).unwrap();
    let row_groups = metadata.metadata().row_groups();
    assert_eq!(row_groups.len(), 3);
    let bounds = row_groups.iter().map(|group| {
        let Some(Statistics::Int32(bounds)) = group.column(1).statistics() else {
            return None;
        };
        bounds.min_opt().zip(bounds.max_opt())
    });
    let bounds = bounds.collect::<Option<Vec<_>>>().unwrap();
    assert!(
        bounds.windows(2).all(|pair| pair[0].1 <= pair[1].0),
        "{bounds:?}"
    );
    let pages = metadata.metadata().column_index().unwrap();
    assert!(matches!(pages[0][1], ColumnIndexMetaData::INT32(_)));
    assert!(matches!(pages[0][0], ColumnIndexMetaData::NONE));
}

#[tokio::test]
async fn any_number_of_threads_gives_the_same_files() {
    let rows: Vec<Vec<Row>> = (0..20)
        .map(|batch| {
            let place = |row: i32| Some(format!("place {}", (batch * 31 + row) % 7));
            (0..200)
                .map(|row| (place(row), Some(row % 2), None))
                .collect()
        })
        .collect();
    let batches = batches_of(&rows);
    let mut files = Vec::new();
    for threads in [1, 4] {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits {
            threads,
            waiting_bytes: 10_000,
            run_rows: 300,
            file_bytes: 300,
            ..ROOMY
        };
        let adds = write(folder.path(), &batches, &["place", "small"], &[], limits)
            .await
            .unwrap();
        let mut numbers: Vec<_> = adds
            .iter()
            .map(|add| {
                read(folder.path(), add)
                    .column(0)
                    .as_primitive::<Int64Type>()
                    .values()
                    .to_vec()
            })
            .collect();
        numbers.sort();
        files.push(numbers);
    }
    assert!(files[0].len() > 14, "no file was full");
    assert_eq!(files[0], files[1]);
}

#[tokio::test]
async fn an_error_and_a_write_that_is_given_up_leave_no_files() {
    let given = batches_of(&[vec![(Some("a".to_owned()), Some(1), None); 5000]]);
    let refused = batches_of(&[vec![(Some(String::new()), Some(1), None); 10]]);
    let batches = [given, refused].concat();
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        file_bytes: 10_000,
        ..ROOMY
    };
    let failed = write(folder.path(), &batches, &["place"], &[], limits).await;
    assert!(failed.unwrap_err().message().contains("partition column"));
    assert_eq!(data_files(folder.path()), Vec::<PathBuf>::new());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn bounds_hold_for_every_value() {
    let long = "ü".repeat(100);
    let row = |index: usize| {
        let batch = RecordBatch::try_from_iter_with_nullable([
            (
                "decimal",
                Arc::new(
                    Decimal128Array::from(vec![
                        [Some(-12_345_678_901_234_567_890_123_i128), None][index],
                        Some(5),
                    ])
                    .with_precision_and_scale(38, 15)
                    .unwrap(),
                ) as ArrayRef,
                true,
            ),
            (
                "text",
                Arc::new(StringArray::from(vec![Some(long.as_str()), None])) as ArrayRef,
                true,
            ),
            (
                "day",
                Arc::new(Date32Array::from(vec![-1, 19_782])) as ArrayRef,
                true,
            ),
            (
                "time",
                Arc::new(TimestampMicrosecondArray::from(vec![-1, 1_000_001])) as ArrayRef,
                true,
            ),
            (
                "float",
                Arc::new(Float64Array::from(vec![1.5, [-2.5, f64::INFINITY][index]])) as ArrayRef,
                true,
            ),
            (
                "not_a_number",
                Arc::new(Float64Array::from(vec![1.5, [f64::NAN, 2.5][index]])) as ArrayRef,
                true,
            ),
            (
                "empty",
                Arc::new(Int32Array::from(vec![None, None])) as ArrayRef,
                true,
            ),
        ]);
        batch.unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        run_rows: 1,
        chunk_rows: 1,
        ..ROOMY
    };
    let adds = write(folder.path(), &[row(0), row(1)], &[], &[], limits)
        .await
        .unwrap();
    let statistics = statistics_of(&adds[0]);
    let (low, high) = (&statistics["minValues"], &statistics["maxValues"]);
    let text = adds[0].stats.as_ref().unwrap();
    assert!(
        text.contains(r#""decimal":-12345678.901234567890123"#),
        "{text}"
    );
    assert!(text.contains(r#""decimal":0.000000000000005"#), "{text}");
    assert_eq!(low["day"], "1969-12-31");
    assert_eq!(high["day"], "2024-02-29");
    assert_eq!(low["time"], "1969-12-31 23:59:59.999");
    assert_eq!(high["time"], "1970-01-01 00:00:01.001");
    assert_eq!(low["float"], -2.5);
    assert_eq!(high.get("float"), None);
    assert_eq!(
        (low.get("not_a_number"), high.get("not_a_number")),
        (None, None)
    );
    assert_eq!((low.get("empty"), high.get("empty")), (None, None));
    assert!(low["text"].as_str().unwrap() <= long.as_str());
    assert!(high["text"].as_str().unwrap() >= long.as_str());
    assert!(high["text"].as_str().unwrap().len() < long.len());
    assert_eq!(
        statistics["nullCount"],
        json!({"decimal": 1, "text": 2, "day": 0, "time": 0, "float": 0, "empty": 4})
    );
}
