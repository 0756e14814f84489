//! `kmeans(relation, k => .., features => [..], ..)`: clusters the rows of a relation.
//!
//! The way of a call: `planner` catches it in the syntax tree, `arguments` and `columns` turn what was
//! given into `parameters`, `node` stands for it in the logical plan, `operator` runs it. The operator
//! collects its input, `groups` sorts the rows into groups, `scale` levels the features, `fit` finds
//! the clusters by repeated `lloyd` descents (or one, from centroids that `init` gives), and `model` numbers them.
//!
//! Two promises shape the code. The same seed gives bit-equal results whatever the number of threads,
//! the batch size and the order of the input: so rows are sorted before anything is computed, and sums
//! run in that order. And the result is a true solution: every row belongs to its nearest centroid,
//! every centroid is the mean of its rows.

mod arguments;
mod columns;
mod fit;
mod groups;
mod init;
mod kernel;
mod keys;
mod metrics;
mod model;
mod node;
mod operator;
mod parameters;
mod planner;
mod rows;
mod sample;
mod scale;
mod spill;

use std::sync::{Arc, LazyLock};

use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Diagnostic, Result, exec_datafusion_err, plan_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{DocSection, Documentation};

pub use node::KMeansNode;
pub use operator::KMeansExec;
pub use parameters::{Coordinate, Init, KMeansParameters, Scale, Tolerance};
pub use planner::{KMeansExtensionPlanner, KMeansRelationPlanner};

/// The SQL name.
pub const NAME: &str = "kmeans";

/// The columns that the function adds to its input, in this order.
pub const OUTPUT_COLUMNS: [&str; 3] = ["cluster", "label", "distance"];

/// Description, arguments and an example with its output, which a test runs.
pub fn documentation() -> &'static Documentation {
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
        arguments::DESCRIPTIONS
            .iter()
            .fold(documentation, |documentation, (name, description)| {
                documentation.with_argument(*name, *description)
            })
            .build()
    });
    &DOCUMENTATION
}

/// An entry for the list of table functions. Calls never reach it: the relation planner is first.
pub fn table_function() -> Arc<dyn TableFunctionImpl> {
    Arc::new(RelationOnly)
}

#[derive(Debug)]
struct RelationOnly;

impl TableFunctionImpl for RelationOnly {
    fn call_with_args(&self, _arguments: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        Err(refusal(
            format!("{NAME} clusters a relation, and this session does not plan such functions"),
            "register the relation planners of tidemill-udfs with the session",
        ))
    }
}

/// A plan error with its remedy.
fn refusal(message: String, hint: impl Into<String>) -> DataFusionError {
    plan_datafusion_err!("{message}")
        .with_diagnostic(Diagnostic::new_error(message, None).with_help(hint, None))
}

/// An error in the data, with its remedy.
fn execution_refusal(message: String, hint: &str) -> DataFusionError {
    exec_datafusion_err!("{message}")
        .with_diagnostic(Diagnostic::new_error(message, None).with_help(hint, None))
}
