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
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNode,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use datafusion::sql::sqlparser::ast::{
    self, FunctionArg, FunctionArgExpr, Ident, Query, Spanned, TableAlias, TableFactor,
    TableFunctionArgs,
};
use datafusion::sql::sqlparser::tokenizer;

use super::arguments::{Argument, Given, Value};
use super::function::{RelationFunction, Request, Signature};
use super::models::Models;
use super::node::CallNode;
use super::operator::CallExec;
use super::relation_arguments::{MODEL, function_of, rewrite_relation_arguments};

/// Turns calls in FROM, such as `FROM kmeans(..)`, into [`CallNode`]s.
#[derive(Debug)]
pub struct CallPlanner {
    models: Arc<dyn Models>,
}

impl CallPlanner {
    /// A planner for functions that keep their models there.
    pub fn new(models: Arc<dyn Models>) -> Self {
        CallPlanner { models }
    }
}

impl RelationPlanner for CallPlanner {
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
            && let Some(function) = function_of(name)
        {
            return Err(correlated(function, relation.span()));
        }
        let function = match &relation {
            TableFactor::Table {
                name,
                args: Some(_),
                ..
            } => function_of(name),
            _ => None,
        };
        let Some(function) = function else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        // The session has done so for tables; a name may also be that of a WITH query.
        rewrite_relation_arguments(&mut relation)?;
        refuse_ignored_clauses(function, &relation)?;
        let span = relation.span();
        match relation {
            TableFactor::Table {
                args: Some(arguments),
                alias,
                ..
            } => {
                let plan = plan_call(function, arguments, span, &self.models, context)?;
                let alias = alias.unwrap_or_else(|| function_name(function));
                Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
                    plan,
                    Some(alias),
                ))))
            }
            other => Ok(RelationPlanning::Original(Box::new(other))),
        }
    }
}

/// Turns a [`CallNode`] into a [`CallExec`].
#[derive(Debug)]
pub struct CallExtensionPlanner;

#[async_trait]
impl ExtensionPlanner for CallExtensionPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        match (node.as_any().downcast_ref::<CallNode>(), physical_inputs) {
            (Some(node), [input]) => Ok(Some(Arc::new(CallExec::try_new(
                Arc::clone(input),
                Arc::clone(node.call()),
            )?))),
            _ => Ok(None),
        }
    }
}

/// What the parser takes after a table name but makes no sense after a call.
fn refuse_ignored_clauses(function: &dyn RelationFunction, relation: &TableFactor) -> Result<()> {
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
        format!("{}(..) takes no clause but an alias", function.name()),
        format!(
            "put it into the relation: {}((SELECT .. FROM t ..), ..)",
            function.name()
        ),
        relation.span(),
    ))
}

/// Without an alias the columns answer to the name of the function, as in Postgres.
fn function_name(function: &dyn RelationFunction) -> TableAlias {
    TableAlias {
        explicit: false,
        name: Ident::new(function.name()),
        columns: vec![],
        at: None,
    }
}

fn plan_call(
    function: &'static dyn RelationFunction,
    arguments: TableFunctionArgs,
    call: tokenizer::Span,
    models: &Arc<dyn Models>,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let name = function.name();
    let mut relations = vec![];
    let mut named = vec![];
    for argument in arguments.args {
        let span = argument.span();
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(ast::Expr::Subquery(query))) => {
                relations.push(query);
            }
            FunctionArg::Named {
                name: argument,
                arg: FunctionArgExpr::Expr(value),
                ..
            }
            | FunctionArg::ExprNamed {
                name: ast::Expr::Identifier(argument),
                arg: FunctionArgExpr::Expr(value),
                ..
            } => {
                let argument = context.normalize_ident(argument);
                named.push(Argument {
                    function: name,
                    value: read_value(name, &argument, value, context)?,
                    name: argument,
                    span: Span::try_from_sqlparser_span(span),
                });
            }
            other => {
                return Err(refuse(
                    format!("{name}: cannot read the argument {other}"),
                    "the relation is a query in parentheses or a table name; every other argument has a name, such as k => 5",
                    span,
                ));
            }
        }
    }
    let arguments = Given::try_new(function, &named)?;
    let takes_model = function.signature() == Signature::ModelOrRelation;
    let (input, query) = match (relations.pop(), relations.is_empty()) {
        (Some(relation), true) => {
            let query = relation.to_string();
            (Some(plan_input(function, relation, context)?), Some(query))
        }
        (None, _) if takes_model && arguments.get(MODEL).is_some() => (None, None),
        _ => {
            return Err(refuse(
                format!("{name} takes exactly one relation"),
                format!(
                    "write {}, or a table name in place of the query",
                    example(function)
                ),
                call,
            ));
        }
    };
    let request = Request {
        arguments,
        input: input.as_ref().map(|input| input.schema().as_ref()),
        query,
        models,
    };
    let call = function.call(&request)?;
    let input = match input {
        Some(input) => input,
        None => LogicalPlanBuilder::empty(false).build()?,
    };
    let node = CallNode::try_new(Arc::new(input), call)?;
    Ok(LogicalPlan::Extension(Extension {
        node: Arc::new(node),
    }))
}

/// How a call begins.
fn example(function: &dyn RelationFunction) -> String {
    let name = function.name();
    match function.signature() {
        Signature::Relation(names) => {
            let named = names
                .iter()
                .map(|name| format!(", {name} => .."))
                .collect::<String>();
            let more = if named.is_empty() {
                ", k => 5, features => ['..']"
            } else {
                &named
            };
            format!("{name}((SELECT .. FROM ..){more})")
        }
        Signature::ModelAndRelation => format!("{name}('model', (SELECT .. FROM ..))"),
        Signature::ModelOrRelation => {
            format!("{name}('model') or {name}((SELECT .. FROM ..), ..)")
        }
    }
}

fn plan_input(
    function: &dyn RelationFunction,
    query: Box<Query>,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
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
        Err(correlated(function, span))
    }
}

fn correlated(function: &dyn RelationFunction, span: tokenizer::Span) -> DataFusionError {
    refuse(
        format!(
            "{}: the relation cannot use columns of the query around it",
            function.name()
        ),
        "take all rows at once, with the outer column in partition_by, and join the result",
        span,
    )
}

/// A list is read entry by entry, so that its entries keep their types and none is cut to fit another.
fn read_value(
    function: &str,
    name: &str,
    value: ast::Expr,
    context: &mut dyn RelationPlannerContext,
) -> Result<Value> {
    match value {
        ast::Expr::Array(array) => {
            let entries = array.elem.into_iter();
            let entries = entries.map(|entry| read_value(function, name, entry, context));
            Ok(Value::List(entries.collect::<Result<_>>()?))
        }
        other => value_of(constant(function, name, other, context)?),
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
    function: &str,
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
            format!("{function}: `{name}` cannot be {text} without quotes"),
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
            format!("{function}: `{name}` must be a constant, not {text}"),
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
