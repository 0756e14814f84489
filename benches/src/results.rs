//! RESULTS.md: a section per suite and size. A run replaces its own and leaves the others.

use std::path::Path;

use crate::contest::{Contest, Outcome, Standing, Volume};
use crate::error::{Error, Result};
use crate::figures::Figures;
use crate::report::{grouped, megabytes, memory, seconds, spread};

const INTRODUCTION: &str = "\
# Results

Written by `tidemill-benches`; [README.md](README.md) tells what is timed and how. Time is the median of the runs, with
minimum and maximum: of the work itself, and of the process from start to end. The ratio is theirs ÷ ours by the median:
above 1, Tidemill is faster. Memory is the peak of the measured process and its children. The limits are parts of
the work alone, done by the peer that is named, or what the machine itself allows; the share is of the slowest of them.
";
const HEADING: &str = "## ";
/// A ratio below the inverse of this has to be explained by a profile.
const FAR_BEHIND: f64 = 1.3;

/// What one run of a suite says.
pub struct Section {
    /// The suite.
    pub suite: &'static str,
    /// Its size; `None` for a suite without one.
    pub rows: Option<u64>,
    /// All beneath the heading.
    pub body: String,
}

/// Under which circumstances figures were taken.
pub struct Circumstances {
    /// As `2026-01-31`.
    pub date: String,
    /// Processor, memory, system.
    pub machine: String,
    /// What was typed.
    pub command: String,
    /// Programs and their versions.
    pub versions: Vec<String>,
}

impl Section {
    fn heading(&self) -> String {
        match self.rows {
            Some(rows) => format!("{HEADING}{}, {} rows", self.suite, grouped(rows)),
            None => format!("{HEADING}{}", self.suite),
        }
    }
}

/// Puts a section into the file, in place of the one with the same heading; `suites` is the order.
///
/// # Errors
/// A file that cannot be read or written.
pub fn save(path: &Path, section: &Section, suites: &[&str]) -> Result<()> {
    let document = match path.exists() {
        true => std::fs::read_to_string(path).map_err(|error| Error::file("read", path, error))?,
        false => String::new(),
    };
    std::fs::write(path, replaced(&document, section, suites))
        .map_err(|error| Error::file("write", path, error))
}

/// The document with this section in it.
fn replaced(document: &str, section: &Section, suites: &[&str]) -> String {
    let heading = section.heading();
    let text = format!("{heading}\n\n{}\n", section.body.trim());
    let others = document.split("\n## ").skip(1);
    let mut sections: Vec<String> = others
        .map(|other| format!("{HEADING}{}\n", other.trim_end()))
        .filter(|other| other.lines().next() != Some(&heading))
        .chain([text])
        .collect();
    sections.sort_by_key(|text| position(text, suites));
    format!("{INTRODUCTION}\n{}", sections.join("\n"))
}

/// The place of a section: by its suite, then by its size.
fn position(section: &str, suites: &[&str]) -> (usize, u64) {
    let heading = section.lines().next().unwrap_or_default();
    let name = heading.trim_start_matches(HEADING);
    let (suite, size) = name.split_once(',').unwrap_or((name, ""));
    let digits: String = size.chars().filter(char::is_ascii_digit).collect();
    let place = suites.iter().position(|known| *known == suite);
    (place.unwrap_or(suites.len()), digits.parse().unwrap_or(0))
}

/// The body of a section.
pub fn body(circumstances: &Circumstances, contests: &[(Contest, Outcome)]) -> String {
    let Circumstances {
        date,
        machine,
        command,
        versions,
    } = circumstances;
    let versions = versions.join(", ");
    let mut text = format!("{date}, {machine}. {versions}.\n\n`{command}`\n");
    for (contest, outcome) in contests {
        text += &format!("\n{}", part(contest, outcome));
    }
    text
}

fn part(contest: &Contest, outcome: &Outcome) -> String {
    let Contest { title, timed, .. } = contest;
    let mut text = format!(
        "### {title}\n\nTimed: {timed}. Equal: {}.\n\n",
        outcome.equal
    );
    text += &table(contest, outcome);
    for line in limit_line(outcome).into_iter().chain(behind_line(outcome)) {
        text += &format!("\n{line}\n");
    }
    text
}

fn table(contest: &Contest, outcome: &Outcome) -> String {
    let limit = slowest_limit(outcome);
    let ours = outcome.standings.first().map(|standing| standing.work);
    let mut text = String::from(
        "| | Work | Process | Theirs ÷ ours | Peak memory | Written | Of the limit |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for standing in &outcome.standings {
        text += &row(standing, ours, limit);
    }
    for (name, reason) in &contest.absent {
        text += &format!("| {name} | {reason} | | | | | |\n");
    }
    text
}

/// Of several limits the one that binds.
fn slowest_limit(outcome: &Outcome) -> Option<Figures> {
    let limits = outcome.limits.iter().map(|(_, figures)| *figures);
    limits.max_by(|left, right| left.median.total_cmp(&right.median))
}

fn row(standing: &Standing, ours: Option<Figures>, limit: Option<Figures>) -> String {
    let Standing {
        name,
        work,
        process,
        peak_bytes,
        volume,
    } = standing;
    let ratio = ours.map_or_else(String::new, |ours| format!("{:.2}", work.ratio_to(&ours)));
    let share = limit.map_or_else(String::new, |limit| {
        format!("{:.0} %", limit.ratio_to(work) * 100.0)
    });
    format!(
        "| {name} | {} | {} | {ratio} | {} | {} | {share} |\n",
        spread(work),
        spread(process),
        memory(*peak_bytes),
        volume.map_or_else(String::new, written)
    )
}

fn written(volume: Volume) -> String {
    match volume.files {
        Some(files) => format!("{} in {files} files", megabytes(volume.bytes)),
        None => megabytes(volume.bytes),
    }
}

fn limit_line(outcome: &Outcome) -> Option<String> {
    let limits: Vec<_> = outcome
        .limits
        .iter()
        .map(|(name, figures)| format!("{name} {}", seconds(figures.median)))
        .collect();
    (!limits.is_empty()).then(|| format!("Limits: {}.", limits.join("; ")))
}

/// What the reader must not overlook.
fn behind_line(outcome: &Outcome) -> Option<String> {
    let ours = outcome.standings.first()?.work;
    let ahead: Vec<_> = outcome
        .standings
        .iter()
        .filter(|standing| ours.ratio_to(&standing.work) > FAR_BEHIND)
        .map(|standing| {
            format!(
                "{:.1} x behind {}",
                ours.ratio_to(&standing.work),
                standing.name
            )
        })
        .collect();
    (!ahead.is_empty()).then(|| format!("Tidemill is {}.", ahead.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITES: [&str; 3] = ["land", "aggregate", "startup"];

    fn section(suite: &'static str, rows: Option<u64>, body: &str) -> Section {
        Section {
            suite,
            rows,
            body: body.to_owned(),
        }
    }

    fn headings(document: &str) -> Vec<&str> {
        document
            .lines()
            .filter(|line| line.starts_with(HEADING))
            .collect()
    }

    #[test]
    fn a_run_replaces_its_own_section_and_leaves_the_others() {
        let sections = [
            section("startup", None, "### start\n\n| 8 ms |"),
            section("land", Some(5_000_000), "| 5.5 s |\n\n"),
            section("aggregate", Some(1_000), "| 1 s |"),
            section("land", Some(200_000), "| 0.4 s |"),
        ];
        let document = sections.iter().fold(String::new(), |document, section| {
            replaced(&document, section, &SUITES)
        });
        let expected = [
            "## land, 200,000 rows",
            "## land, 5,000,000 rows",
            "## aggregate, 1,000 rows",
            "## startup",
        ];
        assert_eq!(headings(&document), expected);

        let again = section("land", Some(5_000_000), "| 4.9 s |");
        let changed = replaced(&document, &again, &SUITES);
        assert_eq!(headings(&changed), expected);
        assert_eq!(changed, document.replace("5.5 s", "4.9 s"));
        assert_eq!(replaced(&changed, &again, &SUITES), changed);
        assert!(changed.contains("### start\n\n| 8 ms |"));
    }

    fn outcome(ours: f64, theirs: f64) -> Outcome {
        let figures = |seconds| Figures {
            median: seconds,
            minimum: seconds / 2.0,
            maximum: seconds * 2.0,
        };
        let standing = |name, seconds| Standing {
            name,
            work: figures(seconds),
            process: figures(seconds + 1.0),
            peak_bytes: 1 << 29,
            volume: Some(Volume {
                bytes: 250_000_000,
                files: Some(62),
            }),
        };
        Outcome {
            standings: vec![
                standing(crate::name::Name::Tidemill, ours),
                standing(crate::name::Name::DuckDb, theirs),
            ],
            equal: "5 rows".to_owned(),
            limits: vec![
                ("reading".to_owned(), figures(0.25)),
                ("parsing".to_owned(), figures(0.5)),
            ],
        }
    }

    #[test]
    fn a_row_has_times_ratio_memory_volume_and_share_of_the_limit() {
        let outcome = outcome(2.0, 3.0);
        let ours = outcome.standings[0].work;
        assert_eq!(
            row(&outcome.standings[1], Some(ours), slowest_limit(&outcome)),
            "| DuckDB | 3.00 s (1.50 .. 6.00) | 4.00 s (2.00 .. 8.00) | 1.50 | 512 MiB | 250 MB in 62 files | 17 % |\n"
        );
        assert_eq!(
            limit_line(&outcome).as_deref(),
            Some("Limits: reading 0.250 s; parsing 0.500 s.")
        );
    }

    #[test]
    fn being_far_behind_is_said() {
        assert_eq!(behind_line(&outcome(2.0, 1.6)), None);
        let said = behind_line(&outcome(2.0, 1.0));
        assert_eq!(said.as_deref(), Some("Tidemill is 2.0 x behind DuckDB."));
    }
}
