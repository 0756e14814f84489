//! Results on a screen: the pager, what does not fit, files, the last result.

use super::{Setting, Terminal};

const LONG: &str = "select value from range(0, 5000) order by 1;";

#[test]
fn a_result_that_is_taller_than_the_screen_goes_to_the_pager() {
    let mut terminal = Terminal::with(&Setting {
        variables: &[("PAGER", "sed 's/^/paged: /'")],
        ..Setting::default()
    });
    let screen = terminal.run("select 1 as one;");
    assert!(!screen.contains("paged:"), "{screen}");
    let screen = terminal.run(LONG);
    assert!(
        screen.contains("paged: (40 of 5,000 rows, 1 column)"),
        "{screen}"
    );
    terminal.run(".pager off");
    let screen = terminal.run(LONG);
    assert!(!screen.contains("paged:"), "{screen}");
}

#[test]
fn less_is_left_with_q_and_ctrl_c_is_its_own() {
    let mut terminal = Terminal::open();
    terminal.run(".maxrows 0");
    terminal.press(LONG);
    terminal.press("\r");
    let screen = terminal.wait_for("│  value │");
    assert!(screen.contains("│ BIGINT │"), "{screen}");
    terminal.press("\x03\x03\x03");
    terminal.press_until("G", "(5,000 rows, 1 column)");
    terminal.press("q");
    terminal.wait_for_prompt();
    let screen = terminal.run("select 1 as one;");
    assert!(screen.contains("(1 row, 1 column)"), "{screen}");
}

#[test]
fn a_pager_that_is_left_early_is_no_error() {
    let mut terminal = Terminal::with(&Setting {
        variables: &[("PAGER", "head -n 2")],
        ..Setting::default()
    });
    terminal.run(".mode csv");
    let screen = terminal.run("select value from range(0, 3000000);");
    assert!(!screen.contains("error"), "{screen}");
    let screen = terminal.run(".last");
    assert!(
        screen.contains("error: the last result was not read to its end"),
        "{screen}"
    );
}

#[test]
fn a_table_fits_the_screen_and_says_what_it_leaves_out() {
    let columns: Vec<_> = (10..40).map(|n| format!("{n} as column_{n}")).collect();
    let query = format!("select {};", columns.join(", "));
    for width in [80, 200] {
        let mut terminal = Terminal::with(&Setting {
            width,
            ..Setting::default()
        });
        terminal.paste(&query);
        terminal.wait_for("column_39;");
        terminal.press("\r");
        let screen = terminal.wait_for_next_prompt();
        assert!(screen.contains(" of 30 columns)"), "{screen}");
        assert!(
            screen.contains(".mode vertical, a file or another --format gets all columns"),
            "{screen}"
        );
    }
}

#[test]
fn results_go_to_files_whole_or_not_at_all() {
    let mut terminal = Terminal::with(&Setting {
        files: &[("kept.csv", "older\n")],
        ..Setting::default()
    });
    let read = |terminal: &Terminal, name: &str| {
        std::fs::read_to_string(terminal.folder().join(name)).unwrap_or_default()
    };
    terminal.run(".mode csv");
    terminal.run(".once kept.csv");
    terminal.run("select 1 / 0 as x;");
    assert_eq!(read(&terminal, "kept.csv"), "older\n");
    terminal.run(".once kept.csv");
    terminal.run("select 1 as x;");
    assert_eq!(read(&terminal, "kept.csv"), "x\n1\n");
    let screen = terminal.run(".last ndjson");
    assert!(screen.contains("{\"x\":1}"), "{screen}");
    terminal.run(".output all.csv");
    terminal.run("select 2 as y;");
    terminal.run("select 3 as z;");
    terminal.run(".output");
    assert_eq!(read(&terminal, "all.csv"), "y\n2\nz\n3\n");
    terminal.run(".save session.sql");
    assert_eq!(
        read(&terminal, "session.sql"),
        "select 1 as x;\nselect 2 as y;\nselect 3 as z;\n"
    );
    let screen = terminal.run(".read session.sql");
    assert!(screen.contains("z\n3\n"), "{screen}");
}

#[test]
fn an_error_in_a_file_has_its_place() {
    let mut terminal = Terminal::with(&Setting {
        files: &[("job.sql", ".echo on\n\nselect 1 as one;\nselect no_such;\n")],
        ..Setting::default()
    });
    let screen = terminal.run("\\i job.sql");
    assert!(screen.contains("job.sql:4:8"), "{screen}");
    assert!(screen.contains("select 1 as one;"), "{screen}");
}

#[test]
fn commands_show_what_there_is() {
    let mut terminal = Terminal::open();
    terminal.run("create table raw.visits (id int not null, day date) partitioned by (day);");
    terminal.run("create view curated.days as select day from raw.visits;");
    let screen = terminal.run(".tables");
    assert!(
        screen.contains("visits") && screen.contains("days"),
        "{screen}"
    );
    let screen = terminal.run("\\dv");
    assert!(
        !screen.contains("visits") && screen.contains("days"),
        "{screen}"
    );
    let screen = terminal.run("\\dt raw.v*");
    assert!(screen.contains("(1 row, 3 columns)"), "{screen}");
    let screen = terminal.run("\\d raw.visits");
    assert!(
        screen.contains("│ id ") && screen.contains("INTEGER"),
        "{screen}"
    );
    let screen = terminal.run(".schema raw.visits");
    let expected =
        "CREATE TABLE raw.visits (\n  id INTEGER NOT NULL,\n  day DATE\n) PARTITIONED BY (day);";
    assert!(screen.contains(expected), "{screen}");
    let screen = terminal.run(".schema curated.days");
    assert!(
        screen.contains("CREATE VIEW curated.days AS\nselect day from raw.visits;"),
        "{screen}"
    );
    let screen = terminal.run("\\df date_tr*");
    assert!(screen.contains("date_trunc"), "{screen}");
    let screen = terminal.run(".help timer");
    assert!(screen.contains("also: \\timing"), "{screen}");
    let screen = terminal.run(".tmer");
    assert!(screen.contains("did you mean `.timer`?"), "{screen}");
    let screen = terminal.run(".maxrows many");
    assert!(
        screen.contains("`many` is not a number of rows"),
        "{screen}"
    );
}
