//! Three exports that faults strike, and what the tables must hold before and after each: an append,
//! a merge and a replace of 20,000 rows.

use std::ops::Range;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::attached::Attached;
use crate::kill::moments;
use crate::lab::Ran;

/// The rows of a table: numbers of rows, and the content that they have.
pub type Rows = &'static [(Range<u32>, u32)];

/// One export, from one state of its target to another.
pub struct Scene {
    pub target: &'static str,
    source: &'static str,
    options: &'static str,
    pub before: Rows,
    pub after: Rows,
}

pub const SCENES: [Scene; 3] = [
    Scene {
        target: "appended",
        source: "grows",
        options: "MODE append",
        before: &[(0..2_000, 1)],
        after: &[(0..2_000, 1), (2_000..22_000, 2)],
    },
    Scene {
        target: "merged",
        source: "changes",
        options: "MODE merge, KEY (id)",
        before: &[(0..20_000, 1)],
        after: &[(0..2_000, 1), (2_000..22_000, 2)],
    },
    Scene {
        target: "replaced",
        source: "changes",
        options: "MODE replace",
        before: &[(0..20_000, 1)],
        after: &[(2_000..22_000, 2)],
    },
];

impl Scene {
    pub fn statement(&self) -> String {
        let Scene {
            target,
            source,
            options,
            ..
        } = self;
        format!("COPY INTO db.{target} FROM raw.{source} ({options})")
    }

    /// The export through the binary.
    pub fn command(&self, db: &Attached) -> Command {
        db.lab.command(["-c", &self.statement()])
    }
}

/// Moments at which to kill, of each scene some, spread over the time from when a process begins to
/// look at its statement to its end. `times` says how long each export takes.
pub fn moments_of_each(
    db: &Attached,
    seed: u64,
    kills: usize,
    times: &[Duration],
) -> Vec<Vec<Duration>> {
    let started = Instant::now();
    let ran: Ran = db.lab.command(["-c", "SELECT 1"]).output().unwrap().into();
    ran.succeeded();
    let idle = started.elapsed() / 2;
    let each = kills.div_ceil(SCENES.len());
    let of_scene = times.iter().zip(seed..).map(|(time, seed)| {
        let moments = moments(seed, each, time.saturating_sub(idle).max(idle));
        moments.into_iter().map(|moment| idle + moment).collect()
    });
    of_scene.collect()
}

/// Exports the first state of all tables, and lands the second one, which is still to be exported.
pub async fn prepare(db: &Attached) {
    land(db, "grows", "first", 0..2_000, 1).await;
    land(db, "changes", "file", 0..20_000, 1).await;
    for scene in &SCENES {
        db.execute(&scene.statement()).await.unwrap();
    }
    land(db, "grows", "second", 2_000..22_000, 2).await;
    land(db, "changes", "file", 2_000..22_000, 2).await;
}

async fn land(db: &Attached, table: &str, name: &str, ids: Range<u32>, content: u32) {
    let file = db.lab.folder().join(format!("{table}-{name}.csv"));
    let lines = ids.map(|id| line(id, content).replace('|', ",") + "\n");
    let text = format!("id,content,amount,day,label\n{}", lines.collect::<String>());
    std::fs::write(&file, text).unwrap();
    let columns = "id BIGINT, content BIGINT, amount DECIMAL(12,2), day DATE, label TEXT";
    db.execute(&format!(
        "COPY INTO raw.{table} FROM '{}' (FORMAT csv, COLUMNS ({columns}), ON_CHANGE replace)",
        file.display()
    ))
    .await
    .unwrap();
}

/// A row as a line, values parted by `|`.
pub fn line(id: u32, content: u32) -> String {
    let (amount, day) = (u64::from(id) * 125, 1 + id % 28);
    let (whole, cents) = (amount / 100, amount % 100);
    format!("{id}|{content}|{whole}.{cents:02}|2024-01-{day:02}|row {id} of content {content}")
}
