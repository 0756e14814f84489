//! Files written to an object store.

use crate::lab::Lab;
use crate::object_store::{ObjectStore, run_with_store_at};

#[test]
fn an_object_is_written_whole_and_read_back() {
    let store = ObjectStore::with([]);
    let lab = Lab::new();
    let copy = "COPY INTO 's3://bucket/out/t.csv.gz' FROM (SELECT value AS n FROM range(0, 1000))";
    store.run(&lab, copy).succeeded();
    let count = store.run(&lab, "SELECT sum(n) FROM 's3://bucket/out/t.csv.gz'");
    assert_eq!(count.succeeded().stdout.lines().last(), Some("499500"));
    assert_eq!(store.keys(), ["out/t.csv.gz"]);

    store
        .run(&lab, copy)
        .failed_with(1)
        .says(&["exists", "add OVERWRITE"]);
    let checksum = format!("{copy} (OVERWRITE, CHECKSUM)");
    store.run(&lab, &checksum).succeeded();
    assert_eq!(store.keys(), ["out/t.csv.gz", "out/t.csv.gz.sha256"]);
}

#[test]
fn a_folder_of_objects_has_the_names_of_partitions() {
    let store = ObjectStore::with([]);
    let lab = Lab::new();
    let copy = "COPY INTO 's3://bucket/parts' FROM \
        (SELECT value AS n, CASE value % 2 WHEN 0 THEN 'a b' ELSE 'ü' END AS place FROM range(0, 10)) \
        (FORMAT parquet, PARTITION_BY (place))";
    store.run(&lab, copy).succeeded();
    let folders: Vec<_> = store
        .keys()
        .iter()
        .map(|key| key.rsplit_once('/').unwrap().0.to_owned())
        .collect();
    assert_eq!(folders, ["parts/place=a%20b", "parts/place=ü"]);
    let query = "SELECT place, sum(n) FROM 's3://bucket/parts' GROUP BY place ORDER BY place";
    let rows = store.run(&lab, query).succeeded().stdout;
    assert_eq!(rows.lines().skip(1).collect::<Vec<_>>(), ["a b,20", "ü,25"]);
    store.run(&lab, copy).failed_with(1).says(&["exists"]);
}

#[test]
fn a_store_that_does_not_answer_is_worth_a_retry() {
    let lab = Lab::new();
    let copy = "COPY INTO 's3://bucket/t.csv' FROM (SELECT 1 AS a)";
    run_with_store_at("127.0.0.1:1", &lab, copy).failed_with(5);
}
