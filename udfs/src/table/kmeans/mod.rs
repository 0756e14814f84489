//! `kmeans(relation, k => .., features => [..], ..)` and its family: clusters the rows of a relation.
//!
//! `functions` declares what users call; `arguments` turn what was given into `parameters`; `call` stands
//! for them in the plans and runs them: `rows` (and `categories`) keep the columns of the input, `groups`
//! bring the rows of each group together (`keys` tell them apart), `scale` levels the features, `fit`
//! finds the clusters by descents of the `kernel` (that `starts` begins, from a `sample` of the rows), and
//! `model` numbers them, by a feature or by `matching` them with those of a previous model, and describes
//! the `clusters`. What is `learnt` can be summarised, kept, and used to `predict`; `evaluation` judges it.
//!
//! Two promises shape the code. The same seed gives bit-equal results whatever the number of threads,
//! the batch size and the order of the input: so sums are exact, and what is drawn depends on values
//! alone. And the result is a true solution: every row belongs to its nearest centroid, every centroid
//! is the mean of its rows.

mod arguments;
mod call;
mod categories;
mod clusters;
mod directions;
mod elbow;
mod evaluation;
mod fit;
mod functions;
mod groups;
mod init;
mod kernel;
mod keys;
mod learnt;
mod matching;
mod metrics;
mod model;
mod parameters;
mod predict;
mod rows;
mod sample;
mod scale;
mod starts;
mod stored;
mod summary;

pub(super) use functions::{
    KMEANS, KMEANS_CENTROIDS, KMEANS_ELBOW, KMEANS_EXPLAIN, KMEANS_METRICS, KMEANS_PREDICT,
};
pub use parameters::{
    Clusters, Coordinate, Distance, Init, KMeansParameters, Nulls, Scale, Tolerance,
};

/// The SQL name of the first of them.
pub const NAME: &str = "kmeans";
