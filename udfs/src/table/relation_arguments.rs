//! Lets `kmeans('zone.table', ..)` and `kmeans(zone.table, ..)` stand for
//! `kmeans((SELECT * FROM zone.table), ..)`, and gives the other arguments without a name theirs:
//! `kmeans_elbow(zone.table, 2, 9)` is `kmeans_elbow((SELECT ..), k_min => 2, k_max => 9)`.
//!
//! DataFusion looks up the tables of a statement before it plans it, and finds them by walking the
//! relations of the syntax tree. A name in the arguments of a function is no relation there, so it
//! has to become one first.

use std::ops::ControlFlow;

use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArgOperator, Ident, ObjectName, Query, SetExpr,
    Spanned, TableFactor, Value, Visit, VisitMut, Visitor, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Span, Token};

use super::FUNCTIONS;
use super::function::{RelationFunction, Signature};

/// The name of the argument that stands for a model in front of the others.
pub(super) const MODEL: &str = "model";
/// The name of the argument that is a model to go on from.
pub(super) const PREVIOUS: &str = "previous";

/// Rewrites, anywhere in a statement, table names given to a table function over a relation into
/// sub-queries. Call it on every statement (or query) after parsing and before planning.
///
/// Text that cannot be read as a name stays one quoted name, so that the planner says which table it
/// did not find. Places in the text are kept for its errors.
pub fn rewrite_relation_arguments<Node: VisitMut>(node: &mut Node) -> Result<()> {
    match node.visit(&mut Rewriter) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    }
}

/// The models that calls in a statement name.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct NamedModels {
    /// Those that they ask.
    pub read: Vec<String>,
    /// Those that they keep.
    pub kept: Vec<String>,
}

/// Finds the models that the calls in a statement (or query) name, which
/// [`rewrite_relation_arguments`] has seen.
pub fn named_models<Node: Visit>(node: &Node) -> NamedModels {
    let mut models = NamedModels::default();
    let _ = node.visit(&mut models);
    models
}

impl Visitor for NamedModels {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let TableFactor::Table {
            name,
            args: Some(arguments),
            ..
        } = factor
        else {
            return ControlFlow::Continue(());
        };
        let Some(function) = function_of(name) else {
            return ControlFlow::Continue(());
        };
        for argument in &arguments.args {
            let Some((name, model)) = named_text(argument) else {
                continue;
            };
            let keeps = matches!(function.signature(), Signature::Relation(_));
            match name.as_str() {
                MODEL if keeps => self.kept.push(model.to_owned()),
                MODEL | PREVIOUS => self.read.push(model.to_owned()),
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

/// The name and the value of an argument that is a text.
fn named_text(argument: &FunctionArg) -> Option<(String, &str)> {
    let (name, value) = match argument {
        FunctionArg::Named { name, arg, .. } => (name, arg),
        FunctionArg::ExprNamed {
            name: Expr::Identifier(name),
            arg,
            ..
        } => (name, arg),
        _ => return None,
    };
    match value {
        FunctionArgExpr::Expr(Expr::Value(text)) => match &text.value {
            Value::SingleQuotedString(text) => Some((name.value.to_lowercase(), text)),
            _ => None,
        },
        _ => None,
    }
}

/// The function that a relation is a call of, if it is one.
pub(super) fn function_of(relation: &ObjectName) -> Option<&'static dyn RelationFunction> {
    let [part] = relation.0.as_slice() else {
        return None;
    };
    let name = &part.as_ident()?.value;
    let mut functions = FUNCTIONS.iter().copied();
    functions.find(|function| name.eq_ignore_ascii_case(function.name()))
}

struct Rewriter;

impl VisitorMut for Rewriter {
    type Break = Box<DataFusionError>;

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Self::Break> {
        let TableFactor::Table {
            name,
            args: Some(arguments),
            ..
        } = factor
        else {
            return ControlFlow::Continue(());
        };
        let Some(function) = function_of(name) else {
            return ControlFlow::Continue(());
        };
        match rewrite_arguments(function.signature(), &mut arguments.args) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }
}

fn rewrite_arguments(signature: Signature, arguments: &mut [FunctionArg]) -> Result<()> {
    let is_text = |argument: Option<&FunctionArg>| argument.and_then(unnamed).is_some_and(is_text);
    let (model, relation, names) = match signature {
        Signature::Relation(names) => (None, 0, names),
        Signature::ModelAndRelation => (Some(0), 1, [].as_slice()),
        Signature::ModelOrRelation if arguments.len() == 1 && is_text(arguments.first()) => {
            (Some(0), 1, [].as_slice())
        }
        Signature::ModelOrRelation => (None, 0, [].as_slice()),
    };
    let mut names = names.iter();
    for (place, argument) in arguments.iter_mut().enumerate() {
        let Some(value) = unnamed(argument).cloned() else {
            continue;
        };
        let name = match place {
            place if Some(place) == model => Some(MODEL),
            place if place == relation => {
                if let Some(table) = table_name(&value) {
                    let query = Expr::Subquery(Box::new(select_all(table)?));
                    *argument = FunctionArg::Unnamed(FunctionArgExpr::Expr(query));
                }
                None
            }
            _ => names.next().copied(),
        };
        if let Some(name) = name {
            *argument = FunctionArg::Named {
                name: Ident::with_span(value.span(), name),
                arg: FunctionArgExpr::Expr(value),
                operator: FunctionArgOperator::RightArrow,
            };
        }
    }
    Ok(())
}

fn unnamed(argument: &FunctionArg) -> Option<&Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value),
        _ => None,
    }
}

fn is_text(value: &Expr) -> bool {
    matches!(value, Expr::Value(text) if matches!(text.value, Value::SingleQuotedString(_)))
}

/// The table that an argument names, if it names one.
fn table_name(value: &Expr) -> Option<ObjectName> {
    match value {
        Expr::Identifier(name) => Some(ObjectName::from(vec![name.clone()])),
        Expr::CompoundIdentifier(parts) => Some(ObjectName::from(parts.clone())),
        Expr::Nested(inner) => table_name(inner),
        Expr::Value(text) => match &text.value {
            Value::SingleQuotedString(name) => Some(name_from_text(name, text.span)),
            _ => None,
        },
        _ => None,
    }
}

fn name_from_text(text: &str, span: Span) -> ObjectName {
    let parts = parse_name(text).unwrap_or_else(|_| vec![Ident::with_quote('"', text)]);
    ObjectName::from(
        parts
            .into_iter()
            .map(|part| Ident { span, ..part })
            .collect::<Vec<_>>(),
    )
}

fn parse_name(text: &str) -> Result<Vec<Ident>, ParserError> {
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text)?;
    let name = parser.parse_object_name(false)?;
    parser.expect_token(&Token::EOF)?;
    name.0
        .into_iter()
        .map(|part| match part.as_ident() {
            Some(ident) => Ok(ident.clone()),
            None => Err(ParserError::ParserError(format!("{part} is not a name"))),
        })
        .collect()
}

fn select_all(table: ObjectName) -> Result<Query> {
    // A query is some forty fields; the parser fills them better than we could.
    let mut query = Parser::new(&GenericDialect {})
        .try_with_sql("SELECT * FROM t")
        .and_then(|mut parser| parser.parse_query())
        .map_err(DataFusionError::from)?;
    if let SetExpr::Select(select) = query.body.as_mut()
        && let Some(TableFactor::Table { name, .. }) =
            select.from.first_mut().map(|from| &mut from.relation)
    {
        *name = table;
    }
    Ok(*query)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rewritten(sql: &str) -> String {
        let mut statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap();
        rewrite_relation_arguments(&mut statements).unwrap();
        statements[0].to_string()
    }

    #[test]
    fn names_become_relations() {
        for (argument, table) in [
            ("t", "t"),
            ("raw.bills", "raw.bills"),
            ("\"Raw\".\"My Bills\"", "\"Raw\".\"My Bills\""),
            ("('raw.bills')", "raw.bills"),
            ("'raw.bills'", "raw.bills"),
            ("'\"Raw\".\"My Bills\"'", "\"Raw\".\"My Bills\""),
            ("'hospital_db.public.bills'", "hospital_db.public.bills"),
            ("'no name at all'", "\"no name at all\""),
            ("'data/bills.csv'", "\"data/bills.csv\""),
        ] {
            assert_eq!(
                rewritten(&format!("SELECT * FROM kmeans({argument}, k => 2)")),
                format!("SELECT * FROM kmeans((SELECT * FROM {table}), k => 2)"),
            );
        }
    }

    #[test]
    fn models_and_numbers_get_names() {
        for (before, after) in [
            (
                "SELECT * FROM kmeans_elbow(raw.t, 2, 9, features => ['x'])",
                "SELECT * FROM kmeans_elbow((SELECT * FROM raw.t), k_min => 2, k_max => 9, features => ['x'])",
            ),
            (
                "SELECT * FROM kmeans_predict('bills', 'raw.t')",
                "SELECT * FROM kmeans_predict(model => 'bills', (SELECT * FROM raw.t))",
            ),
            (
                "SELECT * FROM kmeans_centroids('bills')",
                "SELECT * FROM kmeans_centroids(model => 'bills')",
            ),
            (
                "SELECT * FROM kmeans_centroids('raw.t', k => 2)",
                "SELECT * FROM kmeans_centroids((SELECT * FROM raw.t), k => 2)",
            ),
        ] {
            assert_eq!(rewritten(before), after);
        }
    }

    #[test]
    fn models_are_found_wherever_they_are_named() {
        let sql = "SELECT * FROM kmeans_predict('a', (SELECT * FROM kmeans(t, k => 2, model => 'b', previous => 'c')))
            WHERE x IN (SELECT cluster FROM kmeans_centroids('d')) AND y = 'model'";
        let mut statements = Parser::parse_sql(&GenericDialect {}, sql).unwrap();
        rewrite_relation_arguments(&mut statements).unwrap();
        let NamedModels { mut read, kept } = named_models(&statements);
        read.sort();
        assert_eq!(read, ["a", "c", "d"]);
        assert_eq!(kept, ["b"]);
    }

    #[test]
    fn reaches_every_corner_of_a_statement() {
        for (before, after) in [
            (
                "CREATE TABLE x AS SELECT * FROM KMeans(t, k => 2)",
                "CREATE TABLE x AS SELECT * FROM KMeans((SELECT * FROM t), k => 2)",
            ),
            (
                "SELECT 1 WHERE 1 IN (SELECT id FROM kmeans(t, k => 2))",
                "SELECT 1 WHERE 1 IN (SELECT id FROM kmeans((SELECT * FROM t), k => 2))",
            ),
            (
                "SELECT * FROM kmeans((SELECT * FROM kmeans('a.b', k => 3)), k => 2)",
                "SELECT * FROM kmeans((SELECT * FROM kmeans((SELECT * FROM a.b), k => 3)), k => 2)",
            ),
        ] {
            assert_eq!(rewritten(before), after);
        }
    }

    #[test]
    fn leaves_everything_else_alone() {
        for sql in [
            "SELECT * FROM kmeans((SELECT * FROM t), k => 2, label_by => 'x')",
            "SELECT * FROM generate_series(1, t)",
            "SELECT * FROM raw.kmeans(t)",
            "SELECT kmeans('t')",
        ] {
            assert_eq!(rewritten(sql), sql);
        }
    }
}
