//! Columns tagged pii: what a terminal shows, what a pipe gets, what is recorded and what is not kept.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Tidemill;

const PEOPLE: &str = "CREATE TABLE raw.people AS SELECT * FROM (VALUES (1, 'Ann'), (2, NULL)) AS v(id, name); \
     ALTER TABLE raw.people ALTER COLUMN name SET TAG pii; \
     CREATE VIEW curated.loud AS SELECT id, upper(name) AS loud FROM raw.people";

/// What a terminal shows of a run: `script` lends it one.
fn on_a_terminal(tidemill: &Tidemill, arguments: &[&str], typed: &str) -> String {
    let command = tidemill.command(arguments);
    let quoted =
        |text: &std::ffi::OsStr| format!("'{}'", text.to_str().unwrap().replace('\'', r"'\''"));
    let words: Vec<_> = [command.get_program()]
        .into_iter()
        .chain(command.get_args())
        .map(quoted)
        .collect();
    let mut script = Command::new("script");
    script
        .args(["-qec", &words.join(" "), "/dev/null"])
        .current_dir(command.get_current_dir().unwrap())
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    let mut child = script.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(typed.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_terminal_hides_values_in_every_mode() {
    let tidemill = Tidemill::new();
    tidemill.run(&["-c", PEOPLE]);
    for format in ["table", "csv", "json"] {
        let query = "SELECT id, loud FROM curated.loud ORDER BY id";
        let shown = on_a_terminal(&tidemill, &["--format", format, "-c", query], "");
        assert!(shown.contains("•••"), "{format}: {shown}");
        assert!(!shown.contains("ANN"), "{format}: {shown}");
    }
    let shown = on_a_terminal(&tidemill, &["-c", "SUMMARIZE raw.people"], "");
    assert!(shown.contains("•••") && !shown.contains("Ann"), "{shown}");
    let shown = on_a_terminal(
        &tidemill,
        &["-c", "SELECT count(name) AS n FROM raw.people"],
        "",
    );
    assert!(!shown.contains("•••"), "{shown}");
}

#[test]
fn a_pipe_gets_the_values() {
    let tidemill = Tidemill::new();
    tidemill.run(&["-c", PEOPLE]);
    let piped = tidemill.run(&[
        "--format",
        "csv",
        "-c",
        "SELECT name FROM raw.people WHERE id = 1",
    ]);
    assert!(piped.contains("Ann"), "{piped}");
    let audit = tidemill.run(&["-c", "SHOW TABLES FROM system"]);
    assert!(!audit.contains("audit"), "{audit}");
}

#[test]
fn who_asks_for_values_is_recorded() {
    let tidemill = Tidemill::new();
    tidemill.run(&["-c", PEOPLE]);
    let query = "SELECT id, name FROM raw.people ORDER BY id";
    let shown = on_a_terminal(&tidemill, &["--unmask", "-c", query], "");
    assert!(shown.contains("Ann"), "{shown}");
    // What has nothing to hide is not recorded.
    on_a_terminal(
        &tidemill,
        &["--unmask", "-c", "SELECT id FROM raw.people"],
        "",
    );
    let audit = tidemill.run(&[
        "--format",
        "csv",
        "-c",
        "SELECT action, columns, length(statement_hash) AS hash, \"user\" <> '' AS known, at < now() AS past FROM system.audit",
    ]);
    assert!(audit.contains("unmask,name,64,true,true"), "{audit}");
    assert_eq!(audit.matches("unmask").count(), 1, "{audit}");
}

#[test]
fn values_do_not_reach_the_history() {
    let tidemill = Tidemill::new();
    tidemill.run(&["-c", PEOPLE]);
    let typed = "SELECT id FROM raw.people WHERE name = 'Bob';\n\
                 SELECT id FROM curated.loud WHERE loud LIKE 'DAN%' OR id = 3;\n\
                 SELEC id FROM raw.people WHERE name = 'Eve';\n\
                 SELECT name FROM raw.people WHERE id = 4242;\n\
                 INSERT INTO raw.people VALUES (5, 'Flo');\n\
                 .exit\n";
    let shown = on_a_terminal(&tidemill, &[], typed);
    let said = "statements with values of pii columns are not kept in the history";
    assert_eq!(shown.matches(said).count(), 1, "{shown}");
    let history = tidemill.folder.path().join("tidemill/history");
    let history = std::fs::read_to_string(history).unwrap();
    assert!(history.contains("4242"), "{history}");
    for value in ["Bob", "DAN", "Eve", "Flo"] {
        assert!(!history.contains(value), "{history}");
    }
}
