//! The same work for several contestants: first whether their results are equal, then how long they take.
//!
//! Each run is a process of its own with an empty folder for what it writes. The pass that is checked
//! also warms up what outlives a process: the page cache and the files of the programs. After it the
//! contestants take turns, so that a disturbance of the machine meets all of them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::figures::Figures;
use crate::measure::{Measured, measure};
use crate::name::Name;
use crate::peers::Absence;
use crate::report::{note, seconds};

/// What a contest of one suite is.
pub struct Contest {
    /// What tells it from the other contests of its suite.
    pub title: String,
    /// What is timed, in a sentence.
    pub timed: String,
    /// Who takes part; Tidemill is the first.
    pub contestants: Vec<Contestant>,
    /// Who would, if they were here, and why they are not.
    pub absent: Vec<(Name, Absence)>,
    /// Compares what the contestants left behind; gives what it found equal, in a sentence.
    pub check: Check,
    /// How much a run wrote; `None` where that is no question.
    pub volume: Option<Weigh>,
    /// Parts of the work alone, and what the machine allows; shares are taken of the slowest.
    pub limits: Vec<Limit>,
}

/// Compares the results of all; gives what it found equal.
pub type Check = Box<dyn Fn(&[Ran]) -> Result<String>>;
/// Finds out how much a run wrote.
pub type Weigh = Box<dyn Fn(&Ran) -> Result<Volume>>;
/// Makes the command of a run that writes into this folder.
pub type Start = Box<dyn Fn(&Path, Pass) -> Result<Command>>;

/// One who takes part.
pub struct Contestant {
    /// Its name.
    pub name: Name,
    /// How the time of its work is told.
    pub clock: Clock,
    /// Makes the command of one run, which writes into this folder.
    pub command: Start,
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Its results are compared: it may do more than the work itself, to show them.
    Checked,
    /// Its time counts.
    Timed,
}

/// A finished run.
pub struct Ran {
    /// Whose.
    pub name: Name,
    /// What it wrote.
    pub folder: PathBuf,
    /// What it printed.
    pub stdout: String,
}

/// What a run wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volume {
    /// In bytes.
    pub bytes: u64,
    /// In how many files, where it is files.
    pub files: Option<u64>,
}

/// A time to hold the work against.
pub struct Limit {
    /// What it is the time of.
    pub name: String,
    /// How it is measured.
    pub source: LimitSource,
}

/// How a limit is measured.
pub enum LimitSource {
    /// As a process, like a contestant.
    Process(Contestant),
    /// By a function that gives seconds; it is told how many bytes Tidemill wrote.
    Function(Box<dyn Fn(u64) -> Result<f64>>),
}

/// How a contest ended.
pub struct Outcome {
    /// In the order of the contestants.
    pub standings: Vec<Standing>,
    /// What was found equal.
    pub equal: String,
    /// The limits and their seconds.
    pub limits: Vec<(String, Figures)>,
}

/// The figures of one contestant.
pub struct Standing {
    /// Whose.
    pub name: Name,
    /// Time of the work.
    pub work: Figures,
    /// Time from the start of the process to its end.
    pub process: Figures,
    /// The highest peak of all runs, in bytes.
    pub peak_bytes: u64,
    /// What a run wrote.
    pub volume: Option<Volume>,
}

impl Contest {
    /// Adds a contestant, or the reason why it is absent.
    pub fn join(&mut self, name: Name, contestant: Result<Contestant, Absence>) {
        match contestant {
            Ok(contestant) => self.contestants.push(contestant),
            Err(reason) => self.absent.push((name, reason)),
        }
    }

    /// Leaves out who does not take part.
    pub fn keep(&mut self, takes_part: impl Fn(Name) -> bool) {
        self.contestants
            .retain(|contestant| takes_part(contestant.name));
        self.absent.retain(|(name, _)| takes_part(*name));
    }
}

/// Checks, then times.
///
/// # Errors
/// A contestant that fails, or results that differ.
pub fn run(contest: &Contest, scratch: &Path, runs: usize) -> Result<Outcome> {
    let (equal, volumes) = check(contest, scratch)?;
    note(&format!("  equal: {equal}"));
    let written_bytes = volumes
        .first()
        .copied()
        .flatten()
        .map_or(0, |volume| volume.bytes);
    let mut times: Vec<Vec<Time>> = contest.contestants.iter().map(|_| Vec::new()).collect();
    for round in 1..=runs {
        for (contestant, times) in contest.contestants.iter().zip(&mut times) {
            let time = timed(contestant, scratch)?;
            let (name, work) = (contestant.name, seconds(time.work));
            note(&format!("  {round}/{runs} {name}: {work}"));
            times.push(time);
        }
    }
    let standings = contest.contestants.iter().zip(times).zip(volumes);
    Ok(Outcome {
        standings: standings
            .map(|((contestant, times), volume)| standing(contestant.name, &times, volume))
            .collect::<Result<_>>()?,
        equal,
        limits: limits(contest, scratch, runs, written_bytes)?,
    })
}

fn check(contest: &Contest, scratch: &Path) -> Result<(String, Vec<Option<Volume>>)> {
    let mut all = Vec::new();
    for contestant in &contest.contestants {
        note(&format!("  checked run of {}", contestant.name));
        let folder = empty_folder(scratch, &contestant.name.key())?;
        let mut command = (contestant.command)(&folder, Pass::Checked)?;
        let measured = measure(&mut command).map_err(|error| error.context(contestant.name))?;
        all.push(Ran {
            name: contestant.name,
            folder,
            stdout: measured.stdout,
        });
    }
    let equal = (contest.check)(&all)?;
    let volumes = all
        .iter()
        .map(|ran| {
            contest
                .volume
                .as_ref()
                .map(|volume| volume(ran))
                .transpose()
        })
        .collect::<Result<_>>()?;
    for ran in &all {
        remove(&ran.folder)?;
    }
    Ok((equal, volumes))
}

struct Time {
    work: f64,
    process: f64,
    peak_bytes: u64,
}

fn timed(contestant: &Contestant, scratch: &Path) -> Result<Time> {
    let folder = empty_folder(scratch, &contestant.name.key())?;
    let mut command = (contestant.command)(&folder, Pass::Timed)?;
    let measured = measure(&mut command).map_err(|error| error.context(contestant.name))?;
    // At once: what was written and is removed need not reach the disk while the next one runs.
    remove(&folder)?;
    time(contestant, &measured).map_err(|error| error.context(contestant.name))
}

fn time(contestant: &Contestant, measured: &Measured) -> Result<Time> {
    let told = contestant.clock.read(measured)?;
    Ok(Time {
        work: told.work_seconds,
        process: measured.process.as_secs_f64(),
        peak_bytes: measured.peak_bytes.max(told.peak_bytes),
    })
}

fn standing(name: Name, times: &[Time], volume: Option<Volume>) -> Result<Standing> {
    let figures = |of: fn(&Time) -> f64| figures(&times.iter().map(of).collect::<Vec<_>>());
    Ok(Standing {
        name,
        work: figures(|time| time.work)?,
        process: figures(|time| time.process)?,
        peak_bytes: times.iter().map(|time| time.peak_bytes).max().unwrap_or(0),
        volume,
    })
}

fn limits(
    contest: &Contest,
    scratch: &Path,
    runs: usize,
    written_bytes: u64,
) -> Result<Vec<(String, Figures)>> {
    let mut measured = Vec::new();
    for limit in &contest.limits {
        let once = || match &limit.source {
            LimitSource::Process(contestant) => Ok(timed(contestant, scratch)?.work),
            LimitSource::Function(function) => function(written_bytes),
        };
        let times = (0..runs).map(|_| once()).collect::<Result<Vec<_>>>()?;
        let figures = figures(&times)?;
        note(&format!(
            "  limit, {}: {}",
            limit.name,
            seconds(figures.median)
        ));
        measured.push((limit.name.clone(), figures));
    }
    Ok(measured)
}

fn figures(times: &[f64]) -> Result<Figures> {
    Figures::of(times)
        .ok_or_else(|| Error::new("without a run there are no figures").hint("--runs 1"))
}

fn empty_folder(scratch: &Path, name: &str) -> Result<PathBuf> {
    let folder = scratch.join(name);
    remove(&folder)?;
    std::fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
    Ok(folder)
}

fn remove(folder: &Path) -> Result<()> {
    match folder.exists() {
        true => {
            std::fs::remove_dir_all(folder).map_err(|error| Error::file("remove", folder, error))
        }
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn contestant(name: Name, script: &'static str) -> Contestant {
        Contestant {
            name,
            clock: Clock::Process,
            command: Box::new(move |folder, _| {
                let mut command = Command::new("sh");
                command.args(["-c", script]).current_dir(folder);
                Ok(command)
            }),
        }
    }

    fn contest(theirs: &'static str) -> Contest {
        let file = |ran: &Ran| std::fs::read_to_string(ran.folder.join("result")).unwrap();
        Contest {
            title: "one".to_owned(),
            timed: "writing 1".to_owned(),
            contestants: vec![
                contestant(Name::Tidemill, "echo 1 > result"),
                contestant(Name::DuckDb, theirs),
            ],
            absent: Vec::new(),
            check: Box::new(move |all| match file(&all[0]) == file(&all[1]) {
                true => Ok("1 row".to_owned()),
                false => Err(Error::new("the results differ")),
            }),
            volume: Some(Box::new(|ran| crate::volume::of_folder(&ran.folder, ""))),
            limits: vec![Limit {
                name: "nothing".to_owned(),
                source: LimitSource::Process(contestant(Name::EmptyProcess, "true")),
            }],
        }
    }

    #[test]
    fn a_contest_gives_figures_of_all_and_leaves_nothing_behind() {
        let scratch = tempfile::tempdir().unwrap();
        let outcome = run(&contest("sleep 0.1; echo 1 > result"), scratch.path(), 3).unwrap();
        let [ours, theirs] = &outcome.standings[..] else {
            unreachable!("two took part");
        };
        assert_eq!((ours.name, theirs.name), (Name::Tidemill, Name::DuckDb));
        assert!(theirs.work.minimum >= 0.1);
        assert!(theirs.work.ratio_to(&ours.work) > 1.0);
        assert_eq!(
            ours.volume,
            Some(Volume {
                bytes: 2,
                files: Some(1)
            })
        );
        assert_eq!(outcome.equal, "1 row");
        assert_eq!(outcome.limits.len(), 1);
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
    }

    #[test]
    fn who_gives_another_result_is_not_timed() {
        let scratch = tempfile::tempdir().unwrap();
        let failed = run(&contest("echo 2 > result"), scratch.path(), 1)
            .err()
            .unwrap();
        assert_eq!(failed.to_string(), "the results differ");
    }

    #[test]
    fn who_fails_is_named() {
        let scratch = tempfile::tempdir().unwrap();
        let failed = run(&contest("exit 9"), scratch.path(), 1).err().unwrap();
        assert!(
            failed.to_string().starts_with("DuckDB: sh: exit status: 9"),
            "{failed}"
        );
    }
}
