//! `FROM postgres_query('connection', 'SELECT ..')`: a query in the SQL of a database.
//!
//! ```sql
//! SELECT * FROM postgres_query('hospital', 'SELECT city, percentile_cont(0.5) WITHIN GROUP (ORDER BY bill) FROM bills GROUP BY 1');
//! ```
//!
//! It becomes the name of a table: the text of the query in the schema [`QUERIES`] of the
//! connection. So all that holds for tables of databases (no views, no skipped steps, filters that
//! are left to the database) holds for it, too.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, ObjectName, Spanned, TableFactor, Value, VisitMut,
    VisitorMut,
};

use super::name::fold;
use super::{place_of, replace_factor};
use crate::{Error, Result};

/// The schema in which a database has the tables that are queries.
pub const QUERIES: &str = "postgres_query()";

const FUNCTION: &str = "postgres_query";

/// Replaces calls in FROM by tables of [`QUERIES`].
///
/// # Errors
/// Other arguments than two texts; with their place.
pub(super) fn rewrite_database_queries<Node: VisitMut>(node: &mut Node) -> Result<()> {
    match node.visit(&mut Rewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = Error;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        let place = place_of(factor.span());
        let TableFactor::Table { name, args, .. } = factor else {
            return ControlFlow::Continue(());
        };
        let Some(arguments) = args.as_ref().filter(|_| is_call(name)) else {
            return ControlFlow::Continue(());
        };
        let texts: Option<Vec<_>> = arguments.args.iter().map(text).collect();
        let Some([connection, query]) = texts.as_deref() else {
            return ControlFlow::Break(
                Error::input(format!("{FUNCTION} takes a connection and a query"))
                    .hint(format!("write {FUNCTION}('connection', 'SELECT ..')"))
                    .place(place),
            );
        };
        let table = [connection, QUERIES, query];
        replace_factor(factor, &table, FUNCTION);
        ControlFlow::Continue(())
    }
}

fn is_call(name: &ObjectName) -> bool {
    match name.0.as_slice() {
        [part] => part.as_ident().is_some_and(|part| fold(part) == FUNCTION),
        _ => false,
    }
}

fn text(argument: &FunctionArg) -> Option<String> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            Value::DollarQuotedString(text) => Some(text.value.clone()),
            _ => None,
        },
        _ => None,
    }
}
