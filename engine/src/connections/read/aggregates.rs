//! Aggregates that the database makes of its rows, so that groups cross the wire instead of rows.
//!
//! | aggregate | of columns |
//! |---|---|
//! | `count(*)`, `count(c)` | all |
//! | `min`, `max` | integers, decimals, dates, timestamps |
//! | `sum` | SMALLINT, INTEGER, decimals of up to 28 digits |
//! | `GROUP BY`, `DISTINCT` | these, booleans, texts, UUIDs |
//!
//! Nothing else is left to it: texts are ordered by a collation there, sums of floats depend on the
//! order of rows, and a sum of BIGINTs that does not fit is another one. A condition below must have
//! been left to it, too. What a database would refuse to give as a value (a NaN) it still counts.

use std::any::Any;
use std::sync::Arc;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, Schema};
use datafusion::catalog::default_table_source::{provider_as_source, source_as_provider};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{
    Aggregate as AggregatePlan, Expr, LogicalPlan, LogicalPlanBuilder, Projection, TableScan,
};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::predicate::predicate;
use super::table::DatabaseTable;
use super::{Compares, Relation, RemoteColumn};

/// A sum may have so many digits more than its values.
const DIGITS_OF_SUM: u8 = 10;

/// What is to be made of the rows of a relation.
#[derive(Debug)]
pub(crate) struct Aggregation {
    /// The columns to group by, by their places.
    pub(crate) groups: Vec<usize>,
    pub(crate) aggregates: Vec<Aggregate>,
    /// The rows that count, in the SQL of the database.
    pub(crate) condition: Option<String>,
}

/// An aggregate, of the column at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    CountAll,
    Count(usize),
    Min(usize),
    Max(usize),
    Sum(usize),
}

/// The rule that leaves aggregates to databases, after filters have been left to them.
#[derive(Debug)]
pub struct LeaveAggregates;

impl OptimizerRule for LeaveAggregates {
    fn name(&self) -> &str {
        "leave_aggregates_to_databases"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Aggregate(aggregate) = &plan else {
            return Ok(Transformed::no(plan));
        };
        match left_to_database(aggregate)? {
            Some(remote) => Ok(Transformed::yes(remote)),
            None => Ok(Transformed::no(plan)),
        }
    }
}

/// The same as a table of the database, if it would give exactly the same.
fn left_to_database(plan: &AggregatePlan) -> Result<Option<LogicalPlan>> {
    let Some(scan) = scan_below(&plan.input) else {
        return Ok(None);
    };
    let provider = source_as_provider(&scan.source)?;
    let provider: &dyn Any = provider.as_ref();
    let Some(table) = provider.downcast_ref::<DatabaseTable>() else {
        return Ok(None);
    };
    let relation = table.relation();
    let fields = plan.schema.fields();
    let Some(aggregation) = aggregation(plan, scan, relation.as_ref()) else {
        return Ok(None);
    };
    let Some(grouped) = relation.aggregate(&aggregation) else {
        return Ok(None);
    };
    let columns = grouped.columns();
    let same_type =
        |(column, field): (&RemoteColumn, &Arc<Field>)| column.data_type == *field.data_type();
    if columns.len() != fields.len() || !columns.iter().zip(fields).all(same_type) {
        return Ok(None);
    }
    replacement(plan, scan, grouped).map(Some)
}

/// A scan of the groups, under the names that the aggregates had.
fn replacement(
    plan: &AggregatePlan,
    scan: &TableScan,
    grouped: Arc<dyn Relation>,
) -> Result<LogicalPlan> {
    let fields = grouped.columns().iter().zip(plan.schema.fields());
    let fields = fields.map(|(column, field)| {
        Field::new(&column.name, column.data_type.clone(), field.is_nullable())
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let names = plan
        .schema
        .iter()
        .zip(grouped.columns())
        .map(|((qualifier, field), column)| {
            let remote = Column::new(Some(scan.table_name.clone()), &column.name);
            Expr::Column(remote).alias_qualified(qualifier.cloned(), field.name())
        });
    let names: Vec<_> = names.collect();
    let source = provider_as_source(Arc::new(DatabaseTable::of(grouped, schema)));
    let scan = LogicalPlanBuilder::scan(scan.table_name.clone(), source, None)?.build()?;
    Ok(LogicalPlan::Projection(Projection::try_new(
        names,
        Arc::new(scan),
    )?))
}

/// The scan whose columns, under their own names, are what is aggregated.
fn scan_below(plan: &LogicalPlan) -> Option<&TableScan> {
    let is_column = |expression: &Expr| matches!(expression, Expr::Column(_));
    match plan {
        LogicalPlan::Projection(names) if names.expr.iter().all(is_column) => {
            scan_below(&names.input)
        }
        LogicalPlan::TableScan(scan) => Some(scan),
        LogicalPlan::SubqueryAlias(alias) => scan_below(&alias.input),
        _ => None,
    }
}

/// What is asked for, if all of it means the same there.
fn aggregation(
    plan: &AggregatePlan,
    scan: &TableScan,
    relation: &dyn Relation,
) -> Option<Aggregation> {
    let columns = relation.columns();
    if scan.fetch.is_some() || (!scan.filters.is_empty() && !relation.filters_exactly()) {
        return None;
    }
    let conditions = scan.filters.iter().map(|filter| predicate(filter, columns));
    let conditions = conditions.collect::<Option<Vec<_>>>()?;
    let group = |expression: &Expr| {
        let at = place(expression, columns)?;
        (columns[at].compares != Compares::Nothing).then_some(at)
    };
    Some(Aggregation {
        groups: plan.group_expr.iter().map(group).collect::<Option<_>>()?,
        aggregates: plan
            .aggr_expr
            .iter()
            .map(|expression| aggregate(expression, columns))
            .collect::<Option<_>>()?,
        condition: (!conditions.is_empty()).then(|| conditions.join(" AND ")),
    })
}

fn aggregate(expression: &Expr, columns: &[RemoteColumn]) -> Option<Aggregate> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = without_alias(expression)
    else {
        return None;
    };
    let is_plain = !params.distinct
        && params.filter.is_none()
        && params.order_by.is_empty()
        && params.null_treatment.is_none();
    let [argument] = params.args.as_slice() else {
        return None;
    };
    let ordered = |at: &usize| columns[*at].compares == Compares::Ordered;
    match func.name() {
        _ if !is_plain => None,
        "count" => match argument {
            Expr::Literal(value, _) => (!value.is_null()).then_some(Aggregate::CountAll),
            _ => place(argument, columns).map(Aggregate::Count),
        },
        "min" => place(argument, columns).filter(ordered).map(Aggregate::Min),
        "max" => place(argument, columns).filter(ordered).map(Aggregate::Max),
        "sum" => summed(argument, columns)
            .filter(ordered)
            .map(Aggregate::Sum),
        _ => None,
    }
}

/// The column of a sum. The planner widens integers before it adds them up.
fn summed(argument: &Expr, columns: &[RemoteColumn]) -> Option<usize> {
    let column = match argument {
        Expr::Cast(cast) if *cast.field.data_type() == DataType::Int64 => cast.expr.as_ref(),
        other => other,
    };
    place(column, columns).filter(|at| match &columns[*at].data_type {
        DataType::Int16 | DataType::Int32 => true,
        DataType::Decimal128(precision, _) => {
            *precision + DIGITS_OF_SUM <= DECIMAL128_MAX_PRECISION
        }
        _ => false,
    })
}

fn without_alias(expression: &Expr) -> &Expr {
    match expression {
        Expr::Alias(alias) => without_alias(&alias.expr),
        other => other,
    }
}

fn place(expression: &Expr, columns: &[RemoteColumn]) -> Option<usize> {
    match expression {
        Expr::Column(named) => columns.iter().position(|column| column.name == named.name),
        _ => None,
    }
}

/// The type of a sum over a column of this type.
pub(crate) fn type_of_sum(summed: &DataType) -> DataType {
    match summed {
        DataType::Decimal128(precision, scale) => {
            DataType::Decimal128(precision + DIGITS_OF_SUM, *scale)
        }
        _ => DataType::Int64,
    }
}
