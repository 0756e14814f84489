//! Whatever a table holds, it lands from files of every format as it was before it was written.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::csv_round_trip::{place, with_places};
use super::formats::{COLUMNS, Made, made, write_parquet};
use super::lab::{Lab, assert_same_rows, sorted};

const VALUES: &str = "id, amount, note, day, at, flag, ratio, place";
/// Names of files, and the options to write them with. ORC is written without DECIMAL.
const FILES: [(&str, &str); 20] = [
    ("t.csv", ""),
    ("t.tsv", ""),
    ("t.csv.zst", "(DELIMITER ';', QUOTE '''', ESCAPE '\\')"),
    ("t.csv.gz", "(NULL 'null')"),
    // What also stands in numbers, dates and times.
    ("minus.csv", "(DELIMITER '-', NULL '0')"),
    ("colon.csv", "(DELIMITER ':', NULL 'true')"),
    ("point.csv", "(DELIMITER '.', NULL '1')"),
    ("space.csv", "(DELIMITER ' ', NULL 'false')"),
    ("plus.csv", "(QUOTE '-', NULL '2')"),
    ("escape.csv", "(ESCAPE '.', DELIMITER '+', NULL '3')"),
    ("t.ndjson", ""),
    ("t.json", ""),
    ("t.json.bz2", ""),
    ("t.jsonl.xz", ""),
    ("t.parquet", ""),
    ("snappy.parquet", "(COMPRESSION snappy)"),
    ("t.avro", ""),
    ("t.orc", ""),
    ("t.arrow", ""),
    ("zstd.arrow", "(COMPRESSION zstd)"),
];
const FOLDERS: [&str; 7] = ["csv", "ndjson", "json", "parquet", "avro", "orc", "arrow"];

#[test]
fn what_was_written_lands_again() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        cases: 8,
        failure_persistence: None,
        ..Config::default()
    };
    let rows = prop::collection::vec((made(), place()), 1..40);
    TestRunner::new(config)
        .run(&rows, |rows| {
            runtime.block_on(check(&rows));
            Ok(())
        })
        .unwrap();
}

async fn check(rows: &[(Made, Option<String>)]) {
    let lab = Lab::new();
    let source = lab.folder().join("source.parquet");
    write_parquet(&source, &with_places(rows));
    let load = format!(
        "COPY INTO raw.t FROM '{}' ({COLUMNS}); CREATE VIEW cleansed.as_text AS \
         SELECT * EXCLUDE (amount), CAST(amount AS TEXT) AS amount FROM raw.t",
        source.display()
    );
    lab.execute(&load).await;
    let expected = sorted(lab.rows(&format!("SELECT {VALUES} FROM raw.t")).await);
    for (index, (name, options)) in FILES.into_iter().enumerate() {
        let (from, path) = (table_for(name), lab.folder().join(name));
        let mut reading = options.trim_matches(['(', ')']).to_owned();
        if reading.contains("COMPRESSION") {
            reading.clear();
        }
        let reading = match reading.is_empty() {
            true => COLUMNS.to_owned(),
            false => format!("{COLUMNS}, {reading}"),
        };
        let path = path.display();
        let copies = format!(
            "COPY INTO '{path}' FROM {from} {options};
             COPY INTO raw.back_{index} FROM '{path}' ({reading})"
        );
        lab.execute(&copies).await;
        assert_back(&lab, &format!("raw.back_{index}"), &expected, name).await;
    }
    for format in FOLDERS {
        let (from, path) = (table_for(format), lab.folder().join(format));
        let path = path.display();
        let copies = format!(
            "COPY INTO '{path}' FROM {from} (FORMAT {format}, PARTITION_BY (place));
             COPY INTO raw.of_{format} FROM '{path}' ({COLUMNS})"
        );
        lab.execute(&copies).await;
        let what = format!("{format} by partition");
        assert_back(&lab, &format!("raw.of_{format}"), &expected, &what).await;
    }
    for typed in ["t.parquet", "t.avro", "t.arrow"] {
        let path = lab.folder().join(typed);
        let found = lab.rows(&format!("DESCRIBE '{}'", path.display())).await;
        let names = |row: &String| {
            row.split('|')
                .take(2)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let found: Vec<_> = found.iter().map(names).collect();
        let table = lab.rows("DESCRIBE raw.t").await;
        assert_eq!(
            found,
            table.iter().map(names).collect::<Vec<_>>(),
            "{typed}"
        );
    }
}

fn table_for(name: &str) -> &'static str {
    match name.ends_with("orc") {
        true => "cleansed.as_text",
        false => "raw.t",
    }
}

async fn assert_back(lab: &Lab, table: &str, expected: &[String], what: &str) {
    let rows = sorted(lab.rows(&format!("SELECT {VALUES} FROM {table}")).await);
    assert_same_rows(&rows, expected, what);
}
