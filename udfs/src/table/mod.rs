//! Table functions over a relation: they take rows and give rows, and are planned as operators.
//!
//! The way of a call: [`rewrite_relation_arguments`] makes a relation of a table name, `planner` catches
//! the call in the syntax tree and reads its `arguments`, the function checks them ([`function`]), a
//! `node` stands for the call in the logical plan, and one `operator` runs them all.

mod arguments;
mod columns;
mod dbscan;
mod declared;
pub mod function;
mod gaussian_mixture;
mod kept;
pub mod kmeans;
mod learning;
mod linear_regression;
mod logistic_regression;
mod memory;
mod ml;
pub mod models;
mod node;
mod operator;
mod pca;
mod planner;
mod random_forest_regression;
mod relation_arguments;

use std::sync::Arc;

use datafusion::catalog::{TableFunction, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::{Diagnostic, Result, exec_datafusion_err, plan_datafusion_err};
use datafusion::error::DataFusionError;

pub use arguments::Given;
pub use memory::Memory;
pub use node::CallNode;
pub use operator::CallExec;
pub use planner::{CallExtensionPlanner, CallPlanner};
pub use relation_arguments::{NamedModels, named_models, rewrite_relation_arguments};

use function::RelationFunction;
use learning::{Asked, Learner};
use linear_regression::LinearRegression;
use logistic_regression::LogisticRegression;
use random_forest_regression::RandomForestRegression;

/// Every table function over a relation.
pub static FUNCTIONS: [&dyn RelationFunction; 24] = [
    &kmeans::KMEANS,
    &kmeans::KMEANS_CENTROIDS,
    &kmeans::KMEANS_ELBOW,
    &kmeans::KMEANS_EXPLAIN,
    &kmeans::KMEANS_METRICS,
    &kmeans::KMEANS_PREDICT,
    &gaussian_mixture::GAUSSIAN_MIXTURE,
    &dbscan::DBSCAN,
    &pca::PCA,
    &pca::PCA_COMPONENTS,
    &Learner::<LinearRegression>::new(Asked::Rows),
    &Learner::<LinearRegression>::new(Asked::Measures),
    &Learner::<LinearRegression>::new(Asked::Predictions),
    &Learner::<LinearRegression>::new(Asked::Coefficients),
    &Learner::<LogisticRegression>::new(Asked::Rows),
    &Learner::<LogisticRegression>::new(Asked::Measures),
    &Learner::<LogisticRegression>::new(Asked::Predictions),
    &Learner::<LogisticRegression>::new(Asked::Coefficients),
    &Learner::<RandomForestRegression>::new(Asked::Rows),
    &Learner::<RandomForestRegression>::new(Asked::Measures),
    &Learner::<RandomForestRegression>::new(Asked::Predictions),
    &ml::ML_PREDICT,
    &ml::ML_CENTROIDS,
    &ml::ML_EVALUATE,
];

/// Every table function of this package, for `information_schema.routines`.
///
/// The entries only carry the name: a call is planned by [`CallPlanner`] and [`CallExtensionPlanner`].
pub fn all_table() -> Vec<Arc<TableFunction>> {
    let entry = |function: &&dyn RelationFunction| {
        let name = function.name();
        Arc::new(TableFunction::new(name.to_owned(), Arc::new(Listed(name))))
    };
    FUNCTIONS.iter().map(entry).collect()
}

/// An entry of the list. Calls never reach it: the relation planner is first.
#[derive(Debug)]
struct Listed(&'static str);

impl TableFunctionImpl for Listed {
    fn call_with_args(&self, _arguments: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        Err(refusal(
            format!(
                "{} takes a relation, and this session does not plan such functions",
                self.0
            ),
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
fn execution_refusal(message: String, hint: impl Into<String>) -> DataFusionError {
    exec_datafusion_err!("{message}")
        .with_diagnostic(Diagnostic::new_error(message, None).with_help(hint, None))
}
