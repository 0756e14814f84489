//! One process, measured from outside: its time, its peak memory and what it said.
//!
//! The peak is the process's own. What `wait4` and its kin report is not: a child starts as a copy of
//! its parent and keeps the parent's peak. `VmHWM` in `/proc` starts anew with the program, so it is
//! read again and again while the process lives. Descendants (the JVM under Python) count as far as
//! they live at the same time; pages that two of them share count twice.

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A short process is looked at often, a long one seldom, so that looking costs no one anything.
const LOOK_SHARE: u32 = 50;
const SHORTEST_PAUSE: Duration = Duration::from_micros(500);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);
/// Finding descendants means reading about every process of the machine.
const FAMILY_PAUSE: Duration = Duration::from_millis(50);
/// Of what a failed process said, this many last lines are shown.
const SHOWN_LINES: usize = 20;

/// A process that ended well.
#[derive(Debug)]
pub struct Measured {
    /// From the start of the process to its end.
    pub process: Duration,
    /// The most memory that it and its descendants held, in bytes.
    pub peak_bytes: u64,
    /// What it wrote.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

/// Runs a command to its end.
///
/// # Errors
/// A program that does not start, or that ends with another exit code than 0.
pub fn measure(command: &mut Command) -> Result<Measured> {
    let program = command.get_program().to_string_lossy().into_owned();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let started = Instant::now();
    // From here on the program itself runs: spawn returns after exec.
    let child = command
        .spawn()
        .map_err(|error| Error::new(format!("cannot start {program}: {error}")))?;
    let mut family = Family::of(child.id());
    let ended = AtomicBool::new(false);
    let (output, process) = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                family.look();
                let pause = started.elapsed() / LOOK_SHARE;
                std::thread::sleep(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
            }
        });
        let output = child.wait_with_output();
        let process = started.elapsed();
        ended.store(true, Ordering::Relaxed);
        (output, process)
    });
    let output = output.map_err(|error| Error::new(format!("{program}: {error}")))?;
    succeeded(&program, &output)?;
    Ok(Measured {
        process,
        peak_bytes: family.peak_bytes,
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
    })
}

fn succeeded(program: &str, output: &Output) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = text(&output.stderr) + &text(&output.stdout);
    let lines: Vec<_> = said.lines().collect();
    let shown = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
    Err(Error::new(format!("{program}: {}\n{shown}", output.status)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A process and its descendants.
struct Family {
    root: u32,
    descendants: Vec<u32>,
    newborn: Vec<u32>,
    counted: Instant,
    peak_bytes: u64,
}

impl Family {
    fn of(root: u32) -> Self {
        Family {
            root,
            descendants: Vec::new(),
            newborn: Vec::new(),
            counted: Instant::now(),
            peak_bytes: 0,
        }
    }

    fn look(&mut self) {
        if self.counted.elapsed() >= FAMILY_PAUSE {
            self.count();
        }
        let members = std::iter::once(&self.root).chain(&self.descendants);
        let bytes = members
            .filter_map(|process| high_water_bytes(*process))
            .sum();
        self.peak_bytes = self.peak_bytes.max(bytes);
    }

    /// Between fork and exec a child shows the peak of its parent: who is seen for the first time
    /// does not count yet.
    fn count(&mut self) {
        let found = descendants(self.root);
        let known =
            |process: &u32| self.descendants.contains(process) || self.newborn.contains(process);
        let (descendants, newborn) = found.into_iter().partition(known);
        self.descendants = descendants;
        self.newborn = newborn;
        self.counted = Instant::now();
    }
}

/// `None` for a process that has ended.
fn high_water_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn descendants(root: u32) -> Vec<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let process = entry.file_name().to_string_lossy().parse().ok();
        if let Some((process, parent)) =
            process.and_then(|process| Some((process, parent_of(process)?)))
        {
            children.entry(parent).or_default().push(process);
        }
    }
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(process) = open.pop() {
        let children = children.remove(&process).unwrap_or_default();
        found.extend(&children);
        open.extend(children);
    }
    found
}

/// The fourth field of `stat`; the second is a name in parentheses that may hold anything.
fn parent_of(process: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MEBIBYTE: u64 = 1 << 20;

    /// `tail` keeps its input when it cannot seek in it, up to the number of bytes asked for.
    fn holding(bytes: u64) -> String {
        format!("head -c {bytes} /dev/zero | tail -c {bytes} | wc -c")
    }

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_peak_is_the_childs_and_not_that_of_a_parent_that_holds_more() {
        let held = vec![1_u8; 300 * MEBIBYTE as usize];
        assert!(high_water_bytes(std::process::id()).unwrap() >= 300 * MEBIBYTE);
        let small = measure(&mut shell("sleep 0.2")).unwrap();
        let large = measure(&mut shell(&holding(100 * MEBIBYTE))).unwrap();
        assert!(small.peak_bytes > 0);
        assert!(small.peak_bytes < 20 * MEBIBYTE, "{small:?}");
        assert!(large.peak_bytes > 90 * MEBIBYTE, "{large:?}");
        assert!(large.peak_bytes < 200 * MEBIBYTE, "{large:?}");
        assert_eq!(large.stdout.trim(), (100 * MEBIBYTE).to_string());
        drop(held);
    }

    #[test]
    fn the_time_is_that_of_the_whole_process() {
        let measured = measure(&mut shell("sleep 0.3; echo done >&2")).unwrap();
        assert!(
            measured.process >= Duration::from_millis(300),
            "{measured:?}"
        );
        assert!(measured.process < Duration::from_secs(5), "{measured:?}");
        assert_eq!(measured.stderr, "done\n");
    }

    #[test]
    fn a_process_that_fails_is_an_error_with_its_last_words() {
        let failed = measure(&mut shell("echo no such table >&2; exit 3")).unwrap_err();
        let message = failed.to_string();
        assert!(message.contains("exit status: 3"), "{message}");
        assert!(message.contains("no such table"), "{message}");
    }
}
