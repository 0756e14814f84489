//! Whether a statement holds values of a tagged column, so that nothing may keep its text.
//!
//! A query is planned, and each condition and expression of the plan looked at: one that has both a
//! tagged column and a literal compares the two, or might. Any other statement, and a query that cannot
//! be planned, holds values if it has any literal at all and names a table with a tagged column.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::utils::{split_binary, split_conjunction};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::lineage::Scope;
use super::{is_tagged, tagged_columns};
use crate::session::Session;
use crate::sql::{Name, Parameters, Query, Script, Statement, TideDialect};
use crate::warehouse::Zone;

/// Whether the text of a script holds values of tagged columns of the warehouse. What cannot be told is
/// taken for one.
pub async fn holds_values(session: &Session, script: &Script, parameters: &Parameters) -> bool {
    if !has_literal(script.text()) {
        return false;
    }
    let Ok(statements) = script.parse(parameters) else {
        return names_tagged_table(session, script.text()).await;
    };
    for parsed in statements {
        let compares = match parsed.statement {
            Statement::Query(query) => match session.begin().plan(query).await {
                Ok(plan) => compares_tagged(&plan),
                Err(_) => names_tagged_table(session, &parsed.text).await,
            },
            _ => has_literal(&parsed.text) && names_tagged_table(session, &parsed.text).await,
        };
        if compares {
            return true;
        }
    }
    false
}

fn has_literal(text: &str) -> bool {
    let Ok(tokens) = Tokenizer::new(&TideDialect, text).tokenize() else {
        return true;
    };
    tokens.iter().any(|token| match token {
        Token::Number(..) => true,
        Token::Word(_) | Token::Whitespace(_) => false,
        token => token.to_string().contains(['\'', '$']),
    })
}

/// Whether any word of a text is the name of a table or view with a tagged column.
async fn names_tagged_table(session: &Session, text: &str) -> bool {
    let Ok(tokens) = Tokenizer::new(&TideDialect, text).tokenize() else {
        // A quote that is never closed. Its statement does not run either.
        return true;
    };
    let words = tokens.into_iter().filter_map(|token| match token {
        Token::Word(word) if word.quote_style.is_some() => Some(word.value),
        Token::Word(word) => Some(word.value.to_lowercase()),
        _ => None,
    });
    let mut words: Vec<String> = words.collect();
    words.sort_unstable();
    words.dedup();
    let entries = Zone::ALL.into_iter().flat_map(|zone| {
        let entries = session.warehouse().entries(zone).into_iter();
        entries.map(move |(name, _)| (zone, name))
    });
    for (zone, name) in entries.filter(|(_, name)| words.binary_search(name).is_ok()) {
        let Ok(query) = Query::select_all(&Name::new([zone.name(), name.as_str()])) else {
            return true;
        };
        match session.begin().plan(query).await {
            Ok(plan) if !tagged_columns(&plan).contains(&true) => {}
            _ => return true,
        }
    }
    false
}

fn compares_tagged(plan: &LogicalPlan) -> bool {
    let mut found = false;
    let walked = plan.apply_with_subqueries(|node| {
        found |= node_compares_tagged(node);
        Ok(match found {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    });
    found || walked.is_err()
}

fn node_compares_tagged(node: &LogicalPlan) -> bool {
    if let LogicalPlan::TableScan(scan) = node {
        let has_tagged = || {
            let fields = scan.projected_schema.fields();
            fields.iter().any(|field| is_tagged(field.metadata()))
        };
        return scan.filters.iter().any(has_literal_value) && has_tagged();
    }
    let inputs = node.inputs();
    let schemas = inputs.iter().map(|input| input.schema().as_ref().clone());
    let joined = schemas.reduce(|left, right| left.join(&right).unwrap_or(left));
    let Some(schema) = joined else {
        return false;
    };
    let scope = Scope::inside(node, &schema);
    let mut found = false;
    let walked = node.apply_expressions(|expr| {
        found |= conditions_of(expr)
            .iter()
            .any(|condition| has_literal_value(condition) && scope.uses_tagged(condition));
        Ok(TreeNodeRecursion::Continue)
    });
    found || walked.is_err()
}

/// The parts of a condition that are joined by AND and OR.
fn conditions_of(expr: &Expr) -> Vec<&Expr> {
    split_conjunction(expr)
        .into_iter()
        .flat_map(|part| split_binary(part, Operator::Or))
        .collect()
}

fn has_literal_value(expr: &Expr) -> bool {
    let is_value = |part: &Expr| match part {
        Expr::Literal(value, _) => !value.is_null(),
        _ => false,
    };
    expr.exists(|part| Ok(is_value(part))).unwrap_or(true)
}
