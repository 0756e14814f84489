//! Whether every table, view and model of the warehouse is whole.

use tidemill_udfs::table::models::Models;

use super::finding::Finding;
use crate::Error;
use crate::report::grouped;
use crate::session::Session;
use crate::sql::{Name, Query};
use crate::warehouse::{Entry, Integrity, TableId, Zone};

/// Opens every table and compares its files with its log, plans every view, reads every model.
pub async fn check(session: &Session) -> Vec<Finding> {
    let warehouse = session.warehouse();
    if !warehouse.root().is_dir() {
        return vec![Finding::ok(
            "folder",
            "not there yet: the first write makes it",
        )];
    }
    let mut findings = Vec::new();
    let mut whole = Whole::default();
    for zone in Zone::ALL {
        for (name, entry) in warehouse.entries(zone) {
            let id = TableId { zone, name };
            match entry {
                Entry::Table => check_table(session, &id, &mut whole, &mut findings).await,
                Entry::View => match check_view(session, &id).await {
                    Ok(()) => whole.views += 1,
                    Err(error) => findings.push(Finding::error(format!("view {id}"), &error)),
                },
            }
        }
    }
    match warehouse.names() {
        Ok(names) => {
            for name in names {
                match Models::read(warehouse.as_ref(), &name) {
                    Ok(_) => whole.models += 1,
                    Err(error) => {
                        findings.push(Finding::error(format!("model {name}"), &Error::from(error)))
                    }
                }
            }
        }
        Err(error) => findings.push(Finding::error("models", &Error::from(error))),
    }
    findings.insert(0, whole.finding());
    findings
}

/// What is as it should be.
#[derive(Default)]
struct Whole {
    tables: u64,
    files: u64,
    bytes: u64,
    views: u64,
    models: u64,
}

impl Whole {
    fn finding(&self) -> Finding {
        Finding::ok(
            "whole",
            format!(
                "{} tables ({} files, {:.1} MB), {} views, {} models",
                grouped(self.tables),
                grouped(self.files),
                self.bytes as f64 / 1e6,
                grouped(self.views),
                grouped(self.models)
            ),
        )
    }
}

async fn check_table(
    session: &Session,
    id: &TableId,
    whole: &mut Whole,
    findings: &mut Vec<Finding>,
) {
    let subject = || format!("table {id}");
    let integrity = match session.warehouse().inspect(id).await {
        Ok(integrity) => integrity,
        Err(error) => return findings.push(Finding::error(subject(), &error)),
    };
    let Integrity {
        missing,
        changed,
        orphans,
        ..
    } = &integrity;
    if let Some(first) = missing.first() {
        findings.push(
            Finding::failed(
                subject(),
                format!(
                    "{} of its {} files are gone, such as {}",
                    missing.len(),
                    integrity.files,
                    first.display()
                ),
            )
            .hint("put them back from a backup, or make the table anew and load it again"),
        );
    }
    if let Some(first) = changed.first() {
        findings.push(
            Finding::failed(
                subject(),
                format!(
                    "{} of its {} files have another size than when they were written, such as {}",
                    changed.len(),
                    integrity.files,
                    first.display()
                ),
            )
            .hint("something else has written to the folder: put them back from a backup"),
        );
    }
    if let Some(first) = orphans.first() {
        findings.push(
            Finding::warning(
                subject(),
                format!(
                    "{} files belong to no version of it, such as {}",
                    orphans.len(),
                    first.display()
                ),
            )
            .hint("a writer was killed, or still writes; the next write to the table deletes them"),
        );
    }
    if missing.is_empty() && changed.is_empty() {
        whole.tables += 1;
        whole.files += integrity.files;
        whole.bytes += integrity.bytes;
    }
}

async fn check_view(session: &Session, id: &TableId) -> crate::Result<()> {
    let name = Name::new([id.zone.name(), &id.name]);
    let query = Query::select_all(&name)?;
    session.begin().plan(query).await.map(drop)
}
