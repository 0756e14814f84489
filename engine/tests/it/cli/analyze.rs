//! EXPLAIN ANALYZE as people read it, and what is said before a big scan.

use insta::assert_snapshot;

use super::Tidemill;

const PARTITIONED: &str = "CREATE TABLE raw.t PARTITIONED BY (city) AS \
     SELECT value AS id, CASE WHEN value < 50 THEN 'Rome' ELSE 'Oslo' END AS city FROM range(100)";
/// Where the tree begins, behind the numbers.
const TREE: usize = 58;

/// The lines without numbers, which are others each time.
fn tree_of(shown: &str) -> String {
    let lines = shown
        .lines()
        .map(|line| line.chars().skip(TREE).collect::<String>());
    let lines: Vec<_> = lines.filter(|line| line.contains("Exec")).collect();
    lines.join("\n")
}

#[test]
fn an_analysis_is_a_tree_of_operators() {
    let tidemill = Tidemill::new();
    tidemill.run(&["-c", PARTITIONED]);
    let query = "EXPLAIN ANALYZE SELECT city, count(*) FROM raw.t WHERE city = 'Rome' AND id > 3 GROUP BY city";
    let shown = tidemill.run(&["--threads", "1", "-c", query]);
    assert!(shown.contains("of computing on all threads"), "{shown}");
    assert!(shown.contains(" #1 ") && shown.contains(" #3 "), "{shown}");
    assert!(!shown.contains(" #4 "), "{shown}");
    assert_snapshot!(tree_of(&shown), @"
    ProjectionExec expr=[city@0 as city, count(Int64(1))@1 as count(*)]
    └─ AggregateExec mode=Single, gby=[city@0 as city], aggr=[count(Int64(1))]
       └─ FilterExec id@0 > 3, projection=[city@1]
          └─ DeltaScanExec
             └─ DataSourceExec raw.t [1 of 2 files skipped] [0 of 1 row groups skipped]
    ");
}

#[test]
fn an_analysis_is_rows_in_other_formats() {
    let tidemill = Tidemill::new();
    let query = "EXPLAIN ANALYZE SELECT 1 AS a";
    let shown = tidemill.run(&["--format", "json", "-c", query]);
    assert!(shown.contains("\"operator\":\"ProjectionExec\""), "{shown}");
    assert!(shown.contains("\"time_share\":"), "{shown}");
    let verbose = tidemill.run(&["-c", "EXPLAIN ANALYZE VERBOSE SELECT 1 AS a"]);
    assert!(verbose.contains("Plan with Metrics"), "{verbose}");
}

#[test]
fn a_big_scan_is_said_first() {
    let tidemill = Tidemill::new();
    tidemill.run(&["-c", PARTITIONED]);
    let said = |query: &str, limit: &str| {
        let shown = tidemill.run(&[
            "-c",
            &format!("SET tidemill.warn_scan_bytes = '{limit}'; {query}"),
        ]);
        shown.contains("reads all of raw.t: up to ")
            && shown.contains(" in 2 files; a condition on city would narrow it")
    };
    assert!(said("SELECT max(id) FROM raw.t", "1"));
    assert!(said("SELECT max(id) FROM raw.t WHERE id > 3", "1"));
    assert!(!said("SELECT max(id) FROM raw.t WHERE city = 'Rome'", "1"));
    assert!(!said("SELECT max(id) FROM raw.t", "1MB"));
    assert!(!said("SELECT max(id) FROM raw.t", "0"));
}
