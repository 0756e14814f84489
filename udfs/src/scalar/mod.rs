//! Scalar functions, one folder per group and one file per function.

mod period;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

/// Every scalar function of this package, ready to register.
pub fn all_scalar() -> Vec<Arc<ScalarUDF>> {
    period::all()
}
