//! `tidemill doctor`: whether everything that Tidemill needs is there and works.
//!
//! Each check stands in [`CHECKS`]; none changes anything. A secret is known by its name only: no
//! check has its value.

mod configuration;
mod connections;
mod disk;
mod finding;
mod versions;
mod warehouse;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use futures::future::BoxFuture;

use self::finding::{Finding, Status};
use super::print::{Format, print_batches};
use super::runtime::Runtime;
use crate::config::{Config, Flags};
use crate::secrets::hide_passwords;
use crate::session::Session;
use crate::{Error, Kind, Result};

/// What is looked at.
struct Patient {
    config: Config,
    session: Session,
}

/// A check, declared once.
struct Check {
    name: &'static str,
    look: Look,
}

/// What a check looks at.
enum Look {
    /// The configuration, which needs nothing else to work.
    Configuration(fn(&Config) -> Vec<Finding>),
    /// The warehouse and the databases, through a session.
    Session(for<'p> fn(&'p Patient) -> BoxFuture<'p, Vec<Finding>>),
}

/// All checks, in the order in which one depends on the other.
const CHECKS: [Check; 6] = [
    Check {
        name: "versions",
        look: Look::Configuration(|_| versions::check()),
    },
    Check {
        name: "configuration",
        look: Look::Configuration(configuration::check_settings),
    },
    Check {
        name: "secrets",
        look: Look::Configuration(configuration::check_secrets),
    },
    Check {
        name: "disk",
        look: Look::Configuration(disk::check),
    },
    Check {
        name: "warehouse",
        look: Look::Session(|patient| Box::pin(warehouse::check(&patient.session))),
    },
    Check {
        name: "connections",
        look: Look::Session(|patient| Box::pin(connections::check(patient))),
    },
];

/// Runs all checks and prints what they found.
///
/// # Errors
/// A check failed.
pub fn run(file: Option<&Path>, flags: &Flags, format: Format) -> Result<()> {
    let found = match Config::load(file, flags) {
        Ok(config) => examine(config)?,
        Err(error) => vec![("configuration", Finding::error("settings", &error))],
    };
    let batch = to_batch(&found)?;
    print_batches(format, &batch.schema(), std::slice::from_ref(&batch))?;
    let failed = found
        .iter()
        .filter(|(_, finding)| finding.status == Status::Failed)
        .count();
    match failed {
        0 => Ok(()),
        1 => Err(Error::new(Kind::Input, "a check failed")),
        failed => Err(Error::new(Kind::Input, format!("{failed} checks failed"))),
    }
}

/// What needs no session is checked without one: it may be the reason that there is none.
fn examine(config: Config) -> Result<Vec<(&'static str, Finding)>> {
    let mut found = Vec::new();
    for check in &CHECKS {
        if let Look::Configuration(look) = check.look {
            found.extend(
                look(&config)
                    .into_iter()
                    .map(|finding| (check.name, finding)),
            );
        }
    }
    let session = match Session::open(config.clone()) {
        Ok(session) => session,
        Err(error) => {
            found.push(("session", Finding::error("start", &error)));
            return Ok(found);
        }
    };
    let patient = Patient { config, session };
    let runtime = Runtime::start(patient.config.threads)?;
    let of_session = runtime.run(async move {
        let mut found = Vec::new();
        for check in &CHECKS {
            if let Look::Session(look) = check.look {
                let findings = look(&patient).await;
                found.extend(findings.into_iter().map(|finding| (check.name, finding)));
            }
        }
        Ok(found)
    })?;
    found.extend(of_session);
    Ok(found)
}

fn to_batch(found: &[(&'static str, Finding)]) -> Result<RecordBatch> {
    let column = |value: &dyn Fn(&'static str, &Finding) -> Option<String>| {
        let values = found.iter().map(|(check, finding)| value(check, finding));
        Arc::new(values.collect::<StringArray>()) as ArrayRef
    };
    Ok(RecordBatch::try_from_iter_with_nullable([
        (
            "status",
            column(&|_, finding| Some(finding.status.name().to_owned())),
            false,
        ),
        ("check", column(&|check, _| Some(check.to_owned())), false),
        (
            "subject",
            column(&|_, finding| Some(finding.subject.clone())),
            false,
        ),
        (
            "detail",
            column(&|_, finding| Some(hide_passwords(&finding.detail))),
            false,
        ),
        (
            "hint",
            column(&|_, finding| finding.hint.as_deref().map(hide_passwords)),
            true,
        ),
    ])?)
}
