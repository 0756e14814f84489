//! Exports into a SQLite file that are killed at any moment: what is there is what was there before
//! or all that is new, and the same statement run again gives exactly the right rows.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::attached::Attached;
use crate::export_faults::{Rows, SCENES, Scene, line, moments_of_each, prepare};
use crate::kill::kill;
use crate::lab::{Ran, assert_same_rows};

const SEED: u64 = 20_261_123;
const KILLS: usize = 20;

/// A warehouse, and its file as it was before the exports.
struct Faults {
    db: Attached,
    before: Vec<u8>,
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_moments_of_an_export() {
    let faults = Faults::prepare().await;
    let times = SCENES.iter().map(|scene| {
        faults.reset();
        let started = Instant::now();
        faults.run(scene).succeeded();
        let time = started.elapsed();
        faults.has(scene, true, "undisturbed");
        time
    });
    let times: Vec<_> = times.collect();
    let moments = moments_of_each(&faults.db, SEED, KILLS, &times);
    let mut too_late = 0;
    for number in 0..KILLS {
        let (which, turn) = (number % SCENES.len(), number / SCENES.len());
        too_late += usize::from(faults.strike(&SCENES[which], moments[which][turn]));
    }
    eprintln!("{too_late} of {KILLS} kills came after the commit");
    assert!(too_late < KILLS, "no kill came in time");
}

impl Faults {
    async fn prepare() -> Faults {
        let db = Attached::sqlite();
        prepare(&db).await;
        db.there("CREATE VIEW seen_appended AS SELECT * FROM appended; \
            CREATE VIEW seen_merged AS SELECT * FROM merged; CREATE VIEW seen_replaced AS SELECT * FROM replaced; \
            CREATE INDEX by_content ON replaced (content); PRAGMA wal_checkpoint(TRUNCATE)")
            .await;
        let before = std::fs::read(db.lab.serving_file()).unwrap();
        Faults { db, before }
    }

    /// Lays the file as it was, without what a killed export left beside it.
    fn reset(&self) {
        for suffix in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(self.beside(suffix));
        }
        std::fs::write(self.db.lab.serving_file(), &self.before).unwrap();
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.db.lab.serving_file().into_os_string();
        path.push(suffix);
        path.into()
    }

    fn run(&self, scene: &Scene) -> Ran {
        scene.command(&self.db).output().unwrap().into()
    }

    /// Kills an export, and says whether that was too late.
    fn strike(&self, scene: &Scene, moment: Duration) -> bool {
        let what = format!("killed {moment:?} into {}", scene.statement());
        self.reset();
        kill(scene.command(&self.db), moment);
        let is_exported = self.ledger_entries(scene) > 0;
        self.has(scene, is_exported, &format!("{what}, before the rerun"));
        self.run(scene).succeeded();
        self.has(scene, true, &what);
        is_exported
    }

    /// Asserts that the target, the view of it and the ledger are what they were before or after the
    /// export, and the file is sound.
    fn has(&self, scene: &Scene, exported: bool, what: &str) {
        let rows = if exported { scene.after } else { scene.before };
        let target = scene.target;
        for table in [target.to_owned(), format!("seen_{target}")] {
            let found = self.lines(&format!(
                "SELECT id || '|' || content || '|' || printf('%.2f', amount) || '|' || day || '|' || label
                 FROM {table} ORDER BY id"
            ));
            assert_same_rows(&found, &expected(rows), &format!("{table}, {what}"));
        }
        assert_eq!(self.ledger_entries(scene), usize::from(exported), "{what}");
        assert_eq!(self.lines("PRAGMA integrity_check"), ["ok"], "{what}");
    }

    /// How often the ledger has the export of the second state.
    fn ledger_entries(&self, scene: &Scene) -> usize {
        let first = "SELECT min(source_version) FROM tidemill_exports WHERE source = l.source";
        self.lines(&format!(
            "SELECT target FROM tidemill_exports AS l WHERE target = '{}' AND source_version > ({first})",
            scene.target
        ))
        .len()
    }

    fn lines(&self, sql: &str) -> Vec<String> {
        let file = rusqlite::Connection::open(self.db.lab.serving_file()).unwrap();
        let mut query = file.prepare(sql).unwrap();
        let lines = query.query_map([], |row| row.get(0)).unwrap();
        lines.collect::<Result<_, _>>().unwrap()
    }
}

fn expected(rows: Rows) -> Vec<String> {
    let parts = rows.iter().cloned();
    let lines = parts.flat_map(|(ids, content)| ids.map(move |id| line(id, content)));
    lines.collect()
}
