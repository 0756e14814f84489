//! A column under construction, fed with values that may be lists and objects.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, FieldRef, Fields};

use super::value::Value;
use crate::values::{ColumnBuilder, sql_name};
use crate::{Error, Result};

/// Builds one column from values, exactly or not at all.
#[derive(Debug)]
pub(super) enum ValueColumn {
    /// A plain type.
    Plain(ColumnBuilder, DataType),
    /// A list.
    List {
        element: FieldRef,
        values: Box<ValueColumn>,
        ends: Vec<i32>,
        valid: Vec<bool>,
    },
    /// A struct.
    Struct {
        fields: Fields,
        parts: Vec<ValueColumn>,
        valid: Vec<bool>,
    },
}

/// Why a value was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// What is wrong, for a person.
    pub(super) reason: String,
    /// What to do about it.
    pub(super) hint: Option<String>,
}

impl ValueColumn {
    /// An empty column of the field's type, which may take the nearest value of one that says more.
    pub(super) fn new(field: &Field, rounds: bool) -> Result<Self> {
        Ok(match field.data_type() {
            DataType::List(element) => ValueColumn::List {
                values: Box::new(ValueColumn::new(element, rounds)?),
                element: Arc::clone(element),
                ends: vec![0],
                valid: Vec::new(),
            },
            DataType::Struct(fields) => ValueColumn::Struct {
                parts: fields
                    .iter()
                    .map(|field| ValueColumn::new(field, rounds))
                    .collect::<Result<_>>()?,
                fields: fields.clone(),
                valid: Vec::new(),
            },
            plain => {
                let builder = ColumnBuilder::new(field)?.with_rounding(rounds);
                ValueColumn::Plain(builder, plain.clone())
            }
        })
    }

    /// How many values of the rows that are kept were rounded since the last time; those in lists
    /// are all counted.
    pub(super) fn take_rounded(&mut self, is_kept: &dyn Fn(usize) -> bool) -> u64 {
        match self {
            ValueColumn::Plain(builder, _) => {
                let places = builder.take_rounded();
                places.into_iter().filter(|place| is_kept(*place)).count() as u64
            }
            ValueColumn::List { values, .. } => values.take_rounded(&|_| true),
            ValueColumn::Struct { parts, .. } => parts
                .iter_mut()
                .map(|part| part.take_rounded(is_kept))
                .sum(),
        }
    }

    /// Appends a value. One that is refused is there as NULL, so that all columns stay equally
    /// long.
    pub(super) fn append(&mut self, value: &Value<'_>) -> Result<(), Refused> {
        match self {
            ValueColumn::Plain(builder, data_type) => append_plain(builder, data_type, value),
            ValueColumn::List {
                values: column,
                ends,
                valid,
                ..
            } => {
                let elements = match value {
                    Value::List(elements, _) => elements.as_slice(),
                    _ => &[],
                };
                let mut result = match value {
                    Value::List(..) | Value::Null => Ok(()),
                    other => Err(not_a("list", other)),
                };
                for element in elements {
                    result = result.and(column.append(element));
                }
                let end = ends.last().copied().unwrap_or(0);
                ends.push(end.saturating_add(i32::try_from(elements.len()).unwrap_or(i32::MAX)));
                valid.push(matches!(value, Value::List(..)));
                result
            }
            ValueColumn::Struct {
                fields,
                parts,
                valid,
            } => {
                let members = match value {
                    Value::Object(members, _) => members.as_slice(),
                    _ => &[],
                };
                let mut result = match value {
                    Value::Object(..) | Value::Null => Ok(()),
                    other => Err(not_a("object", other)),
                };
                if let Some(unknown) = members
                    .iter()
                    .find(|member| fields.find(&member.name).is_none())
                {
                    result = result.and(Err(Refused {
                        reason: format!(
                            "it has a part `{}`, which the column does not",
                            unknown.name
                        ),
                        hint: Some(
                            "declare the column TEXT to keep it as it is written".to_owned(),
                        ),
                    }));
                }
                for (field, part) in fields.iter().zip(parts) {
                    let member = members.iter().find(|member| member.name == *field.name());
                    let value = member.map_or(&Value::Null, |member| &member.value);
                    result = result.and(part.append(value));
                }
                valid.push(matches!(value, Value::Object(..)));
                result
            }
        }
    }

    /// The column so far; the builder starts afresh with the same type.
    pub(super) fn finish(&mut self) -> Result<ArrayRef> {
        Ok(match self {
            ValueColumn::Plain(builder, _) => builder.finish(),
            ValueColumn::List {
                element,
                values,
                ends,
                valid,
            } => {
                let ends = std::mem::replace(ends, vec![0]);
                Arc::new(ListArray::try_new(
                    Arc::clone(element),
                    OffsetBuffer::new(ScalarBuffer::from(ends)),
                    values.finish()?,
                    Some(NullBuffer::from(std::mem::take(valid))),
                )?)
            }
            ValueColumn::Struct {
                fields,
                parts,
                valid,
            } => {
                let parts = parts.iter_mut().map(ValueColumn::finish);
                let valid = std::mem::take(valid);
                let length = valid.len();
                Arc::new(StructArray::try_new_with_length(
                    fields.clone(),
                    parts.collect::<Result<_>>()?,
                    Some(NullBuffer::from(valid)),
                    length,
                )?)
            }
        })
    }
}

fn append_plain(
    builder: &mut ColumnBuilder,
    data_type: &DataType,
    value: &Value<'_>,
) -> Result<(), Refused> {
    let Some(text) = value.as_text() else {
        builder.append_null();
        return Ok(());
    };
    let nested = matches!(value, Value::List(..) | Value::Object(..));
    if nested && *data_type != DataType::Utf8 {
        builder.append_null();
        return Err(Refused {
            reason: format!("a list or object does not fit {}", sql_name(data_type)),
            hint: Some("declare the column TEXT to keep it as it is written".to_owned()),
        });
    }
    builder.append_text(text).map_err(|refusal| {
        builder.append_null();
        Refused {
            reason: format!("it does not fit {}: {refusal}", sql_name(data_type)),
            hint: None,
        }
    })
}

fn not_a(what: &str, value: &Value<'_>) -> Refused {
    let found = match value {
        Value::Null => "nothing",
        Value::Boolean(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::Text(_) => "text",
        Value::List(..) => "a list",
        Value::Object(..) => "an object",
    };
    Refused {
        reason: format!("it is {found} and no {what}"),
        hint: Some("declare the column TEXT to keep each value as it is written".to_owned()),
    }
}

/// Refuses a field that must have a value and is given none.
pub(super) fn check_not_null(field: &Field, value: &Value<'_>) -> Result<(), Refused> {
    if field.is_nullable() || *value != Value::Null {
        return Ok(());
    }
    Err(Refused {
        reason: "it is NOT NULL and has no value".to_owned(),
        hint: Some("fill it, or declare the column without NOT NULL".to_owned()),
    })
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        let error = Error::input(refused.reason);
        match refused.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}
