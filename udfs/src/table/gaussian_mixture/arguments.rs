//! From the arguments of `gaussian_mixture` to checked parameters.

use std::fmt;

use datafusion::common::{Result, internal_datafusion_err};

use super::NAME;
use crate::table::arguments::{choice, seed, text, texts, whole_number};
use crate::table::columns::{check_column, check_numeric};
use crate::table::function::{ArgumentDescription, Request};
use crate::table::learning::check_features;
use crate::table::learning::number::{Number, Wanted, number_or};

pub(super) const ARGUMENTS: [ArgumentDescription; 9] = [
    (
        "k",
        "How many clusters, 1 or more. The input needs as many rows that differ.",
    ),
    (
        "features",
        "The columns to compare rows by: numbers or booleans.",
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
        "'standard' (features get mean 0 and deviation 1, the default) or 'none'.",
    ),
    (
        "max_iterations",
        "At most so many steps per run. Default: 1000.",
    ),
    (
        "tolerance",
        "A run settles when the mean logarithm of the likelihood grows by no more than this. Default: 0.0001.",
    ),
    (
        "n_runs",
        "How many runs from other starts; the most likely one counts. Default: 5.",
    ),
];

/// Checked arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Parameters {
    pub(super) k: usize,
    pub(super) features: Vec<String>,
    pub(super) labels: Option<Vec<String>>,
    pub(super) label_by: String,
    pub(super) seed: u64,
    pub(super) standard: bool,
    pub(super) max_iterations: usize,
    pub(super) tolerance: Number,
    pub(super) n_runs: usize,
}

pub(super) fn read(request: &Request<'_>) -> Result<Parameters> {
    let given = &request.arguments;
    let input = request
        .input
        .ok_or_else(|| internal_datafusion_err!("{NAME} was planned without a relation"))?;
    let k = given.required("k", "k => 3")?;
    let features = given.required("features", "features => ['average_bill_amount']")?;
    let hint = "a code for each text would make up distances; give each value a column of its own, such as (city = '..') AS is_..";
    let features = check_features(features, input, hint)?;
    let k = whole_number(k, 1)?;
    let labels = given.map("labels", |argument| {
        let labels = texts(argument)?;
        match labels.len() == k {
            true => Ok(labels),
            false => Err(argument.refuse(
                format!("`labels` has {} entries for k = {k} clusters", labels.len()),
                format!("give exactly {k}, in the order of `label_by`"),
            )),
        }
    })?;
    let label_by = given.map("label_by", |argument| {
        let name = text(argument)?;
        check_column(argument, &name, input)?;
        check_numeric(argument, &name, input)?;
        Ok(name)
    })?;
    let standard = given.map("scale", |argument| {
        choice(argument, &[true, false], |standard| {
            if standard { "standard" } else { "none" }
        })
    })?;
    let count = |name| given.map(name, |argument| whole_number(argument, 1));
    let tolerance = Wanted {
        what: "a number above 0",
        example: "tolerance => 0.0001",
        allows: |number| number > 0.0,
    };
    Ok(Parameters {
        k,
        labels,
        label_by: label_by.unwrap_or_else(|| features.first().cloned().unwrap_or_default()),
        features,
        seed: given.map("seed", seed)?.unwrap_or(42),
        standard: standard.unwrap_or(true),
        max_iterations: count("max_iterations")?.unwrap_or(1000),
        tolerance: number_or(given, "tolerance", 1e-4, tolerance)?,
        n_runs: count("n_runs")?.unwrap_or(5),
    })
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = if self.standard { "standard" } else { "none" };
        let features = self.features.join(", ");
        write!(f, "k={}, features=[{features}], scale={scale}", self.k)?;
        if let Some(labels) = &self.labels {
            write!(f, ", labels=[{}]", labels.join(", "))?;
        }
        write!(
            f,
            ", label_by={}, seed={}, n_runs={}, max_iterations={}, tolerance={}",
            self.label_by, self.seed, self.n_runs, self.max_iterations, self.tolerance
        )
    }
}
