//! `pca(relation, features => [..])`: the rows on the axes along which they vary most (K. Pearson, 1901), and
//! `pca_components(..)`: these axes.
//!
//! The axes are the eigenvectors of the covariance, found by `linfa-linalg` all at once: `linfa-reduction`
//! 0.8.1 searches for them from a random start, and forgets the variance that it was not asked for.

mod axes;
mod call;

use std::sync::Arc;

use datafusion::common::{Result, internal_datafusion_err};

use super::declared::{Declaration, DeclaredFunction};
use super::function::{ArgumentDescription, Request, Signature};
use super::learning::check_features;
use crate::table::arguments::{Given, choice, whole_number};
use call::{Parameters, PcaCall};

const ARGUMENTS: [ArgumentDescription; 3] = [
    ("features", "The columns to turn: numbers or booleans."),
    (
        "components",
        "How many axes, those of most variance first. Default: as many as features.",
    ),
    (
        "scale",
        "'standard' (features get mean 0 and deviation 1, the default) or 'none' (mean 0 only).",
    ),
];

/// `pca`: the rows.
pub(super) static PCA: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "pca",
    signature: Signature::Relation(&[]),
    arguments: &[&ARGUMENTS],
    description: "Turns the features to the axes along which the rows vary most. Returns all columns of \
                 the relation and pc1, pc2, .. (DOUBLE), the place of the row on each axis. On each axis \
                 the feature with the largest part has a positive one. Rows with a NULL, NaN or infinite \
                 feature take no part and have NULL.",
    syntax: "pca(relation, features => [names], ...)",
    example: r"
> SELECT x, y, round(pc1, 3) AS pc1, round(pc2, 3) AS pc2
  FROM pca((SELECT * FROM (VALUES (1, 2), (2, 4), (3, 7), (NULL, 1)) AS points(x, y)), features => ['x', 'y'])
  ORDER BY x;
+---+---+--------+--------+
| x | y | pc1    | pc2    |
+---+---+--------+--------+
| 1 | 2 | -1.669 | -0.063 |
| 2 | 4 | -0.115 | 0.115  |
| 3 | 7 | 1.784  | -0.052 |
|   | 1 |        |        |
+---+---+--------+--------+",
    call: |_, request| Ok(Arc::new(PcaCall::rows(read(request)?))),
});

/// `pca_components`: the axes.
pub(super) static PCA_COMPONENTS: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: "pca_components",
    signature: Signature::Relation(&[]),
    arguments: &[&ARGUMENTS],
    description: "Returns the axes that pca turns to, a row each: component (BIGINT, from 1), \
                 explained_variance (of the rows along it, by n - 1), explained_variance_ratio (its share \
                 of all variance), and for each feature a column of its name, its part of the axis.",
    syntax: "pca_components(relation, features => [names], ...)",
    example: r"
> SELECT component, round(explained_variance_ratio, 3) AS ratio, round(x, 3) AS x, round(y, 3) AS y
  FROM pca_components((SELECT * FROM (VALUES (1, 2), (2, 4), (3, 7)) AS points(x, y)), features => ['x', 'y']);
+-----------+-------+-------+--------+
| component | ratio | x     | y      |
+-----------+-------+-------+--------+
| 1         | 0.997 | 0.707 | 0.707  |
| 2         | 0.003 | 0.707 | -0.707 |
+-----------+-------+-------+--------+",
    call: |_, request| Ok(Arc::new(PcaCall::axes(read(request)?))),
});

fn read(request: &Request<'_>) -> Result<Parameters> {
    let given: &Given<'_> = &request.arguments;
    let input = request
        .input
        .ok_or_else(|| internal_datafusion_err!("pca was planned without a relation"))?;
    let argument = given.required("features", "features => ['height', 'weight']")?;
    let hint =
        "text has no variance: give each value a column of its own, such as (city = '..') AS is_..";
    let features = check_features(argument, input, hint)?;
    let components = match given.get("components") {
        None => features.len(),
        Some(argument) => match whole_number(argument, 1)? {
            components if components > features.len() => {
                return Err(argument.refuse(
                    format!(
                        "`components` is {components}, and there are {} features",
                        features.len()
                    ),
                    "use at most as many".to_owned(),
                ));
            }
            components => components,
        },
    };
    let standard = given.map("scale", |argument| {
        choice(argument, &[true, false], |standard| {
            if standard { "standard" } else { "none" }
        })
    })?;
    Ok(Parameters {
        features,
        components,
        standard: standard.unwrap_or(true),
    })
}
