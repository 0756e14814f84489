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
    run: for<'p> fn(&'p Patient) -> BoxFuture<'p, Vec<Finding>>,
}

/// All checks, in the order in which one depends on the other.
const CHECKS: [Check; 6] = [
    Check {
        name: "versions",
        run: |_| Box::pin(async { versions::check() }),
    },
    Check {
        name: "configuration",
        run: |patient| Box::pin(async { configuration::check_settings(&patient.config) }),
    },
    Check {
        name: "secrets",
        run: |patient| Box::pin(async { configuration::check_secrets(&patient.config) }),
    },
    Check {
        name: "disk",
        run: |patient| Box::pin(async { disk::check(&patient.config) }),
    },
    Check {
        name: "warehouse",
        run: |patient| Box::pin(warehouse::check(&patient.session)),
    },
    Check {
        name: "connections",
        run: |patient| Box::pin(connections::check(patient)),
    },
];

/// Runs all checks and prints what they found.
///
/// # Errors
/// A check failed.
pub fn run(file: Option<&Path>, flags: &Flags, format: Format) -> Result<()> {
    let found = match open(file, flags) {
        Ok(patient) => examine(patient)?,
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

fn open(file: Option<&Path>, flags: &Flags) -> Result<Patient> {
    let config = Config::load(file, flags)?;
    let session = Session::open(config.clone())?;
    Ok(Patient { config, session })
}

fn examine(patient: Patient) -> Result<Vec<(&'static str, Finding)>> {
    let runtime = Runtime::start(patient.config.threads)?;
    runtime.run(async move {
        let mut found = Vec::new();
        for check in &CHECKS {
            let findings = (check.run)(&patient).await;
            found.extend(findings.into_iter().map(|finding| (check.name, finding)));
        }
        Ok(found)
    })
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
