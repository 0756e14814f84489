//! A disk that becomes full in the middle of a load: an error that says so, and nothing left behind.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::lab::Lab;

const DISK: &str = "size=1m";
/// Twice what the disk holds, in rows that compress to half at best.
const ROWS: usize = 60_000;

/// A small disk; unmounted when it goes.
pub struct Disk(PathBuf);

impl Disk {
    /// `None` where nobody may mount one.
    pub fn mount(at: &Path) -> Option<Disk> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", DISK, "tmpfs"])
            .arg(at)
            .output();
        mounted
            .is_ok_and(|ran| ran.status.success())
            .then(|| Disk(at.to_owned()))
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

pub fn incompressible(rows: usize) -> String {
    let mut random = StdRng::seed_from_u64(7);
    let mut text = String::from("id,kind,noise\n");
    for row in 0..rows {
        let noise: (u128, u128) = random.r#gen();
        writeln!(text, "{row},{},{:032x}{:032x}", row % 5, noise.0, noise.1).unwrap();
    }
    text
}

#[test]
fn a_load_that_fills_the_disk_says_so_and_leaves_nothing() {
    let lab = Lab::new();
    let Some(_disk) = Disk::mount(&lab.warehouse()) else {
        eprintln!("skipped: no tmpfs can be mounted here");
        return;
    };
    let write = |name: &str, rows| {
        std::fs::write(lab.folder().join(name), incompressible(rows)).unwrap();
    };
    write("large.csv", ROWS);
    write("small.csv", 100);
    let copy =
        |file: &str| format!("COPY INTO raw.t FROM '{file}' (FORMAT csv, PARTITION_BY (kind))");

    let full = lab.run(["-c", &copy("large.csv")]);
    assert_eq!(full.code, Some(1), "{}", full.stderr);
    assert!(full.stderr.contains("cannot write"), "{}", full.stderr);
    assert!(full.stderr.contains("the disk is full"), "{}", full.stderr);
    assert_eq!(lab.data_files("raw.t"), Vec::<PathBuf>::new());

    lab.run(["-c", &copy("small.csv")]).succeeded();
    let before = lab.data_files("raw.t");
    let full = lab.run(["-c", &copy("large.csv")]);
    assert!(full.stderr.contains("the disk is full"), "{}", full.stderr);
    assert_eq!(lab.data_files("raw.t"), before);
    assert_eq!(lab.plain_table("raw.t").len(), 100);
}
