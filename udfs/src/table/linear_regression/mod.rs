//! `linear_regression(relation, features => [..], target => ..)`: predicts a number as a weighted sum, by
//! least squares.
//!
//! `fit` finds the weights; everything else is of [`crate::table::learning`].

mod documentation;
mod fit;

use std::fmt;

use datafusion::common::Result;
use datafusion::logical_expr::Documentation;
use serde::{Deserialize, Serialize};

use super::learning::number::Number;
use super::learning::{
    Asked, Coefficient, FEATURES, Family, HELD_OUT, MODEL, Matrix, ONE_HOT, SEED, Sample, TARGET,
};
use crate::table::arguments::Given;
use crate::table::function::{ArgumentDescription, RunContext};

/// Least squares has no arguments of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LinearRegression;

/// The weighted sum.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Weights {
    intercept: Number,
    /// None for a term that does not vary or that the terms before it tell already.
    weights: Vec<Option<Number>>,
}

impl Family for LinearRegression {
    const NAME: &'static str = "linear_regression";
    const LEARNS_CLASSES: bool = false;
    const DROPS_FIRST: bool = true;
    const ARGUMENTS: &'static [ArgumentDescription] =
        &[FEATURES, ONE_HOT, TARGET, HELD_OUT, SEED, MODEL];

    type Model = Weights;

    fn name(asked: Asked) -> &'static str {
        match asked {
            Asked::Rows => Self::NAME,
            Asked::Measures => "linear_regression_metrics",
            Asked::Coefficients => "linear_regression_coefficients",
            Asked::Predictions => "linear_regression_predict",
        }
    }

    fn documentation(asked: Asked) -> &'static Documentation {
        documentation::of(asked)
    }

    fn read(_given: &Given<'_>) -> Result<Self> {
        Ok(LinearRegression)
    }

    fn fit(&self, sample: &Sample<'_>, context: &RunContext) -> Result<Weights> {
        fit::fit(sample, context)
    }

    fn predict(model: &Weights, matrix: &Matrix, _context: &RunContext) -> Result<Vec<f64>> {
        let predict = |row: &[f64]| {
            let products = row.iter().zip(&model.weights);
            let products = products.map(|(value, weight)| value * weight.map_or(0.0, Number::get));
            model.intercept.get() + products.sum::<f64>()
        };
        Ok(matrix.rows().map(predict).collect())
    }

    fn coefficients(model: &Weights, _classes: &[String]) -> Vec<Coefficient> {
        let intercept = [Some(model.intercept)].into_iter();
        let values = intercept.chain(model.weights.iter().copied());
        let values = values.map(|value| value.map(Number::get));
        values
            .map(|value| Coefficient { class: None, value })
            .collect()
    }
}

impl fmt::Display for LinearRegression {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}
