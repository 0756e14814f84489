//! `INSERT INTO table [(column, ..)] query`.

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::name::{fold, quote};
use super::{Name, Query, expect_word};

/// Rows to add to a table.
#[derive(Debug, Clone)]
pub struct Insert {
    /// The table.
    pub table: Name,
    /// The columns that the query gives, in its order; empty means all, in the table's order.
    pub columns: Vec<String>,
    /// The rows.
    pub query: Query,
}

impl Insert {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "INSERT")?;
        expect_word(parser, "INTO")?;
        let table = Name::parse(parser)?;
        let mut columns = Vec::new();
        // `INSERT INTO t (SELECT ..)` has a parenthesis, too.
        let next_is_query = |parser: &Parser| {
            let word = parser.peek_nth_token(1).token.to_string().to_uppercase();
            ["SELECT", "WITH", "VALUES", "("].contains(&word.as_str())
        };
        if parser.peek_token().token == Token::LParen && !next_is_query(parser) {
            parser.expect_token(&Token::LParen)?;
            columns = parser
                .parse_comma_separated(Parser::parse_identifier)?
                .iter()
                .map(fold)
                .collect();
            parser.expect_token(&Token::RParen)?;
        }
        Ok(Insert {
            table,
            columns,
            query: Query::parse_nested(parser)?,
        })
    }
}

impl fmt::Display for Insert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INSERT INTO {} ", self.table)?;
        if !self.columns.is_empty() {
            let columns: Vec<_> = self.columns.iter().map(|column| quote(column)).collect();
            write!(f, "({}) ", columns.join(", "))?;
        }
        write!(f, "{}", self.query)
    }
}
