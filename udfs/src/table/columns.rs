//! Checks the arguments that name columns against the columns of the input.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};

use super::arguments::{Argument, closest, texts};

/// A list of columns, one or more, each named once and there once.
pub(super) fn columns(argument: &Argument, input: &DFSchema) -> Result<Vec<String>> {
    let names = texts(argument)?;
    if names.is_empty() {
        return Err(argument.refuse(
            format!("`{}` is empty", argument.name),
            "name at least one column".to_owned(),
        ));
    }
    let mut seen = HashSet::new();
    for name in &names {
        check_column(argument, name, input)?;
        if !seen.insert(name) {
            return Err(argument.refuse(
                format!("`{}` names '{name}' twice", argument.name),
                "name each column once".to_owned(),
            ));
        }
    }
    Ok(names)
}

pub(super) fn partition_by(
    argument: &Argument,
    features: &[String],
    input: &DFSchema,
) -> Result<Vec<String>> {
    let names = columns(argument, input)?;
    match names.iter().find(|name| features.contains(name)) {
        Some(name) => Err(argument.refuse(
            format!("'{name}' is in `partition_by` and in `features`"),
            "within a group it is the same for all rows and tells none apart: remove it from one"
                .to_owned(),
        )),
        None => Ok(names),
    }
}

pub(super) fn check_column(argument: &Argument, name: &str, input: &DFSchema) -> Result<()> {
    let mut columns = input.fields().iter().map(|field| field.name().as_str());
    if columns.clone().any(|column| column == name) {
        return Ok(());
    }
    let hint = match closest(name, columns.clone()) {
        Some(column) => format!("did you mean '{column}'?"),
        None if input.fields().len() <= 20 => format!(
            "the input has {}",
            columns.by_ref().collect::<Vec<_>>().join(", ")
        ),
        None => "add the column to the SELECT list of the input".to_owned(),
    };
    Err(argument.refuse(
        format!("the input has no column '{name}' (in `{}`)", argument.name),
        hint,
    ))
}

pub(super) fn check_numeric(argument: &Argument, name: &str, input: &DFSchema) -> Result<()> {
    let Some(field) = input.fields().iter().find(|field| field.name() == name) else {
        return check_column(argument, name, input);
    };
    let data_type = field.data_type();
    let value_type = match data_type {
        DataType::Dictionary(_, value_type) => value_type,
        other => other,
    };
    let hint = match value_type {
        DataType::Null | DataType::Boolean => return Ok(()),
        numeric if numeric.is_numeric() => return Ok(()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            format!(
                "a code for each text would make up distances; name it in one_hot => ['{name}'] where the function takes that, or give each value a column: (\"{name}\" = '..') AS is_.."
            )
        }
        temporal if temporal.is_temporal() => {
            format!("turn it into a number first, such as date_part('epoch', \"{name}\")")
        }
        _ => "turn it into numbers first".to_owned(),
    };
    Err(argument.refuse(
        format!(
            "'{name}' (in `{}`) must be numeric or boolean, not {data_type}",
            argument.name
        ),
        hint,
    ))
}

/// A column of texts, whole numbers or booleans, whose values are categories.
pub(super) fn check_category(argument: &Argument, name: &str, input: &DFSchema) -> Result<()> {
    let Some(field) = input.fields().iter().find(|field| field.name() == name) else {
        return check_column(argument, name, input);
    };
    let data_type = field.data_type();
    let value_type = match data_type {
        DataType::Dictionary(_, value_type) => value_type,
        other => other,
    };
    match value_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(()),
        DataType::Boolean | DataType::Null => Ok(()),
        integer if integer.is_integer() => Ok(()),
        _ => Err(argument.refuse(
            format!(
                "'{name}' (in `{}`) must be text, a whole number or boolean, not {data_type}",
                argument.name
            ),
            format!("name it in `features`, or CAST(\"{name}\" AS TEXT)"),
        )),
    }
}
