//! `startup`: from the start of a process to the result of `select 1`.

use std::path::Path;
use std::process::Command;

use super::Suite;
use crate::clock::Clock;
use crate::contest::{Contest, Contestant, Limit, LimitSource, Ran};
use crate::error::{Error, Result};
use crate::name::Name;
use crate::peers::{Absence, on_path};
use crate::workshop::Workshop;

/// The suite.
pub const SUITE: Suite = Suite {
    name: "startup",
    rows: None,
    runs: 30,
    contests,
};

const QUERY: &str = "select 1";

fn contests(workshop: &Workshop, _rows: u64) -> Result<Vec<Contest>> {
    let tidemill = workshop.tidemill.clone();
    let ours = shell(Name::Tidemill, move |folder| {
        let mut command = tidemill.bare(folder);
        command.args(["--format", "csv", "-c", QUERY]);
        command
    });
    let peers = [
        (
            Name::DuckDbShell,
            workshop.peers.duckdb_shell(),
            &["-csv", "-c", QUERY][..],
        ),
        (
            Name::Sqlite,
            on_path("sqlite3"),
            &["-csv", ":memory:", QUERY],
        ),
        (
            Name::DataFusion,
            on_path("datafusion-cli"),
            &["--quiet", "--format", "csv", "-c", QUERY],
        ),
    ];
    let mut contest = Contest {
        title: "The result of `select 1`".to_owned(),
        timed: "the whole process, with nothing in its folder".to_owned(),
        contestants: vec![ours],
        absent: Vec::new(),
        check: Box::new(check),
        volume: None,
        limits: vec![Limit {
            name: "an empty process (`true`)".to_owned(),
            source: LimitSource::Process(shell(Name::EmptyProcess, |_| Command::new("true"))),
        }],
    };
    for (name, program, arguments) in peers {
        contest.join(name, peer(name, program, arguments));
    }
    Ok(vec![contest])
}

fn peer(
    name: Name,
    program: Result<std::path::PathBuf, Absence>,
    arguments: &'static [&'static str],
) -> Result<Contestant, Absence> {
    let program = program?;
    Ok(shell(name, move |folder| {
        let mut command = Command::new(&program);
        // Without the start-up file of whoever runs it.
        command
            .args(arguments)
            .current_dir(folder)
            .env("HOME", folder);
        command
    }))
}

fn shell(name: Name, command: impl Fn(&Path) -> Command + 'static) -> Contestant {
    Contestant {
        name,
        clock: Clock::Process,
        command: Box::new(move |folder, _| Ok(command(folder))),
    }
}

fn check(all: &[Ran]) -> Result<String> {
    match all
        .iter()
        .find(|ran| ran.stdout.trim_end().lines().last() != Some("1"))
    {
        None => Ok("all print 1".to_owned()),
        Some(ran) => Err(Error::new(format!(
            "{} does not print 1:\n{}",
            ran.name, ran.stdout
        ))),
    }
}
