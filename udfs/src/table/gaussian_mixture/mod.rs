//! `gaussian_mixture(relation, k => .., features => [..], ..)`: clusters that are normal distributions of any shape, and how
//! probable it is that a row comes from its cluster.
//!
//! `call` reads the rows, `fit` runs the expectation-maximisation of `mixture` from several starts.

mod arguments;
mod call;
mod fit;
mod mixture;

use std::sync::{Arc, LazyLock};

use datafusion::common::Result;
use datafusion::logical_expr::{Documentation, DocumentationBuilder};

use super::documented;
use super::function::{ArgumentDescription, Call, RelationFunction, Request, Signature};
use super::learning::learning_section;
use call::MixtureCall;

const NAME: &str = "gaussian_mixture";

/// The function.
#[derive(Debug)]
pub struct GaussianMixture;

impl RelationFunction for GaussianMixture {
    fn name(&self) -> &'static str {
        NAME
    }

    fn signature(&self) -> Signature {
        Signature::Relation(&[])
    }

    fn arguments(&self) -> &'static [ArgumentDescription] {
        &arguments::ARGUMENTS
    }

    fn documentation(&self) -> &Documentation {
        static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
            let builder: DocumentationBuilder = Documentation::builder(
                learning_section(),
                "Clusters the rows of a relation by a mixture of normal distributions, each with a \
                 covariance of its own. Returns all columns of the relation and: cluster (BIGINT, 0 to \
                 k - 1, in the order of the means of label_by), label (TEXT), and probability (DOUBLE, \
                 that the row comes from this cluster). Rows with a NULL, NaN or infinite feature take \
                 no part and have NULL in all three. Fails when no run settles.",
                "gaussian_mixture(relation, k => count, features => [names], ...)",
            );
            let example = r"```sql
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
+-------+------+---------+-------+-------------+
```";
            documented(builder.with_sql_example(example), &arguments::ARGUMENTS)
        });
        &DOCUMENTATION
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        Ok(Arc::new(MixtureCall::new(arguments::read(request)?)))
    }
}
