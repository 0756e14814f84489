//! `dbscan(relation, features => [..], epsilon => .., min_points => ..)`: clusters of any shape, where rows lie dense (M. Ester et
//! al., "A density-based algorithm for discovering clusters in large spatial databases with noise", 1996).

mod call;
mod density;

use std::sync::Arc;

use datafusion::common::{Result, internal_datafusion_err};

use super::declared::{Declaration, DeclaredFunction};
use super::function::{ArgumentDescription, Call, Request, Signature};
use super::learning::check_features;
use super::learning::number::{Wanted, number};
use crate::table::arguments::{choice, whole_number};
use call::{DbscanCall, Parameters};

const NAME: &str = "dbscan";

const ARGUMENTS: [ArgumentDescription; 4] = [
    (
        "features",
        "The columns to compare rows by: numbers or booleans.",
    ),
    (
        "epsilon",
        "Rows are neighbours up to this Euclidean distance, in the scaled space.",
    ),
    (
        "min_points",
        "A row with so many neighbours, itself among them, makes a cluster: 2 or more. Default: 5.",
    ),
    (
        "scale",
        "'standard' (features get mean 0 and deviation 1, the default) or 'none'.",
    ),
];

/// `dbscan`: clusters.
pub(super) static DBSCAN: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: NAME,
    signature: Signature::Relation(&[]),
    arguments: &[&ARGUMENTS],
    description: "Finds clusters of any shape and number where rows lie dense. Returns all columns of the \
                 relation and cluster (BIGINT, from 0, in the order of the smallest row; NULL for noise \
                 and for rows with a NULL, NaN or infinite feature). A row at the edge of two clusters \
                 belongs to the first. Time grows with the number of neighbours: choose a small epsilon.",
    syntax: "dbscan(relation, features => [names], epsilon => distance, ...)",
    example: r"
> SELECT x, cluster
  FROM dbscan(
    (SELECT * FROM (VALUES (1.0), (1.1), (1.2), (5.0), (5.1), (5.3), (9.0)) AS points(x)),
    features => ['x'], epsilon => 0.25, min_points => 2, scale => 'none')
  ORDER BY x;
+-----+---------+
| x   | cluster |
+-----+---------+
| 1.0 | 0       |
| 1.1 | 0       |
| 1.2 | 0       |
| 5.0 | 1       |
| 5.1 | 1       |
| 5.3 | 1       |
| 9.0 |         |
+-----+---------+",
    call,
});

fn call(_: &str, request: &Request<'_>) -> Result<Arc<dyn Call>> {
    let given = &request.arguments;
    let input = request
        .input
        .ok_or_else(|| internal_datafusion_err!("{NAME} was planned without a relation"))?;
    let features = given.required("features", "features => ['longitude', 'latitude']")?;
    let hint = "a code for each text would make up distances; give each value a column of its own, such as (city = '..') AS is_..";
    let features = check_features(features, input, hint)?;
    let wanted = Wanted {
        what: "a number above 0",
        example: "epsilon => 0.5",
        allows: |number| number > 0.0,
    };
    let epsilon = number(given.required("epsilon", "epsilon => 0.5")?, wanted)?;
    let min_points = given.map("min_points", |argument| whole_number(argument, 2))?;
    let standard = given.map("scale", |argument| {
        choice(argument, &[true, false], |standard| {
            if standard { "standard" } else { "none" }
        })
    })?;
    Ok(Arc::new(DbscanCall::new(Parameters {
        features,
        epsilon,
        min_points: min_points.unwrap_or(5),
        standard: standard.unwrap_or(true),
    })))
}
