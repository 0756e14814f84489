//! `tidemill doctor`: what is broken is found, and no secret is shown.

use std::path::PathBuf;

use super::Tidemill;
use crate::postgres_server::PostgresServer;

/// The findings of the doctor as objects.
fn findings(tidemill: &Tidemill, arguments: &[&str]) -> (i32, Vec<serde_json::Value>) {
    let arguments = [&["doctor", "--format", "json"][..], arguments].concat();
    let output = tidemill.command(&arguments).output().unwrap();
    let found = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), found)
}

/// Those of a check about a subject: `status: detail (hint)`.
fn about(found: &[serde_json::Value], check: &str, subject: &str) -> Vec<String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let is_meant =
        |finding: &&serde_json::Value| finding["check"] == check && finding["subject"] == subject;
    let shown = |finding: &serde_json::Value| {
        let [status, detail, hint] = ["status", "detail", "hint"].map(|key| text(&finding[key]));
        format!("{status}: {detail} ({hint})")
    };
    found.iter().filter(is_meant).map(shown).collect()
}

fn data_files(tidemill: &Tidemill, table: &str) -> Vec<PathBuf> {
    let folder = tidemill.path("warehouse").join(table);
    let items = std::fs::read_dir(folder).unwrap().flatten();
    let files = items.map(|item| item.path());
    files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "parquet")
        })
        .collect()
}

fn lake() -> Tidemill {
    let tidemill = Tidemill::new();
    let script = "CREATE TABLE raw.t AS SELECT 1 AS id; CREATE TABLE raw.u AS SELECT 2 AS id; \
                  CREATE VIEW raw.v AS SELECT id FROM raw.t";
    let made = tidemill.run(&["-c", script]);
    assert!(made.starts_with("exit code 0\n"), "{made}");
    tidemill
}

#[test]
fn a_new_folder_is_well() {
    let (code, found) = findings(&Tidemill::new(), &[]);
    assert_eq!(code, 0, "{found:?}");
    assert!(
        found
            .iter()
            .all(|finding| finding["status"] == "ok" || finding["check"] == "disk")
    );
    assert_eq!(about(&found, "configuration", "threads").len(), 1);
    assert_eq!(
        about(&found, "warehouse", "folder"),
        ["ok: not there yet: the first write makes it ()"]
    );
}

#[test]
fn every_setting_says_where_it_is_from() {
    let tidemill = Tidemill::new().with_file(
        "tidemill.toml",
        "# mine\ndefault_zone = \"curated\"\nthreads = 1\n\n[connections.local]\nurl = \"sqlite:local.db\"\n",
    );
    let output = tidemill
        .command(&["doctor", "--format", "json", "--threads", "2"])
        .env("TIDEMILL_MEMORY_LIMIT", "100MB")
        .output()
        .unwrap();
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let setting = |name: &str| about(&found, "configuration", name).concat();
    assert_eq!(setting("default_zone"), "ok: curated (tidemill.toml:2) ()");
    assert_eq!(setting("threads"), "ok: 2 (--threads) ()");
    assert_eq!(
        setting("memory_limit"),
        "ok: 100 MB (environment, TIDEMILL_MEMORY_LIMIT) ()"
    );
    assert_eq!(setting("warehouse"), "ok: warehouse (default) ()");
    assert_eq!(
        setting("connections.local"),
        "ok: declared (tidemill.toml:5) ()"
    );
    let local = about(&found, "connections", "local").concat();
    assert!(local.starts_with("failed: the SQLite file "), "{local}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_configuration_that_cannot_be_read_is_a_finding() {
    let tidemill = Tidemill::new().with_file("tidemill.toml", "thread = 1\n");
    let (code, found) = findings(&tidemill, &[]);
    assert_eq!(code, 1);
    assert_eq!(
        about(&found, "configuration", "settings"),
        ["failed: tidemill.toml: `thread` is not a setting (did you mean `threads`?)"]
    );
}

#[test]
fn a_broken_warehouse_is_found() {
    let tidemill = lake();
    let (code, found) = findings(&tidemill, &[]);
    assert_eq!(code, 0, "{found:?}");
    let whole = about(&found, "warehouse", "whole").concat();
    assert!(whole.starts_with("ok: 2 tables (2 files, "), "{whole}");
    assert!(whole.contains("1 views, 0 models"), "{whole}");

    std::fs::remove_file(&data_files(&tidemill, "raw/t")[0]).unwrap();
    let kept = &data_files(&tidemill, "raw/u")[0];
    let mut bytes = std::fs::read(kept).unwrap();
    std::fs::write(
        kept.with_file_name("part-of-a-killed-writer.parquet"),
        &bytes,
    )
    .unwrap();
    bytes.push(0);
    std::fs::write(kept, bytes).unwrap();
    tidemill.write("warehouse/raw/v.sql", "SELECT gone FROM raw.t");
    tidemill.write("warehouse/models/m/1.json", "{");
    let (code, found) = findings(&tidemill, &[]);
    assert_eq!(code, 1);
    let gone = about(&found, "warehouse", "table raw.t").concat();
    assert!(
        gone.starts_with("failed: 1 of its 1 files are gone, such as "),
        "{gone}"
    );
    let [changed, orphan] = &about(&found, "warehouse", "table raw.u")[..] else {
        panic!("{found:?}");
    };
    assert!(
        changed.starts_with("failed: 1 of its 1 files have another size"),
        "{changed}"
    );
    assert!(
        orphan.starts_with("warning: 1 files belong to no version of it"),
        "{orphan}"
    );
    let view = about(&found, "warehouse", "view raw.v").concat();
    assert!(view.contains("there is no column `gone`"), "{view}");
    let model = about(&found, "warehouse", "model m").concat();
    assert!(model.starts_with("failed: "), "{model}");
}

/// The log gives paths without `..`: files that were looked for by another path were never known.
#[test]
fn a_warehouse_is_the_same_by_any_path_to_it() {
    let tidemill = lake();
    let orphan = tidemill.path("warehouse/raw/t/part-of-a-killed-writer.parquet");
    std::fs::copy(&data_files(&tidemill, "raw/t")[0], &orphan).unwrap();
    let elsewhere = tidemill.path("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let by_detour = ["--warehouse", "elsewhere/../warehouse"];
    let (_, found) = findings(&tidemill, &by_detour);
    let left = about(&found, "warehouse", "table raw.t").concat();
    assert!(
        left.starts_with("warning: 1 files belong to no version"),
        "{left}"
    );
    let insert = [&by_detour[..], &["-c", "INSERT INTO raw.t VALUES (2)"]].concat();
    assert!(tidemill.run(&insert).starts_with("exit code 0\n"));
    assert!(
        !orphan.exists(),
        "a write deletes what a killed writer left"
    );
    let (_, found) = findings(&tidemill, &by_detour);
    assert!(
        about(&found, "warehouse", "table raw.t").is_empty(),
        "{found:?}"
    );
}

#[test]
fn a_log_that_cannot_be_read_is_found() {
    let tidemill = lake();
    let log = "warehouse/raw/t/_delta_log/00000000000000000000.json";
    tidemill.write(log, "no json");
    let (code, found) = findings(&tidemill, &[]);
    assert_eq!(code, 1);
    let broken = about(&found, "warehouse", "table raw.t").concat();
    assert!(broken.starts_with("failed: "), "{broken}");
}

#[test]
fn a_spill_folder_that_cannot_be_written_is_found() {
    let (code, found) = findings(&Tidemill::new(), &["--spill-folder", "/proc"]);
    assert_eq!(code, 1);
    let spill = about(&found, "disk", "spill_folder").concat();
    assert!(
        spill.starts_with("failed: /proc cannot be written"),
        "{spill}"
    );
    assert!(spill.contains("--spill-folder"), "{spill}");
    let start = about(&found, "session", "start").concat();
    assert!(
        start.contains("cannot use the spill folder /proc"),
        "{start}"
    );
}

#[test]
fn connections_are_reachable_or_say_why_not_and_show_no_secret() {
    let server = PostgresServer::shared();
    let mut url = url::Url::parse(server.url()).unwrap();
    let good = url.to_string();
    url.set_password(Some("geheim")).unwrap();
    let tidemill = Tidemill::new()
        .with_file(
            "tidemill.toml",
            "[connections.good]\nurl = \"${GOOD_URL}\"\n\
             [connections.denied]\nurl = \"${DENIED_URL}\"\n\
             [connections.away]\nurl = \"postgres://ada:geheim@127.0.0.1:1/d\"\n\
             [connections.unset]\nurl = \"postgres://ada:${NOT_SET}@127.0.0.1:1/d\"\n\
             [connections.local]\nurl = \"sqlite:${LOCAL:-local.db}\"\n",
        )
        .with_file(".env", format!("DENIED_URL={url}\n"));
    std::fs::create_dir_all(tidemill.path("warehouse")).unwrap();
    let local = rusqlite::Connection::open(tidemill.path("warehouse/local.db")).unwrap();
    local.execute_batch("CREATE TABLE t (id INTEGER)").unwrap();
    let output = tidemill
        .command(&["doctor", "--format", "json"])
        .env("GOOD_URL", &good)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !text.contains("geheim") && !said.contains("geheim"),
        "{text}{said}"
    );
    if let Some(password) = url::Url::parse(&good).unwrap().password() {
        assert!(!text.contains(password), "{text}");
    }
    assert_eq!(output.status.code(), Some(1));
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let connection = |name: &str| about(&found, "connections", name).concat();
    let good = connection("good");
    assert!(
        good.starts_with("ok: PostgreSQL ") && good.contains("readable"),
        "{good}"
    );
    assert!(connection("denied").starts_with("failed: "), "{text}");
    assert!(connection("away").starts_with("failed: "), "{text}");
    assert!(connection("unset").contains("NOT_SET is not set"), "{text}");
    assert!(connection("local").starts_with("ok: SQLite "), "{text}");
    let secret = |subject: &str| about(&found, "secrets", subject).concat();
    assert_eq!(secret("good: GOOD_URL"), "ok: set (environment) ()");
    assert_eq!(secret("denied: DENIED_URL"), "ok: set (.env) ()");
    assert!(
        secret("unset: NOT_SET").starts_with("failed: not set"),
        "{text}"
    );
    assert_eq!(
        secret("local: LOCAL"),
        "ok: not set: its default is used ()"
    );
}
