//! The flags of `tidemill run`: exit code, stdout and stderr, without the times.

use insta::assert_snapshot;

use super::Tidemill;

const SETTINGS: &str = "[parameters]\nleast = 2\n";
const STEP: &str = "CREATE OR REPLACE TABLE raw.t AS\n\
                    SELECT * FROM (VALUES (1), (2), (3)) AS v(id) WHERE id >= $least;\n";

fn pipeline() -> Tidemill {
    Tidemill::new()
        .with_file("jobs/pipeline.toml", SETTINGS)
        .with_file("jobs/10_t.sql", STEP)
}

/// What is printed, with `#` for each time.
fn run(tidemill: &Tidemill, arguments: &[&str]) -> String {
    let arguments = [&["run", "--format", "csv"][..], arguments].concat();
    let mut text = tidemill.run(&arguments);
    // A slow machine takes seconds.
    for (unit, rest) in [(" ms", ""), (" s\n", "\n")] {
        let parts: Vec<&str> = text.split(unit).collect();
        let last = parts.len() - 1;
        let without_time = |(index, part): (usize, &&str)| match index < last {
            true => {
                let cut = part.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.');
                format!("{cut}#{rest}")
            }
            false => (*part).to_owned(),
        };
        text = parts.iter().enumerate().map(without_time).collect();
    }
    text
}

#[test]
fn a_run_skips_what_has_not_changed_unless_told_otherwise() {
    let tidemill = pipeline();
    assert_snapshot!("run_first", run(&tidemill, &["jobs"]));
    assert_snapshot!("run_again", run(&tidemill, &["jobs"]));
    assert_snapshot!(
        "run_full_refresh",
        run(&tidemill, &["jobs", "--full-refresh"])
    );
    assert_snapshot!("run_parameter", run(&tidemill, &["jobs", "-p", "least=1"]));
    assert_snapshot!("run_one_step", run(&tidemill, &["jobs/10_t.sql"]));
}

#[test]
fn a_wrong_flag_of_a_run_says_what_is_right() {
    let tidemill = pipeline();
    assert_snapshot!(
        "run_wrong_type",
        run(&tidemill, &["jobs", "-p", "least=many"])
    );
    assert_snapshot!(
        "run_unknown_parameter",
        run(&tidemill, &["jobs", "-p", "lest=1"])
    );
    assert_snapshot!("run_without_path", run(&tidemill, &[]));
    assert_snapshot!("run_missing_folder", run(&tidemill, &["job"]));
    assert_snapshot!(
        "run_misspelt_flag",
        run(&tidemill, &["jobs", "--full-refesh"])
    );
}
