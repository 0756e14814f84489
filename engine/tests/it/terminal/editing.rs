//! Completion, statements of several lines, history, paste, the start-up file, the editor.

use std::os::unix::fs::PermissionsExt;

use super::{CTRL_R, ENTER, Setting, Terminal};

#[test]
fn tab_completes_by_what_stands_before() {
    let mut terminal = Terminal::open();
    terminal.run("CREATE TABLE curated.visits AS SELECT 1 AS patient_id, 2 AS amount;");
    terminal.press("sel\t");
    terminal.wait_for("> select");
    terminal.press(" * from curated.vi\t");
    terminal.wait_for("from curated.visits");
    terminal.press(" where amo\t");
    terminal.wait_for("where amount");
    terminal.press(" > 1 order by pat\t");
    terminal.wait_for("order by patient_id");
    terminal.press(";\r");
    terminal.wait_for("(1 row, 2 columns)");
    terminal.run("select 1;");
    terminal.press("set mem\t");
    terminal.wait_for("set memory_limit");
    terminal.press("\x15copy into raw.t from 'x.csv' (on_er\t");
    terminal.wait_for("(ON_ERROR");
    terminal.press("\x15.tim\t");
    terminal.wait_for("> .timer");
    terminal.press("\x15.mode ver\t");
    terminal.wait_for("> .mode vertical");
}

#[test]
fn several_candidates_are_listed() {
    let mut terminal = Terminal::open();
    terminal.press(".mode \t");
    let screen = terminal.wait_for("ndjson");
    for mode in [
        "csv", "html", "insert", "json", "markdown", "table", "tsv", "vertical",
    ] {
        assert!(screen.contains(mode), "{screen}");
    }
}

#[test]
fn paths_are_completed_in_quotes() {
    let mut terminal = Terminal::with(&Setting {
        files: &[("admissions.csv", "id\n1\n")],
        ..Setting::default()
    });
    terminal.press("select count(*) as n from 'adm\t");
    terminal.wait_for("'admissions.csv");
    terminal.press("';\r");
    terminal.wait_for("(1 row, 1 column)");
}

#[test]
fn a_statement_takes_lines_until_its_semicolon() {
    let mut terminal = Terminal::open();
    terminal.press("select 'a;\rb' as x,\r/* ; */ $$;$$ as y -- ;\r");
    terminal.wait_for("-- ;");
    assert!(!terminal.screen().contains("column"));
    terminal.press(";\r");
    let screen = terminal.wait_for_next_prompt();
    assert!(screen.contains(r"a;\nb"), "{screen}");
    assert!(screen.contains("(1 row, 2 columns)"), "{screen}");
}

#[test]
fn a_pasted_script_runs_in_order_with_its_commands() {
    let mut terminal = Terminal::open();
    terminal.paste(
        "CREATE TABLE t AS SELECT 1 AS id;\nINSERT INTO t VALUES (2); -- two\n.mode csv\n\
         SELECT sum(id) AS total,\n  'x;y' AS text FROM t;\nSELECT 'done' AS last;",
    );
    terminal.wait_for("AS last;");
    terminal.press(ENTER);
    let screen = terminal.wait_for_next_prompt();
    let after = screen
        .split("created table raw.t")
        .nth(1)
        .unwrap_or(&screen);
    let lines: Vec<_> = after.lines().map(str::trim).collect();
    let at = |text: &str| lines.iter().position(|line| *line == text);
    let order = [
        at("inserted into raw.t, 1 row"),
        at("total,text"),
        at("3,x;y"),
        at("last"),
        at("done"),
    ];
    assert!(order.is_sorted() && order[0].is_some(), "{screen}");
}

#[test]
fn an_error_ends_a_paste_unless_bail_is_off() {
    let mut terminal = Terminal::open();
    terminal.paste("select no_such;\nselect 'after' || 'wards' as x;");
    terminal.wait_for("'wards' as x;");
    terminal.press(ENTER);
    let screen = terminal.wait_for_next_prompt();
    assert!(!screen.contains("afterwards"), "{screen}");
    terminal.run(".bail off");
    terminal.paste("select no_such;\nselect 'after' || 'wards' as x;");
    terminal.wait_for("'wards' as x;");
    terminal.press(ENTER);
    terminal.wait_for("afterwards");
}

#[test]
fn history_is_searched_kept_and_for_its_owner_only() {
    let mut terminal = Terminal::open();
    terminal.run("select 'needle' as first;");
    terminal.run("select 'hay' as second;");
    let file = terminal.folder().join("state/tidemill/history");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut terminal = terminal.reopened(&Setting::default());
    terminal.press(CTRL_R);
    terminal.press("needle");
    terminal.wait_for("as first;");
    terminal.press("\r");
    terminal.wait_for("(1 row, 1 column)");
    let listed = terminal.run(".history 3");
    assert!(listed.contains("select 'hay' as second;"), "{listed}");
}

#[test]
fn what_must_not_be_kept_is_not() {
    let kept = |terminal: &Terminal| {
        let file = terminal.folder().join("state/tidemill/history");
        std::fs::read_to_string(file).unwrap()
    };
    let mut terminal = Terminal::open();
    terminal.run("select 'kept';");
    terminal.run(".history off");
    terminal.run("select 'secret';");
    terminal.run(".history on");
    terminal.run("select 'kept, too';");
    let text = kept(&terminal);
    assert!(
        text.contains("'kept, too'") && !text.contains("secret"),
        "{text}"
    );
    let mut terminal = terminal.reopened(&Setting {
        arguments: &["--no-history"],
        ..Setting::default()
    });
    terminal.run("select 'another secret';");
    assert_eq!(kept(&terminal), text);
}

#[test]
fn the_startup_file_runs_first() {
    let files = [(
        ".tidemillrc",
        ".timer off\n.mode csv\nSELECT 'hello' AS greeting;\n",
    )];
    let setting = Setting {
        files: &files,
        ..Setting::default()
    };
    let terminal = Terminal::with(&setting);
    assert!(
        terminal.screen().contains("greeting\nhello\n"),
        "{}",
        terminal.screen()
    );
    let terminal = Terminal::with(&Setting {
        arguments: &["--no-startup-file"],
        ..setting
    });
    assert!(!terminal.screen().contains("hello"));
}

#[test]
fn edit_opens_the_last_statement_and_takes_it_back() {
    let script = "#!/bin/sh\nls -l \"$1\" | cut -c1-10 > mode\nsed -i 's/1/41 + 1/' \"$1\"\n";
    let mut terminal = Terminal::with(&Setting {
        files: &[("editor", script)],
        variables: &[("EDITOR", "sh editor")],
        ..Setting::default()
    });
    terminal.run("select 1 as answer;");
    terminal.press(".edit\r");
    terminal.wait_for("> select 41 + 1 as answer;");
    terminal.press(ENTER);
    terminal.wait_for("42 │");
    let mode = std::fs::read_to_string(terminal.folder().join("mode")).unwrap();
    assert_eq!(mode.trim(), "-rw-------");
}

#[test]
fn colours_are_on_unless_they_are_unwanted() {
    let typed = |variables| {
        let mut terminal = Terminal::with(&Setting {
            variables,
            ..Setting::default()
        });
        terminal.press("select 'x'");
        terminal.wait_for("select 'x'");
        terminal.shown()
    };
    assert!(typed(&[]).contains("\x1b[32m'x'\x1b[0m"));
    assert!(!typed(&[("NO_COLOR", "1")]).contains("\x1b[32m"));
}
