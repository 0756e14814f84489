//! What a result looks like on stdout, in each format.

use std::io::{BufRead, BufReader};

use insta::assert_snapshot;

use super::Tidemill;

const NULL_AND_TEXT: &str = "SELECT v AS id, nullif(t, 'null') AS text, \
     CAST(v AS DECIMAL(10,2)) / 4 AS quarter, DATE '2024-02-29' AS day \
     FROM (VALUES (1, 'a,b'), (2, ''), (3, 'null'), (4, 'NULL')) AS s(v, t) ORDER BY v";

#[test]
fn a_result_is_a_table() {
    assert_snapshot!(Tidemill::new().run(&["-c", NULL_AND_TEXT]), @"
    exit code 0
    --- stdout
    ┌────┬────────┬──────────┬────────────┐
    │ id │ text   │  quarter │ day        │
    ├────┼────────┼──────────┼────────────┤
    │  1 │ a,b    │ 0.250000 │ 2024-02-29 │
    │  2 │        │ 0.500000 │ 2024-02-29 │
    │  3 │ NULL   │ 0.750000 │ 2024-02-29 │
    │  4 │ 'NULL' │ 1.000000 │ 2024-02-29 │
    └────┴────────┴──────────┴────────────┘
    (4 rows)
    --- stderr
    ");
}

#[test]
fn a_result_is_csv() {
    let csv = Tidemill::new().run(&["--format", "csv", "-c", NULL_AND_TEXT]);
    assert_snapshot!(csv, @r#"
    exit code 0
    --- stdout
    id,text,quarter,day
    1,"a,b",0.250000,2024-02-29
    2,"",0.500000,2024-02-29
    3,,0.750000,2024-02-29
    4,NULL,1.000000,2024-02-29
    --- stderr
    "#);
}

#[test]
fn a_result_is_json() {
    let json = Tidemill::new().run(&["-c", NULL_AND_TEXT, "--format", "json"]);
    assert_snapshot!(json, @r#"
    exit code 0
    --- stdout
    [
    {"id":1,"text":"a,b","quarter":0.250000,"day":"2024-02-29"},
    {"id":2,"text":"","quarter":0.500000,"day":"2024-02-29"},
    {"id":3,"text":null,"quarter":0.750000,"day":"2024-02-29"},
    {"id":4,"text":"NULL","quarter":1.000000,"day":"2024-02-29"}
    ]
    --- stderr
    "#);
}

#[test]
fn a_result_without_rows_is_whole_in_every_format() {
    let empty = |format| {
        Tidemill::new().run(&[
            "--format",
            format,
            "-c",
            "SELECT 1 AS a, 2 AS b WHERE false",
        ])
    };
    assert_snapshot!(empty("table"), @"
    exit code 0
    --- stdout
    ┌───┬───┐
    │ a │ b │
    ├───┼───┤
    └───┴───┘
    (0 rows)
    --- stderr
    ");
    assert_snapshot!(empty("csv"), @"
    exit code 0
    --- stdout
    a,b
    --- stderr
    ");
    assert_snapshot!(empty("json"), @"
    exit code 0
    --- stdout
    []
    --- stderr
    ");
}

#[test]
fn a_plan_keeps_its_lines() {
    assert_snapshot!(Tidemill::new().run(&["-c", "EXPLAIN SELECT 1 AS a"]), @"
    exit code 0
    --- stdout
    logical_plan:
      Projection: Int64(1) AS a
        EmptyRelation: rows=1
    physical_plan:
      ProjectionExec: expr=[1 as a]
        PlaceholderRowExec
    --- stderr
    ");
}

#[test]
fn what_was_done_is_said_beside_the_results() {
    let script = "CREATE TABLE t AS SELECT 1 AS id; INSERT INTO t VALUES (2), (3); \
                  SELECT count(*) AS n FROM t; DROP TABLE t;";
    assert_snapshot!(Tidemill::new().run(&["-c", script]), @"
    exit code 0
    --- stdout
    ┌───┐
    │ n │
    ├───┤
    │ 3 │
    └───┘
    (1 row)
    --- stderr
    created table raw.t, 1 row
    inserted into raw.t, 2 rows
    dropped raw.t
    ");
}

#[test]
fn a_load_shows_what_became_of_every_row() {
    let tidemill = Tidemill::new().with_file("day.csv", "id,name\n1,a\n2,b\n");
    let load = "COPY INTO raw.days FROM 'day.csv'";
    assert_snapshot!(tidemill.run(&["-c", load]), @"
    exit code 0
    --- stdout
    ┌─────────┬──────────┬────────┬──────┬────────┬──────────┬───────────┬──────┐
    │ source  │ target   │ status │ read │ loaded │ rejected │ duplicate │ note │
    ├─────────┼──────────┼────────┼──────┼────────┼──────────┼───────────┼──────┤
    │ day.csv │ raw.days │ loaded │    2 │      2 │        0 │         0 │ NULL │
    └─────────┴──────────┴────────┴──────┴────────┴──────────┴───────────┴──────┘
    (1 row)
    --- stderr
    ");
    assert_snapshot!(tidemill.run(&["--format", "csv", "-c", load]), @"
    exit code 0
    --- stdout
    source,target,status,read,loaded,rejected,duplicate,note
    day.csv,raw.days,skipped,0,0,0,0,already loaded
    --- stderr
    ");
}

#[test]
fn a_column_that_json_would_lose_is_refused() {
    let query = "SELECT * FROM (SELECT 1 AS id) AS a JOIN (SELECT 1 AS id) AS b ON a.id = b.id";
    assert_snapshot!(Tidemill::new().run(&["--format", "json", "-c", query]), @"
    exit code 1
    --- stdout
    --- stderr
    error: two columns are called `id`, and an object can hold only one of them
      --> line 1, column 28
       |
     1 | SELECT * FROM (SELECT 1 AS id) AS a JOIN (SELECT 1 AS id) AS b ON a.id = b.id
       |                            ^^
    hint: give one another name with AS, or choose --format csv
    ");
}

#[test]
fn a_reader_that_goes_away_ends_the_result_and_nothing_else() {
    for format in ["table", "csv", "json"] {
        let query = "SELECT value FROM generate_series(1, 2000000); ASSERT true";
        let tidemill = Tidemill::new();
        let mut child = tidemill
            .command(&["--format", format, "-c", query])
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{format}");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "holds: true\n",
            "{format}"
        );
    }
}
