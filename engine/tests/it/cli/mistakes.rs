//! Typical mistakes, and what a user reads about each: exit code, stdout and stderr.
//!
//! A mistake is a line of [`MISTAKES`]; its snapshot lies in `snapshots/` under its name.

use insta::assert_snapshot;

use super::Tidemill;

/// What is there before each mistake is made.
const BEFORE: &str = "\
CREATE TABLE raw.patients AS
  SELECT 1 AS id, 'ada' AS name, 12.5 AS bill, DATE '2024-01-01' AS day;
CREATE TABLE raw.visits AS SELECT 1 AS id, 'Bern' AS city;
CREATE VIEW raw.cities AS SELECT city FROM raw.visits;
";

/// Name, arguments beside the script, and the script.
const MISTAKES: [(&str, &[&str], &str); 49] = [
    (
        "misspelt_keyword_at_the_start",
        &[],
        "SELEC id FROM raw.patients",
    ),
    ("misspelt_keyword_from", &[], "SELECT id\nFORM raw.patients"),
    (
        "misspelt_keyword_group",
        &[],
        "SELECT name, count(*)\nFROM raw.patients\nGRUOP BY name",
    ),
    (
        "misspelt_keyword_of_ours",
        &[],
        "COPY INOT raw.t FROM 'x.csv'",
    ),
    ("misspelt_table", &[], "SELECT *\nFROM raw.patient"),
    ("misspelt_zone", &[], "SELECT * FROM rw.patients"),
    ("misspelt_column", &[], "SELECT nam FROM raw.patients"),
    (
        "misspelt_column_of_an_alias",
        &[],
        "SELECT p.nam FROM raw.patients AS p",
    ),
    (
        "misspelt_alias",
        &[],
        "SELECT q.name FROM raw.patients AS p",
    ),
    (
        "text_in_double_quotes",
        &[],
        "SELECT id FROM raw.patients WHERE name = \"grace\"",
    ),
    (
        "misspelt_function",
        &[],
        "SELECT upperr(name) FROM raw.patients",
    ),
    (
        "unknown_function",
        &[],
        "SELECT foobarbaz(name) FROM raw.patients",
    ),
    (
        "misspelt_table_function",
        &[],
        "SELECT * FROM generate_serie(1, 3)",
    ),
    (
        "misspelt_option",
        &[],
        "COPY INTO raw.t FROM 'x.csv' (FORMATT csv)",
    ),
    ("misspelt_setting", &[], "SET memory_limti = '4GB'"),
    (
        "misspelt_setting_of_the_engine",
        &[],
        "SET datafusion.execution.batch_siz = 100",
    ),
    (
        "misspelt_type",
        &[],
        "SELECT CAST(id AS INTT) FROM raw.patients",
    ),
    (
        "missing_quote",
        &[],
        "SELECT id FROM raw.patients\nWHERE name = 'ada",
    ),
    ("missing_double_quote", &[], "SELECT \"id FROM raw.patients"),
    ("missing_bracket", &[], "SELECT count(id FROM raw.patients"),
    (
        "missing_bracket_at_the_end",
        &[],
        "SELECT * FROM (SELECT id FROM raw.patients",
    ),
    ("bracket_too_many", &[], "SELECT 1 + 2) AS three"),
    (
        "missing_comma",
        &[],
        "SELECT id name bill FROM raw.patients",
    ),
    ("comma_too_many", &[], "SELECT id,, name\nFROM raw.patients"),
    (
        "statement_that_ends_too_soon",
        &[],
        "SELECT id FROM raw.patients WHERE",
    ),
    (
        "wrong_type_in_a_comparison",
        &[],
        "SELECT * FROM raw.patients WHERE bill > 'many'",
    ),
    (
        "types_that_cannot_be_compared",
        &[],
        "SELECT * FROM raw.patients WHERE day = bill",
    ),
    ("text_in_a_sum", &[], "SELECT name + 1 FROM raw.patients"),
    (
        "wrong_count_of_arguments",
        &[],
        "SELECT upper(name, 3) FROM raw.patients",
    ),
    (
        "aggregate_without_group_by",
        &[],
        "SELECT name, sum(bill) FROM raw.patients",
    ),
    (
        "aggregate_in_where",
        &[],
        "SELECT name FROM raw.patients WHERE sum(bill) > 3",
    ),
    (
        "ambiguous_column",
        &[],
        "SELECT id\nFROM raw.patients AS p JOIN raw.visits AS v ON p.id = v.id",
    ),
    (
        "duplicate_alias_of_columns",
        &[],
        "SELECT id AS a, name AS a FROM raw.patients",
    ),
    (
        "duplicate_alias_of_tables",
        &[],
        "SELECT * FROM raw.patients AS p CROSS JOIN raw.visits AS p",
    ),
    (
        "window_function_without_over",
        &[],
        "SELECT row_number() FROM raw.patients",
    ),
    (
        "row_condition_in_having",
        &[],
        "SELECT name FROM raw.patients HAVING bill > 3",
    ),
    (
        "order_by_a_position_too_far",
        &[],
        "SELECT id FROM raw.patients ORDER BY 3",
    ),
    (
        "misspelt_distinct",
        &[],
        "SELECT DISTINT name FROM raw.patients",
    ),
    (
        "number_that_does_not_fit",
        &[],
        "SELECT CAST(300 AS TINYINT)",
    ),
    ("sum_of_texts", &[], "SELECT sum(name) FROM raw.patients"),
    (
        "condition_that_is_none",
        &[],
        "SELECT id FROM raw.patients WHERE name",
    ),
    (
        "pattern_that_cannot_be_read",
        &[],
        "SELECT regexp_match(name, '(') FROM raw.patients",
    ),
    ("describe_of_a_misspelt_table", &[], "DESCRIBE raw.patient"),
    ("unknown_file", &[], "SELECT count(*) FROM 'missing.csv'"),
    ("wrong_glob", &[], "COPY INTO raw.t FROM 'missing/*.csv'"),
    (
        "unset_parameter",
        &[],
        "SELECT * FROM raw.patients WHERE name = $who",
    ),
    (
        "parameter_of_the_wrong_type",
        &["-p", "least=many"],
        "SET least = 10;\nSELECT * FROM raw.patients WHERE bill > $least",
    ),
    (
        "division_by_zero",
        &[],
        "SELECT bill * 2,\n       id / 0\nFROM raw.patients",
    ),
    (
        "failed_cast",
        &[],
        "SELECT id,\n       CAST(name AS INT)\nFROM raw.patients",
    ),
];

/// Mistakes that are about what is not there any more.
const AFTER_A_DROP: [(&str, &str); 2] = [
    ("drop_of_a_missing_table", "DROP TABLE raw.patient"),
    (
        "view_over_a_dropped_table",
        "DROP TABLE raw.visits;\nSELECT * FROM raw.cities",
    ),
];

fn hospital() -> Tidemill {
    let tidemill = Tidemill::new();
    let made = tidemill.run(&["-c", BEFORE]);
    assert!(made.starts_with("exit code 0\n"), "{made}");
    tidemill
}

#[test]
fn a_mistake_is_shown_where_it_is_with_what_was_meant() {
    let tidemill = hospital();
    for (name, arguments, script) in MISTAKES {
        let tidemill = &tidemill;
        tidemill.write("job.sql", script);
        let arguments = [&["-f", "job.sql"][..], arguments].concat();
        let output = tidemill.run(&arguments);
        assert_snapshot!(name, format!("{script}\n---\n{output}"));
    }
}

#[test]
fn what_is_gone_is_said_to_be_gone() {
    let tidemill = hospital();
    for (name, script) in AFTER_A_DROP {
        tidemill.write("job.sql", script);
        let output = tidemill.run(&["-f", "job.sql"]);
        assert_snapshot!(name, format!("{script}\n---\n{output}"));
    }
}

/// What the engine calls things is nothing that a user has to know.
#[test]
fn no_mistake_is_explained_in_the_words_of_the_engine() {
    let tidemill = hospital();
    for (name, arguments, script) in MISTAKES {
        tidemill.write("job.sql", script);
        let output = tidemill.run(&[&["-f", "job.sql"][..], arguments].concat());
        for jargon in [
            "Schema error",
            "Utf8",
            "Int64",
            "Error during planning",
            "Arrow error",
        ] {
            assert!(!output.contains(jargon), "{name}: {output}");
        }
        assert!(
            output.contains("error: ") && output.contains('^'),
            "{name}: {output}"
        );
    }
}
