//! Plans a call: from the syntax tree to the logical node, and from the node to the operator.

use std::sync::Arc;

use arrow::array::Array;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Diagnostic, Result, ScalarValue, Span, plan_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNode};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use datafusion::sql::sqlparser::ast::{
    self, FunctionArg, FunctionArgExpr, Ident, Query, Spanned, TableAlias, TableFactor,
    TableFunctionArgs,
};
use datafusion::sql::sqlparser::tokenizer;

use super::NAME;
use super::arguments::{Argument, Value};
use super::node::KMeansNode;
use super::operator::KMeansExec;
use super::parameters::KMeansParameters;
use crate::table::relation_arguments::is_call_of;
use crate::table::rewrite_relation_arguments;

/// Turns `FROM kmeans(..)` into a [`KMeansNode`].
#[derive(Debug)]
pub struct KMeansRelationPlanner;

impl RelationPlanner for KMeansRelationPlanner {
    fn plan_relation(
        &self,
        mut relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        if let TableFactor::Function {
            name,
            lateral: true,
            ..
        } = &relation
            && is_call_of(name, NAME)
        {
            return Err(correlated(relation.span()));
        }
        if !matches!(&relation, TableFactor::Table { name, args: Some(_), .. } if is_call_of(name, NAME))
        {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        }
        // The session has done so for tables; a name may also be that of a WITH query.
        rewrite_relation_arguments(&mut relation)?;
        refuse_ignored_clauses(&relation)?;
        let span = relation.span();
        match relation {
            TableFactor::Table {
                args: Some(arguments),
                alias,
                ..
            } => {
                let plan = plan_call(arguments, span, context)?;
                let alias = alias.unwrap_or_else(function_name);
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
                    plan,
                    Some(alias),
                ))))
            }
            other => Ok(RelationPlanning::Original(Box::new(other))),
        }
    }
}

/// Turns a [`KMeansNode`] into a [`KMeansExec`].
#[derive(Debug)]
pub struct KMeansExtensionPlanner;

#[async_trait]
impl ExtensionPlanner for KMeansExtensionPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        match (node.as_any().downcast_ref::<KMeansNode>(), physical_inputs) {
            (Some(node), [input]) => Ok(Some(Arc::new(KMeansExec::try_new(
                Arc::clone(input),
                Arc::clone(node.parameters()),
            )?))),
            _ => Ok(None),
        }
    }
}

/// What the parser takes after a table name but makes no sense after a call.
fn refuse_ignored_clauses(relation: &TableFactor) -> Result<()> {
    let TableFactor::Table {
        args: Some(arguments),
        with_hints,
        version,
        with_ordinality,
        partitions,
        json_path,
        sample,
        index_hints,
        ..
    } = relation
    else {
        return Ok(());
    };
    let plain = with_hints.is_empty()
        && version.is_none()
        && !with_ordinality
        && partitions.is_empty()
        && json_path.is_none()
        && sample.is_none()
        && index_hints.is_empty()
        && arguments.settings.is_none();
    if plain {
        return Ok(());
    }
    Err(refuse(
        format!("{NAME}(..) takes no clause but an alias"),
        "put it into the relation: kmeans((SELECT .. FROM t ..), ..)",
        relation.span(),
    ))
}

/// Without an alias the columns answer to the name of the function, as in Postgres.
fn function_name() -> TableAlias {
    TableAlias {
        explicit: false,
        name: Ident::new(NAME),
        columns: vec![],
        at: None,
    }
}

fn plan_call(
    arguments: TableFunctionArgs,
    call: tokenizer::Span,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let mut relations = vec![];
    let mut named = vec![];
    for argument in arguments.args {
        let span = argument.span();
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Subquery(query))) => {
                relations.push(query)
            }
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(value),
                ..
            } => {
                named.push(read_argument(
                    context.normalize_ident(name),
                    value,
                    span,
                    context,
                )?);
            }
            FunctionArg::ExprNamed {
                name: ast::Expr::Identifier(name),
                arg: FunctionArgExpr::Expr(value),
                ..
            } => {
                named.push(read_argument(
                    context.normalize_ident(name),
                    value,
                    span,
                    context,
                )?);
            }
            other => {
                return Err(refuse(
                    format!("{NAME}: cannot read the argument {other}"),
                    "the relation is a query in parentheses or a table name; every other argument has a name, such as k => 5",
                    span,
                ));
            }
        }
    }
    let Ok([relation]) = <[Box<Query>; 1]>::try_from(relations) else {
        return Err(refuse(
            format!("{NAME} takes exactly one relation"),
            "write kmeans((SELECT .. FROM ..), k => 5, features => ['..']), or a table name in place of the query",
            call,
        ));
    };
    let input = plan_input(relation, context)?;
    let parameters = KMeansParameters::try_new(&named, input.schema())?;
    let node = KMeansNode::try_new(Arc::new(input), Arc::new(parameters))?;
    Ok(LogicalPlan::Extension(Extension {
        node: Arc::new(node),
    }))
}

fn plan_input(query: Box<Query>, context: &mut dyn RelationPlannerContext) -> Result<LogicalPlan> {
    let span = query.span();
    let input = context.plan(TableFactor::Derived {
        lateral: false,
        subquery: query,
        alias: None,
        sample: None,
    })?;
    if input.all_out_ref_exprs().is_empty() {
        Ok(input)
    } else {
        Err(correlated(span))
    }
}

fn correlated(span: tokenizer::Span) -> DataFusionError {
    refuse(
        format!("{NAME}: the relation cannot use columns of the query around it"),
        "cluster all rows at once, with the outer column in partition_by, and join the result",
        span,
    )
}

fn read_argument(
    name: String,
    value: ast::Expr,
    span: tokenizer::Span,
    context: &mut dyn RelationPlannerContext,
) -> Result<Argument> {
    Ok(Argument {
        value: read_value(&name, value, context)?,
        name,
        span: Span::try_from_sqlparser_span(span),
    })
}

/// A list is read entry by entry, so that its entries keep their types and none is cut to fit another.
fn read_value(
    name: &str,
    value: ast::Expr,
    context: &mut dyn RelationPlannerContext,
) -> Result<Value> {
    match value {
        ast::Expr::Array(array) => {
            let entries = array.elem.into_iter();
            let entries = entries.map(|entry| read_value(name, entry, context));
            Ok(Value::List(entries.collect::<Result<_>>()?))
        }
        other => value_of(constant(name, other, context)?),
    }
}

/// A list may also come out of a function, such as `make_array('a', 'b')`.
fn value_of(scalar: ScalarValue) -> Result<Value> {
    match &scalar {
        ScalarValue::List(list) if list.is_valid(0) => {
            let entries = list.value(0);
            let entries = (0..entries.len())
                .map(|index| value_of(ScalarValue::try_from_array(&entries, index)?));
            Ok(Value::List(entries.collect::<Result<_>>()?))
        }
        _ => Ok(Value::Scalar(scalar)),
    }
}

/// Computes an expression that may not depend on any row.
fn constant(
    name: &str,
    value: ast::Expr,
    context: &mut dyn RelationPlannerContext,
) -> Result<ScalarValue> {
    let span = value.span();
    let text = value.to_string();
    if matches!(
        value,
        ast::Expr::Identifier(_) | ast::Expr::CompoundIdentifier(_)
    ) {
        return Err(refuse(
            format!("{NAME}: `{name}` cannot be {text} without quotes"),
            format!(
                "write text and column names in single quotes: '{}'",
                text.trim_matches('"')
            ),
            span,
        ));
    }
    let expression = context.sql_to_expr(value, &DFSchema::empty())?;
    let simplifier = ExprSimplifier::new(
        SimplifyContext::builder()
            .with_config_options(Arc::new(context.context_provider().options().clone()))
            .build(),
    );
    let expression = simplifier.coerce(expression, &DFSchema::empty())?;
    match simplifier.simplify(expression)? {
        Expr::Literal(scalar, _) => Ok(scalar),
        _ => Err(refuse(
            format!("{NAME}: `{name}` must be a constant, not {text}"),
            "write the value itself; $1 and sub-queries are for the relation",
            span,
        )),
    }
}

fn refuse(message: String, hint: impl Into<String>, span: tokenizer::Span) -> DataFusionError {
    let span = Span::try_from_sqlparser_span(span);
    plan_datafusion_err!("{message}")
        .with_diagnostic(Diagnostic::new_error(message, span).with_help(hint, None))
}
