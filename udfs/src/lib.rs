//! Tidemill's SQL functions. They know DataFusion and nothing of the engine.
//!
//! Each function is declared once, in the file named after it, and listed once, in the module of its
//! kind: [`all_scalar`], [`all_window`] and [`table::FUNCTIONS`]. A session takes them all with
//! [`register_all`]; a table function over a relation also needs [`all_extension_planners`] in the session's query planner, and
//! [`rewrite_relation_arguments`] on every statement before it is planned.

mod scalar;
pub mod table;
#[cfg(test)]
mod tests;
mod window;

use std::sync::Arc;

use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_planner::ExtensionPlanner;

pub use scalar::all_scalar;
pub use table::{all_table, rewrite_relation_arguments};
pub use window::all_window;

use table::models::Models;
use table::{CallExtensionPlanner, CallPlanner};

/// Planners that turn the logical nodes of this package into operators; for
/// `DefaultPhysicalPlanner::with_extension_planners`.
pub fn all_extension_planners() -> Vec<Arc<dyn ExtensionPlanner + Send + Sync>> {
    vec![Arc::new(CallExtensionPlanner)]
}

/// Adds all functions to those that the session has already. They keep their models in `models`.
pub fn register_all(
    mut builder: SessionStateBuilder,
    models: Arc<dyn Models>,
) -> SessionStateBuilder {
    builder
        .scalar_functions()
        .get_or_insert_default()
        .extend(all_scalar());
    builder
        .window_functions()
        .get_or_insert_default()
        .extend(all_window());
    let named = all_table()
        .into_iter()
        .map(|function| (function.name().to_owned(), function));
    builder
        .table_functions()
        .get_or_insert_default()
        .extend(named);
    builder
        .relation_planners()
        .get_or_insert_default()
        .push(Arc::new(CallPlanner::new(models)));
    builder
}
