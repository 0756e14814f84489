//! `random_forest_regression(relation, features => [..], target => ..)`: predicts a number as the mean of many
//! trees, each grown on other rows and features (L. Breiman, "Random forests", 2001).
//!
//! `bins` makes small numbers of the features, `grow` grows a tree, `tree` predicts by it and is kept as
//! text; everything else is of [`crate::table::learning`].
//!
//! The trees are our own: those of `linfa-trees` and `linfa-ensemble` 0.8.1 only tell classes apart, and
//! `smartcore` 0.7.0, which predicts numbers, cannot be stopped, uses one core, and keeps its trees as
//! some 130 bytes of JSON per node.

mod bins;
mod documentation;
mod grow;
mod tree;

use std::fmt;

use datafusion::common::Result;
use datafusion::logical_expr::Documentation;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::learning::number::Number;
use super::learning::{
    Asked, FEATURES, Family, HELD_OUT, MODEL, Matrix, ONE_HOT, SEED, Sample, TARGET,
};
use crate::table::arguments::{Given, whole_number};
use crate::table::function::{ArgumentDescription, RunContext};
use bins::Bins;
use grow::{Limits, grow};
use tree::Tree;

/// The checked arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RandomForestRegression {
    trees: usize,
    max_depth: Option<usize>,
    min_leaf_rows: usize,
    max_features: Option<usize>,
}

/// The trees, and the mean of the target that they start from.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Forest {
    mean: Number,
    trees: Vec<Tree>,
}

impl Family for RandomForestRegression {
    const NAME: &'static str = "random_forest_regression";
    const LEARNS_CLASSES: bool = false;
    const DROPS_FIRST: bool = false;
    const ARGUMENTS: &'static [ArgumentDescription] = &[
        FEATURES,
        ONE_HOT,
        TARGET,
        HELD_OUT,
        SEED,
        MODEL,
        ("trees", "How many trees. Default: 100."),
        (
            "max_depth",
            "At most so many questions on the way to a prediction. Default: no limit.",
        ),
        (
            "min_leaf_rows",
            "No prediction of a tree stands on fewer rows. Default: 5.",
        ),
        (
            "max_features",
            "How many features, drawn anew, a question is chosen from; a value of one_hot is a feature. Default: a third of them, rounded up.",
        ),
    ];

    type Model = Forest;

    fn name(asked: Asked) -> &'static str {
        match asked {
            Asked::Rows | Asked::Coefficients => Self::NAME,
            Asked::Measures => "random_forest_regression_metrics",
            Asked::Predictions => "random_forest_regression_predict",
        }
    }

    fn documentation(asked: Asked) -> &'static Documentation {
        documentation::of(asked)
    }

    fn read(given: &Given<'_>) -> Result<Self> {
        let count = |name| given.map(name, |argument| whole_number(argument, 1));
        Ok(RandomForestRegression {
            trees: count("trees")?.unwrap_or(100),
            max_depth: count("max_depth")?,
            min_leaf_rows: count("min_leaf_rows")?.unwrap_or(5),
            max_features: count("max_features")?,
        })
    }

    fn fit(&self, sample: &Sample<'_>, context: &RunContext) -> Result<Forest> {
        let rows = sample.matrix.len();
        context
            .memory
            .grow(rows * (sample.matrix.width + size_of::<f64>()))?;
        let bins = Bins::of(sample.matrix);
        let mean = sample.targets.iter().sum::<f64>() / rows as f64;
        let targets: Vec<f64> = sample.targets.iter().map(|target| target - mean).collect();
        let width = sample.matrix.width;
        let limits = Limits {
            max_depth: self.max_depth.unwrap_or(usize::MAX),
            min_leaf_rows: self.min_leaf_rows,
            features: self.max_features.unwrap_or(width.div_ceil(3)).min(width),
        };
        let mut random = Xoshiro256Plus::seed_from_u64(sample.seed);
        let starts: Vec<Xoshiro256Plus> = (0..self.trees)
            .map(|_| {
                let start = random.clone();
                // A jump leads to numbers that no other tree sees.
                random.jump();
                start
            })
            .collect();
        // Each tree has random numbers of its own, so that it is the same on whatever thread.
        let trees = starts.into_par_iter().map(|random| {
            let most = grow::bytes(rows, self.min_leaf_rows);
            context.memory.grow(most)?;
            let tree = grow(&bins, &targets, limits, random, || {
                context.cancelled.check(Self::NAME)
            })?;
            context.memory.shrink(most.saturating_sub(tree.bytes()));
            Ok(tree)
        });
        Ok(Forest {
            mean: Number::new(mean),
            trees: trees.collect::<Result<_>>()?,
        })
    }

    fn predict(model: &Forest, matrix: &Matrix, context: &RunContext) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; matrix.len()];
        for tree in &model.trees {
            context.cancelled.check(Self::NAME)?;
            for (sum, row) in sums.iter_mut().zip(matrix.rows()) {
                *sum += tree.predict(row);
            }
        }
        let count = model.trees.len() as f64;
        Ok(sums
            .into_iter()
            .map(|sum| model.mean.get() + sum / count)
            .collect())
    }
}

impl fmt::Display for RandomForestRegression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "trees={}, min_leaf_rows={}",
            self.trees, self.min_leaf_rows
        )?;
        for (name, limit) in [
            ("max_depth", self.max_depth),
            ("max_features", self.max_features),
        ] {
            if let Some(limit) = limit {
                write!(f, ", {name}={limit}")?;
            }
        }
        Ok(())
    }
}
