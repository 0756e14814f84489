//! How the binary is called: arguments, scripts, standard input, Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::Command;

use insta::assert_snapshot;

use super::Tidemill;

#[test]
fn help_shows_what_can_be_done() {
    assert_snapshot!(Tidemill::new().run(&["--help"]), @r#"
    exit code 0
    --- stdout
    A SQL lakehouse engine in one binary

    Usage: tidemill [OPTIONS] [COMMAND]

    Commands:
      run   Run a pipeline: a folder of .sql files, in the order that their SQL asks for
      help  Print this message or the help of the given subcommand(s)

    Options:
      -c, --command <SQL>
              Run this SQL and leave; may be repeated

      -f, --file <FILE>
              Run the statements of this file (- for standard input) and leave; may be repeated

          --timer
              Say after each statement of -c, -f or standard input how long it took

          --warehouse <FOLDER>
              Folder that holds the tables [default: ./warehouse]

          --config <FILE>
              Settings and databases, [connections.name] [default: tidemill.toml, if there is one]

          --memory-limit <SIZE>
              Memory for queries, such as 4GB [default: 75 % of the machine's]

          --threads <NUMBER>
              Threads for queries [default: all cores]

          --spill-folder <FOLDER>
              Folder for what does not fit in memory

          --default-zone <ZONE>
              Zone of table names without one [default: raw]

          --format <FORMAT>
              How results are printed

              Possible values:
              - table: A table for people
              - csv:   Comma-separated values with a header; NULL is an empty field, empty text is ""
              - json:  An array of objects; NaN and infinity are text
              
              [default: table]

      -p, --parameter <NAME=VALUE>
              Value of a parameter: $name in the SQL; may be repeated

      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Examples:
      tidemill                                       open the prompt
      tidemill -c "SELECT * FROM curated.monthly_billing LIMIT 5"
      tidemill -f report.sql --format csv > report.csv
      echo "SHOW TABLES" | tidemill                  run what comes from another program
      tidemill -c "ATTACH 'postgres://me@host/sales' AS sales; SELECT count(*) FROM sales.orders"
      tidemill run sql/hospital_billing              run a pipeline; again: only what changed
      tidemill run sql/hospital_billing -p source=/data/admissions.csv

    Exit codes: 0 ok, 1 error, 2 usage, 3 assertion failed, 4 too many rejects,
    5 outside system unavailable, 6 locked, 130 interrupted
    --- stderr
    "#);
}

#[test]
fn a_file_is_parsed_before_any_of_it_runs() {
    let tidemill = Tidemill::new().with_file("job.sql", "SELECT 1 AS a;\n\n  SELECT FROM x;\n");
    assert_snapshot!(tidemill.run(&["-c", "SELECT 2 AS b", "-f", "job.sql"]), @"
    exit code 1
    --- stdout
    --- stderr
    error: expected an expression, found: FROM
      --> job.sql:3:15
       |
     3 |   SELECT FROM x;
       |               ^^
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
    ┌───┐
    │ a │
    ├───┤
    │ 1 │
    └───┘
    (1 row)
    --- stderr
    error: cast error: Cannot cast string 'x' to value of Int32 type
      --> job.sql:2:1
       |
     2 | SELECT CAST('x' AS INT) AS b;
       | ^
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
      [possible values: table, csv, json]

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
    error: run does not go with -c or -f
    hint: run the pipeline first, then the SQL
    ");
}

#[test]
fn a_script_comes_from_standard_input() {
    let tidemill = Tidemill::new();
    let piped = "\u{feff}SELECT 1 AS a;\r\nSELECT $b AS b;";
    assert_snapshot!(tidemill.run_with_input(&["-p", "b=two"], piped), @"
    exit code 0
    --- stdout
    ┌───┐
    │ a │
    ├───┤
    │ 1 │
    └───┘
    (1 row)
    ┌─────┐
    │ b   │
    ├─────┤
    │ two │
    └─────┘
    (1 row)
    --- stderr
    ");
    assert_snapshot!(tidemill.run_with_input(&["-f", "-"], "SELECT\n  b"), @"
    exit code 1
    --- stdout
    --- stderr
    error: no field named b
      --> standard input:2:3
       |
     2 |   b
       |   ^
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
