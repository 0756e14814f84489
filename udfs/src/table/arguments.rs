//! From the arguments as they were typed to checked parameters. Every refusal names the argument and
//! says what to write instead.

use std::collections::HashSet;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Diagnostic, Result, ScalarValue, Span, plan_datafusion_err};
use datafusion::error::DataFusionError;

use super::NAME;
use super::columns::{check_column, check_numeric, columns, partition_by};
use super::init::init;
use super::parameters::{Init, KMeansParameters, Scale, Tolerance};

/// The arguments of the function, and what each means.
pub(super) const DESCRIPTIONS: [(&str, &str); 12] = [
    (
        "relation",
        "A query in parentheses, or the name of a table or view.",
    ),
    (
        "k",
        "How many clusters, 1 or more. Each group needs as many rows that differ.",
    ),
    (
        "features",
        "The columns to compare rows by: numbers or booleans.",
    ),
    (
        "partition_by",
        "Columns whose values split the rows into groups, each with its own clusters. Default: one group.",
    ),
    (
        "labels",
        "k names for the clusters, in the order of label_by. Default: label is NULL.",
    ),
    (
        "label_by",
        "The numeric column by whose mean the clusters are numbered. Default: the first feature.",
    ),
    ("seed", "The same seed gives the same result. Default: 42."),
    (
        "scale",
        "'standard' (mean 0, deviation 1, the default), 'minmax' (0 to 1) or 'none'; per group and feature.",
    ),
    (
        "max_iterations",
        "At most so many steps per run. Default: 300.",
    ),
    (
        "tolerance",
        "A run ends when the centres move no more than this (squared, as a share of the variance); with 0, when nothing moves any more. Default: 0.0001.",
    ),
    (
        "n_runs",
        "How many runs from other starts; the best one counts. Default: 10, and 1 from given centroids.",
    ),
    (
        "init",
        "Where runs start: 'k-means++' (the default), or k lists with a number per feature, in the units of the features: one run from these centroids, the same in each group.",
    ),
];

/// A named argument as it was typed, its value computed.
#[derive(Debug)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) value: Value,
    /// Where the argument stands in the statement.
    pub(super) span: Option<Span>,
}

/// The value of an argument.
#[derive(Debug)]
pub(super) enum Value {
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

impl KMeansParameters {
    /// Checks the arguments, each by itself and against the columns of the input.
    pub(super) fn try_new(arguments: &[Argument], input: &DFSchema) -> Result<Self> {
        let given = Given::try_new(arguments)?;
        let k = given.required("k", "k => 5")?;
        let feature_names = given.required("features", "features => ['average_bill_amount']")?;
        let features = columns(feature_names, input)?;
        for feature in &features {
            check_numeric(feature_names, feature, input)?;
        }
        let k = whole_number(k, 1)?;
        let init = given
            .map("init", |argument| init(argument, k, &features))?
            .unwrap_or(Init::KMeansPlusPlus);
        let label_by = match given.get("label_by") {
            Some(argument) => {
                let name = text(argument)?;
                check_column(argument, &name, input)?;
                check_numeric(argument, &name, input)?;
                name
            }
            None => features.first().cloned().unwrap_or_default(),
        };
        Ok(KMeansParameters {
            k,
            partition_by: given
                .map("partition_by", |argument| {
                    partition_by(argument, &features, input)
                })?
                .unwrap_or_default(),
            labels: given.map("labels", |argument| labels(argument, k))?,
            label_by,
            seed: given.map("seed", seed)?.unwrap_or(42),
            scale: given.map("scale", scale)?.unwrap_or(Scale::Standard),
            max_iterations: given
                .map("max_iterations", |argument| whole_number(argument, 1))?
                .unwrap_or(300),
            tolerance: given.map("tolerance", tolerance)?.unwrap_or_default(),
            n_runs: n_runs(&given, &init)?,
            init,
            features,
        })
    }
}

/// The arguments by name, each known and given once.
struct Given<'a>(&'a [Argument]);

impl<'a> Given<'a> {
    fn try_new(arguments: &'a [Argument]) -> Result<Self> {
        let known: Vec<&str> = DESCRIPTIONS
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| *name != "relation")
            .collect();
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
        Ok(Given(arguments))
    }

    fn get(&self, name: &str) -> Option<&'a Argument> {
        self.0.iter().find(|argument| argument.name == name)
    }

    fn required(&self, name: &str, example: &str) -> Result<&'a Argument> {
        self.get(name).ok_or_else(|| {
            super::refusal(
                format!("{NAME}: `{name}` is missing"),
                format!("add for example {example}"),
            )
        })
    }

    fn map<T>(&self, name: &str, read: impl FnOnce(&Argument) -> Result<T>) -> Result<Option<T>> {
        self.get(name).map(read).transpose()
    }
}

impl Argument {
    pub(super) fn refuse(&self, problem: String, hint: String) -> DataFusionError {
        let message = format!("{NAME}: {problem}");
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

fn whole_number(argument: &Argument, smallest: i64) -> Result<usize> {
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

fn seed(argument: &Argument) -> Result<u64> {
    let number =
        integer(argument).ok_or_else(|| argument.wrong_type("a whole number", "seed => 42"))?;
    Ok(number.cast_unsigned())
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

/// The number of runs: one from given centroids, which would all end alike.
fn n_runs(given: &Given<'_>, init: &Init) -> Result<usize> {
    let from_given = matches!(init, Init::Given(_));
    let Some(argument) = given.get("n_runs") else {
        return Ok(if from_given { 1 } else { 10 });
    };
    match whole_number(argument, 1)? {
        runs @ 2.. if from_given => Err(argument.refuse(
            format!("`n_runs` cannot be {runs} with centroids in `init`"),
            "all runs from the same centroids end alike: remove `n_runs`".to_owned(),
        )),
        runs => Ok(runs),
    }
}

fn tolerance(argument: &Argument) -> Result<Tolerance> {
    argument
        .value
        .as_number()
        .and_then(Tolerance::new)
        .ok_or_else(|| argument.wrong_type("a number, 0 or more", "tolerance => 0.0001"))
}

fn scale(argument: &Argument) -> Result<Scale> {
    let name = text(argument)?;
    let known = || Scale::ALL.into_iter().map(Scale::name);
    Scale::ALL
        .into_iter()
        .find(|scale| scale.name().eq_ignore_ascii_case(&name))
        .ok_or_else(|| {
            argument.refuse(
                format!("`scale` cannot be '{name}'"),
                match closest(&name, known()) {
                    Some(scale) => format!("did you mean '{scale}'?"),
                    None => "it is 'standard', 'minmax' or 'none'".to_owned(),
                },
            )
        })
}

fn text(argument: &Argument) -> Result<String> {
    match argument.value.as_text() {
        Some(text) => Ok(text.to_owned()),
        None => Err(argument.wrong_type("text", &format!("{} => '..'", argument.name))),
    }
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

fn labels(argument: &Argument, k: usize) -> Result<Vec<String>> {
    let labels = texts(argument)?;
    if labels.len() != k {
        return Err(argument.refuse(
            format!("`labels` has {} entries for k = {k} clusters", labels.len()),
            format!("give exactly {k}, in the order of `label_by`"),
        ));
    }
    Ok(labels)
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
