//! Which columns of a plan derive from a tagged one.
//!
//! Tags are followed from the tables through views, joins, expressions and subqueries to the result. A
//! column is tagged as soon as anything that it is computed from is; only a number of rows or values
//! tells nothing of a single one. What is not understood is tagged if any of its input is.

use std::sync::Arc;

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, JoinType};
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Expr, LogicalPlan, Subquery, WindowFunctionDefinition};

use super::is_tagged;

/// Aggregates that give a number of rows or of values.
const COUNTS: [&str; 4] = ["count", "approx_distinct", "regr_count", "grouping"];
/// Window functions that give the place of a row.
const PLACES: [&str; 7] = [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "count",
];

/// For each column of a plan, whether it derives from a tagged one.
pub fn tagged_columns(plan: &LogicalPlan) -> Vec<bool> {
    columns_of(plan, None)
}

/// The columns that expressions see, and those of the query around theirs.
pub(super) struct Scope<'a> {
    schema: &'a DFSchema,
    tagged: Vec<bool>,
    outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// What the expressions of a plan see.
    pub(super) fn inside(plan: &LogicalPlan, schema: &'a DFSchema) -> Self {
        let inputs = plan.inputs();
        let tagged = inputs.iter().flat_map(|input| columns_of(input, None));
        Scope {
            schema,
            tagged: tagged.collect(),
            outer: None,
        }
    }

    /// Whether an expression uses a tagged column.
    pub(super) fn uses_tagged(&self, expr: &Expr) -> bool {
        let mut found = false;
        let walked = expr.apply(|part| {
            found |= match part {
                Expr::Column(column) => self.is_tagged(column),
                Expr::OuterReferenceColumn(_, column) => {
                    self.outer.is_none_or(|outer| outer.is_tagged(column))
                }
                Expr::ScalarSubquery(query) => self.any_of(query),
                Expr::InSubquery(within) => self.any_of(&within.subquery),
                Expr::SetComparison(comparison) => self.any_of(&comparison.subquery),
                Expr::AggregateFunction(call) if COUNTS.contains(&call.func.name()) => {
                    return Ok(TreeNodeRecursion::Jump);
                }
                Expr::WindowFunction(call) if PLACES.contains(&name_of(&call.fun)) => {
                    return Ok(TreeNodeRecursion::Jump);
                }
                _ => false,
            };
            Ok(match found {
                true => TreeNodeRecursion::Stop,
                false => TreeNodeRecursion::Continue,
            })
        });
        // Walking fails only where the closure does.
        found || walked.is_err()
    }

    fn is_tagged(&self, column: &Column) -> bool {
        match self.schema.maybe_index_of_column(column) {
            Some(index) => self.tagged.get(index).copied().unwrap_or(true),
            None => self.outer.is_some_and(|outer| outer.is_tagged(column)),
        }
    }

    fn any_of(&self, query: &Subquery) -> bool {
        columns_of(&query.subquery, Some(self)).contains(&true)
    }
}

fn name_of(function: &WindowFunctionDefinition) -> &str {
    match function {
        WindowFunctionDefinition::AggregateUDF(function) => function.name(),
        WindowFunctionDefinition::WindowUDF(function) => function.name(),
    }
}

fn columns_of(plan: &LogicalPlan, outer: Option<&Scope>) -> Vec<bool> {
    let of = |plan: &Arc<LogicalPlan>| columns_of(plan, outer);
    let each = |input: &Arc<LogicalPlan>, exprs: &mut dyn Iterator<Item = &Expr>| -> Vec<bool> {
        let scope = Scope {
            schema: input.schema(),
            tagged: of(input),
            outer,
        };
        exprs.map(|expr| scope.uses_tagged(expr)).collect()
    };
    let tagged = match plan {
        LogicalPlan::TableScan(scan) => match scan.source.get_logical_plan() {
            Some(view) => {
                let all = columns_of(&view, None);
                match &scan.projection {
                    Some(kept) => kept
                        .iter()
                        .map(|index| all.get(*index).copied().unwrap_or(true))
                        .collect(),
                    None => all,
                }
            }
            None => {
                let fields = scan.projected_schema.fields().iter();
                fields.map(|field| is_tagged(field.metadata())).collect()
            }
        },
        LogicalPlan::Projection(projection) => each(&projection.input, &mut projection.expr.iter()),
        LogicalPlan::Aggregate(aggregate) => {
            let groups = grouping_set_to_exprlist(&aggregate.group_expr).unwrap_or_default();
            let mut tagged = each(&aggregate.input, &mut groups.into_iter());
            // Behind grouping sets stands the number of the set.
            let extra = plan.schema().fields().len() - aggregate.aggr_expr.len();
            tagged.resize(extra, false);
            tagged.extend(each(&aggregate.input, &mut aggregate.aggr_expr.iter()));
            tagged
        }
        LogicalPlan::Window(window) => {
            let mut tagged = of(&window.input);
            tagged.extend(each(&window.input, &mut window.window_expr.iter()));
            tagged
        }
        LogicalPlan::Join(join) => {
            let (left, right) = (of(&join.left), of(&join.right));
            match join.join_type {
                JoinType::LeftSemi | JoinType::LeftAnti => left,
                JoinType::RightSemi | JoinType::RightAnti => right,
                JoinType::LeftMark => [left, vec![false]].concat(),
                JoinType::RightMark => [right, vec![false]].concat(),
                _ => [left, right].concat(),
            }
        }
        LogicalPlan::Union(union) => {
            let inputs: Vec<Vec<bool>> = union.inputs.iter().map(of).collect();
            (0..plan.schema().fields().len())
                .map(|column| {
                    let mut of_inputs = inputs.iter().map(|input| input.get(column));
                    of_inputs.any(|tagged| *tagged.unwrap_or(&true))
                })
                .collect()
        }
        LogicalPlan::RecursiveQuery(query) => {
            // What a further round makes of a column may be another column.
            let any =
                of(&query.static_term).contains(&true) || of(&query.recursive_term).contains(&true);
            vec![any; plan.schema().fields().len()]
        }
        LogicalPlan::Unnest(unnest) => {
            let input = of(&unnest.input);
            let dependencies = unnest.dependency_indices.iter();
            dependencies
                .map(|index| input.get(*index).copied().unwrap_or(true))
                .collect()
        }
        LogicalPlan::Subquery(query) => of(&query.subquery),
        LogicalPlan::SubqueryAlias(alias) => of(&alias.input),
        LogicalPlan::Filter(filter) => of(&filter.input),
        LogicalPlan::Sort(sort) => of(&sort.input),
        LogicalPlan::Limit(limit) => of(&limit.input),
        LogicalPlan::Repartition(repartition) => of(&repartition.input),
        LogicalPlan::Distinct(distinct) => match distinct {
            datafusion::logical_expr::Distinct::All(input) => of(input),
            datafusion::logical_expr::Distinct::On(on) => {
                each(&on.input, &mut on.select_expr.iter())
            }
        },
        LogicalPlan::Explain(_)
        | LogicalPlan::Analyze(_)
        | LogicalPlan::DescribeTable(_)
        | LogicalPlan::Statement(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::Dml(_)
        | LogicalPlan::Ddl(_)
        | LogicalPlan::Copy(_) => Vec::new(),
        LogicalPlan::Values(_) | LogicalPlan::Extension(_) => of_any_input(plan, outer),
    };
    let columns = plan.schema().fields().len();
    match tagged.len() == columns {
        true => tagged,
        false => vec![tagged.contains(&true); columns],
    }
}

/// Columns that keep their names keep their tags; others may come of all that goes in.
fn of_any_input(plan: &LogicalPlan, outer: Option<&Scope>) -> Vec<bool> {
    let mut known: Vec<(String, bool)> = Vec::new();
    for input in plan.inputs() {
        let names = input
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone());
        known.extend(names.zip(columns_of(input, outer)));
    }
    let any = known.iter().any(|(_, tagged)| *tagged);
    let fields = plan.schema().fields().iter();
    fields
        .map(|field| {
            let same: Vec<bool> = known
                .iter()
                .filter(|(name, _)| name == field.name())
                .map(|(_, tagged)| *tagged)
                .collect();
            match same.is_empty() {
                true => any,
                false => same.contains(&true),
            }
        })
        .collect()
}
