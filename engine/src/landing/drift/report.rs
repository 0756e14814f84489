//! What is said of drift: all of it in one error, or in the notes of a load.

use super::{Differences, fit};
use crate::landing::columns::found_columns;
use crate::landing::discover::SourceFile;
use crate::landing::formats::{FoundColumn, ReadOptions};
use crate::landing::read::Reading;
use crate::sql::OnDrift;
use crate::values::sql_name;
use crate::warehouse::{TableDefinition, TableId};
use crate::{Error, Place};

/// How many files an error describes; the others are counted.
const FILES_SHOWN: usize = 5;

/// The error that names all differences of all files.
pub(super) fn refusal(
    files: &[SourceFile],
    differences: &[Differences],
    options: &ReadOptions,
    table: &TableDefinition,
    id: &TableId,
) -> Error {
    let drifted: Vec<_> = files
        .iter()
        .zip(differences)
        .filter(|(_, found)| found.is_serious())
        .collect();
    let described: Vec<String> = drifted
        .iter()
        .take(FILES_SHOWN)
        .map(|(file, found)| {
            let text = describe(file, found, options, table);
            match files {
                [_] => text,
                _ => format!("{} has {text}", file.name),
            }
        })
        .collect();
    let more = drifted.len() - described.len();
    let what = match files {
        [_] => format!("the columns of the file are not those of {id}"),
        _ => format!(
            "the columns of {} of {} files are not those of {id}",
            drifted.len(),
            files.len()
        ),
    };
    let more = match more {
        0 => String::new(),
        more => format!("; and {more} more files"),
    };
    let error = Error::input(format!("{what}: {}{more}", described.join("; "))).hint(
        "ON_DRIFT evolve gives the table what the file has, ON_DRIFT ignore passes over unknown columns; missing ones are NULL with both",
    );
    match drifted.first() {
        Some((file, _)) => error.place(Place {
            line: 1,
            ..Place::file(&file.name)
        }),
        None => error,
    }
}

/// What there is to say about a file whose differences are allowed.
pub(super) fn notes(found: &Differences, on_drift: OnDrift) -> Vec<String> {
    let mut notes = Vec::new();
    if !found.new.is_empty() {
        let names = listed(&found.new);
        notes.push(match on_drift {
            OnDrift::Evolve => format!("new: {names}"),
            OnDrift::Fail | OnDrift::Ignore => format!("passed over: {names}"),
        });
    }
    if !found.derived.is_empty() {
        notes.push(format!(
            "passed over: {}, which the table computes",
            listed(&found.derived)
        ));
    }
    if !found.missing.is_empty() {
        notes.push(format!("missing, so NULL: {}", listed(&found.missing)));
    }
    notes.extend(renamed(found));
    if found.reordered {
        notes.push("columns in another order".to_owned());
    }
    notes
}

/// Adds to the error of a value which columns do not fit the table, and what would help. The error
/// stays as it is where no type is to blame.
pub(in crate::landing) fn with_retyped_columns(error: Error, reading: &Reading) -> Error {
    let Reading {
        file,
        options,
        table,
        ..
    } = reading;
    let in_a_column = error.get_place().is_some_and(|place| place.column > 0);
    if !in_a_column {
        return error;
    }
    let Ok(columns) = found_columns(file, options, &Default::default()) else {
        return error;
    };
    let wider: Vec<String> = columns
        .iter()
        .filter_map(|column| {
            let field = table.schema.field_with_name(&column.name).ok()?;
            let wider = fit::widened(field.data_type(), &column.found.found)?;
            Some(format!("`{}` to {}", column.name, sql_name(&wider)))
        })
        .collect();
    if wider.is_empty() {
        return error;
    }
    let hint = error.get_hint().map(|hint| format!("{hint}; "));
    let hint = format!(
        "{}ON_DRIFT evolve widens {}",
        hint.unwrap_or_default(),
        wider.join(", ")
    );
    error.hint(hint)
}

fn describe(
    file: &SourceFile,
    found: &Differences,
    options: &ReadOptions,
    table: &TableDefinition,
) -> String {
    // A file that cannot be read to its end still has a header to report.
    let columns = found_columns(file, options, &Default::default()).unwrap_or_default();
    let type_of = |name: &String| {
        let column = columns.iter().find(|column| column.name == *name);
        column.map_or_else(
            || format!("`{name}`"),
            |column| format!("`{name}` ({})", sql_name(&column.found.found.data_type())),
        )
    };
    let mut parts = Vec::new();
    let mut list = |what: &str, items: Vec<String>| {
        if !items.is_empty() {
            parts.push(format!("{what} {}", items.join(", ")));
        }
    };
    list("new", found.new.iter().map(type_of).collect());
    list(
        "missing",
        found
            .missing
            .iter()
            .map(|name| format!("`{name}`"))
            .collect(),
    );
    list(
        "computed by the table",
        found
            .derived
            .iter()
            .map(|name| format!("`{name}`"))
            .collect(),
    );
    let retyped = columns.iter().filter_map(|column| {
        let field = table.schema.field_with_name(&column.name).ok()?;
        retyped(field, &column.found)
    });
    list("of another type", retyped.collect());
    parts.extend(renamed(found));
    if found.reordered {
        parts.push("the others in another order".to_owned());
    }
    parts.join("; ")
}

/// A column whose values do not all fit, with the one that tells.
fn retyped(field: &arrow::datatypes::Field, column: &FoundColumn) -> Option<String> {
    if fit::holds(field.data_type(), &column.found) {
        return None;
    }
    let evidence = column
        .evidence
        .as_ref()
        .map(|evidence| format!(" for '{}' in line {}", evidence.value, evidence.line));
    Some(format!(
        "`{}` ({} in the table, {}{})",
        field.name(),
        sql_name(field.data_type()),
        sql_name(&column.found.data_type()),
        evidence.unwrap_or_default()
    ))
}

fn renamed(found: &Differences) -> impl Iterator<Item = String> + '_ {
    found
        .renamed
        .iter()
        .map(|(missing, new)| format!("`{new}` looks like `{missing}` renamed"))
}

fn listed(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
