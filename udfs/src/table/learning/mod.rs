//! Functions that learn a target from features: what `linear_regression`, `logistic_regression` and
//! `random_forest_regression` share, and what reads rows for those that need no target.
//!
//! A [`Family`] says how to fit and how to predict; `function` makes the SQL functions of it:
//! the rows with their predictions, the measures, the coefficients, and predictions by a kept model.
//! The way of a call: `parameters` checks its arguments, [`rows`] reads and sorts the input, `split` holds
//! rows out, `encoder` makes a matrix of the rest, and `study` fits and predicts.
//!
//! The same seed gives the same result whatever the number of threads, the batch size and the order of
//! the input: rows are sorted by their values first, and sums run in that order.

mod call;
mod encoder;
mod family;
mod function;
mod matrix;
mod measures;
mod model;
pub(super) mod number;
mod parameters;
mod predict;
pub(super) mod rows;
mod split;
mod study;
pub(super) mod target;
pub(super) mod values;

pub(super) use family::{Coefficient, Family, Sample};
pub(super) use function::{Asked, Learner};
pub(super) use matrix::{Levels, Matrix, check_features, in_pieces};
pub(super) use parameters::{FEATURES, HELD_OUT, MODEL, MODEL_TO_READ, ONE_HOT, SEED, TARGET};
