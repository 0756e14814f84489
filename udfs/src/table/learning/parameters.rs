//! Checked arguments that all families take.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion::common::{DFSchema, Result, internal_datafusion_err};

use super::family::Family;
use super::matrix::check_features;
use super::number::{Number, Wanted, number_or};
use super::target::{ClassKind, TargetKind};
use crate::table::arguments::{Argument, Given, seed, text};
use crate::table::columns::{check_column, check_numeric, columns};
use crate::table::function::{ArgumentDescription, Request};
use crate::table::models::Models;
use crate::table::relation_arguments;

pub(in crate::table) const FEATURES: ArgumentDescription = (
    "features",
    "The columns to predict from: numbers or booleans. May be left out where one_hot is given.",
);
pub(in crate::table) const ONE_HOT: ArgumentDescription = (
    "one_hot",
    "Categorical columns to predict from, of at most 100 different values each: every value becomes a column of 0 and 1. A value that the model has not seen is 0 in all of them.",
);
pub(in crate::table) const TARGET: ArgumentDescription = (
    "target",
    "The column to predict. Rows without it are predicted only.",
);
pub(in crate::table) const HELD_OUT: ArgumentDescription = (
    "held_out",
    "About this share of the rows is not learnt from, and the model is measured on it; 0 learns from all rows. A hash of the seed and of the values of a row decides. Default: 0.2.",
);
pub(in crate::table) const SEED: ArgumentDescription =
    ("seed", "The same seed gives the same result. Default: 42.");
pub(in crate::table) const MODEL: ArgumentDescription = (
    "model",
    "Keeps what was learnt under this name, for predictions. Default: it is not kept.",
);
pub(in crate::table) const MODEL_TO_READ: ArgumentDescription =
    ("model", "The name of a kept model.");

/// Checked arguments of a call that learns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Parameters<F> {
    pub(super) family: F,
    pub(super) features: Vec<String>,
    pub(super) one_hot: Vec<String>,
    pub(super) target: String,
    pub(super) held_out: Number,
    pub(super) seed: u64,
    pub(super) keeping: Option<Keeping>,
}

/// Where to keep a model.
#[derive(Debug, Clone)]
pub(super) struct Keeping {
    pub(super) name: String,
    pub(super) query: String,
    pub(super) models: Arc<dyn Models>,
}

impl PartialEq for Keeping {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.query) == (&other.name, &other.query)
    }
}

impl Eq for Keeping {}

impl Hash for Keeping {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, &self.query).hash(state);
    }
}

impl<F: Family> Parameters<F> {
    pub(super) fn try_new(request: &Request<'_>) -> Result<Self> {
        let given = &request.arguments;
        let input = request.input.ok_or_else(|| {
            internal_datafusion_err!("{} was planned without a relation", F::NAME)
        })?;
        let features = match (given.get("features"), given.get("one_hot")) {
            (None, Some(_)) => vec![],
            _ => {
                let argument = given.required("features", "features => ['age']")?;
                check_features(argument, input, "name text columns in `one_hot`")?
            }
        };
        let one_hot = given.map("one_hot", |argument| one_hot(argument, &features, input))?;
        let one_hot = one_hot.unwrap_or_default();
        let target = given.required("target", "target => 'billing_amount'")?;
        Ok(Parameters {
            family: F::read(given)?,
            target: read_target::<F>(target, &features, &one_hot, input)?,
            features,
            one_hot,
            held_out: number_or(
                given,
                "held_out",
                0.2,
                Wanted {
                    what: "a share from 0 to below 1",
                    example: "held_out => 0.2",
                    allows: |share| (0.0..1.0).contains(&share),
                },
            )?,
            seed: given.map("seed", seed)?.unwrap_or(42),
            keeping: given.map(relation_arguments::MODEL, |name| keeping(name, request))?,
        })
    }

    pub(super) fn reads(&self, column: &str) -> bool {
        let mut features = self.features.iter().chain(&self.one_hot);
        features.any(|name| name == column) || self.target == column
    }

    /// What the target is in an input that was checked.
    pub(super) fn kind(&self, input: &Schema) -> Result<TargetKind> {
        let data_type = input.field_with_name(&self.target)?.data_type();
        Ok(match F::LEARNS_CLASSES {
            false => TargetKind::Number,
            true => TargetKind::Classes(ClassKind::of(data_type).ok_or_else(|| {
                internal_datafusion_err!("{} was planned for another target", F::NAME)
            })?),
        })
    }
}

impl<F: Family> fmt::Display for Parameters<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "target={}", self.target)?;
        for (name, columns) in [("features", &self.features), ("one_hot", &self.one_hot)] {
            if !columns.is_empty() {
                write!(f, ", {name}=[{}]", columns.join(", "))?;
            }
        }
        write!(f, ", held_out={}, seed={}", self.held_out, self.seed)?;
        let family = self.family.to_string();
        if !family.is_empty() {
            write!(f, ", {family}")?;
        }
        match &self.keeping {
            Some(keeping) => write!(f, ", model={}", keeping.name),
            None => Ok(()),
        }
    }
}

fn one_hot(argument: &Argument, features: &[String], input: &DFSchema) -> Result<Vec<String>> {
    let names = columns(argument, input)?;
    match names.iter().find(|name| features.contains(name)) {
        Some(name) => Err(argument.refuse(
            format!("'{name}' is in `one_hot` and in `features`"),
            "name it once: in `features` as a number, in `one_hot` as a category".to_owned(),
        )),
        None => Ok(names),
    }
}

fn read_target<F: Family>(
    argument: &Argument,
    features: &[String],
    one_hot: &[String],
    input: &DFSchema,
) -> Result<String> {
    let name = text(argument)?;
    check_column(argument, &name, input)?;
    for (list, columns) in [("features", features), ("one_hot", one_hot)] {
        if columns.contains(&name) {
            return Err(argument.refuse(
                format!("'{name}' is the `target` and in `{list}`"),
                format!("what is to be predicted cannot be given: remove it from `{list}`"),
            ));
        }
    }
    if F::LEARNS_CLASSES {
        let field = input.fields().iter().find(|field| *field.name() == name);
        let data_type = field.map_or(&DataType::Null, |field| field.data_type());
        ClassKind::check(argument, &name, data_type)?;
    } else {
        check_target_number(argument, &name, input)?;
    }
    Ok(name)
}

fn check_target_number(argument: &Argument, name: &str, input: &DFSchema) -> Result<()> {
    let field = input.fields().iter().find(|field| field.name() == name);
    match field.map(|field| field.data_type()) {
        Some(data_type) if data_type.is_string() => Err(argument.refuse(
            format!("'{name}' (in `target`) must be numeric or boolean, not {data_type}"),
            "for classes there is logistic_regression".to_owned(),
        )),
        _ => check_numeric(argument, name, input),
    }
}

fn keeping(argument: &Argument, request: &Request<'_>) -> Result<Keeping> {
    let name = text(argument)?;
    // A name that is none should be refused before the work, not after it.
    request.models.read(&name)?;
    Ok(Keeping {
        name,
        query: request.query.clone().unwrap_or_default(),
        models: Arc::clone(request.models),
    })
}

/// That an argument is not given together with a model.
pub(super) fn refuse_beside_model(given: &Given<'_>, known: &[ArgumentDescription]) -> Result<()> {
    let mut others = known
        .iter()
        .filter(|(name, _)| *name != relation_arguments::MODEL);
    match others.find_map(|(name, _)| given.get(name)) {
        Some(argument) => Err(argument.refuse(
            format!(
                "`{}` is for a relation, and a kept model was given",
                argument.name
            ),
            format!("remove `{}`: the model knows its own", argument.name),
        )),
        None => Ok(()),
    }
}
