//! One value of a format whose values say what they are, each for itself: JSON and workbooks.

use std::borrow::Cow;

/// A value. Numbers stay text, so that no digit is lost before the type of the column is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Nothing.
    Null,
    /// TRUE or FALSE.
    Boolean(bool),
    /// A number as it is written.
    Number(Cow<'a, str>),
    /// Text, which may spell a date.
    Text(Cow<'a, str>),
    /// A list, and how it is written.
    List(Vec<Value<'a>>, &'a str),
    /// Members with names, and how they are written.
    Object(Vec<Member<'a>>, &'a str),
}

/// A named part of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member<'a> {
    /// Its name.
    pub(super) name: Cow<'a, str>,
    /// Its value.
    pub(super) value: Value<'a>,
    /// Where the value starts in the record, in bytes from 0.
    pub(super) at: usize,
}

impl Value<'_> {
    /// The value in plain text; `None` for NULL.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Value::Null => None,
            Value::Boolean(true) => Some("true"),
            Value::Boolean(false) => Some("false"),
            Value::Number(text) | Value::Text(text) => Some(text),
            Value::List(_, text) | Value::Object(_, text) => Some(text),
        }
    }
}
