//! How long the work of a run took, without the start of the process, as the run itself tells it.

use std::ops::Add;

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::measure::Measured;

/// Who tells the time of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The last line like `(0.123 s)` that `tidemill --timer` says.
    Tidemill,
    /// The last line of a driver of `peers/`, a [`Told`] in JSON.
    Driver,
    /// All lines like `Time: 12.345 ms` that `\timing` makes psql print, one per statement.
    Psql,
    /// No one: the whole process is the work.
    Process,
}

/// What a run tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Told {
    /// Time of the work.
    pub work_seconds: f64,
    /// Its own peak; 0 where it does not know it.
    pub peak_bytes: u64,
}

impl Clock {
    /// Reads what the run told.
    ///
    /// # Errors
    /// A run that told nothing.
    pub fn read(self, run: &Measured) -> Result<Told> {
        let found = match self {
            Clock::Tidemill => last(&run.stderr, between("(", " s)", 1.0)),
            Clock::Driver => last(&run.stdout, |line| serde_json::from_str(line).ok()),
            Clock::Psql => all(&run.stdout, |line| {
                // From a second on it adds a time for people: `Time: 2060.123 ms (00:02.060)`.
                let line = line.split(" (").next()?;
                between("Time: ", " ms", 1e-3)(line)
            }),
            Clock::Process => Some(work(run.process.as_secs_f64())),
        };
        found.ok_or_else(|| Error::new(format!("told no time:\n{}{}", run.stdout, run.stderr)))
    }
}

fn last(text: &str, read: impl Fn(&str) -> Option<Told>) -> Option<Told> {
    text.lines().rev().find_map(read)
}

/// The sum of what the lines tell; `None` where none does.
fn all(text: &str, read: impl Fn(&str) -> Option<Told>) -> Option<Told> {
    let told = text.lines().filter_map(read);
    told.map(|told| told.work_seconds)
        .reduce(f64::add)
        .map(work)
}

/// Reads a number between two texts; `unit` in seconds.
fn between(before: &'static str, after: &'static str, unit: f64) -> impl Fn(&str) -> Option<Told> {
    move |line| {
        let number = line.strip_prefix(before)?.strip_suffix(after)?;
        Some(work(number.parse::<f64>().ok()? * unit))
    }
}

fn work(work_seconds: f64) -> Told {
    Told {
        work_seconds,
        peak_bytes: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn told(clock: Clock, stdout: &str, stderr: &str) -> Option<Told> {
        let run = Measured {
            process: Duration::from_millis(1500),
            peak_bytes: 0,
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
        };
        clock.read(&run).ok()
    }

    #[test]
    fn the_last_statement_counts_and_of_psql_all_of_them() {
        let tidemill = told(
            Clock::Tidemill,
            "a\n1\n",
            "threads = 2\n(0.001 s)\n(0.125 s)\n",
        );
        assert_eq!(tidemill, Some(work(0.125)));
        let psql =
            "Timing is on.\nBEGIN\nTime: 250.000 ms\nCOPY 2000000\nTime: 2250.000 ms (00:02.250)\n";
        assert_eq!(told(Clock::Psql, psql, ""), Some(work(2.5)));
        let driver = "hello\n{\"work_seconds\": 0.5, \"peak_bytes\": 1024}\n";
        let expected = Told {
            work_seconds: 0.5,
            peak_bytes: 1024,
        };
        assert_eq!(told(Clock::Driver, driver, ""), Some(expected));
        assert_eq!(told(Clock::Process, "", ""), Some(work(1.5)));
    }

    #[test]
    fn a_run_that_tells_no_time_is_an_error() {
        for clock in [Clock::Tidemill, Clock::Psql, Clock::Driver] {
            assert_eq!(told(clock, "Time: soon\n(1 row)\n", "(fast)\n"), None);
        }
    }
}
