//! Exports whose connection is cut around the commit: the client cannot know what became of it, and
//! the same statement run again gives exactly the right rows.

use crate::attached::Attached;
use crate::cutting_proxy::{Cut, cutting_proxy};
use crate::postgres_server::PostgresServer;

const MODES: [&str; 3] = ["MODE append", "MODE merge, KEY (id)", "MODE replace"];
/// Of rows that are there, and of rows that come.
const ROWS: &str = "SELECT count(*) || ' ' || sum(id) || ' ' || count(DISTINCT id) FROM db.t";
const BEFORE: &str = "1000 500500 1000";
const AFTER: &str = "3000 4501500 3000";

#[tokio::test(flavor = "multi_thread")]
async fn cut_before_the_commit_nothing_was_written() {
    for mode in MODES {
        cut(mode, Cut::BeforeCommit, BEFORE).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_after_the_commit_everything_was_written() {
    for mode in MODES {
        cut(mode, Cut::AfterCommit, AFTER).await;
    }
}

async fn cut(mode: &str, when: Cut, found: &str) {
    let what = format!("{mode}, cut {when:?}");
    let url = PostgresServer::shared().create_database().await;
    let db = Attached::to(cutting_proxy(&url, when).await);
    let direct = Attached::to(url);
    let land = async |name: &str, ids: std::ops::RangeInclusive<u32>| {
        let file = db.lab.folder().join(name);
        let lines = ids.map(|id| format!("{id}\n"));
        std::fs::write(&file, format!("id\n{}", lines.collect::<String>())).unwrap();
        let copy = format!("COPY INTO raw.t FROM '{}' (FORMAT csv)", file.display());
        db.execute(&copy).await.unwrap();
    };
    land("a.csv", 1..=1_000).await;
    // The first state goes there directly: from the same warehouse, so that the ledger follows it.
    let declaration = db.lab.folder().join("tidemill.toml");
    let through_the_proxy = std::fs::read_to_string(&declaration).unwrap();
    let past_it = format!("[connections.db]\nurl = \"{}\"\n", direct.url);
    let export = format!("COPY INTO db.t FROM raw.t ({mode})");
    std::fs::write(&declaration, past_it).unwrap();
    db.lab.run(["-c", &export]).succeeded();
    std::fs::write(&declaration, through_the_proxy).unwrap();
    land("b.csv", 1_001..=3_000).await;

    let ran = db.lab.run(["-c", &export]);
    let ran = ran
        .failed_with(5)
        .says(&["hint: ", "run the statement again"]);
    let claims = ran.stderr.contains("nothing was changed");
    assert!(!claims, "{what}: nobody can know: {}", ran.stderr);
    assert_eq!(direct.rows(ROWS).await, [found], "{what}");
    db.lab.run(["-c", &export]).succeeded();
    assert_eq!(direct.rows(ROWS).await, [AFTER], "{what}");
    let ledger = "SELECT count(*) FROM db.tidemill_exports WHERE source_version > \
        (SELECT min(source_version) FROM db.tidemill_exports)";
    let entries = if mode == "MODE replace" { "0" } else { "1" };
    assert_eq!(direct.rows(ledger).await, [entries], "{what}");
}
