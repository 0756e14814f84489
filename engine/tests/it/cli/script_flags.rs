//! What the flags for scripts do: parameters, going on, dry runs, echo, the log.

use insta::assert_snapshot;

use super::Tidemill;

/// One statement each that a naive splitter breaks.
const HARD_TO_SPLIT: [(&str, &str, &str); 8] = [
    (
        "semicolon at a line end in a text",
        "SELECT 'a;\nb' AS x;",
        "x\n\"a;\nb\"\n",
    ),
    (
        "dashes in a text",
        "SELECT 'a -- b' AS x; SELECT 2 AS y;",
        "x\na -- b\ny\n2\n",
    ),
    ("semicolon in a comment", "/* ; */ SELECT 1 AS x;", "x\n1\n"),
    (
        "nested comments",
        "/* ; /* ; */ ; */ SELECT 1 AS x;",
        "x\n1\n",
    ),
    (
        "comment after the last semicolon",
        "SELECT 1 AS x; -- done;\n",
        "x\n1\n",
    ),
    (
        "no final newline",
        "SELECT 1 AS x;\nSELECT 2 AS y",
        "x\n1\ny\n2\n",
    ),
    (
        "line ends of Windows",
        "SELECT 1 AS x;\r\n\r\nSELECT\r\n  2 AS y;\r\n",
        "x\n1\ny\n2\n",
    ),
    ("dollar quotes", "SELECT $$a;'b$$ AS x;", "x\na;'b\n"),
];

#[test]
fn what_is_hard_to_split_is_split_right() {
    for (name, script, expected) in HARD_TO_SPLIT {
        let tidemill = Tidemill::new().with_file("job.sql", script);
        let ran = tidemill.run(&["-f", "job.sql", "--format", "csv"]);
        let all = format!("exit code 0\n--- stdout\n{expected}--- stderr\n");
        assert_eq!(ran, all, "{name}");
        let piped = tidemill.run_with_input(&["--format", "csv"], script);
        assert_eq!(piped, all, "{name}, piped");
    }
}

#[test]
fn an_error_behind_line_ends_of_windows_is_on_its_line() {
    let tidemill = Tidemill::new().with_file("job.sql", "SELECT 1 AS a;\r\nSELECT b;\r\n");
    assert_snapshot!(tidemill.run(&["-f", "job.sql", "--dry-run"]), @"
    exit code 1
    --- stdout
    ┌─────────────┬───────────┬───────┬────────┐
    │ place       │ statement │ reads │ writes │
    │ TEXT        │ TEXT      │ TEXT  │ TEXT   │
    ├─────────────┼───────────┼───────┼────────┤
    │ job.sql:1:1 │ SELECT    │ NULL  │ NULL   │
    └─────────────┴───────────┴───────┴────────┘
    (1 row, 4 columns)
    --- stderr
    error: there is no column `b`
      --> job.sql:2:8
       |
     2 | SELECT b;
       |        ^
    hint: the query has no columns: FROM is missing, or a text stands in double quotes instead of single ones
    ");
}

const PARAMETERS: &str = "\
SET city = 'Bern';
SET least = 2;
SET since = DATE '2024-01-01';
SELECT $city AS city, $least AS least, $since AS since;
";

#[test]
fn a_script_declares_the_defaults_of_its_parameters() {
    let tidemill = Tidemill::new().with_file("job.sql", PARAMETERS);
    let run = |parameters: &[&str]| {
        tidemill.run(&[&["-f", "job.sql", "--format", "csv"][..], parameters].concat())
    };
    assert_snapshot!(run(&[]), @"
    exit code 0
    --- stdout
    city,least,since
    Bern,2,2024-01-01
    --- stderr
    city = Bern
    least = 2
    since = 2024-01-01
    ");
    assert_snapshot!(
        run(&["-p", "city=007", "-p", "least=-5", "-p", "since=2025-12-31"]),
        @"
    exit code 0
    --- stdout
    city,least,since
    007,-5,2025-12-31
    --- stderr
    city = 007
    least = -5
    since = 2025-12-31
    "
    );
    assert_snapshot!(run(&["-p", "least=1.5"]), @"
    exit code 2
    --- stdout
    --- stderr
    error: parameter `least`: `1.5` is not a whole number
      --> job.sql:2:5
       |
     2 | SET least = 2;
       |     ^^^^^
    hint: its default has no digits after the point
    ");
    assert_snapshot!(run(&["-p", "since=31.12.2025"]), @"
    exit code 2
    --- stdout
    --- stderr
    error: parameter `since`: `31.12.2025` is not a date
      --> job.sql:3:5
       |
     3 | SET since = DATE '2024-01-01';
       |     ^^^^^
    hint: write it as 2024-12-31
    ");
    assert_snapshot!(run(&["-p", "ctiy=Basel"]), @"
    exit code 2
    --- stdout
    --- stderr
    error: nothing in the SQL uses the parameter `ctiy`
    hint: did you mean `city`?
    ");
}

const ONE_FAILS: &str = "\
CREATE TABLE t AS SELECT 1 AS id;
SELECT nothing FROM t;
INSERT INTO t VALUES (2);
ASSERT (SELECT count(*) FROM t) = 3 AS 'three rows';
SELECT count(*) AS n FROM t;
";

#[test]
fn a_script_goes_on_only_if_told_to() {
    let tidemill = Tidemill::new().with_file("job.sql", ONE_FAILS);
    let run =
        |flags: &[&str]| tidemill.run(&[&["-f", "job.sql", "--format", "csv"][..], flags].concat());
    assert_snapshot!("keep_going", run(&["--keep-going"]));
    let stopped = Tidemill::new().with_file("job.sql", ONE_FAILS);
    assert_snapshot!(
        "without_keep_going",
        stopped.run(&["-f", "job.sql", "--format", "csv"])
    );
}

#[test]
fn what_does_not_parse_fails_alone_when_going_on() {
    let script = "SELECT 1 AS a; SELEC 2; SELECT 3 AS c";
    assert_snapshot!(
        "keep_going_past_what_does_not_parse",
        Tidemill::new().run(&["-c", script, "--keep-going", "--format", "csv"])
    );
}

const PIPELINE: &str = "\
SET threads = 2;
COPY INTO raw.bills FROM 'bills.csv';
CREATE TABLE cleansed.bills AS SELECT id, bill * 2 AS twice FROM raw.bills;
CREATE VIEW curated.total AS SELECT sum(twice) AS total FROM cleansed.bills;
INSERT INTO cleansed.bills SELECT id, bill FROM raw.bills;
ASSERT (SELECT total FROM curated.total) > 0;
COPY INTO 'out/total.csv' FROM curated.total;
DROP TABLE raw.bills;
";

#[test]
fn a_dry_run_says_what_would_be_read_and_written_and_does_nothing() {
    let tidemill = Tidemill::new()
        .with_file("bills.csv", "id,bill\n1,2.50\n")
        .with_file("job.sql", PIPELINE);
    assert_snapshot!("dry_run", tidemill.run(&["-f", "job.sql", "--dry-run"]));
    assert!(!tidemill.path("out").exists());
    let tables = tidemill.run(&["-c", "SHOW TABLES", "--format", "csv"]);
    assert!(!tables.contains("bills"), "{tables}");
}

#[test]
fn a_dry_run_finds_mistakes_of_the_whole_script() {
    let script = format!("{PIPELINE}SELECT * FROM raw.bills;\nCOPY INTO raw.x FROM 'gone.csv';\n");
    let tidemill = Tidemill::new()
        .with_file("bills.csv", "id,bill\n1,2.50\n")
        .with_file("job.sql", script);
    assert_snapshot!(
        "dry_run_with_mistakes",
        tidemill.run(&["-f", "job.sql", "--dry-run", "--keep-going"])
    );
    let stopped = tidemill.run(&["-f", "job.sql", "--dry-run"]);
    assert!(stopped.starts_with("exit code 1\n"), "{stopped}");
    assert!(stopped.contains("job.sql:9:15"), "{stopped}");
}

#[test]
fn echo_shows_statements_without_passwords() {
    let script = "ATTACH 'postgres://ada:geheim@localhost/d' AS d; -- why\nSELECT 1\n  AS a;";
    assert_snapshot!(
        "echo",
        Tidemill::new().run(&["-c", script, "--echo", "--format", "csv"])
    );
}

#[test]
fn the_log_has_a_line_of_json_for_each_statement() {
    let script = "CREATE TABLE t AS SELECT 1 AS id UNION ALL SELECT 2;\nSELECT * FROM t;\n\
                  SET threads = 2;\nATTACH 'postgres://ada:geheim@host:port/d' AS d;\nSELECT 1;";
    let tidemill = Tidemill::new().with_file("job.sql", script);
    let ran = tidemill.run(&["-f", "job.sql", "--log-json", "log.json", "--format", "csv"]);
    assert!(ran.starts_with("exit code 1\n"), "{ran}");
    let log = std::fs::read_to_string(tidemill.path("log.json")).unwrap();
    assert!(!log.contains("geheim"), "{log}");
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |key: &str| {
        lines
            .iter()
            .map(|line| line[key].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("line"),
        ["1", "2", "3", "4"],
        "the last one never ran: {log}"
    );
    assert_eq!(of("rows"), ["2", "2", "null", "null"], "{log}");
    assert_eq!(
        of("statement"),
        ["\"CREATE TABLE\"", "\"SELECT\"", "\"SET\"", "\"ATTACH\""],
        "{log}"
    );
    let failed = &lines[3];
    assert_eq!(
        (failed["file"].as_str(), failed["status"].as_str()),
        (Some("job.sql"), Some("failed"))
    );
    assert_eq!(failed["error"]["exit_code"], 1, "{log}");
    assert!(
        lines[0]["seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds >= 0.0),
        "{log}"
    );
}

#[test]
fn the_log_of_standard_error_is_apart_from_results() {
    let ran = Tidemill::new().run(&["-c", "SELECT 1 AS a", "--log-json", "-", "--format", "csv"]);
    assert!(
        ran.starts_with("exit code 0\n--- stdout\na\n1\n--- stderr\n{\"file\":null,\"line\":1,"),
        "{ran}"
    );
}

#[test]
fn several_files_follow_one_flag() {
    let tidemill = Tidemill::new()
        .with_file("a.sql", "CREATE TABLE t AS SELECT 1 AS id")
        .with_file("b.sql", "SELECT id FROM t");
    let ran = tidemill.run(&["--format", "csv", "-f", "a.sql", "b.sql"]);
    assert!(ran.contains("--- stdout\nid\n1\n"), "{ran}");
}

#[test]
fn the_prompt_stays_after_an_initial_file() {
    let tidemill = Tidemill::new().with_file("init.sql", "CREATE TABLE t AS SELECT 7 AS id");
    let typed = "SELECT id FROM t WHERE id = $id;\n";
    let flags = ["-i", "init.sql", "-p", "id=7", "--format", "csv"];
    let ran = tidemill.run_with_input(&flags, typed);
    assert!(ran.starts_with("exit code 0\n"), "{ran}");
    assert!(ran.contains("created table raw.t, 1 row"), "{ran}");
    assert!(ran.contains("id\n7\n"), "{ran}");
}

#[test]
fn options_for_scripts_do_not_go_with_a_subcommand() {
    let tidemill = Tidemill::new();
    assert_snapshot!(tidemill.run(&["--keep-going", "run", "jobs"]), @"
    exit code 2
    --- stdout
    --- stderr
    error: run does not go with --keep-going
    hint: it is for the SQL of -c, -f, -i and standard input
    ");
    assert_snapshot!(tidemill.run(&["-c", "SELECT 1", "doctor"]), @"
    exit code 2
    --- stdout
    --- stderr
    error: doctor does not go with -c, -f or -i
    hint: call tidemill twice, once for each
    ");
}

#[test]
fn the_other_flags_say_what_they_do() {
    let tidemill = Tidemill::new();
    let show = "SHOW datafusion.execution.target_partitions; CREATE TABLE t AS SELECT 1 AS id";
    let flags = [
        "--threads",
        "3",
        "--default-zone",
        "curated",
        "--memory-limit",
        "100MB",
    ];
    let flags = [
        &flags[..],
        &["--warehouse", "lake", "--spill-folder", ".", "-c", show],
    ]
    .concat();
    assert_snapshot!(
        "global_flags",
        tidemill.run(&[&flags[..], &["--format", "csv"]].concat())
    );
    assert!(tidemill.path("lake/curated/t/_delta_log").is_dir());
    assert_snapshot!(
        "wrong_memory_limit",
        tidemill.run(&["--memory-limit", "4XB", "-c", "SELECT 1"])
    );
    assert_snapshot!(
        "wrong_threads",
        tidemill.run(&["--threads", "0", "-c", "SELECT 1"])
    );
    assert_snapshot!(
        "wrong_default_zone",
        tidemill.run(&["--default-zone", "rwa", "-c", "SELECT 1"])
    );
    assert_snapshot!(
        "missing_config",
        tidemill.run(&["--config", "no.toml", "-c", "SELECT 1"])
    );
    assert_snapshot!(
        "wrong_spill_folder",
        tidemill.run(&["--spill-folder", "/proc/none", "-c", "SELECT 1"])
    );
    assert_snapshot!(
        "wrong_log",
        tidemill.run(&["--log-json", "no/log", "-c", "SELECT 1"])
    );
    assert_snapshot!("version", tidemill.run(&["--version"]));
}
