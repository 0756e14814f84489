//! `append`: a small file into a table that has many commits, beside the same into an empty one.

use std::fs;
use std::path::{Path, PathBuf};

use super::Suite;
use crate::clock::Clock;
use crate::contest::{Contest, Contestant, Pass, Ran};
use crate::error::{Error, Result};
use crate::name::Name;
use crate::report::grouped;
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "append",
    rows: Some(10),
    runs: 15,
    contests,
};

const COMMITS: u64 = 1_000;
const TABLE: &str =
    "CREATE TABLE raw.visits (id BIGINT, name TEXT, visited_on DATE, amount DECIMAL(12,2))";

fn load(file: &str) -> String {
    format!("COPY INTO raw.visits FROM '{file}'")
}

fn contests(workshop: &Workshop, rows: u64) -> Result<Vec<Contest>> {
    let contests = [0, COMMITS].map(|commits| contest(workshop, rows, commits));
    contests.into_iter().collect()
}

fn contest(workshop: &Workshop, rows: u64, commits: u64) -> Result<Contest> {
    let warehouse = warehouse(workshop, rows, commits)?;
    let tidemill = workshop.tidemill.clone();
    let ours = Contestant {
        name: Name::Tidemill,
        clock: Clock::Tidemill,
        command: Box::new(move |folder, pass| {
            let copy = folder.join("warehouse");
            copy_folder(&warehouse, &copy)?;
            write_file(&folder.join("new.csv"), rows, commits)?;
            let script = match pass {
                Pass::Checked => format!(
                    "{}; SELECT count(*) AS rows FROM raw.visits",
                    load("new.csv")
                ),
                Pass::Timed => load("new.csv"),
            };
            Ok(tidemill.script(folder, &copy, &script))
        }),
    };
    Ok(Contest {
        title: match commits {
            0 => format!("{rows} rows of a file into an empty table"),
            commits => format!(
                "{rows} rows of a file into a table of {} commits",
                grouped(commits)
            ),
        },
        timed: "COPY INTO".to_owned(),
        contestants: vec![ours],
        absent: Vec::new(),
        check: Box::new(move |all| check(all, rows * (commits + 1))),
        volume: None,
        limits: Vec::new(),
    })
}

/// A warehouse whose table has got so many files, one commit each; made once.
fn warehouse(workshop: &Workshop, rows: u64, commits: u64) -> Result<PathBuf> {
    let warehouse = workshop.folder.join(format!("append-{rows}-{commits}"));
    if warehouse.exists() {
        return Ok(warehouse);
    }
    // It has its name only once it is whole.
    let partial = warehouse.with_extension("partial");
    remove(&partial)?;
    let files = partial.join("files");
    create(&files)?;
    let mut script = TABLE.to_owned();
    for commit in 0..commits {
        let file = files.join(format!("{commit}.csv"));
        write_file(&file, rows, commit)?;
        script += &format!("; {}", load(&format!("files/{commit}.csv")));
    }
    workshop.tidemill.prepare(&partial, &script)?;
    remove(&files)?;
    fs::rename(&partial, &warehouse).map_err(|error| Error::file("rename", &partial, error))?;
    Ok(warehouse)
}

/// The rows of one commit: no other has them.
fn write_file(path: &Path, rows: u64, commit: u64) -> Result<()> {
    let mut text = "id,name,visited_on,amount\n".to_owned();
    for id in commit * rows..(commit + 1) * rows {
        let day = id % 28 + 1;
        text += &format!("{id},visitor {id},2024-01-{day:02},{id}.25\n");
    }
    fs::write(path, text).map_err(|error| Error::file("write", path, error))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    let unreadable = |error| Error::file("read", from, error);
    create(to)?;
    for item in fs::read_dir(from).map_err(unreadable)? {
        let source = item.map_err(unreadable)?.path();
        let Some(name) = source.file_name() else {
            continue;
        };
        let target = to.join(name);
        if source.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(|error| Error::file("copy", &source, error))?;
        }
    }
    Ok(())
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, error))
}

fn remove(folder: &Path) -> Result<()> {
    match folder.exists() {
        true => fs::remove_dir_all(folder).map_err(|error| Error::file("remove", folder, error)),
        false => Ok(()),
    }
}

fn check(all: &[Ran], rows: u64) -> Result<String> {
    let found = |ran: &Ran| ran.stdout.trim_end().lines().last() == Some(&rows.to_string());
    match all.iter().find(|ran| !found(ran)) {
        None => Ok(format!("{} rows", grouped(rows))),
        Some(ran) => Err(Error::new(format!(
            "{} does not have {rows} rows:\n{}",
            ran.name, ran.stdout
        ))),
    }
}
