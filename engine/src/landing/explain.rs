//! EXPLAIN COPY INTO: for each column its type and the reason for it. Nothing is written.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::DataType;

use super::blocking;
use super::columns::{declared_types, found_columns, named_columns};
use super::discover::SourceFile;
use super::formats::csv::Evidence;
use super::formats::{Found, ReadOptions};
use super::preview::Preview;
use super::read::Reading;
use crate::Result;
use crate::report::grouped;
use crate::session::Session;
use crate::sql::CopyInto;
use crate::values::sql_name;
use crate::warehouse::{TableDefinition, TableId};

/// One row of the explanation.
struct Explained {
    /// The name in the table; `None` for records that cannot be read at all.
    column: Option<String>,
    /// The name in the file; `None` if no file has it.
    in_file: Option<String>,
    data_type: Option<DataType>,
    why: String,
}

/// Says which types the columns of a load would have, and why: the first value that ruled out a
/// narrower type and where it stands. Of a table that is there already, it says which values of
/// the files do not fit.
///
/// # Errors
/// What would stop the load before its first row: a missing file, columns that do not fit.
pub async fn explain(session: &Session, copy: &CopyInto, id: &TableId) -> Result<RecordBatch> {
    let preview = Preview::open(session, copy, id).await?;
    let table = preview.definition(&preview.files).await?;
    let mut explained = match &preview.table {
        None => explain_new(&preview, &table).await?,
        Some(_) => explain_present(&preview, &table).await?,
    };
    for partition in &table.partition_by {
        if let Some(expression) = &partition.expression {
            let field = table.schema.field_with_name(&partition.name)?;
            explained.push(Explained {
                column: Some(partition.name.clone()),
                in_file: None,
                data_type: Some(field.data_type().clone()),
                why: format!("derived: {expression}"),
            });
        }
    }
    to_batch(&explained)
}

/// What the files say about a column so far.
struct Seen {
    original: String,
    found: Found,
    evidence: Option<(String, Evidence)>,
}

async fn explain_new(preview: &Preview, table: &TableDefinition) -> Result<Vec<Explained>> {
    let declared: HashMap<String, DataType> =
        declared_types(&preview.options.read, preview.planner.state())?
            .into_iter()
            .map(|(name, data_type)| (name.to_owned(), data_type))
            .collect();
    let (files, options) = (preview.files.clone(), preview.options.read.clone());
    let known = declared.clone();
    let seen = blocking(move || look_at(&files, &options, &known)).await?;
    let columns = table.given_columns().map(|field| {
        let seen = seen.get(field.name());
        Explained {
            column: Some(field.name().clone()),
            in_file: seen.map(|seen| seen.original.clone()),
            data_type: Some(field.data_type().clone()),
            why: match seen {
                _ if declared.contains_key(field.name()) => "declared".to_owned(),
                Some(Seen {
                    evidence: Some((file, evidence)),
                    ..
                }) => format!(
                    "because of {:?} in {file}:{}",
                    evidence.value, evidence.line
                ),
                Some(Seen {
                    found: Found::Type(_),
                    ..
                }) => "the type in the file".to_owned(),
                _ => "no value".to_owned(),
            },
        }
    });
    Ok(columns.collect())
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
            let evidence = column.found.evidence.map(|seen| (file.name.clone(), seen));
            let Some(seen) = columns.get_mut(&column.name) else {
                let seen = Seen {
                    original: column.found.name,
                    found: column.found.found,
                    evidence,
                };
                columns.insert(column.name, seen);
                continue;
            };
            // The evidence is that of the file that changed the type.
            if let Some(both) = seen.found.clone().and(column.found.found) {
                let changed = !same_kind(&seen.found.data_type(), &both.data_type());
                if changed || seen.evidence.is_none() {
                    seen.evidence = evidence.or(seen.evidence.take());
                }
                seen.found = both;
            }
        }
    }
    Ok(columns)
}

/// A DECIMAL that grows is still a DECIMAL.
fn same_kind(before: &DataType, after: &DataType) -> bool {
    let is_decimal = |data_type: &DataType| matches!(data_type, DataType::Decimal128(..));
    before == after || is_decimal(before) && is_decimal(after)
}

/// Values of one column that do not fit.
#[derive(Default)]
struct Misfits {
    count: u64,
    first: String,
}

async fn explain_present(preview: &Preview, table: &TableDefinition) -> Result<Vec<Explained>> {
    let mut originals: HashMap<String, String> = HashMap::new();
    let mut misfits: HashMap<Option<String>, Misfits> = HashMap::new();
    for file in &preview.files {
        let reading = preview.reading(file, table);
        let (names, of_file) = blocking(move || {
            let names = named_columns(&reading.file, &reading.options)?;
            Ok((names, misfits_of(&reading)?))
        })
        .await?;
        for column in names {
            originals.entry(column.name).or_insert(column.original);
        }
        for (column, found) in of_file {
            let all = misfits.entry(column).or_default();
            if all.count == 0 {
                all.first = found.first;
            }
            all.count += found.count;
        }
    }
    let before = preview.table.as_ref().map(|table| &table.schema);
    let mut explained: Vec<Explained> = table
        .given_columns()
        .map(|field| {
            let name = field.name();
            let in_file = originals.remove(name);
            let known = before.and_then(|schema| schema.field_with_name(name).ok());
            let origin = match known {
                None => "would be added to the table".to_owned(),
                Some(known) if known.data_type() != field.data_type() => {
                    format!("would be widened from {}", sql_name(known.data_type()))
                }
                Some(_) => "the type of the table".to_owned(),
            };
            let fit = match (&in_file, misfits.get(&Some(name.clone()))) {
                (None, _) => "no file has it: NULL".to_owned(),
                (Some(_), None) => "all values fit".to_owned(),
                (Some(_), Some(misfits)) => said(misfits, "values do not fit"),
            };
            Explained {
                column: Some(name.clone()),
                in_file,
                data_type: Some(field.data_type().clone()),
                why: format!("{origin}; {fit}"),
            }
        })
        .collect();
    let mut unknown: Vec<String> = originals.into_values().collect();
    unknown.sort();
    explained.extend(unknown.into_iter().map(|original| Explained {
        column: None,
        in_file: Some(original),
        data_type: None,
        why: "the table does not have it: passed over".to_owned(),
    }));
    explained.extend(misfits.get(&None).map(|misfits| Explained {
        column: None,
        in_file: None,
        data_type: None,
        why: said(misfits, "records do not fit"),
    }));
    Ok(explained)
}

fn misfits_of(reading: &Reading) -> Result<HashMap<Option<String>, Misfits>> {
    let (pieces, mut faults) = reading.pieces()?;
    let mut misfits: HashMap<Option<String>, Misfits> = HashMap::new();
    for piece in pieces {
        for reject in faults.take_out(piece?)?.rejects {
            let place = reject.place(&reading.file.name);
            let column = reject.column.map(|column| column.name);
            let found = misfits.entry(column).or_default();
            if found.count == 0 {
                found.first = match reject.value {
                    Some(value) => format!("{value:?} in {place}"),
                    None => format!("{}, in {place}", reject.reason),
                };
            }
            found.count += 1;
        }
    }
    Ok(misfits)
}

fn said(misfits: &Misfits, what: &str) -> String {
    format!(
        "{} {what}, the first: {}",
        grouped(misfits.count),
        misfits.first
    )
}

fn to_batch(explained: &[Explained]) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&Explained) -> Option<String>| {
        Arc::new(explained.iter().map(value).collect::<StringArray>()) as ArrayRef
    };
    let type_name = |row: &Explained| row.data_type.as_ref().map(sql_name);
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("column", text(&|row| row.column.clone()), true),
        ("in_file", text(&|row| row.in_file.clone()), true),
        ("type", text(&type_name), true),
        ("why", text(&|row| Some(row.why.clone())), false),
    ])?)
}
