//! From the arguments of `kmeans` to checked parameters.

use datafusion::common::{DFSchema, Result};

use super::init::init;
use super::parameters::{Clusters, Distance, Init, KMeansParameters, Nulls, Scale, Tolerance};
use crate::table::arguments::{Argument, Given, choice, seed, text, texts, whole_number};
use crate::table::columns::{check_category, check_column, check_numeric, columns, partition_by};
use crate::table::function::ArgumentDescription;

/// How many clusters.
pub(super) const K: ArgumentDescription = (
    "k",
    "How many clusters, 1 or more; each group needs as many rows that differ. 'auto' tries 2 to 10 and takes the number with the highest silhouette.",
);

/// How to cluster: the arguments that all functions of the family take, and what each means.
pub(super) const ARGUMENTS: [ArgumentDescription; 13] = [
    (
        "features",
        "The columns to compare rows by: numbers or booleans.",
    ),
    (
        "one_hot",
        "Columns of categories to compare rows by, too: each value is a feature of its own, 0 or 1, scaled so that two categories are 1 apart. At most 100 values.",
    ),
    (
        "partition_by",
        "Columns whose values split the rows into groups, each with its own clusters. Default: one group.",
    ),
    (
        "weight",
        "A column of numbers, 0 or more: how much a row counts in the centres. Default: all alike.",
    ),
    (
        "label_by",
        "The numeric column by whose mean the clusters are numbered. Default: the first feature.",
    ),
    ("seed", "The same seed gives the same result. Default: 42."),
    (
        "scale",
        "'standard' (mean 0, deviation 1, the default), 'minmax' (0 to 1), 'robust' (median 0, interquartile range 1), 'log' (logarithm of 1 + magnitude, then standard) or 'none' (the default for cosine); per group and feature.",
    ),
    (
        "distance",
        "'euclidean' (the default) or 'cosine': 1 - the cosine of the angle, for which only directions count.",
    ),
    (
        "nulls",
        "What becomes of a row whose feature is NULL, NaN or infinite: 'skip' (it comes back with NULL, the default), 'mean' or 'median' (of its group), or 'error'.",
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
        "Where runs start: 'k-means++' (the default), 'k-means||', 'random', or k lists with a number per feature, in the units of the features: one run from these centroids, the same in each group.",
    ),
];

/// How clusters are named, where they are.
pub(super) const NAMING: [ArgumentDescription; 2] = [
    (
        "labels",
        "k names for the clusters, in the order of label_by. Default: label is NULL.",
    ),
    (
        "previous",
        "A model: the clusters get the numbers and labels of those of its clusters that are nearest, so that names stay as groups drift.",
    ),
];

impl KMeansParameters {
    /// Checks the arguments, each by itself and against the columns of the input.
    ///
    /// # Errors
    /// An argument that is missing, or that is none for this input.
    pub(super) fn try_new(given: &Given<'_>, input: &DFSchema) -> Result<Self> {
        let k = clusters(given.required("k", "k => 5")?)?;
        Self::with_clusters(k, given, input)
    }

    /// Checks all arguments but `k`.
    ///
    /// # Errors
    /// As [`KMeansParameters::try_new`].
    pub(super) fn with_clusters(k: Clusters, given: &Given<'_>, input: &DFSchema) -> Result<Self> {
        let one_hot = given.map("one_hot", |argument| categories(argument, input))?;
        let one_hot = one_hot.unwrap_or_default();
        let features = match given.get("features") {
            None if !one_hot.is_empty() => vec![],
            _ => features(
                given.required("features", "features => ['average_bill_amount']")?,
                &one_hot,
                input,
            )?,
        };
        let init = match (given.get("init"), k) {
            (Some(argument), k) => init(argument, k, &features, &one_hot)?,
            (None, _) => Init::KMeansPlusPlus,
        };
        let number = |argument: &Argument| {
            let name = text(argument)?;
            check_column(argument, &name, input)?;
            check_numeric(argument, &name, input)?;
            Ok(name)
        };
        let distance = given
            .map("distance", |argument| {
                choice(argument, &Distance::ALL, Distance::name)
            })?
            .unwrap_or(Distance::Euclidean);
        let previous = given.map("previous", |argument| previous(argument, given))?;
        Ok(KMeansParameters {
            k,
            partition_by: given
                .map("partition_by", |argument| {
                    let compared: Vec<_> = features.iter().chain(&one_hot).cloned().collect();
                    partition_by(argument, &compared, input)
                })?
                .unwrap_or_default(),
            weight: given.map("weight", number)?,
            labels: given.map("labels", |argument| labels(argument, k))?,
            label_by: given.map("label_by", number)?.or(features.first().cloned()),
            seed: given.map("seed", seed)?.unwrap_or(42),
            scale: given
                .map("scale", |argument| {
                    choice(argument, &Scale::ALL, Scale::name)
                })?
                .unwrap_or(match distance {
                    Distance::Euclidean => Scale::Standard,
                    Distance::Cosine => Scale::None,
                }),
            distance,
            nulls: given
                .map("nulls", |argument| {
                    choice(argument, &Nulls::ALL, Nulls::name)
                })?
                .unwrap_or(Nulls::Skip),
            max_iterations: given
                .map("max_iterations", |argument| whole_number(argument, 1))?
                .unwrap_or(300),
            tolerance: given.map("tolerance", tolerance)?.unwrap_or_default(),
            n_runs: n_runs(given, &init)?,
            init,
            previous,
            features,
            one_hot,
        })
    }
}

fn clusters(argument: &Argument) -> Result<Clusters> {
    match argument.value.as_text() {
        Some(text) if text.eq_ignore_ascii_case("auto") => Ok(Clusters::Auto),
        _ => whole_number(argument, 1).map(Clusters::Fixed),
    }
}

fn features(argument: &Argument, one_hot: &[String], input: &DFSchema) -> Result<Vec<String>> {
    let features = columns(argument, input)?;
    for feature in &features {
        check_numeric(argument, feature, input)?;
        if one_hot.contains(feature) {
            return Err(argument.refuse(
                format!("'{feature}' is in `features` and in `one_hot`"),
                "it is a number or a category: remove it from one".to_owned(),
            ));
        }
    }
    Ok(features)
}

fn categories(argument: &Argument, input: &DFSchema) -> Result<Vec<String>> {
    let names = columns(argument, input)?;
    for name in &names {
        check_category(argument, name, input)?;
    }
    Ok(names)
}

fn previous(argument: &Argument, given: &Given<'_>) -> Result<String> {
    match given.get("labels").or(given.get("label_by")) {
        Some(other) => Err(other.refuse(
            format!("`{}` does not go with `previous`", other.name),
            "the clusters get the names of the previous model: remove one of the two".to_owned(),
        )),
        None => text(argument),
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

fn labels(argument: &Argument, k: Clusters) -> Result<Vec<String>> {
    let labels = texts(argument)?;
    let Clusters::Fixed(k) = k else {
        return Err(argument.refuse(
            "`labels` needs to know how many clusters there are".to_owned(),
            "give k as a number, or name the clusters afterwards by their `cluster`".to_owned(),
        ));
    };
    if labels.len() != k {
        return Err(argument.refuse(
            format!("`labels` has {} entries for k = {k} clusters", labels.len()),
            format!("give exactly {k}, in the order of `label_by`"),
        ));
    }
    Ok(labels)
}
