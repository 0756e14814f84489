//! `SHOW TABLES [FROM database]` and `DESCRIBE name`: what there is, in words of SQL rather than of the engine.

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Name, Query, expect_word, parse_word};

/// Lists the tables and views of all zones, or of a database.
#[derive(Debug, Clone)]
pub struct ShowTables {
    /// A zone, a connection, or a connection and a schema of it.
    pub from: Option<Name>,
}

/// Lists the columns of a table or view, of a query, or of files: `DESCRIBE 'data/*.csv'`.
#[derive(Debug, Clone)]
pub struct Describe {
    /// What is described.
    pub subject: Described,
}

/// What has columns.
#[derive(Debug, Clone)]
pub enum Described {
    /// A table or view.
    Table(Name),
    /// The rows of a query; of files, that is `SELECT * FROM files`.
    Query(Box<Query>),
}

impl ShowTables {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "SHOW")?;
        expect_word(parser, "TABLES")?;
        let from = match parse_word(parser, "FROM") || parse_word(parser, "IN") {
            true => Some(Name::parse(parser)?),
            false => None,
        };
        Ok(ShowTables { from })
    }
}

impl Describe {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        if !parse_word(parser, "DESC") {
            expect_word(parser, "DESCRIBE")?;
        }
        if Query::begins(parser) {
            let query = Query::parse_nested(parser)?;
            let subject = Described::Query(Box::new(query));
            return Ok(Describe { subject });
        }
        parse_word(parser, "TABLE");
        let is_call = matches!(parser.peek_nth_token(1).token, Token::LParen);
        let is_path = matches!(parser.peek_token().token, Token::SingleQuotedString(_));
        let subject = if is_call || is_path {
            Described::Query(Box::new(Query::parse_relation(parser)?))
        } else {
            Described::Table(Name::parse(parser)?)
        };
        Ok(Describe { subject })
    }
}

impl fmt::Display for ShowTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW TABLES")?;
        match &self.from {
            Some(from) => write!(f, " FROM {from}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Describe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Described::Table(name) => write!(f, "DESCRIBE {name}"),
            Described::Query(query) => write!(f, "DESCRIBE {query}"),
        }
    }
}
