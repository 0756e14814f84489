//! The option VALIDATE: reads everything that a load would, and reports; nothing is written, not
//! even rejects.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};

use super::blocking;
use super::discover::SourceFile;
use super::drift::{NullCounts, shifted_null_shares};
use super::ledger::{Known, Ledger};
use super::load::rounded_note;
use super::preview::Preview;
use super::read::Reading;
use super::rejects::{Policy, Tally};
use super::schema::Columns;
use crate::session::Session;
use crate::sql::{CopyInto, MaxErrors, OnChange};
use crate::values::sql_name;
use crate::warehouse::{TableDefinition, TableId};
use crate::{Error, Result};

/// What a load of one file would do.
struct Finding {
    source: String,
    status: String,
    rows: Option<Tally>,
    columns: Option<String>,
    /// What the load would say besides.
    note: Option<String>,
}

/// What is in a file.
#[derive(Default)]
struct Read {
    rows: Tally,
    nulls: NullCounts,
    rounded: u64,
}

/// Reports on the files of a COPY INTO, one row per file: what the ledger says, how many rows fit,
/// which do not and why, the types of the columns, and what else the load would note.
///
/// # Errors
/// What would stop the load before its first row: a missing file, columns that do not fit.
pub async fn validate(session: &Session, copy: &CopyInto, id: &TableId) -> Result<RecordBatch> {
    if copy.options.reload.deduplicate.is_some() {
        return Err(Error::input("VALIDATE does not look for duplicates")
            .hint("leave DEDUPLICATE out to see which rows fit"));
    }
    let mut preview = Preview::open(session, copy, id).await?;
    let (to_read, known) = sort_out(&mut preview);
    let mut findings = known;
    if !to_read.is_empty() {
        let files: Vec<SourceFile> = to_read.iter().map(|(file, _)| file.clone()).collect();
        let Columns { table, notes } = preview.columns(&files).await?;
        let shares = preview.null_shares().await?;
        let mut all = Tally::default();
        for ((file, status), mut notes) in to_read.into_iter().zip(notes) {
            let read = read_all(preview.reading(&file, &table)).await?;
            all.merge(&read.rows);
            notes.extend(shifted_null_shares(&read.nulls, &shares));
            notes.extend(file.remarks.all());
            notes.extend(rounded_note(read.rounded));
            findings.push(Finding {
                source: file.name,
                status,
                rows: Some(read.rows),
                columns: Some(columns(&table)),
                note: (!notes.is_empty()).then(|| notes.join("; ")),
            });
        }
        judge(&mut findings, &all, preview.options.on_error);
    }
    findings.sort_by(|left, right| left.source.cmp(&right.source));
    to_batch(&findings)
}

/// The files that would be read, and the findings on the others. What a load would note in the
/// ledger is noted in the preview's, so that the second of two equal files is known.
fn sort_out(preview: &mut Preview) -> (Vec<(SourceFile, String)>, Vec<Finding>) {
    let (mut to_read, mut known) = (Vec::new(), Vec::new());
    let (reload, ledger) = (&preview.options.reload, &mut preview.ledger);
    let on_change = reload.on_change.unwrap_or_default();
    let replaced = match on_change {
        OnChange::Replace => replace_changed(&preview.files, ledger),
        OnChange::Error | OnChange::Append => HashSet::new(),
    };
    for file in &preview.files {
        let found = match replaced.contains(file.identity.as_str()) {
            true => Known::Changed,
            false => ledger.look_up(file),
        };
        let enters = found != Known::Changed || on_change == OnChange::Append;
        let (status, skipped) = match found {
            Known::New => ("new".to_owned(), false),
            Known::Unchanged => ("already loaded".to_owned(), !reload.force),
            Known::SameContent { path } => (
                format!("same content as {path}, already loaded"),
                !reload.force,
            ),
            Known::Changed => {
                let status = match on_change {
                    OnChange::Error => {
                        "changed since it was loaded: the load would stop, ON_CHANGE says error"
                    }
                    OnChange::Replace => "changed since it was loaded: would replace its rows",
                    OnChange::Append => "changed since it was loaded: would add its rows",
                };
                (status.to_owned(), false)
            }
        };
        match skipped {
            false => {
                if enters {
                    ledger.enter(file);
                }
                to_read.push((file.clone(), status));
            }
            true => known.push(Finding {
                source: file.name.clone(),
                status,
                rows: None,
                columns: None,
                note: None,
            }),
        }
    }
    (to_read, known)
}

/// Takes the former content of changed files out of the ledger, as a load does before it judges
/// the others; gives the identities of these files.
fn replace_changed<'f>(files: &'f [SourceFile], ledger: &mut Ledger) -> HashSet<&'f str> {
    let mut replaced = HashSet::new();
    for file in files {
        if ledger.look_up(file) == Known::Changed {
            ledger.withdraw(&file.identity);
            ledger.enter(file);
            replaced.insert(file.identity.as_str());
        }
    }
    replaced
}

async fn read_all(reading: Reading) -> Result<Read> {
    blocking(move || {
        let (pieces, mut faults) = reading.pieces()?;
        let mut read = Read::default();
        for piece in pieces {
            let piece = faults.take_out(piece?)?;
            read.rows
                .add(&reading.file.name, piece.records(), &piece.rejects);
            read.nulls.add(&piece.rows);
            read.rounded += piece.rounded;
        }
        Ok(read)
    })
    .await
}

/// Adds to the status of each file what its rejects would do to the load.
fn judge(findings: &mut [Finding], all: &Tally, policy: Policy) {
    let too_many = |max: MaxErrors| all.exceeds(max);
    for finding in findings {
        let rejected = finding.rows.as_ref().map_or(0, Tally::rejected);
        if rejected == 0 {
            continue;
        }
        let verdict = match policy {
            Policy::Abort => "the load would stop, ON_ERROR says abort".to_owned(),
            Policy::Quarantine(Some(max)) if too_many(max) => {
                format!("the load would stop, MAX_ERRORS allows {max}")
            }
            Policy::Quarantine(_) => "rows would go to system.rejects".to_owned(),
        };
        finding.status = format!("{}: {verdict}", finding.status);
    }
}

fn columns(table: &TableDefinition) -> String {
    let columns = table.schema.fields().iter();
    let columns = columns.map(|field| format!("{} {}", field.name(), sql_name(field.data_type())));
    columns.collect::<Vec<_>>().join(", ")
}

fn to_batch(findings: &[Finding]) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&Finding) -> Option<String>| {
        Arc::new(findings.iter().map(value).collect::<StringArray>()) as ArrayRef
    };
    let count = |value: &dyn Fn(&Tally) -> u64| {
        let counts = findings
            .iter()
            .map(|finding| finding.rows.as_ref().map(value));
        Arc::new(counts.collect::<UInt64Array>()) as ArrayRef
    };
    let reasons = |rows: &Tally| {
        let reasons = rows.reasons();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    };
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("source", text(&|found| Some(found.source.clone())), false),
        ("status", text(&|found| Some(found.status.clone())), false),
        ("read", count(&Tally::read), true),
        ("fits", count(&|rows| rows.read() - rows.rejected()), true),
        ("rejected", count(&Tally::rejected), true),
        (
            "reasons",
            text(&|found| reasons(found.rows.as_ref()?)),
            true,
        ),
        ("columns", text(&|found| found.columns.clone()), true),
        ("note", text(&|found| found.note.clone()), true),
    ])?)
}
