//! From the arguments of `kmeans` to checked parameters.

use datafusion::common::{DFSchema, Result};

use super::init::init;
use super::parameters::{Init, KMeansParameters, Scale, Tolerance};
use crate::table::arguments::{Argument, Given, choice, seed, text, texts, whole_number};
use crate::table::columns::{check_column, check_numeric, columns, partition_by};
use crate::table::function::ArgumentDescription;

/// The arguments, and what each means.
pub(super) const ARGUMENTS: [ArgumentDescription; 11] = [
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

impl KMeansParameters {
    /// Checks the arguments, each by itself and against the columns of the input.
    ///
    /// # Errors
    /// An argument that is missing, or that is none for this input.
    pub(super) fn try_new(given: &Given<'_>, input: &DFSchema) -> Result<Self> {
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
            scale: given
                .map("scale", |argument| {
                    choice(argument, &Scale::ALL, Scale::name)
                })?
                .unwrap_or(Scale::Standard),
            max_iterations: given
                .map("max_iterations", |argument| whole_number(argument, 1))?
                .unwrap_or(300),
            tolerance: given.map("tolerance", tolerance)?.unwrap_or_default(),
            n_runs: n_runs(given, &init)?,
            init,
            features,
        })
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
