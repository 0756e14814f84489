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
    ┌────────┬────────┬───────────────┬────────────┐
    │     id │ text   │       quarter │ day        │
    │ BIGINT │ TEXT   │ DECIMAL(14,6) │ DATE       │
    ├────────┼────────┼───────────────┼────────────┤
    │      1 │ a,b    │      0.250000 │ 2024-02-29 │
    │      2 │        │      0.500000 │ 2024-02-29 │
    │      3 │ NULL   │      0.750000 │ 2024-02-29 │
    │      4 │ 'NULL' │      1.000000 │ 2024-02-29 │
    └────────┴────────┴───────────────┴────────────┘
    (4 rows, 4 columns)
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
fn a_result_is_a_line_per_value() {
    assert_snapshot!(Tidemill::new().run(&["--format", "vertical", "-c", NULL_AND_TEXT]), @"
    exit code 0
    --- stdout
    ── row 1 ───────────────────────────────
         id │ 1
       text │ a,b
    quarter │ 0.250000
        day │ 2024-02-29
    ── row 2 ───────────────────────────────
         id │ 2
       text │ 
    quarter │ 0.500000
        day │ 2024-02-29
    ── row 3 ───────────────────────────────
         id │ 3
       text │ NULL
    quarter │ 0.750000
        day │ 2024-02-29
    ── row 4 ───────────────────────────────
         id │ 4
       text │ 'NULL'
    quarter │ 1.000000
        day │ 2024-02-29
    (4 rows)
    --- stderr
    ");
}

#[test]
fn a_result_is_tsv() {
    assert_snapshot!(Tidemill::new().run(&["--format", "tsv", "-c", NULL_AND_TEXT]), @r#"
    exit code 0
    --- stdout
    id	text	quarter	day
    1	a,b	0.250000	2024-02-29
    2	""	0.500000	2024-02-29
    3		0.750000	2024-02-29
    4	NULL	1.000000	2024-02-29
    --- stderr
    "#);
}

#[test]
fn a_result_is_a_json_object_per_line() {
    assert_snapshot!(Tidemill::new().run(&["--format", "ndjson", "-c", NULL_AND_TEXT]), @r#"
    exit code 0
    --- stdout
    {"id":1,"text":"a,b","quarter":0.250000,"day":"2024-02-29"}
    {"id":2,"text":"","quarter":0.500000,"day":"2024-02-29"}
    {"id":3,"text":null,"quarter":0.750000,"day":"2024-02-29"}
    {"id":4,"text":"NULL","quarter":1.000000,"day":"2024-02-29"}
    --- stderr
    "#);
}

#[test]
fn a_result_is_a_table_in_markdown() {
    let query = "SELECT * FROM (VALUES (1, 'a|b'), (2, '<b>*x*</b>'), (3, NULL)) AS s(v, \"t_t\")";
    assert_snapshot!(Tidemill::new().run(&["--format", "markdown", "-c", query]), @r"
    exit code 0
    --- stdout
    | v | t\_t |
    | ---: | --- |
    | 1 | a\|b |
    | 2 | &lt;b>\*x\*&lt;/b> |
    | 3 |  |
    --- stderr
    ");
}

#[test]
fn a_result_is_a_table_in_html() {
    let query = "SELECT * FROM (VALUES (1, '<b>&</b>'), (2, NULL)) AS s(v, t)";
    assert_snapshot!(Tidemill::new().run(&["--format", "html", "-c", query]), @r#"
    exit code 0
    --- stdout
    <table>
    <thead>
    <tr><th>v</th><th>t</th></tr>
    </thead>
    <tbody>
    <tr><td align="right">1</td><td>&lt;b&gt;&amp;&lt;/b&gt;</td></tr>
    <tr><td align="right">2</td><td></td></tr>
    </tbody>
    </table>
    --- stderr
    "#);
}

#[test]
fn a_result_is_insert_statements() {
    let query = "SELECT v, t, 'NaN'::double AS f, X'00ff' AS b, DATE '2024-02-29' AS d, \
         TIMESTAMP '2024-02-29 12:00:00' AS at, true AS \"Yes\" \
         FROM (VALUES (1, 'it''s'), (2, NULL)) AS s(v, t)";
    assert_snapshot!(Tidemill::new().run(&["--format", "insert", "-c", query]), @r#"
    exit code 0
    --- stdout
    INSERT INTO result (v, t, f, b, d, at, "Yes") VALUES
      (1, 'it''s', CAST('NaN' AS DOUBLE), X'00ff', DATE '2024-02-29', TIMESTAMP '2024-02-29T12:00:00', true),
      (2, NULL, CAST('NaN' AS DOUBLE), X'00ff', DATE '2024-02-29', TIMESTAMP '2024-02-29T12:00:00', true);
    --- stderr
    "#);
    let nested = "SELECT make_array(1, 2) AS list";
    assert_snapshot!(Tidemill::new().run(&["--format", "insert", "-c", nested]), @"
    exit code 1
    --- stdout
    --- stderr
    error: column `list` is BIGINT[], of which there are no literals
      --> line 1, column 28
       |
     1 | SELECT make_array(1, 2) AS list
       |                            ^^^^
    hint: cast it to TEXT, or choose the format ndjson
    ");
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
    ┌────────┬────────┐
    │      a │      b │
    │ BIGINT │ BIGINT │
    ├────────┼────────┤
    └────────┴────────┘
    (0 rows, 2 columns)
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
    ┌────────┐
    │      n │
    │ BIGINT │
    ├────────┤
    │      3 │
    └────────┘
    (1 row, 1 column)
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
    ┌─────────┬──────────┬────────┬─────────────────┬─────────────────┬─────────────────┬─────────────────┬──────┐
    │ source  │ target   │ status │            read │          loaded │        rejected │       duplicate │ note │
    │ TEXT    │ TEXT     │ TEXT   │ BIGINT UNSIGNED │ BIGINT UNSIGNED │ BIGINT UNSIGNED │ BIGINT UNSIGNED │ TEXT │
    ├─────────┼──────────┼────────┼─────────────────┼─────────────────┼─────────────────┼─────────────────┼──────┤
    │ day.csv │ raw.days │ loaded │               2 │               2 │               0 │               0 │ NULL │
    └─────────┴──────────┴────────┴─────────────────┴─────────────────┴─────────────────┴─────────────────┴──────┘
    (1 row, 8 columns)
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
    for format in [
        "table", "vertical", "csv", "json", "markdown", "html", "insert",
    ] {
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
