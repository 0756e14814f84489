//! `ORDER BY ALL`: by every column of the result, from left to right.
//!
//! The planner knows it for plain columns only, and leaves it out behind UNION. Where the columns can
//! be counted here, it becomes `ORDER BY 1, 2, ..`; what has a `*` is put into a query around it, whose
//! columns are all plain, or are counted when it is planned.

use datafusion::sql::parser::Statement as PlannerStatement;
use datafusion::sql::sqlparser::ast::{
    self, Expr, OrderBy, OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, TableFactor,
    Value,
};
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::sql::{TideDialect, sql_statement_mut};

/// Writes the order out.
pub(super) fn write_out(query: &mut Query) {
    if !is_by_all(query) {
        return;
    }
    match columns_of(&query.body) {
        Some(columns) => order_by_columns(query, columns),
        None => put_into_another(query),
    }
}

/// The query of a statement whose columns must be counted to order by all of them.
pub fn ordered_by_all(statement: &mut PlannerStatement) -> Option<&mut Query> {
    match sql_statement_mut(statement)? {
        ast::Statement::Query(query) => is_by_all(query).then_some(query.as_mut()),
        _ => None,
    }
}

/// Makes `ORDER BY 1, 2, ..` of the order of a query with so many columns.
pub fn order_by_columns(query: &mut Query, columns: usize) {
    let Some(OrderBy {
        kind: OrderByKind::All(options),
        ..
    }) = query.order_by
    else {
        return;
    };
    let by = (1..=columns).map(|column| OrderByExpr {
        expr: Expr::Value(Value::Number(column.to_string(), false).with_span(Span::empty())),
        options,
        with_fill: None,
    });
    if let Some(order_by) = &mut query.order_by {
        order_by.kind = OrderByKind::Expressions(by.collect());
    }
}

fn is_by_all(query: &Query) -> bool {
    let order_by = query.order_by.as_ref();
    order_by.is_some_and(|order_by| matches!(order_by.kind, OrderByKind::All(_)))
}

fn put_into_another(query: &mut Query) {
    let around = Parser::new(&TideDialect).try_with_sql("SELECT * FROM (SELECT 1)");
    let Ok(mut around) = around.and_then(|mut parser| parser.parse_query()) else {
        return;
    };
    if let SetExpr::Select(select) = around.body.as_mut()
        && let Some(from) = select.from.first_mut()
        && let TableFactor::Derived { subquery, .. } = &mut from.relation
    {
        std::mem::swap(&mut subquery.body, &mut query.body);
        std::mem::swap(&mut around.body, &mut query.body);
    }
}

/// The number of columns; `None` where a `*` hides it.
fn columns_of(body: &SetExpr) -> Option<usize> {
    match body {
        SetExpr::Select(select) => columns_of_select(select),
        SetExpr::Query(query) => columns_of(&query.body),
        SetExpr::SetOperation { left, .. } => columns_of(left),
        SetExpr::Values(values) => values.rows.first().map(|row| row.content.len()),
        _ => None,
    }
}

fn columns_of_select(select: &Select) -> Option<usize> {
    let counts = select.projection.iter().all(|item| {
        matches!(
            item,
            SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. }
        )
    });
    counts.then_some(select.projection.len())
}
