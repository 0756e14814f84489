//! Every format lands the same table: one that a property makes up, and real files of others.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::json::writer::{JsonArray, LineDelimited};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::lab::{Lab, assert_same_rows, sorted};
use crate::shared::{find, shared, unpack_hive_warehouse};

/// What the columns are declared as; formats with types of their own know most of it anyway.
pub const COLUMNS: &str = "COLUMNS (id BIGINT, amount DECIMAL(20,4), note TEXT, day DATE, at TIMESTAMP, \
                       flag BOOLEAN, ratio DOUBLE)";

#[derive(Debug, Clone)]
pub struct Made {
    amount: Option<i64>,
    note: Option<String>,
    day: Option<i32>,
    at: Option<i64>,
    flag: Option<bool>,
    ratio: Option<f64>,
}

pub fn made() -> impl Strategy<Value = Made> {
    let text = prop_oneof![
        Just(String::new()),
        "[a-z ,;\"'\\\\\n\r\t|#=]{0,12}",
        "\\PC{0,8}",
        "0[0-9]{1,5}",
        Just("2024-02-29".to_owned()),
        Just("null".to_owned()),
    ];
    (
        prop::option::of(any::<i64>()),
        prop::option::of(text),
        prop::option::of(-700_000..2_900_000_i32),
        // From the year 1 to the year 9999.
        prop::option::of(-62_135_596_800_000_000..253_402_300_799_000_000_i64),
        prop::option::of(any::<bool>()),
        prop::option::of(-1e15..1e15_f64),
    )
        .prop_map(|(amount, note, day, at, flag, ratio)| Made {
            amount,
            note,
            day,
            at,
            flag,
            ratio,
        })
}

#[test]
fn a_table_comes_back_equal_through_every_format() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        cases: 12,
        failure_persistence: None,
        ..Config::default()
    };
    let rows = prop::collection::vec(made(), 1..40);
    TestRunner::new(config)
        .run(&rows, |rows| {
            runtime.block_on(check_round_trips(&batch_of(&rows)));
            Ok(())
        })
        .unwrap();
}

async fn check_round_trips(batch: &RecordBatch) {
    let lab = Lab::new();
    let folder = lab.folder().to_owned();
    let written: Vec<(&str, PathBuf)> = [
        ("parquet", write_parquet as fn(&Path, &RecordBatch)),
        ("arrow", write_arrow),
        ("arrows", write_arrow_stream),
        ("avro", write_avro),
        ("orc", write_orc),
        ("json", write_lines),
        ("array.json", write_array),
    ]
    .into_iter()
    .map(|(extension, write)| {
        let path = folder.join(format!("made.{extension}"));
        write(&path, batch);
        (extension, path)
    })
    .collect();
    let mut expected = None;
    for (index, (extension, path)) in written.iter().enumerate() {
        lab.execute(&format!(
            "COPY INTO raw.made_{index} FROM '{}' ({COLUMNS})",
            path.display()
        ))
        .await;
        // The columns of JSON come in the order in which records name them.
        let columns = "id, amount, note, day, at, flag, ratio";
        let landed = sorted(
            lab.rows(&format!("SELECT {columns} FROM raw.made_{index}"))
                .await,
        );
        let plain = lab.plain_table(&format!("raw.made_{index}")).len();
        assert_eq!((landed.len(), plain), (batch.num_rows(), batch.num_rows()));
        match &expected {
            None => expected = Some(landed),
            Some(expected) => assert_same_rows(&landed, expected, extension),
        }
        let queried = lab
            .rows(&format!(
                "SELECT id, flag FROM '{}' ORDER BY id",
                path.display()
            ))
            .await;
        let same = lab
            .rows(&format!(
                "SELECT id, flag FROM raw.made_{index} ORDER BY id"
            ))
            .await;
        assert_eq!(queried, same, "{extension} as a relation");
    }
}

pub fn batch_of(rows: &[Made]) -> RecordBatch {
    let amounts: Decimal128Array = rows.iter().map(|row| row.amount.map(i128::from)).collect();
    let columns: [(&str, ArrayRef); 7] = [
        (
            "id",
            Arc::new(Int64Array::from_iter_values(0..rows.len() as i64)),
        ),
        (
            "amount",
            Arc::new(amounts.with_precision_and_scale(20, 4).unwrap()),
        ),
        (
            "note",
            Arc::new(
                rows.iter()
                    .map(|row| row.note.as_deref())
                    .collect::<StringArray>(),
            ),
        ),
        (
            "day",
            Arc::new(rows.iter().map(|row| row.day).collect::<Date32Array>()),
        ),
        (
            "at",
            Arc::new(
                rows.iter()
                    .map(|row| row.at)
                    .collect::<TimestampMicrosecondArray>(),
            ),
        ),
        (
            "flag",
            Arc::new(rows.iter().map(|row| row.flag).collect::<BooleanArray>()),
        ),
        (
            "ratio",
            Arc::new(rows.iter().map(|row| row.ratio).collect::<Float64Array>()),
        ),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true)))
        .unwrap()
}

pub fn write_parquet(path: &Path, batch: &RecordBatch) {
    let file = File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

fn write_arrow(path: &Path, batch: &RecordBatch) {
    let file = File::create(path).unwrap();
    let mut writer = arrow::ipc::writer::FileWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
}

fn write_arrow_stream(path: &Path, batch: &RecordBatch) {
    let file = File::create(path).unwrap();
    let mut writer = arrow::ipc::writer::StreamWriter::try_new(file, &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
}

fn write_avro(path: &Path, batch: &RecordBatch) {
    let file = File::create(path).unwrap();
    let schema = batch.schema().as_ref().clone();
    let mut writer = arrow_avro::writer::AvroWriter::new(file, schema).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
}

/// The writer knows no DECIMAL: amounts are text, which is read as strictly.
fn write_orc(path: &Path, batch: &RecordBatch) {
    let batch = with_text(batch, &["amount"]);
    let file = File::create(path).unwrap();
    let mut writer = orc_rust::ArrowWriterBuilder::new(file, batch.schema())
        .try_build()
        .unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn write_lines(path: &Path, batch: &RecordBatch) {
    let mut writer = json_writer().build::<_, LineDelimited>(File::create(path).unwrap());
    writer.write(&with_text(batch, &["day", "at"])).unwrap();
    writer.finish().unwrap();
}

fn write_array(path: &Path, batch: &RecordBatch) {
    let mut writer = json_writer().build::<_, JsonArray>(File::create(path).unwrap());
    writer.write(&with_text(batch, &["day", "at"])).unwrap();
    writer.finish().unwrap();
}

/// A column without values is named, too: else the file would not have it.
fn json_writer() -> arrow::json::WriterBuilder {
    arrow::json::WriterBuilder::new().with_explicit_nulls(true)
}

fn with_text(batch: &RecordBatch, names: &[&str]) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns: Vec<ArrayRef> = columns
        .map(
            |(field, column)| match names.contains(&field.name().as_str()) {
                true => cast(column, &DataType::Utf8).unwrap(),
                false => Arc::clone(column),
            },
        )
        .collect();
    let fields = schema.fields().iter().zip(&columns);
    let fields: Vec<_> = fields
        .map(|(field, column)| {
            field
                .as_ref()
                .clone()
                .with_data_type(column.data_type().clone())
        })
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

fn read_all(mut packer: impl Read) -> Vec<u8> {
    let mut packed = Vec::new();
    packer.read_to_end(&mut packed).unwrap();
    packed
}

#[tokio::test(flavor = "multi_thread")]
async fn text_is_unpacked_by_its_content() {
    let lab = Lab::new();
    type Pack = fn(&str) -> Vec<u8>;
    let packers: [(&str, Pack); 4] = [
        ("gz", |text| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            packer.write_all(text.as_bytes()).unwrap();
            packer.finish().unwrap()
        }),
        ("zst", |text| zstd::encode_all(text.as_bytes(), 1).unwrap()),
        ("bz2", |text| {
            let packer = bzip2::read::BzEncoder::new(text.as_bytes(), Default::default());
            read_all(packer)
        }),
        ("xz", |text| {
            let packer = liblzma::read::XzEncoder::new(text.as_bytes(), 1);
            read_all(packer)
        }),
    ];
    for (extension, pack) in packers {
        let packed = pack("id,name\n1,Ä\n2,b\n");
        // Two packed texts behind each other are one text.
        let members = [pack("id,name\n1,Ä\n"), pack("2,b\n")].concat();
        for (name, packed) in [
            (format!("a.csv.{extension}"), &packed),
            (format!("no_name_says_{extension}.csv"), &packed),
            (format!("members.csv.{extension}"), &members),
        ] {
            let path = lab.folder().join(&name);
            std::fs::write(&path, packed).unwrap();
            let rows = lab
                .rows(&format!("SELECT * FROM '{}' ORDER BY id", path.display()))
                .await;
            assert_eq!(rows, ["1|Ä", "2|b"], "{name}");
        }
        // Cut off in the middle: an error, never fewer rows.
        let path = lab.folder().join(format!("cut.csv.{extension}"));
        std::fs::write(&path, &packed[..packed.len() - 6]).unwrap();
        let ran = lab.run(["-c", &format!("SELECT count(*) FROM '{}'", path.display())]);
        assert_eq!(
            ran.code,
            Some(1),
            "{extension}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_others_land_with_every_row() {
    let Some(runs) = shared("medicare_recorded_runs") else {
        return;
    };
    let lab = Lab::new();
    for (table, file, rows) in [
        ("city_orc", "city_report_10573.snappy.orc", "10573"),
        ("city_parquet", "city_report_10573.snappy.parquet", "10573"),
        (
            "city_json",
            "city_report_full_partd_11803.json.bz2",
            "11803",
        ),
        ("top_parquet", "top_prescribers_301.snappy.parquet", "301"),
        ("top_orc", "top_prescribers_part*.snappy.orc", "301"),
        ("top_json", "top_prescribers.json.bz2", "301"),
    ] {
        let path = runs.join(file);
        lab.execute(&format!("COPY INTO raw.{table} FROM '{}'", path.display()))
            .await;
        assert_eq!(
            lab.value(&format!("SELECT count(*) FROM raw.{table}"))
                .await,
            rows,
            "{file}"
        );
        assert_eq!(
            lab.value(&format!("SELECT count(*) FROM '{}'", path.display()))
                .await,
            rows,
            "{file} as a relation"
        );
    }
    assert_same_rows(
        &sorted(lab.rows("SELECT * FROM raw.city_orc").await),
        &sorted(lab.rows("SELECT * FROM raw.city_parquet").await),
        "the report as ORC and as Parquet",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_files_of_cities_have_all_cities() {
    let Some(medicare) = shared("medicare") else {
        return;
    };
    let lab = Lab::new();
    for (index, file) in ["us_cities_dimension", "us_cities_dimension_uncompressed"]
        .into_iter()
        .enumerate()
    {
        let path = medicare.join(format!("{file}.parquet"));
        lab.execute(&format!(
            "COPY INTO raw.cities_{index} FROM '{}'",
            path.display()
        ))
        .await;
        let columns = lab
            .value(&format!(
                "SELECT count(*) FROM information_schema.columns WHERE table_name = 'cities_{index}'"
            ))
            .await;
        let rows = lab
            .value(&format!("SELECT count(*) FROM raw.cities_{index}"))
            .await;
        assert_eq!((rows.as_str(), columns.as_str()), ("28338", "12"), "{file}");
    }
    // Whoever packed the one again lost the only postal code of an island without people.
    let differ =
        "SELECT count(*) FROM (SELECT * FROM raw.cities_0 EXCEPT SELECT * FROM raw.cities_1)";
    assert_eq!(lab.value(differ).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hive_warehouse_is_read_without_its_side_files() {
    let lab = Lab::new();
    let folder = lab.folder();
    if unpack_hive_warehouse(folder).is_none() {
        return;
    }
    for (table, rows, distinct, partition) in [
        ("df_city", "137449", "10573", "state_name"),
        ("df_presc", "3913", "301", "presc_state"),
    ] {
        let path = find(folder, table);
        let all = format!("SELECT count(*) FROM '{}'", path.display());
        assert_eq!(lab.value(&all).await, rows, "{table}");
        let once = format!(
            "SELECT count(*) FROM (SELECT DISTINCT * FROM '{}')",
            path.display()
        );
        assert_eq!(lab.value(&once).await, distinct, "{table}");
        let one = lab
            .rows(&format!(
                "SELECT {partition}, count(*) FROM '{}' GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
                path.display()
            ))
            .await;
        let (name, count) = one[0].split_once('|').unwrap();
        let again = format!(
            "SELECT count(*) FROM '{}' WHERE {partition} = '{name}'",
            path.display()
        );
        assert_eq!(lab.value(&again).await, count, "{table} of {name}");
    }
}
