//! `ASSERT condition [AS 'message']`: stops the job unless the condition is true.

use std::fmt;

use datafusion::sql::sqlparser::ast::{Expr, SelectItem, SetExpr};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::{Query, TideDialect, expect_word};

/// A condition that must hold.
#[derive(Debug, Clone)]
pub struct Assert {
    /// Returns one row with one boolean: the condition.
    pub query: Query,
    /// The condition as text.
    pub condition: String,
    /// What to say when it does not hold.
    pub message: Option<String>,
}

impl Assert {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "ASSERT")?;
        let condition = parser.parse_expr()?;
        let message = parser
            .parse_keyword(Keyword::AS)
            .then(|| parser.parse_literal_string())
            .transpose()?;
        let text = condition.to_string();
        Ok(Assert {
            query: select_one(condition)?,
            condition: text,
            message,
        })
    }
}

/// `SELECT condition`, made from a parsed query so that the spans of the condition stay.
fn select_one(condition: Expr) -> Result<Query, ParserError> {
    let mut query = Parser::new(&TideDialect)
        .try_with_sql("SELECT TRUE")?
        .parse_query()?;
    if let SetExpr::Select(select) = query.body.as_mut() {
        select.projection = vec![SelectItem::UnnamedExpr(condition)];
    }
    Query::from_ast(query)
}

impl fmt::Display for Assert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ASSERT {}", self.condition)?;
        match &self.message {
            Some(message) => write!(f, " AS '{}'", message.replace('\'', "''")),
            None => Ok(()),
        }
    }
}
