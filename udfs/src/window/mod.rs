//! Window functions, one file each.

mod ntile_label;

use std::sync::Arc;

use datafusion::logical_expr::WindowUDF;

/// Every window function of this package, ready to register.
pub fn all_window() -> Vec<Arc<WindowUDF>> {
    vec![Arc::new(WindowUDF::from(ntile_label::NtileLabel::new()))]
}
