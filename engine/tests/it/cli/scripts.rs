//! How the binary is called: arguments, scripts, standard input, Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;

use insta::assert_snapshot;

use super::Tidemill;

#[test]
fn a_file_is_parsed_before_any_of_it_runs() {
    let tidemill = Tidemill::new().with_file("job.sql", "SELECT 1 AS a;\n\n  SELECT FROM x;\n");
    assert_snapshot!(tidemill.run(&["-c", "SELECT 2 AS b", "-f", "job.sql"]), @"
    exit code 1
    --- stdout
    --- stderr
    error: expected an expression, found: FROM
      --> job.sql:3:10
       |
     3 |   SELECT FROM x;
       |          ^^^^
    ");
}

#[test]
fn a_script_stops_at_its_first_error() {
    let tidemill = Tidemill::new().with_file(
        "job.sql",
        "SELECT 1 AS a;\nSELECT CAST('x' AS INT) AS b;\nSELECT 3 AS c;\n",
    );
    assert_snapshot!(tidemill.run(&["-f", "job.sql", "-c", "SELECT 4 AS d"]), @"
    exit code 1
    --- stdout
    ┌────────┐
    │      a │
    │ BIGINT │
    ├────────┤
    │      1 │
    └────────┘
    (1 row, 1 column)
    --- stderr
    error: 'x' is no INTEGER
      --> job.sql:2:13
       |
     2 | SELECT CAST('x' AS INT) AS b;
       |             ^^^
    hint: TRY_CAST(value AS type) gives NULL for what does not fit
    ");
}

#[test]
fn scripts_run_in_the_order_typed_in_one_session() {
    let tidemill =
        Tidemill::new().with_file("show.sql", "SHOW datafusion.execution.target_partitions");
    let (set, show) = ("SET threads = 3", "SELECT 1 AS last");
    let arguments = ["-c", set, "-f", "show.sql", "--format", "csv", "-c", show];
    assert_snapshot!(tidemill.run(&arguments), @"
    exit code 0
    --- stdout
    name,value
    datafusion.execution.target_partitions,3
    last
    1
    --- stderr
    threads = 3
    ");
}

#[test]
fn with_a_timer_each_statement_says_how_long_it_took() {
    let tidemill = Tidemill::new();
    let script = "SET threads = 2; SELECT 1 AS a; SELECT CAST('x' AS INT)";
    let shown = tidemill.run_with_input(&["--timer", "--format", "csv"], script);
    let timed = |line: &&str| line.starts_with('(') && line.ends_with(" s)");
    let times: Vec<_> = shown.lines().filter(timed).collect();
    assert_eq!(times.len(), 2, "one for each that succeeded: {shown}");
    for time in times {
        let seconds = &time[1..time.len() - " s)".len()];
        assert!(
            seconds.parse::<f64>().is_ok_and(|seconds| seconds < 60.0),
            "{time}"
        );
    }
    assert!(shown.contains("--- stdout\na\n1\n--- stderr"), "{shown}");
}

#[test]
fn a_timer_does_not_go_with_a_run() {
    assert_snapshot!(Tidemill::new().run(&["--timer", "run", "jobs"]), @"
    exit code 2
    --- stdout
    --- stderr
    error: run does not go with --timer
    hint: leave it out: a run shows the time of each step
    ");
}

#[test]
fn a_file_that_is_missing_or_no_script_is_named() {
    let tidemill = Tidemill::new().with_file("latin1.sql", b"SELECT 1;\nSELECT '\xe9';\n");
    assert_snapshot!(tidemill.run(&["-f", "missing.sql"]), @"
    exit code 1
    --- stdout
    --- stderr
    error: cannot read missing.sql
      caused by: No such file or directory (os error 2)
    hint: check the path; a relative one starts at the working directory, in a pipeline step at the pipeline's folder
    ");
    assert_snapshot!(tidemill.run(&["-f", "."]), @"
    exit code 2
    --- stdout
    --- stderr
    error: . is a folder
    hint: run the pipeline in it with: tidemill run .
    ");
    assert_snapshot!(tidemill.run(&["-f", "latin1.sql"]), @"
    exit code 1
    --- stdout
    --- stderr
    error: a script must be UTF-8 text
      --> latin1.sql:2
    hint: save it as UTF-8, or convert it: iconv -f latin1 -t utf8
    ");
}

#[test]
fn wrong_usage_has_its_own_exit_code() {
    let tidemill = Tidemill::new();
    assert_snapshot!(tidemill.run(&["--format", "xml"]), @"
    exit code 2
    --- stdout
    --- stderr
    error: invalid value 'xml' for '--format <FORMAT>'
      [possible values: table, vertical, csv, tsv, json, ndjson, markdown, html, insert]

      tip: a similar value exists: 'html'

    For more information, try '--help'.
    ");
    assert_snapshot!(tidemill.run(&["-c", "SELECT 1", "-p", "city"]), @"
    exit code 2
    --- stdout
    --- stderr
    error: `city` is not NAME=VALUE
    hint: write -p source=data/file.csv
    ");
    assert_snapshot!(tidemill.run(&["-c", "SELECT 1", "run", "."]), @"
    exit code 2
    --- stdout
    --- stderr
    error: run does not go with -c, -f or -i
    hint: call tidemill twice, once for each
    ");
}

#[test]
fn a_script_comes_from_standard_input() {
    let tidemill = Tidemill::new();
    let piped = "\u{feff}SELECT 1 AS a;\r\nSELECT $b AS b;";
    assert_snapshot!(tidemill.run_with_input(&["-p", "b=two"], piped), @"
    exit code 0
    --- stdout
    ┌────────┐
    │      a │
    │ BIGINT │
    ├────────┤
    │      1 │
    └────────┘
    (1 row, 1 column)
    ┌──────┐
    │ b    │
    │ TEXT │
    ├──────┤
    │ two  │
    └──────┘
    (1 row, 1 column)
    --- stderr
    ");
    assert_snapshot!(tidemill.run_with_input(&["-f", "-"], "SELECT\n  b"), @"
    exit code 1
    --- stdout
    --- stderr
    error: there is no column `b`
      --> standard input:2:3
       |
     2 |   b
       |   ^
    hint: the query has no columns: FROM is missing, or a text stands in double quotes instead of single ones
    ");
}

#[test]
fn nothing_on_standard_input_is_nothing_to_do() {
    assert_snapshot!(Tidemill::new().run(&[]), @"
    exit code 0
    --- stdout
    --- stderr
    ");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_script() {
    let script = "SET threads = 2; \
                  SELECT count(*) FROM generate_series(1, 100000000000) AS g(v) WHERE v % 7 = 3; \
                  SELECT 1 AS a";
    let tidemill = Tidemill::new();
    let mut child = tidemill.command(&["-c", script]).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, "threads = 2\n");
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), rest.as_str()),
        (Some(130), "interrupted\n")
    );
    assert!(output.stdout.is_empty());
}
