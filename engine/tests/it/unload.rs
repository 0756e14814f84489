//! Files are there whole or not at all: whoever is killed, whatever disk is full, whoever else
//! writes there.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::full_disk::{Disk, incompressible};
use super::kill::{kill, moments};
use super::lab::Lab;

const SEED: u64 = 20_261_122;
const KILLS: usize = 15;
const ROWS: usize = 60_000;

/// Writes version after version over a file and over a folder, and is killed in the middle.
#[tokio::test]
async fn a_killed_writer_leaves_the_former_files_or_the_new_ones() {
    for (target, options) in [
        ("out/t.csv.gz", "OVERWRITE"),
        ("out/t.parquet", "OVERWRITE"),
        ("out/parts", "OVERWRITE, FORMAT ndjson, PARTITION_BY (part)"),
    ] {
        let lab = Lab::new();
        let write = |version: usize| {
            let query = format!(
                "SELECT value AS id, {version} AS version, value % 5 AS part FROM range(0, {ROWS})"
            );
            lab.command([
                "-c".to_owned(),
                format!("COPY INTO '{target}' FROM ({query}) ({options})"),
            ])
        };
        let started = Instant::now();
        assert!(write(0).output().unwrap().status.success());
        let time = started.elapsed();
        for (version, moment) in (1..).zip(moments(SEED, KILLS, time)) {
            kill(write(version), moment);
            let what = format!("{target}, killed {moment:?} into version {version}");
            let query = format!(
                "SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || count(DISTINCT version) FROM '{}'",
                lab.folder().join(target).display()
            );
            assert_eq!(
                lab.value(&query).await,
                format!("{ROWS} {ROWS} 1"),
                "{what}"
            );
            let again = write(version).output().unwrap();
            assert!(again.status.success(), "{what}: {again:?}");
        }
        let name = Path::new(target).file_name().unwrap().to_str().unwrap();
        assert_eq!(names(&lab.folder().join("out")), [name]);
    }
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let lab = Lab::new();
    let disk = lab.folder().join("disk");
    let Some(_disk) = Disk::mount(&disk) else {
        eprintln!("skipped: no tmpfs can be mounted here");
        return;
    };
    std::fs::write(lab.folder().join("large.csv"), incompressible(60_000)).unwrap();
    let copy = |target: &str, source: &str, options: &str| {
        let sql = format!("COPY INTO 'disk/{target}' FROM {source} ({options})");
        lab.run(["-c", &sql])
    };
    copy("t.csv", "(SELECT 1 AS a)", "FORMAT csv").succeeded();
    for (target, options) in [
        ("t.csv", "OVERWRITE"),
        ("new/t.parquet", "CHECKSUM"),
        ("folder", "FORMAT avro, PARTITION_BY (kind)"),
    ] {
        copy(target, "'large.csv'", options)
            .failed_with(1)
            .says(&["cannot write", "the disk is full"]);
        assert_eq!(names(&disk), ["t.csv"], "{target}");
    }
    assert_eq!(
        std::fs::read_to_string(disk.join("t.csv")).unwrap(),
        "a\n1\n"
    );
}

#[test]
fn of_several_writers_one_wins_and_says_so_to_the_others() {
    let lab = Lab::new();
    for options in ["FORMAT csv", "FORMAT csv, PARTITION_BY (part)"] {
        let target = format!("out{}", options.len());
        let children: Vec<_> = (0..4)
            .map(|writer| {
                let query = format!("SELECT {writer} AS writer, value AS part FROM range(0, 3)");
                let sql = format!("COPY INTO '{target}' FROM ({query}) ({options})");
                let mut command = lab.command(["-c", &sql]);
                command.stdout(std::process::Stdio::null());
                command.stderr(std::process::Stdio::piped());
                command.spawn().unwrap()
            })
            .collect();
        let ended = children
            .into_iter()
            .map(|child| child.wait_with_output().unwrap());
        let (won, lost): (Vec<_>, Vec<_>) = ended.partition(|output| output.status.success());
        assert_eq!(won.len(), 1);
        for output in lost {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("exists"), "{said}");
        }
    }
}

#[test]
fn sha256sum_finds_the_files_as_they_were_written() {
    let lab = Lab::new();
    let sql = "COPY INTO 'out/ein Bericht.csv' FROM (SELECT 1 AS a) (CHECKSUM);
               COPY INTO 'out/parts' FROM (SELECT value AS a, value % 3 AS part FROM range(0, 9))
                 (FORMAT parquet, PARTITION_BY (part), CHECKSUM)";
    lab.run(["-c", sql]).succeeded();
    let out = lab.folder().join("out");
    let check = |file: &str| {
        let mut command = Command::new("sha256sum");
        command
            .args(["--check", "--strict", file])
            .current_dir(&out);
        command.output().unwrap()
    };
    for (file, count) in [("ein Bericht.csv.sha256", 1), ("parts.sha256", 3)] {
        let checked = check(file);
        assert!(checked.status.success(), "{checked:?}");
        let said = String::from_utf8_lossy(&checked.stdout);
        assert_eq!(said.matches(": OK").count(), count, "{said}");
    }
    // Checksums are no data.
    let read = lab.run([
        "--format",
        "csv",
        "-c",
        "SELECT count(*) FROM 'out/*Bericht*'",
    ]);
    assert_eq!(read.succeeded().stdout.lines().last(), Some("1"));
    std::fs::write(out.join("ein Bericht.csv"), "a\n2\n").unwrap();
    assert!(!check("ein Bericht.csv.sha256").status.success());
}

/// A link stays one, and `~` is the home folder.
#[test]
fn paths_are_those_that_people_write() {
    let lab = Lab::new();
    let folder = lab.folder();
    std::fs::write(folder.join("real.csv"), "old\n1\n").unwrap();
    std::os::unix::fs::symlink(folder.join("real.csv"), folder.join("link.csv")).unwrap();
    lab.run([
        "-c",
        "COPY INTO 'link.csv' FROM (SELECT 2 AS new) (OVERWRITE)",
    ])
    .succeeded();
    assert!(folder.join("link.csv").is_symlink());
    let real = std::fs::read_to_string(folder.join("real.csv")).unwrap();
    assert_eq!(real, "new\n2\n");

    let sql =
        "COPY INTO '~/home.csv' FROM (SELECT 3 AS n); ASSERT (SELECT n FROM '~/home.csv') = 3";
    let mut command = lab.command(["-c", sql]);
    let ran = command.env("HOME", folder).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert!(folder.join("home.csv").exists());

    // The warehouse behind a link is the warehouse.
    std::fs::create_dir_all(lab.warehouse()).unwrap();
    std::os::unix::fs::symlink(lab.warehouse(), folder.join("elsewhere")).unwrap();
    lab.run(["-c", "COPY INTO 'elsewhere/raw/t.csv' FROM (SELECT 1 AS a)"])
        .failed_with(1)
        .says(&["lies in the warehouse"]);
}

/// A step that writes a file runs again when the file is gone.
#[test]
fn a_step_writes_its_file_again_when_it_is_gone() {
    let lab = Lab::new();
    lab.write_step("in.csv", "n\n1\n2\n");
    lab.write_step(
        "10_raw.sql",
        "COPY INTO raw.t FROM 'in.csv' (FORMAT csv);\n",
    );
    lab.write_step(
        "20_out.sql",
        "COPY INTO 'out/t.csv' FROM (SELECT n FROM raw.t ORDER BY n) (OVERWRITE);\n",
    );
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ["10", "20"]);
    assert_eq!(lab.run_pipeline().succeeded().steps_skipped(), ["10", "20"]);
    let file = lab.pipeline().join("out/t.csv");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "n\n1\n2\n");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(lab.run_pipeline().succeeded().steps_run(), ["20"]);
    assert!(file.exists());
}

/// Everything in a folder, hidden things, too.
fn names(folder: &Path) -> Vec<String> {
    let items = std::fs::read_dir(folder).unwrap();
    let names = items.map(|item| item.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
