//! Ctrl-C: the prompt comes back within a second, whatever runs.

use std::time::{Duration, Instant};

use super::{CTRL_C, ENTER, Terminal};

/// What was promised, and what a debug build on a busy machine needs to draw a prompt.
const PROMISED: Duration = Duration::from_secs(1);
const DRAWING: Duration = Duration::from_secs(2);

/// Runs a statement that takes very long, cancels it once it runs, and gives how long the prompt took.
fn cancelled(terminal: &mut Terminal, statement: &str) -> Duration {
    terminal.press("\x0c");
    terminal.press(statement);
    terminal.press(ENTER);
    // The line that says how far it is comes after half a second.
    terminal.wait_until("a progress line", |screen| screen.contains(" s: "));
    let pressed = Instant::now();
    terminal.press(CTRL_C);
    let screen = terminal.wait_for_next_prompt();
    let taken = pressed.elapsed();
    assert!(screen.contains("interrupted"), "{screen}");
    assert!(
        !screen.contains(" s: "),
        "the progress line stays:\n{screen}"
    );
    taken
}

#[test]
fn a_statement_that_takes_long_says_how_far_it_is_and_can_be_cancelled() {
    let mut terminal = Terminal::open();
    for statement in [
        "select count(*) from range(0, 3000000) a, range(0, 3000000) b where (a.value * b.value) % 7 = 3;",
        "select value % 1000003 as k, count(distinct value) from range(0, 90000000000) group by 1;",
        "select * from range(0, 90000000000) order by value % 7, value desc;",
        "create table t as select value, sha256(cast(value as text)) as hash from range(0, 90000000000);",
        "copy into 'out.parquet' from (select value, sha256(cast(value as text)) as hash from range(0, 90000000000));",
    ] {
        let taken = cancelled(&mut terminal, statement);
        assert!(taken < PROMISED + DRAWING, "{statement} took {taken:?}");
    }
    // Nothing is left of what was half written, and the session goes on at once.
    let screen = terminal
        .run("select count(*) as tables from information_schema.tables where table_name = 't';");
    assert!(screen.contains("│      0 │"), "{screen}");
    assert!(!terminal.folder().join("out.parquet").exists());
}

#[test]
fn ctrl_c_at_the_prompt_forgets_what_was_typed() {
    let mut terminal = Terminal::open();
    terminal.press("select 1,\r  'open");
    terminal.wait_for("'open");
    terminal.press(CTRL_C);
    terminal.wait_for_prompt();
    let screen = terminal.run("select 2 as two;");
    assert!(screen.contains("(1 row, 1 column)"), "{screen}");
}

#[test]
fn exit_and_ctrl_d_leave() {
    let mut terminal = Terminal::open();
    terminal.press("\\q\r");
    assert_eq!(terminal.wait_for_end(), 0);
    Terminal::open().leave();
}
