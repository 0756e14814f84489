//! What a user reads when a statement fails: where, what, and what to do.

use insta::assert_snapshot;

use super::Tidemill;

#[test]
fn an_unknown_table_is_underlined() {
    assert_snapshot!(Tidemill::new().run(&["-c", "SELECT *\nFROM admisions"]), @"
    exit code 1
    --- stdout
    --- stderr
    error: table 'raw.admisions' not found
      --> line 2, column 6
       |
     2 | FROM admisions
       |      ^^^^^^^^^
    hint: SHOW TABLES lists what there is
    ");
}

#[test]
fn an_unknown_column_is_underlined() {
    let query = "SELECT nam FROM (VALUES (1, 'x')) AS t(id, name)";
    assert_snapshot!(Tidemill::new().run(&["-c", query]), @"
    exit code 1
    --- stdout
    --- stderr
    error: there is no column `nam`
      --> line 1, column 8
       |
     1 | SELECT nam FROM (VALUES (1, 'x')) AS t(id, name)
       |        ^^^
    hint: did you mean `name`?
    ");
}

#[test]
fn a_password_in_a_statement_is_not_shown_with_it() {
    let attach = "ATTACH 'postgres://ada:geheim@host:port/d' AS other";
    let output = Tidemill::new().run(&["-c", attach]);
    assert!(
        output.contains("postgres://ada:******@host:port/d"),
        "{output}"
    );
    assert!(!output.contains("geheim"), "{output}");
}

#[test]
fn an_unterminated_string_is_shown_where_it_starts() {
    assert_snapshot!(Tidemill::new().run(&["-c", "SELECT 1;\nSELECT 'abc"]), @"
    exit code 1
    --- stdout
    --- stderr
    error: unterminated string literal
      --> line 2, column 8
       |
     2 | SELECT 'abc
       |        ^
    hint: it starts here and is never closed; a quote inside of a text is written twice: 'it''s'
    ");
}

#[test]
fn an_assertion_that_fails_has_its_own_exit_code() {
    let script = "ASSERT 1 < 2; ASSERT 2 < 1 AS 'numbers are upside down'; SELECT 1 AS a";
    assert_snapshot!(Tidemill::new().run(&["-c", script]), @"
    exit code 3
    --- stdout
    --- stderr
    holds: 1 < 2
    error: assertion failed: numbers are upside down
      --> line 1, column 15
       |
     1 | ASSERT 1 < 2; ASSERT 2 < 1 AS 'numbers are upside down'; SELECT 1 AS a
       |               ^^^^^^
    ");
}

#[test]
fn an_unknown_option_of_copy_into_is_underlined() {
    let load = "COPY INTO raw.t FROM 'x.csv' (FORMATT csv)";
    assert_snapshot!(Tidemill::new().run(&["-c", load]), @"
    exit code 1
    --- stdout
    --- stderr
    error: expected: an option of COPY INTO, found: FORMATT
      --> line 1, column 31
       |
     1 | COPY INTO raw.t FROM 'x.csv' (FORMATT csv)
       |                               ^^^^^^^
    hint: did you mean FORMAT?
    ");
}

#[test]
fn a_folder_that_is_no_pipeline_cannot_run() {
    let tidemill = Tidemill::new().with_file("empty/README.md", "nothing to run");
    assert_snapshot!(tidemill.run(&["run", "empty"]), @"
    exit code 1
    --- stdout
    --- stderr
    error: empty is not a pipeline: it holds no .sql files
    hint: give a folder with .sql files and, if it has parameters or connections, a pipeline.toml
    ");
    assert_snapshot!(tidemill.run(&["run", "missing"]), @"
    exit code 1
    --- stdout
    --- stderr
    error: cannot open pipeline missing
      caused by: No such file or directory (os error 2)
    hint: check the path; a relative one starts at the working directory, in a pipeline step at the pipeline's folder
    ");
}
