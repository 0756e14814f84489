//! Numbers in the arguments of a call, as plans are compared and floating point numbers are not; and in
//! kept models, where they are text, as JSON's may come back as their neighbours.

use std::fmt;
use std::hash::{Hash, Hasher};

use datafusion::common::Result;
use serde::{Deserialize, Serialize};

use crate::table::arguments::{Argument, Given};

/// A finite number, compared by its bits; there is one 0.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(in crate::table) struct Number(f64);

impl Number {
    pub(in crate::table) fn new(number: f64) -> Self {
        // Adding 0 turns -0 into 0.
        Number(number + 0.0)
    }

    pub(in crate::table) fn get(self) -> f64 {
        self.0
    }
}

impl From<Number> for String {
    fn from(number: Number) -> String {
        format!("{:?}", number.0)
    }
}

impl TryFrom<String> for Number {
    type Error = String;

    fn try_from(text: String) -> Result<Number, String> {
        text.parse()
            .map(Number)
            .map_err(|_| format!("'{text}' is no number"))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an argument may be, and how to say so.
#[derive(Debug, Clone, Copy)]
pub(in crate::table) struct Wanted {
    /// Such as "a number above 0".
    pub(in crate::table) what: &'static str,
    /// Such as "epsilon => 0.5".
    pub(in crate::table) example: &'static str,
    /// Whether a finite number will do.
    pub(in crate::table) allows: fn(f64) -> bool,
}

/// Reads a number from an argument.
pub(in crate::table) fn number(argument: &Argument, wanted: Wanted) -> Result<Number> {
    argument
        .value
        .as_number()
        .filter(|number| number.is_finite() && (wanted.allows)(*number))
        .map(Number::new)
        .ok_or_else(|| argument.wrong_type(wanted.what, wanted.example))
}

/// Reads a number from an argument that need not be given.
pub(in crate::table) fn number_or(
    given: &Given<'_>,
    name: &str,
    default: f64,
    wanted: Wanted,
) -> Result<Number> {
    let read = given.map(name, |argument| number(argument, wanted))?;
    Ok(read.unwrap_or(Number::new(default)))
}
