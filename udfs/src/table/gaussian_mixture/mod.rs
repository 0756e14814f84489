//! `gaussian_mixture(relation, k => .., features => [..], ..)`: clusters that are normal distributions of any shape, and how
//! probable it is that a row comes from its cluster.
//!
//! `call` reads the rows, `fit` runs the expectation-maximisation of `mixture` from several starts.

mod arguments;
mod call;
mod fit;
mod mixture;

use std::sync::Arc;

use super::declared::{Declaration, DeclaredFunction};
use super::function::Signature;
use call::MixtureCall;

const NAME: &str = "gaussian_mixture";

/// `gaussian_mixture`: clusters.
pub(super) static GAUSSIAN_MIXTURE: DeclaredFunction = DeclaredFunction::new(Declaration {
    name: NAME,
    signature: Signature::Relation(&[]),
    arguments: &[&arguments::ARGUMENTS],
    description: "Clusters the rows of a relation by a mixture of normal distributions, each with a \
                 covariance of its own. Returns all columns of the relation and: cluster (BIGINT, 0 to \
                 k - 1, in the order of the means of label_by), label (TEXT), and probability (DOUBLE, \
                 that the row comes from this cluster). Rows with a NULL, NaN or infinite feature take \
                 no part and have NULL in all three. Fails when no run settles.",
    syntax: "gaussian_mixture(relation, k => count, features => [names], ...)",
    example: r"
> SELECT month, bill, cluster, label, round(probability, 3) AS probability
  FROM gaussian_mixture(
    (SELECT * FROM (VALUES (1, 100), (2, 120), (3, 90), (4, 900), (5, 950), (6, 970), (7, NULL)) AS bills(month, bill)),
    k => 2, features => ['bill'], labels => ['Low', 'High'])
  ORDER BY month;
+-------+------+---------+-------+-------------+
| month | bill | cluster | label | probability |
+-------+------+---------+-------+-------------+
| 1     | 100  | 0       | Low   | 1.0         |
| 2     | 120  | 0       | Low   | 1.0         |
| 3     | 90   | 0       | Low   | 1.0         |
| 4     | 900  | 1       | High  | 1.0         |
| 5     | 950  | 1       | High  | 1.0         |
| 6     | 970  | 1       | High  | 1.0         |
| 7     |      |         |       |             |
+-------+------+---------+-------+-------------+",
    call: |_, request| Ok(Arc::new(MixtureCall::new(arguments::read(request)?))),
});
