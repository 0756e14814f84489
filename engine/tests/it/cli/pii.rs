//! Columns tagged pii: what a terminal shows, what a pipe gets, what is recorded and what is not kept.

use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};

use tidemill::config::Config;
use tidemill::execute::execute;
use tidemill::pii::holds_values;
use tidemill::session::Session;
use tidemill::sql::{Parameters, Script};

use super::Tidemill;

const PEOPLE: &str = "CREATE TABLE raw.people AS SELECT * FROM (VALUES (1, 'Ann'), (2, NULL)) AS v(id, name); \
     ALTER TABLE raw.people ALTER COLUMN name SET TAG pii; \
     CREATE VIEW curated.loud AS SELECT id, upper(name) AS loud FROM raw.people";

/// The command on a terminal that `script` lends it.
fn terminal(tidemill: &Tidemill, arguments: &[&str]) -> Child {
    let command = tidemill.command(arguments);
    let quoted = |text: &OsStr| format!("'{}'", text.to_str().unwrap().replace('\'', r"'\''"));
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
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    script.spawn().unwrap()
}

/// What a terminal shows of a run.
fn on_a_terminal(tidemill: &Tidemill, arguments: &[&str]) -> String {
    let output = terminal(tidemill, arguments).wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_terminal_hides_values_in_every_mode() {
    let tidemill = Tidemill::new();
    tidemill.run(&["-c", PEOPLE]);
    for format in ["table", "csv", "json"] {
        let query = "SELECT id, loud FROM curated.loud ORDER BY id";
        let shown = on_a_terminal(&tidemill, &["--format", format, "-c", query]);
        assert!(shown.contains("•••"), "{format}: {shown}");
        assert!(!shown.contains("ANN"), "{format}: {shown}");
    }
    let shown = on_a_terminal(&tidemill, &["-c", "SUMMARIZE raw.people"]);
    assert!(shown.contains("•••") && !shown.contains("Ann"), "{shown}");
    let shown = on_a_terminal(
        &tidemill,
        &["-c", "SELECT count(name) AS n FROM raw.people"],
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
    let shown = on_a_terminal(&tidemill, &["--unmask", "-c", query]);
    assert!(shown.contains("Ann"), "{shown}");
    // What has nothing to hide is not recorded.
    on_a_terminal(&tidemill, &["--unmask", "-c", "SELECT id FROM raw.people"]);
    let audit = tidemill.run(&[
        "--format",
        "csv",
        "-c",
        "SELECT action, columns, length(statement_hash) AS hash, \"user\" <> '' AS known, at < now() AS past FROM system.audit",
    ]);
    assert!(audit.contains("unmask,name,64,true,true"), "{audit}");
    assert_eq!(audit.matches("unmask").count(), 1, "{audit}");
}

#[tokio::test]
async fn what_holds_values_is_known_before_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = folder.path().join("warehouse").display().to_string();
    let flags = [("warehouse", warehouse)].into_iter().collect();
    let session = Session::open(Config::load(None, &flags).unwrap()).unwrap();
    let parameters = Parameters::new();
    for parsed in Script::inline(PEOPLE).parse(&parameters).unwrap() {
        execute(&session, parsed.statement).await.unwrap();
    }
    for (statement, holds) in [
        ("SELECT id FROM raw.people WHERE name = 'Bob'", true),
        (
            "SELECT id FROM curated.loud WHERE loud LIKE 'DAN%' OR id = 3",
            true,
        ),
        (
            "SELECT * FROM raw.people AS a JOIN raw.people AS b ON a.id = b.id AND b.name > 'Eve'",
            true,
        ),
        (
            "SELECT count(*) FROM raw.people GROUP BY name HAVING min(name) = 'Flo'",
            true,
        ),
        ("SELECT name = 'Gus' FROM raw.people", true),
        (
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM raw.people WHERE name IN ('Hal', 'Ida'))",
            true,
        ),
        ("EXPLAIN SELECT id FROM raw.people WHERE name = 'Jon'", true),
        // What cannot be planned or parsed.
        ("SELECT idd FROM raw.people WHERE name = 'Kim'", true),
        ("SELEC id FROM raw.people WHERE name = 'Leo'", true),
        ("INSERT INTO raw.people VALUES (5, 'Mia')", true),
        (
            "SELECT name FROM raw.people WHERE name = 'never closed",
            true,
        ),
        ("SELECT name FROM raw.people WHERE id = 4242", false),
        ("SELECT name FROM raw.people ORDER BY name LIMIT 5", false),
        ("SELECT 'Bob' AS name", false),
        ("SELECT name FROM raw.people WHERE name IS NOT NULL", false),
    ] {
        let script = Script::inline(statement);
        let found = holds_values(&session, &script, &parameters).await;
        assert_eq!(found, holds, "{statement}");
    }
}
