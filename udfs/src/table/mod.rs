//! Table functions: they take a relation and give a relation, and are planned as operators.

pub mod kmeans;
mod relation_arguments;

use std::sync::Arc;

use datafusion::catalog::TableFunction;

pub use relation_arguments::rewrite_relation_arguments;

/// Every table function of this package, for `information_schema.routines`.
///
/// The entries only carry the name: a table function over a relation is planned by the planners in
/// [`crate::all_relation_planners`] and [`crate::all_extension_planners`].
pub fn all_table() -> Vec<Arc<TableFunction>> {
    vec![Arc::new(TableFunction::new(
        kmeans::NAME.to_owned(),
        kmeans::table_function(),
    ))]
}
