//! What a user reads, and a scheduler sees, when rows do not fit.

use insta::assert_snapshot;

use super::Tidemill;

const BILLS: &str = "name,bill\nada,12.50\nbob,100000.00\ncyd,1.005\ndan,x\neve,y\n";
const COLUMNS: &str = "COLUMNS (bill DECIMAL(7,2))";

fn load(options: &str) -> String {
    format!("COPY INTO raw.bills FROM 'bills.csv' ({COLUMNS}{options})")
}

fn hospital() -> Tidemill {
    Tidemill::new().with_file("bills.csv", BILLS)
}

#[test]
fn the_first_bad_row_stops_a_load_with_its_place() {
    assert_snapshot!(hospital().run(&["-c", &load("")]), @"");
}

#[test]
fn rows_that_were_set_aside_are_a_warning_and_no_failure() {
    let tidemill = hospital();
    let ran = tidemill.run(&["-c", &load(", ON_ERROR quarantine"), "--format", "csv"]);
    assert!(ran.starts_with("exit code 0\n"), "{ran}");
    assert!(ran.contains("bills.csv,raw.bills,loaded,5,1,4,0,"), "{ran}");
    assert!(
        ran.ends_with("--- stderr\nwarning: 4 of 5 rows of bills.csv were rejected: they are in system.rejects\n"),
        "{ran}"
    );
    let rejects = "SELECT line, value, hint FROM system.rejects ORDER BY line";
    assert_snapshot!(tidemill.run(&["-c", rejects, "--format", "csv"]), @"");
}

#[test]
fn more_rejects_than_allowed_have_an_exit_code_of_their_own() {
    let tidemill = hospital();
    assert_snapshot!(tidemill.run(&["-c", &load(", ON_ERROR quarantine, MAX_ERRORS '50%'")]), @"");
    assert_snapshot!(tidemill.run(&["-c", "SHOW TABLES"]), @"");
}
