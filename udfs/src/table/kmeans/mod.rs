//! `kmeans(relation, k => .., features => [..], ..)`: clusters the rows of a relation.
//!
//! `arguments` turn what was given into `parameters`, `call` stands for them in the plans and runs
//! them: it collects its input, `groups` sorts the rows into groups, `scale` levels the features, `fit`
//! finds the clusters by repeated `lloyd` descents (or one, from centroids that `init` gives), and `model`
//! numbers them.
//!
//! Two promises shape the code. The same seed gives bit-equal results whatever the number of threads,
//! the batch size and the order of the input: so rows are sorted before anything is computed, and sums
//! run in that order. And the result is a true solution: every row belongs to its nearest centroid,
//! every centroid is the mean of its rows.

mod arguments;
mod call;
mod fit;
mod groups;
mod init;
mod lloyd;
mod metrics;
mod model;
mod parameters;
mod scale;

use std::sync::{Arc, LazyLock};

use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::{DocSection, Documentation};

pub use parameters::{Coordinate, Init, KMeansParameters, Scale, Tolerance};

use crate::table::documented;
use crate::table::function::{ArgumentDescription, Call, RelationFunction, Request, Signature};
use call::KMeansCall;

/// The SQL name.
pub const NAME: &str = "kmeans";

/// The function.
#[derive(Debug)]
pub struct KMeans;

impl RelationFunction for KMeans {
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
        documentation()
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        let input = request
            .input
            .ok_or_else(|| internal_datafusion_err!("{NAME} was planned without a relation"))?;
        let parameters = KMeansParameters::try_new(&request.arguments, input)?;
        Ok(Arc::new(KMeansCall::new(parameters)))
    }
}

fn documentation() -> &'static Documentation {
    static DOCUMENTATION: LazyLock<Documentation> = LazyLock::new(|| {
        let documentation = Documentation::builder(
            DocSection {
                include: true,
                label: "Table Functions",
                description: None,
            },
            "Clusters the rows of a relation by k-means. Returns all columns of the relation and: \
             cluster (BIGINT, 0 to k - 1, in the order of label_by), label (TEXT), and distance \
             (DOUBLE, Euclidean, from the row to the centre of its cluster in the scaled space). Rows \
             with a NULL, NaN or infinite feature take no part and have NULL in all three.",
            "kmeans(relation, k => count, features => [names], ...)",
        )
        .with_sql_example(
            r"```sql
> SELECT month, bill, cluster, label, round(distance, 3) AS distance
  FROM kmeans(
    (SELECT * FROM (VALUES (1, 100), (2, 120), (3, 900), (4, 950), (5, NULL)) AS bills(month, bill)),
    k => 2, features => ['bill'], labels => ['Low', 'High'])
  ORDER BY month;
+-------+------+---------+-------+----------+
| month | bill | cluster | label | distance |
+-------+------+---------+-------+----------+
| 1     | 100  | 0       | Low   | 0.025    |
| 2     | 120  | 0       | Low   | 0.025    |
| 3     | 900  | 1       | High  | 0.061    |
| 4     | 950  | 1       | High  | 0.061    |
| 5     |      |         |       |          |
+-------+------+---------+-------+----------+
```",
        );
        documented(documentation, &arguments::ARGUMENTS)
    });
    &DOCUMENTATION
}
