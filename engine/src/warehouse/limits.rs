//! LIMIT over a query that needs no column of a table: `SELECT 1 FROM t LIMIT 1`.
//!
//! The table format answers such a scan from its log. That operator tells the optimizer that it takes a
//! limit, and then forgets it, so that all rows would come. In a plan with it, limits stay where they are.

use std::sync::Arc;

use datafusion::common::Result as PlannerResult;
use datafusion::common::config::ConfigOptions;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;

/// The rule that moves limits down.
const LIMIT_PUSHDOWN: &str = "LimitPushdown";
/// The operator that forgets them.
const FORGETFUL: &str = "DeltaScanMetaExec";

type Rule = Arc<dyn PhysicalOptimizerRule + Send + Sync>;

/// The rules of the engine, of which the one for limits leaves such plans alone.
pub fn rules_that_keep_limits() -> Vec<Rule> {
    let rules = PhysicalOptimizer::new().rules.into_iter();
    let guarded = rules.map(|rule| match rule.name() {
        LIMIT_PUSHDOWN => Arc::new(KeepLimits(rule)) as Rule,
        _ => rule,
    });
    guarded.collect()
}

#[derive(Debug)]
struct KeepLimits(Rule);

impl PhysicalOptimizerRule for KeepLimits {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> PlannerResult<Arc<dyn ExecutionPlan>> {
        match has_forgetful(&plan) {
            true => Ok(plan),
            false => self.0.optimize(plan, config),
        }
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn schema_check(&self) -> bool {
        self.0.schema_check()
    }
}

fn has_forgetful(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.name() == FORGETFUL || plan.children().into_iter().any(has_forgetful)
}
