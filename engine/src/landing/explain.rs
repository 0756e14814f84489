//! EXPLAIN COPY INTO: for each column its type and the reason for it. Nothing is written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::DataType;

use super::blocking;
use super::columns::{declared_types, found_columns, named_columns};
use super::discover::SourceFile;
use super::formats::{Found, ReadOptions};
use super::preview::Preview;
use super::read::Reading;
use super::seen::Seen;
use crate::Result;
use crate::report::grouped;
use crate::session::Session;
use crate::sql::CopyInto;
use crate::values::sql_name;
use crate::warehouse::{TableDefinition, TableId};

/// One row of the explanation.
struct Explained {
    /// The name in the table; `None` for what is no column of it.
    column: Option<String>,
    /// The name in the file; `None` if no file has it.
    in_file: Option<String>,
    data_type: Option<DataType>,
    nulls: Option<u64>,
    why: String,
}

/// Says which types the columns of a load would have, and why: the first value that ruled out a
/// narrower type and where it stands; of a table that is there already, which values of the files
/// do not fit. Reads everything, once to find the types and once to see what fits them.
///
/// # Errors
/// What would stop the load before its first row: a missing file, columns that do not fit.
pub async fn explain(session: &Session, copy: &CopyInto, id: &TableId) -> Result<RecordBatch> {
    let preview = Preview::open(session, copy, id).await?;
    let table = preview.columns(&preview.files).await?.table;
    let survey = survey(&preview, &table).await?;
    let reasons = match &preview.table {
        None => reasons_of_new(&preview, &table).await?,
        Some(before) => reasons_of_present(before, &table),
    };
    let mut explained: Vec<Explained> = table
        .given_columns()
        .map(|field| {
            let name = field.name();
            let in_file = survey.originals.get(name).cloned();
            let misfits = survey.misfits.get(&Some(name.clone()));
            let fit = match (&in_file, misfits) {
                (None, _) => Some("no file has it: NULL".to_owned()),
                (Some(_), Some(misfits)) => Some(said(misfits, "value")),
                (Some(_), None) if preview.table.is_some() => Some("all values fit".to_owned()),
                (Some(_), None) => None,
            };
            let reason = reasons.get(name).cloned();
            Explained {
                column: Some(name.clone()),
                in_file,
                data_type: Some(field.data_type().clone()),
                nulls: survey.nulls.get(name).copied(),
                why: reason.into_iter().chain(fit).collect::<Vec<_>>().join("; "),
            }
        })
        .collect();
    for partition in &table.layout.partition_by {
        if let Some(expression) = &partition.expression {
            let field = table.schema.field_with_name(&partition.name)?;
            explained.push(Explained {
                column: Some(partition.name.clone()),
                in_file: None,
                data_type: Some(field.data_type().clone()),
                nulls: None,
                why: format!("derived: {expression}"),
            });
        }
    }
    let none = |in_file: Option<String>, why: String| Explained {
        column: None,
        in_file,
        data_type: None,
        nulls: None,
        why,
    };
    let unknown = survey.originals.iter();
    let unknown = unknown.filter(|(name, _)| table.schema.field_with_name(name).is_err());
    explained.extend(unknown.map(|(_, original)| {
        let why = "the table does not have it: passed over".to_owned();
        none(Some(original.clone()), why)
    }));
    let broken = survey.misfits.get(&None);
    explained.extend(broken.map(|misfits| none(None, said(misfits, "record"))));
    let remarks = remarks(&preview.files, &reasons);
    explained.extend(remarks.into_iter().map(|remark| none(None, remark)));
    to_batch(&explained, survey.rows)
}

/// What reading all rows has shown.
#[derive(Default)]
struct Survey {
    /// Records in all files.
    rows: u64,
    /// The names of the columns in the files, by those in the table.
    originals: BTreeMap<String, String>,
    /// NULLs in the rows that fit.
    nulls: HashMap<String, u64>,
    misfits: HashMap<Option<String>, Misfits>,
}

/// Values of one column that do not fit, or, without a column, whole records.
#[derive(Default)]
struct Misfits {
    count: u64,
    first: String,
}

async fn survey(preview: &Preview, table: &TableDefinition) -> Result<Survey> {
    let readings: Vec<Reading> = preview
        .files
        .iter()
        .map(|file| preview.reading(file, table))
        .collect();
    blocking(move || {
        let mut survey = Survey::default();
        for reading in &readings {
            survey.take_in(reading)?;
        }
        Ok(survey)
    })
    .await
}

impl Survey {
    fn take_in(&mut self, reading: &Reading) -> Result<()> {
        for column in named_columns(&reading.file, &reading.options)? {
            self.originals.entry(column.name).or_insert(column.original);
        }
        let (pieces, mut faults) = reading.pieces()?;
        for piece in pieces {
            let piece = faults.take_out(piece?)?;
            self.rows += piece.records();
            for (field, values) in piece
                .rows
                .schema_ref()
                .fields()
                .iter()
                .zip(piece.rows.columns())
            {
                *self.nulls.entry(field.name().clone()).or_default() +=
                    values.logical_null_count() as u64;
            }
            for reject in piece.rejects {
                let place = reject.place(&reading.file.name);
                let column = reject.column.map(|column| column.name);
                let found = self.misfits.entry(column).or_default();
                found.count += 1;
                if found.first.is_empty() {
                    found.first = match reject.value {
                        Some(value) => format!("{value:?} in {place}"),
                        None => format!("{}, in {place}", reject.reason),
                    };
                }
            }
        }
        Ok(())
    }
}

/// Of a table that is there: where the types come from.
fn reasons_of_present(
    before: &TableDefinition,
    table: &TableDefinition,
) -> HashMap<String, String> {
    let reasons = table.given_columns().map(|field| {
        let known = before.schema.field_with_name(field.name());
        let reason = match known {
            Err(_) => "would be added to the table".to_owned(),
            Ok(known) if known.data_type() != field.data_type() => {
                format!("would be widened from {}", sql_name(known.data_type()))
            }
            Ok(_) => "the type of the table".to_owned(),
        };
        (field.name().clone(), reason)
    });
    reasons.collect()
}

/// Of a new table: the values that made the types what they are.
async fn reasons_of_new(
    preview: &Preview,
    table: &TableDefinition,
) -> Result<HashMap<String, String>> {
    let declared: HashMap<String, DataType> =
        declared_types(&preview.options.read, preview.planner.state())?
            .into_iter()
            .map(|(name, data_type)| (name.to_owned(), data_type))
            .collect();
    let (files, options) = (preview.files.clone(), preview.options.read.clone());
    let known = declared.clone();
    let seen = blocking(move || look_at(&files, &options, &known)).await?;
    let reasons = table.given_columns().map(|field| {
        let reason = match seen.get(field.name()) {
            _ if declared.contains_key(field.name()) => "declared".to_owned(),
            Some(seen) => reason_of(seen, preview.files.len()),
            None => "no value".to_owned(),
        };
        (field.name().clone(), reason)
    });
    Ok(reasons.collect())
}

fn reason_of(seen: &Seen, files: usize) -> String {
    if let Some(remark) = seen.remark_on_open_dates() {
        return remark;
    }
    match (&seen.evidence, &seen.found) {
        (Some((_, evidence)), _) if files == 1 => {
            format!("because of {:?} in line {}", evidence.value, evidence.line)
        }
        (Some((file, evidence)), _) => {
            format!(
                "because of {:?} in {file}:{}",
                evidence.value, evidence.line
            )
        }
        (None, Found::Type(_)) => "the type in the file".to_owned(),
        (None, Found::Kinds(_)) => "no value".to_owned(),
    }
}

/// What a load would note on the files, without what is the reason for the type of a column.
fn remarks(files: &[SourceFile], reasons: &HashMap<String, String>) -> Vec<String> {
    let of_file = |file: &SourceFile| {
        let remarks = file.remarks.all().into_iter();
        let others = remarks.filter(|remark| !reasons.values().any(|reason| reason == remark));
        let named = others.map(|remark| match files {
            [_] => remark,
            _ => format!("{}: {remark}", file.name),
        });
        named.collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).collect()
}

fn look_at(
    files: &[SourceFile],
    options: &ReadOptions,
    declared: &HashMap<String, DataType>,
) -> Result<HashMap<String, Seen>> {
    let declared = declared
        .iter()
        .map(|(name, data_type)| (name.as_str(), data_type.clone()))
        .collect();
    let mut columns: HashMap<String, Seen> = HashMap::new();
    for file in files {
        for column in found_columns(file, options, &declared)? {
            match columns.get_mut(&column.name) {
                Some(seen) => {
                    // Types that have nothing in common have been refused before.
                    let _ = seen.take_in(file, column.found);
                }
                None => {
                    columns.insert(column.name, Seen::new(file, column.found));
                }
            }
        }
    }
    Ok(columns)
}

fn said(misfits: &Misfits, what: &str) -> String {
    let do_not_fit = match misfits.count {
        1 => format!("1 {what} does not fit"),
        count => format!("{} {what}s do not fit", grouped(count)),
    };
    format!("{do_not_fit}, the first: {}", misfits.first)
}

fn to_batch(explained: &[Explained], rows: u64) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&Explained) -> Option<String>| {
        Arc::new(explained.iter().map(value).collect::<StringArray>()) as ArrayRef
    };
    let nulls: UInt64Array = explained.iter().map(|row| row.nulls).collect();
    let type_name = |row: &Explained| row.data_type.as_ref().map(sql_name);
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("column", text(&|row| row.column.clone()), true),
        ("in_file", text(&|row| row.in_file.clone()), true),
        ("type", text(&type_name), true),
        (
            "rows",
            Arc::new(UInt64Array::from(vec![rows; explained.len()])),
            false,
        ),
        ("nulls", Arc::new(nulls), true),
        ("why", text(&|row| Some(row.why.clone())), false),
    ])?)
}
