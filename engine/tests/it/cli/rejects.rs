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
    assert_snapshot!(hospital().run(&["-c", &load("")]), @r#"
    exit code 1
    --- stdout
    --- stderr
    error: value "100000.00" does not fit column `bill` DECIMAL(7,2): it has too many digits before the decimal point
      --> bills.csv:3:5
       |
     3 | bob,100000.00
       |     ^^^^^^^^^
    hint: declare bill DECIMAL(8,2); it holds this value, others may need more
    "#);
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
    assert_snapshot!(tidemill.run(&["-c", rejects, "--format", "csv"]), @r#"
    exit code 0
    --- stdout
    line,value,hint
    3,100000.00,"declare bill DECIMAL(8,2); it holds this value, others may need more"
    4,1.005,"declare bill DECIMAL(8,3); it holds this value, others may need more"
    5,x,declare bill TEXT to keep such values as they are
    6,y,declare bill TEXT to keep such values as they are
    --- stderr
    "#);
}

#[test]
fn more_rejects_than_allowed_have_an_exit_code_of_their_own() {
    let tidemill = hospital();
    let ran = tidemill.run(&["-c", &load(", ON_ERROR quarantine, MAX_ERRORS '50%'")]);
    assert_snapshot!(ran, @r#"
    exit code 4
    --- stdout
    --- stderr
    error: 4 of 5 rows were rejected, and MAX_ERRORS allows 50%; nothing was written
      --> bills.csv:3:5
       |
     3 | bob,100000.00
       |     ^^^^^^^^^
      caused by: 2 x column `bill`: it is not a number, such as "x" in bills.csv:5:5
      caused by: 1 x column `bill`: it has too many digits before the decimal point, such as "100000.00" in bills.csv:3:5
      caused by: 1 x column `bill`: it would lose digits after the decimal point, such as "1.005" in bills.csv:4:5
    hint: correct the files or raise MAX_ERRORS; the option VALIDATE reports on all rows and writes nothing
    "#);
    let tables = tidemill.run(&["-c", "SHOW TABLES", "--format", "csv"]);
    assert!(!tables.contains("bills"), "{tables}");
}
