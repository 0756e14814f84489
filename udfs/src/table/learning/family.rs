//! What a way to learn must tell: its names and arguments, how to fit, and how to predict.

use std::fmt::{Debug, Display};
use std::hash::Hash;

use datafusion::common::Result;
use datafusion::logical_expr::Documentation;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::function::Asked;
use super::matrix::Matrix;
use super::target::TargetKind;
use crate::table::arguments::Given;
use crate::table::function::{ArgumentDescription, RunContext};

/// A way to learn. The type holds its own checked arguments; `Display` shows them in EXPLAIN.
pub(in crate::table) trait Family:
    Debug + Display + Clone + Eq + Hash + Send + Sync + 'static
{
    /// The name in SQL, which the names of the other functions begin with.
    const NAME: &'static str;

    /// Whether it learns classes.
    const LEARNS_CLASSES: bool;

    /// Whether the columns of a category must not add up to 1 in each row.
    const DROPS_FIRST: bool;

    /// All named arguments of the functions that learn.
    const ARGUMENTS: &'static [ArgumentDescription];

    /// What it learns.
    type Model: Debug + Send + Sync + Serialize + DeserializeOwned;

    /// The name of a function of the family.
    fn name(asked: Asked) -> &'static str;

    /// The documentation of a function of the family.
    fn documentation(asked: Asked) -> &'static Documentation;

    /// Reads its own arguments.
    ///
    /// # Errors
    /// One that it does not take.
    fn read(given: &Given<'_>) -> Result<Self>;

    /// Learns from rows in canonical order.
    ///
    /// # Errors
    /// Rows that it cannot learn from; too little memory; cancellation.
    fn fit(&self, sample: &Sample<'_>, context: &RunContext) -> Result<Self::Model>;

    /// The prediction for each row: a number, or the probability of each class.
    ///
    /// # Errors
    /// Cancellation.
    fn predict(model: &Self::Model, matrix: &Matrix, context: &RunContext) -> Result<Vec<f64>>;

    /// What the model holds of each term, if it can be told so.
    fn coefficients(_model: &Self::Model, _classes: &[String]) -> Vec<Coefficient> {
        vec![]
    }
}

/// Rows to learn from.
#[derive(Debug)]
pub(in crate::table) struct Sample<'a> {
    pub(in crate::table) matrix: &'a Matrix,
    /// The first so many columns are numbers, the others are 0 or 1.
    pub(in crate::table) numeric: usize,
    /// Numbers, or the places of the classes.
    pub(in crate::table) targets: &'a [f64],
    /// How many classes there are; 0 for numbers.
    pub(in crate::table) classes: usize,
    pub(in crate::table) seed: u64,
}

/// A weight in a model. The first of each class is the intercept, then come the terms in order.
#[derive(Debug, Clone)]
pub(in crate::table) struct Coefficient {
    /// The class that it speaks for; none where a number is learnt.
    pub(in crate::table) class: Option<String>,
    /// None where the term cannot be told from those before it.
    pub(in crate::table) value: Option<f64>,
}

impl TargetKind {
    pub(super) fn is_classes(self) -> bool {
        matches!(self, TargetKind::Classes(_))
    }
}
