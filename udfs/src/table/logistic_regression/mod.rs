//! `logistic_regression(relation, features => [..], target => ..)`: predicts one of two or more classes and how
//! probable it is.
//!
//! `loss` is what is made small, `descent` makes it so; everything else is of [`crate::table::learning`].
//!
//! The descent is our own: that of `linfa-logistic` 0.8.1 shifts all rows by one maximum when it sums
//! exponents, so that with three classes a single far value ends it anywhere (with one value of 200 among
//! 300 from -2 to 2 it stopped at a slope of 48 instead of 0), it does not tell whether it has arrived,
//! and it cannot be stopped.

mod descent;
mod documentation;
mod loss;

use std::fmt;

use datafusion::common::Result;
use datafusion::logical_expr::Documentation;
use serde::{Deserialize, Serialize};

use super::learning::number::{Number, Wanted, number_or};
use super::learning::{
    Asked, Coefficient, FEATURES, Family, HELD_OUT, Levels, MODEL, Matrix, ONE_HOT, SEED, Sample,
};
use crate::table::arguments::{Given, choice, whole_number};
use crate::table::execution_refusal;
use crate::table::function::{ArgumentDescription, RunContext};
use descent::{Ending, descend};
use loss::Loss;

/// The checked arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LogisticRegression {
    l2: Number,
    scale: Scale,
    max_iterations: usize,
    tolerance: Number,
}

/// Whether numeric features are levelled before weights are held small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scale {
    Standard,
    None,
}

impl Scale {
    fn name(self) -> &'static str {
        match self {
            Scale::Standard => "standard",
            Scale::None => "none",
        }
    }
}

/// A score per class, or one for the second of two; each is an intercept and a weight per term.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Scores {
    width: usize,
    weights: Vec<Number>,
}

impl Family for LogisticRegression {
    const NAME: &'static str = "logistic_regression";
    const LEARNS_CLASSES: bool = true;
    const DROPS_FIRST: bool = true;
    const ARGUMENTS: &'static [ArgumentDescription] = &[
        FEATURES,
        ONE_HOT,
        (
            "target",
            "The column to predict: text, boolean or integer, of at most 100 classes. Rows without it are predicted only.",
        ),
        HELD_OUT,
        SEED,
        MODEL,
        (
            "l2",
            "How much weights are held small: half of the sum of their squares counts so much beside the loss of all rows. Default: 1.",
        ),
        (
            "scale",
            "'standard' (numeric features get mean 0 and deviation 1 before weights are held small, the default) or 'none'.",
        ),
        ("max_iterations", "At most so many steps. Default: 1000."),
        (
            "tolerance",
            "The weights are found when no slope of the mean loss is larger than this. Default: 0.000001.",
        ),
    ];

    type Model = Scores;

    fn name(asked: Asked) -> &'static str {
        match asked {
            Asked::Rows => Self::NAME,
            Asked::Measures => "logistic_regression_metrics",
            Asked::Coefficients => "logistic_regression_coefficients",
            Asked::Predictions => "logistic_regression_predict",
        }
    }

    fn documentation(asked: Asked) -> &'static Documentation {
        documentation::of(asked)
    }

    fn read(given: &Given<'_>) -> Result<Self> {
        let at_least_0 = |example| Wanted {
            what: "a number, 0 or more",
            example,
            allows: |number| number >= 0.0,
        };
        let above_0 = Wanted {
            what: "a number above 0",
            example: "tolerance => 0.000001",
            allows: |number| number > 0.0,
        };
        let scale = given.map("scale", |argument| {
            choice(argument, &[Scale::Standard, Scale::None], Scale::name)
        })?;
        let steps = given.map("max_iterations", |argument| whole_number(argument, 1))?;
        Ok(LogisticRegression {
            l2: number_or(given, "l2", 1.0, at_least_0("l2 => 1"))?,
            scale: scale.unwrap_or(Scale::Standard),
            max_iterations: steps.unwrap_or(1000),
            tolerance: number_or(given, "tolerance", 1e-6, above_0)?,
        })
    }

    fn fit(&self, sample: &Sample<'_>, context: &RunContext) -> Result<Scores> {
        let levels = self.levels(sample);
        let mut matrix = sample.matrix.clone();
        levels.apply(&mut matrix);
        let loss = Loss::new(&matrix, sample.targets, sample.classes, self.l2.get());
        let check = || context.cancelled.check(Self::NAME);
        let end = descend(&loss, self.tolerance.get(), self.max_iterations, check)?;
        let weights = match end {
            Ending::Arrived(weights) => weights,
            Ending::GaveUp { steps, slope } => {
                return Err(execution_refusal(
                    format!(
                        "{}: the weights are not found after {steps} steps: a slope of {slope:e} is left, above {}",
                        Self::NAME,
                        self.tolerance
                    ),
                    "use more `max_iterations`, a larger `l2`, or a larger `tolerance`",
                ));
            }
        };
        Ok(in_units(weights, matrix.width, &levels))
    }

    fn predict(model: &Scores, matrix: &Matrix, _context: &RunContext) -> Result<Vec<f64>> {
        let mut probabilities = vec![];
        let weights: Vec<f64> = model.weights.iter().map(|weight| weight.get()).collect();
        for row in matrix.rows() {
            let scores = weights.chunks(model.width + 1);
            let scores: Vec<f64> = scores.map(|weights| loss::score(weights, row)).collect();
            loss::append_probabilities(&scores, &mut probabilities);
        }
        Ok(probabilities)
    }

    fn coefficients(model: &Scores, classes: &[String]) -> Vec<Coefficient> {
        let scores = model.weights.chunks(model.width + 1);
        // Two classes share one score: that of the second.
        let classes = &classes[usize::from(classes.len() == 2)..];
        let of_class = scores.zip(classes).flat_map(|(weights, class)| {
            weights.iter().map(|weight| Coefficient {
                class: Some(class.clone()),
                value: Some(weight.get()),
            })
        });
        of_class.collect()
    }
}

impl LogisticRegression {
    /// All terms are shifted, which the intercept takes up; only numbers may be stretched.
    fn levels(&self, sample: &Sample<'_>) -> Levels {
        let mut levels = Levels::of(sample.matrix);
        let kept = match self.scale {
            Scale::Standard => sample.numeric,
            Scale::None => 0,
        };
        levels.deviations[kept..].fill(1.0);
        levels
    }
}

impl fmt::Display for LogisticRegression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "l2={}, scale={}, max_iterations={}, tolerance={}",
            self.l2,
            self.scale.name(),
            self.max_iterations,
            self.tolerance
        )
    }
}

/// Weights of levelled terms as weights of the terms themselves.
fn in_units(mut weights: Vec<f64>, width: usize, levels: &Levels) -> Scores {
    for score in weights.chunks_mut(width + 1) {
        let Some((intercept, terms)) = score.split_first_mut() else {
            continue;
        };
        let levels = levels.means.iter().zip(&levels.deviations);
        for (weight, (mean, deviation)) in terms.iter_mut().zip(levels) {
            *weight /= deviation;
            *intercept -= *weight * mean;
        }
    }
    Scores {
        width,
        weights: weights.into_iter().map(Number::new).collect(),
    }
}
