//! The arithmetic of k-means: columns of numbers in, centroids and nearest centroids out. It knows no
//! SQL, no arrow and no group names.
//!
//! Two choices carry it. Features lie in columns, so that the distances of many rows to a centroid are
//! taken at once by vector instructions. And sums are kept as integers, which have no order: whatever
//! the order of the rows and the number of threads, each bit of a result is the same, without a sort.
//!
//! It is called by the conventions of `linfa`: [`LloydParams`] are checked (`ParamGuard`) and fit to
//! [`Points`] (`Fit`), and [`Centroids`] say which of them is nearest (`Predict`).

mod assign;
mod bounds;
mod exact;
mod lloyd;
mod nearest;
mod params;
mod points;
mod sums;

pub(crate) use exact::Grid;
pub(crate) use lloyd::{Descent, to_directions};
pub(crate) use nearest::{Centroids, Nearest};
pub(crate) use params::{Limits, LloydError, LloydParams};
pub(crate) use points::{Points, ROWS_PER_TASK, compare_rows, squared_distance};
pub(crate) use sums::Grids;
