//! The columns of the files and those of the table: names, types, and which is which.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SessionState;

use super::discover::SourceFile;
use super::formats::{FoundColumn, ReadOptions, column_names, infer};
use super::names::unique_names;
use super::seen::{Seen, remarks_on_numbers};
use crate::sql::closest;
use crate::values::sql_name;
use crate::warehouse::{TableDefinition, declared_type};
use crate::{Error, Place, Result};

/// The metadata of a column that holds the name it has in the file.
const COMMENT: &str = "comment";

/// The columns of a table that is made for files.
pub struct Inference {
    /// Their names and types.
    pub schema: SchemaRef,
    /// For each file, what a user should know of the types that its values led to.
    pub notes: Vec<Vec<String>>,
}

/// The schema of a table for the files: declared types where declared, else the narrowest type
/// that holds every value of every file.
///
/// # Errors
/// A file that cannot be read, or a declared column that no file has.
pub fn infer_schema(
    files: &[SourceFile],
    options: &ReadOptions,
    state: &SessionState,
) -> Result<Inference> {
    let declared = declared_types(options, state)?;
    let mut columns: Vec<(String, Seen)> = Vec::new();
    for file in files {
        for Inferred { name, found } in found_columns(file, options, &declared)? {
            let Some((_, seen)) = columns.iter_mut().find(|(known, _)| *known == name) else {
                columns.push((name, Seen::new(file, found)));
                continue;
            };
            let (before, now) = (seen.found.data_type(), found.found.data_type());
            if !seen.take_in(file, found) {
                return Err(types_differ(file, &name, &before, &now));
            }
        }
    }
    let names = || columns.iter().map(|(name, _)| name.as_str());
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
    let fields = columns.iter().map(|(name, seen)| {
        let data_type = declared
            .get(name.as_str())
            .cloned()
            .unwrap_or_else(|| seen.found.data_type());
        let mut field = column_field(name, &seen.original, data_type);
        let noted = seen.found.date_format();
        field.metadata_mut().extend(noted);
        field
    });
    let chosen = || {
        let chosen = columns
            .iter()
            .filter(|(name, _)| !declared.contains_key(name.as_str()));
        chosen.map(|(_, seen)| seen)
    };
    let notes = files
        .iter()
        .map(|file| remarks_on_numbers(&file.name, chosen()));
    Ok(Inference {
        schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
        notes: notes.collect(),
    })
}

/// For each given column of a table its place in the file; `None` where the file lacks it. Columns
/// that the table does not have are left out: drift has been dealt with before.
///
/// # Errors
/// A file whose beginning cannot be read.
pub fn match_columns(
    file: &SourceFile,
    options: &ReadOptions,
    definition: &TableDefinition,
) -> Result<Vec<Option<usize>>> {
    let names = named_columns(file, options)?;
    let place = |field: &Arc<Field>| names.iter().position(|column| column.name == *field.name());
    Ok(definition.given_columns().map(place).collect())
}

/// A column of a file, by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name that it has in a table.
    pub name: String,
    /// The name that it has in the file.
    pub original: String,
}

/// A column of a file, and what is in it.
#[derive(Debug, Clone)]
pub struct Inferred {
    /// The name that it has in a table.
    pub name: String,
    /// What the file says of it.
    pub found: FoundColumn,
}

/// The columns of a file in its order, from its beginning.
///
/// # Errors
/// A file whose beginning cannot be read, names that cannot be told apart.
pub fn named_columns(file: &SourceFile, options: &ReadOptions) -> Result<Vec<Named>> {
    let headers = column_names(file, options)?;
    let names =
        table_names(&headers, options).map_err(|error| error.place(Place::file(&file.name)))?;
    let named = |(name, original)| Named { name, original };
    Ok(names.into_iter().map(named).collect())
}

/// The columns of a file in its order, from all of its values. Declared ones are not looked at.
///
/// # Errors
/// The first record that cannot be read.
pub fn found_columns(
    file: &SourceFile,
    options: &ReadOptions,
    declared: &HashMap<&str, DataType>,
) -> Result<Vec<Inferred>> {
    let names = named_columns(file, options)?;
    let is_declared = |header: &str| {
        let column = names.iter().find(|column| column.original == header);
        column.is_some_and(|column| declared.contains_key(column.name.as_str()))
    };
    let found = infer(file, options, is_declared)?;
    let inferred = |(column, found): (Named, FoundColumn)| Inferred {
        name: column.name,
        found,
    };
    Ok(names.into_iter().zip(found).map(inferred).collect())
}

/// For each field of a schema the place of its column in the file; `None` where it has none.
///
/// # Errors
/// A file whose beginning cannot be read.
pub fn places_of(
    file: &SourceFile,
    options: &ReadOptions,
    schema: &Schema,
) -> Result<Vec<Option<usize>>> {
    let columns = named_columns(file, options)?;
    let place = |field: &Arc<Field>| {
        columns
            .iter()
            .position(|column| column.name == *field.name())
    };
    Ok(schema.fields().iter().map(place).collect())
}

/// The types that COLUMNS declares, by the names in the table.
///
/// # Errors
/// A type that does not exist or cannot be stored.
pub fn declared_types<'o>(
    options: &'o ReadOptions,
    state: &SessionState,
) -> Result<HashMap<&'o str, DataType>> {
    let declared = options.columns.iter().map(|column| {
        let data_type = declared_type(&column.name, &column.data_type, state)?;
        Ok((column.name.as_str(), data_type))
    });
    declared.collect()
}

/// A column of a table that was made for a column of a file, whose name there is its comment.
pub fn column_field(name: &str, original: &str, data_type: DataType) -> Field {
    let field = Field::new(name, data_type, true);
    if original == name {
        return field;
    }
    field.with_metadata(HashMap::from([(COMMENT.to_owned(), original.to_owned())]))
}

/// The error for a column whose types in two files have nothing in common.
pub fn types_differ(file: &SourceFile, name: &str, before: &DataType, now: &DataType) -> Error {
    Error::input(format!(
        "column `{name}` is {} in the files before and {} in this one",
        sql_name(before),
        sql_name(now)
    ))
    .place(Place::file(&file.name))
    .hint(format!("declare it: COLUMNS ({name} TYPE)"))
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
