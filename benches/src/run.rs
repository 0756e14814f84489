//! Runs suites one after the other and writes what came out.

use chrono::Local;

use crate::arguments::{ALL, Options};
use crate::contest::{self, Contest, LimitSource};
use crate::error::{Error, Result};
use crate::machine;
use crate::name::Name;
use crate::peers;
use crate::report::{grouped, note};
use crate::results::{self, Circumstances, Section};
use crate::suites::{self, Suite};
use crate::workshop::Workshop;

/// Measures the suites that are asked for. One that fails does not keep the others from running.
///
/// # Errors
/// A suite without a result.
pub fn run(options: &Options) -> Result<()> {
    if cfg!(debug_assertions) {
        return Err(Error::new("limits and linfa would be slower than they are")
            .hint("cargo run -p tidemill-benches --release -- .."));
    }
    let asked = |name: &str| {
        let mut asked = options.suites.iter();
        asked.any(|suite| suite == ALL || suite == name)
    };
    let workshop = Workshop::open(options)?;
    let mut failed = Vec::new();
    for suite in suites::ALL.iter().filter(|suite| asked(suite.name)) {
        if let Err(error) = measure(&workshop, suite, options) {
            note(&format!("error: {}", error.context(suite.name)));
            failed.push(suite.name);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Error::new(format!("no result of {}", failed.join(", ")))),
    }
}

fn measure(workshop: &Workshop, suite: &Suite, options: &Options) -> Result<()> {
    let rows = suite.rows.map(|usual| options.rows.unwrap_or(usual));
    let size = rows.map_or_else(String::new, |rows| format!(", {} rows", grouped(rows)));
    note(&format!("{}{size}", suite.name));
    let scratch = workshop.folder.join("runs").join(suite.name);
    let mut ended = Vec::new();
    for mut contest in (suite.contests)(workshop, rows.unwrap_or_default())? {
        contest.keep(|name| workshop.takes_part(name));
        note(&format!("  {}", contest.title));
        let outcome = contest::run(&contest, &scratch, options.runs.unwrap_or(suite.runs))?;
        ended.push((contest, outcome));
    }
    let names = ended.iter().flat_map(|(contest, _)| names(contest));
    let section = Section {
        suite: suite.name,
        rows,
        body: results::body(&circumstances(workshop, names), &ended),
    };
    let order: Vec<_> = suites::names().collect();
    results::save(&options.results, &section, &order)?;
    note(&section.body);
    Ok(())
}

/// Whose versions matter: contestants, and programs that show a limit.
fn names(contest: &Contest) -> impl Iterator<Item = Name> {
    let limits = contest
        .limits
        .iter()
        .filter_map(|limit| match &limit.source {
            LimitSource::Process(program) => Some(program),
            LimitSource::Function(_) => None,
        });
    contest
        .contestants
        .iter()
        .chain(limits)
        .map(|contestant| contestant.name)
}

fn circumstances(workshop: &Workshop, names: impl Iterator<Item = Name>) -> Circumstances {
    let mut versions = vec![workshop.tidemill.version.clone()];
    for version in names.filter_map(peers::version) {
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    let typed = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
    Circumstances {
        date: Local::now().format("%Y-%m-%d").to_string(),
        machine: format!("{}, {} threads used", machine::describe(), workshop.threads),
        command: format!("cargo run -p tidemill-benches --release -- {typed}"),
        versions,
    }
}
