//! `status` in `pipeline.toml`: the history of a pipeline as a table of a database.

use crate::lab::Lab;

/// A pipeline of two steps, the second of which fails for as long as `divisor` is 0.
fn pipeline(divisor: u32, serving: &str) -> Lab {
    let lab = Lab::new();
    declare(&lab, divisor, serving);
    lab.write_step(
        "1_t.sql",
        "CREATE OR REPLACE TABLE raw.t AS SELECT 1 AS n;\n",
    );
    lab.write_step(
        "2_u.sql",
        "CREATE OR REPLACE TABLE raw.u AS SELECT n / $divisor AS n FROM raw.t;\n",
    );
    lab
}

fn declare(lab: &Lab, divisor: u32, serving: &str) {
    lab.write_step(
        "pipeline.toml",
        &format!(
            "name = \"p\"\nstatus = \"serving.public.status\"\n\
             [parameters]\ndivisor = {divisor}\n[connections.serving]\nurl = \"{serving}\"\n"
        ),
    );
}

/// Kind, name, status, rows and message of all rows.
fn status(lab: &Lab) -> Vec<String> {
    let rows = lab.served("(SELECT kind, name, status, rows, message FROM status)");
    rows.into_iter()
        .map(|row| row.split(" (").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn runs_and_steps_are_kept_in_the_database() {
    let lab = pipeline(1, "sqlite:serving.db");
    lab.run_pipeline().succeeded();
    assert_eq!(
        status(&lab),
        [
            "run|p|succeeded|∅|∅",
            "step|1_t|succeeded|1|∅",
            "step|2_u|succeeded|1|∅"
        ]
    );
    lab.run_pipeline().succeeded();
    assert_eq!(status(&lab).len(), 6);
}

#[test]
fn a_failed_step_is_there_with_its_message() {
    let lab = pipeline(0, "sqlite:serving.db");
    lab.run_pipeline().failed_with(1);
    let rows = status(&lab);
    assert!(rows[0].starts_with("run|p|failed|∅|"), "{rows:?}");
    assert!(rows[2].contains("step|2_u|failed|∅|"), "{rows:?}");
    assert!(
        rows[2].to_lowercase().contains("divide by zero"),
        "{rows:?}"
    );
}

#[test]
fn a_database_that_is_away_does_not_stop_the_run_and_gets_the_rows_with_the_next() {
    let lab = pipeline(1, "postgres://nobody@127.0.0.1:1/none");
    lab.run_pipeline().succeeded().says(&[
        "serving.public.status may lack the status of this run",
        "127.0.0.1",
    ]);
    declare(&lab, 1, "sqlite:serving.db");
    lab.run_pipeline().succeeded();
    let rows = status(&lab);
    let runs = rows.iter().filter(|row| row.starts_with("run|p|succeeded"));
    assert_eq!(runs.count(), 2, "{rows:?}");
    assert_eq!(rows.len(), 6, "{rows:?}");
}

#[test]
fn a_table_of_the_warehouse_is_no_place_for_it() {
    let lab = pipeline(1, "sqlite:serving.db");
    lab.write_step(
        "pipeline.toml",
        "name = \"p\"\nstatus = \"raw.status\"\n[parameters]\ndivisor = 1\n",
    );
    lab.run_pipeline().failed_with(1).says(&[
        "status = \"raw.status\" is not a table of a database",
        "hint:",
    ]);
}
