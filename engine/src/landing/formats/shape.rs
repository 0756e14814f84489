//! The type of a column whose values may be lists and objects.
//!
//! Where all values have one shape, it is a LIST or STRUCT of that shape; where they do not, the
//! column is TEXT and holds each value as it is written.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};

use super::Found;
use super::csv::Kinds;
use super::value::Value;
use crate::values::{DateFormat, parse_date, parse_timestamp};

/// An object with more names than this is a map, which would become an unwieldy STRUCT.
const MAX_PARTS: usize = 100;

/// What the values of a column so far are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Plain values.
    Plain(Kinds),
    /// Lists.
    List(Box<Shape>),
    /// Objects with these names, in the order in which they first came.
    Object(Vec<(String, Shape)>),
    /// More than one of these.
    Mixed,
}

impl Default for Shape {
    fn default() -> Self {
        Shape::Plain(Kinds::default())
    }
}

impl Shape {
    /// What one value is.
    pub(super) fn of(value: &Value<'_>) -> Shape {
        match value {
            Value::Null => Shape::default(),
            Value::Boolean(true) => Shape::Plain(Kinds::of("true")),
            Value::Boolean(false) => Shape::Plain(Kinds::of("false")),
            Value::Number(number) => Shape::Plain(Kinds::of(number)),
            Value::Text(text) => Shape::Plain(kinds_of_text(text)),
            Value::List(values, _) => {
                let of_all = values
                    .iter()
                    .fold(Shape::default(), |shape, value| shape.and(Shape::of(value)));
                Shape::List(Box::new(of_all))
            }
            Value::Object(members, _) if members.is_empty() => Shape::Mixed,
            Value::Object(members, _) => Shape::Object(
                members
                    .iter()
                    .map(|member| (member.name.clone().into_owned(), Shape::of(&member.value)))
                    .collect(),
            ),
        }
    }

    /// What is known after both.
    pub(super) fn and(self, other: Shape) -> Shape {
        match (self, other) {
            (Shape::Plain(left), Shape::Plain(right)) => Shape::Plain(left.and(right)),
            (Shape::Plain(nothing), shape) | (shape, Shape::Plain(nothing))
                if nothing == Kinds::default() =>
            {
                shape
            }
            (Shape::List(left), Shape::List(right)) => Shape::List(Box::new(left.and(*right))),
            (Shape::Object(mut left), Shape::Object(right)) => {
                for (name, shape) in right {
                    match left.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = std::mem::take(known).and(shape),
                        None => left.push((name, shape)),
                    }
                }
                match left.len() > MAX_PARTS {
                    true => Shape::Mixed,
                    false => Shape::Object(left),
                }
            }
            _ => Shape::Mixed,
        }
    }

    /// What a format says of the column.
    pub(super) fn found(&self) -> Found {
        match self {
            Shape::Plain(kinds) => Found::Kinds(*kinds),
            Shape::Mixed => Found::Kinds(text()),
            Shape::List(_) | Shape::Object(_) => Found::Type(self.data_type()),
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Shape::Plain(kinds) => kinds.data_type(),
            Shape::Mixed => DataType::Utf8,
            Shape::List(values) => {
                DataType::List(Arc::new(Field::new("element", values.data_type(), true)))
            }
            Shape::Object(members) => DataType::Struct(
                members
                    .iter()
                    .map(|(name, shape)| Field::new(name, shape.data_type(), true))
                    .collect(),
            ),
        }
    }
}

/// Text that is written as text is no number, though its digits might be one; but these formats
/// have no other way to write a date.
fn kinds_of_text(value: &str) -> Kinds {
    match parse_date(value, DateFormat::ISO).is_ok()
        || parse_timestamp(value, DateFormat::ISO).is_ok()
    {
        true => Kinds::of(value),
        false => text(),
    }
}

/// Empty text can be nothing else.
fn text() -> Kinds {
    Kinds::of("")
}
