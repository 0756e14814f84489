//! The columns of the files and those of the table: names, types, and which is which.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SessionState;

use super::discover::SourceFile;
use super::formats::{Found, FoundColumn, ReadOptions, column_names, infer};
use super::names::unique_names;
use crate::sql::closest;
use crate::values::sql_name;
use crate::warehouse::{TableDefinition, declared_type};
use crate::{Error, Place, Result};

/// The metadata of a column that holds the name it has in the file.
const COMMENT: &str = "comment";

/// The schema of a table for the files: declared types where declared, else the narrowest type
/// that holds every value of every file.
///
/// # Errors
/// A file that cannot be read, or a declared column that no file has.
pub fn infer_schema(
    files: &[SourceFile],
    options: &ReadOptions,
    state: &SessionState,
) -> Result<SchemaRef> {
    let declared: HashMap<&str, DataType> = options
        .columns
        .iter()
        .map(|column| {
            Ok((
                column.name.as_str(),
                declared_type(&column.name, &column.data_type, state)?,
            ))
        })
        .collect::<Result<_>>()?;
    let mut columns: Vec<Observed> = Vec::new();
    for file in files {
        for (name, found) in inferred_columns(file, options, &declared)? {
            match columns.iter_mut().find(|column| column.name == name) {
                Some(column) => {
                    let (before, now) = (column.found.data_type(), found.found.data_type());
                    column.found = std::mem::replace(&mut column.found, found.found.clone())
                        .and(found.found)
                        .ok_or_else(|| types_differ(file, &name, &before, &now))?;
                }
                None => columns.push(Observed {
                    name,
                    original: found.name,
                    found: found.found,
                }),
            }
        }
    }
    let names = || columns.iter().map(|column| column.name.as_str());
    for name in declared.keys() {
        if !names().any(|known| known == *name) {
            let error = Error::input(format!(
                "COLUMNS declares `{name}`, which the file does not have"
            ));
            return Err(match closest(name, names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "the file has {}",
                    names().collect::<Vec<_>>().join(", ")
                )),
            });
        }
    }
    let fields = columns.iter().map(|column| {
        let data_type = declared
            .get(column.name.as_str())
            .cloned()
            .unwrap_or_else(|| column.found.data_type());
        let field = Field::new(&column.name, data_type, true);
        if column.original == column.name {
            return field;
        }
        field.with_metadata(HashMap::from([(
            COMMENT.to_owned(),
            column.original.clone(),
        )]))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// For each given column of a table its place in the file.
///
/// # Errors
/// A column of the file that the table does not have, or the other way round.
pub fn match_columns(
    file: &SourceFile,
    options: &ReadOptions,
    definition: &TableDefinition,
) -> Result<Vec<Option<usize>>> {
    let headers = column_names(file, options)?;
    let names =
        table_names(&headers, options).map_err(|error| error.place(Place::file(&file.name)))?;
    let wanted: Vec<&str> = definition
        .given_columns()
        .map(|field| field.name().as_str())
        .collect();
    let new = names
        .iter()
        .find(|(name, _)| !wanted.contains(&name.as_str()));
    let missing = wanted
        .iter()
        .find(|name| !names.iter().any(|(known, _)| known == *name));
    let error = match (new, missing) {
        (None, None) => {
            let place = |name: &&str| names.iter().position(|(known, _)| known == name);
            return Ok(wanted.iter().map(place).collect());
        }
        (Some((new, _)), Some(missing)) => Error::input(format!(
            "the file has a column `{new}` and lacks `{missing}` of the table"
        ))
        .hint("if it was only renamed, rename it in the file"),
        (Some((new, _)), None) => Error::input(format!(
            "the file has a column `{new}`, which the table does not have"
        ))
        .hint("remove it from the file, or make the table anew with it"),
        (None, Some(missing)) => Error::input(format!(
            "the file lacks the column `{missing}` of the table"
        ))
        .hint("add it to the file; leave its fields empty for NULL"),
    };
    Err(error.place(Place {
        line: 1,
        ..Place::file(&file.name)
    }))
}

struct Observed {
    name: String,
    original: String,
    found: Found,
}

fn types_differ(file: &SourceFile, name: &str, before: &DataType, now: &DataType) -> Error {
    Error::input(format!(
        "column `{name}` is {} in the files before and {} in this one",
        sql_name(before),
        sql_name(now)
    ))
    .place(Place::file(&file.name))
    .hint(format!("declare it: COLUMNS ({name} TYPE)"))
}

fn inferred_columns(
    file: &SourceFile,
    options: &ReadOptions,
    declared: &HashMap<&str, DataType>,
) -> Result<Vec<(String, FoundColumn)>> {
    let headers = column_names(file, options)?;
    let names =
        table_names(&headers, options).map_err(|error| error.place(Place::file(&file.name)))?;
    let name_of = |header: &str| {
        names
            .iter()
            .find(|(_, original)| original == header)
            .map(|(name, _)| name.as_str())
    };
    let is_declared =
        |header: &str| name_of(header).is_some_and(|name| declared.contains_key(name));
    let found = infer(file, options, is_declared)?;
    Ok(names.into_iter().map(|(name, _)| name).zip(found).collect())
}

fn table_names(headers: &[String], options: &ReadOptions) -> Result<Vec<(String, String)>> {
    if options.snake_case {
        return unique_names(headers);
    }
    Ok(headers
        .iter()
        .map(|header| (header.clone(), header.clone()))
        .collect())
}
