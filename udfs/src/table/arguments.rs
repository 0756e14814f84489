//! The named arguments of a call as they were typed, and readers that check them. Every refusal names
//! the function and the argument, and says what to write instead.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use datafusion::common::{Diagnostic, Result, ScalarValue, Span, plan_datafusion_err};
use datafusion::error::DataFusionError;

use super::function::RelationFunction;
use super::refusal;

/// A named argument as it was typed, its value computed.
#[derive(Debug)]
pub struct Argument {
    /// The function that it is given to.
    pub(super) function: &'static str,
    pub(super) name: String,
    pub(super) value: Value,
    /// Where the argument stands in the statement.
    pub(super) span: Option<Span>,
}

/// The value of an argument.
#[derive(Debug)]
pub enum Value {
    Scalar(ScalarValue),
    /// Lists may hold lists.
    List(Vec<Value>),
}

impl Value {
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Value::Scalar(scalar) => scalar.try_as_str().flatten(),
            Value::List(_) => None,
        }
    }

    /// A number as the nearest double.
    pub(super) fn as_number(&self) -> Option<f64> {
        let scalar = match self {
            Value::Scalar(scalar) if scalar.data_type().is_numeric() => scalar,
            _ => return None,
        };
        if scalar.data_type().is_decimal() {
            // The cast to a double divides by a power of ten, and may miss the nearest one.
            let text = scalar.cast_to(&DataType::Utf8).ok()?;
            return text.try_as_str().flatten()?.parse().ok();
        }
        match scalar.cast_to(&DataType::Float64).ok()? {
            ScalarValue::Float64(number) => number,
            _ => None,
        }
    }
}

/// The arguments by name, each known and given once.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    function: &'static str,
    arguments: &'a [Argument],
}

impl<'a> Given<'a> {
    pub(super) fn try_new(
        function: &'static dyn RelationFunction,
        arguments: &'a [Argument],
    ) -> Result<Self> {
        let known: Vec<&str> = function.arguments().iter().map(|(name, _)| *name).collect();
        let mut seen = HashSet::new();
        for argument in arguments {
            if !known.contains(&argument.name.as_str()) {
                return Err(argument.refuse(
                    format!("there is no argument `{}`", argument.name),
                    match closest(&argument.name, known.iter().copied()) {
                        Some(name) => format!("did you mean `{name}`?"),
                        None => format!("it takes {}", known.join(", ")),
                    },
                ));
            }
            if !seen.insert(argument.name.as_str()) {
                return Err(argument.refuse(
                    format!("`{}` is given twice", argument.name),
                    "remove one of the two".to_owned(),
                ));
            }
        }
        Ok(Given {
            function: function.name(),
            arguments,
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    pub(super) fn required(&self, name: &str, example: &str) -> Result<&'a Argument> {
        self.get(name).ok_or_else(|| {
            refusal(
                format!("{}: `{name}` is missing", self.function),
                format!("add for example {example}"),
            )
        })
    }

    /// The value of an argument, read by `read`; `None` if it is not given.
    pub(super) fn map<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Argument) -> Result<T>,
    ) -> Result<Option<T>> {
        self.get(name).map(read).transpose()
    }
}

impl Argument {
    pub(super) fn refuse(&self, problem: String, hint: String) -> DataFusionError {
        let message = format!("{}: {problem}", self.function);
        plan_datafusion_err!("{message}")
            .with_diagnostic(Diagnostic::new_error(message, self.span).with_help(hint, None))
    }

    pub(super) fn wrong_type(&self, wanted: &str, example: &str) -> DataFusionError {
        let found = describe(&self.value);
        self.refuse(
            format!("`{}` must be {wanted}, not {found}", self.name),
            format!("write {example}"),
        )
    }
}

pub(super) fn describe(value: &Value) -> String {
    let scalar = match value {
        Value::Scalar(scalar) => scalar,
        Value::List(_) => return "a list".to_owned(),
    };
    match scalar.try_as_str() {
        _ if scalar.is_null() => "NULL".to_owned(),
        Some(Some(text)) => format!("text ('{text}')"),
        _ => scalar.to_string(),
    }
}

pub(super) fn whole_number(argument: &Argument, smallest: i64) -> Result<usize> {
    let refuse = || {
        argument.wrong_type(
            &format!("a whole number, {smallest} or more"),
            &format!("{} => 5", argument.name),
        )
    };
    let number = integer(argument)
        .filter(|number| *number >= smallest)
        .ok_or_else(refuse)?;
    usize::try_from(number).map_err(|_| refuse())
}

pub(super) fn seed(argument: &Argument) -> Result<u64> {
    let number =
        integer(argument).ok_or_else(|| argument.wrong_type("a whole number", "seed => 42"))?;
    Ok(number.cast_unsigned())
}

pub(super) fn boolean(argument: &Argument) -> Result<bool> {
    match &argument.value {
        Value::Scalar(ScalarValue::Boolean(Some(value))) => Ok(*value),
        _ => Err(argument.wrong_type("true or false", &format!("{} => true", argument.name))),
    }
}

fn integer(argument: &Argument) -> Option<i64> {
    let Value::Scalar(scalar) = &argument.value else {
        return None;
    };
    if !scalar.data_type().is_numeric() {
        return None;
    }
    let integer = scalar.cast_to(&DataType::Int64).ok()?;
    // 2.5 would be cut to 2: only a number that survives the way back is whole.
    let back = integer.cast_to(&scalar.data_type()).ok()?;
    match (&integer, &back == scalar) {
        (ScalarValue::Int64(Some(number)), true) => Some(*number),
        _ => None,
    }
}

pub(super) fn text(argument: &Argument) -> Result<String> {
    match argument.value.as_text() {
        Some(text) => Ok(text.to_owned()),
        None => Err(argument.wrong_type("text", &format!("{} => '..'", argument.name))),
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    argument: &Argument,
    choices: &[T],
    name_of: impl Fn(T) -> &'static str,
) -> Result<T> {
    let typed = text(argument)?;
    let mut found = choices.iter().copied();
    found
        .find(|choice| name_of(*choice).eq_ignore_ascii_case(&typed))
        .ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|choice| name_of(*choice)).collect();
            argument.refuse(
                format!("`{}` cannot be '{typed}'", argument.name),
                match closest(&typed, names.iter().copied()) {
                    Some(name) => format!("did you mean '{name}'?"),
                    None => match names.split_last() {
                        Some((last, [])) => format!("it is '{last}'"),
                        Some((last, names)) => {
                            format!("it is '{}' or '{last}'", names.join("', '"))
                        }
                        None => "it takes nothing".to_owned(),
                    },
                },
            )
        })
}

pub(super) fn texts(argument: &Argument) -> Result<Vec<String>> {
    let refuse = || {
        argument.wrong_type(
            "a list of texts",
            &format!("{} => ['..', '..']", argument.name),
        )
    };
    let Value::List(values) = &argument.value else {
        return Err(refuse());
    };
    values
        .iter()
        .map(|value| match value.as_text() {
            Some(text) => Ok(text.to_owned()),
            None => Err(argument.refuse(
                format!(
                    "`{}` must be a list of texts, and holds {}",
                    argument.name,
                    describe(value)
                ),
                "put each entry in single quotes".to_owned(),
            )),
        })
        .collect()
}

/// The name most like `typed`, unless it is quite another word.
pub(super) fn closest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    known
        .map(|name| {
            (
                strsim::damerau_levenshtein(&typed, &name.to_lowercase()),
                name,
            )
        })
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
