//! `SHOW TABLES [FROM database]` and `DESCRIBE name`: what there is, in words of SQL rather than of the engine.

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Name, Query, TideDialect, expect_word, parse_word};

/// Lists the tables and views of all zones, or of a database.
#[derive(Debug, Clone)]
pub struct ShowTables {
    /// A zone, a connection, or a connection and a schema of it.
    pub from: Option<Name>,
}

/// Lists the columns of a table or view, or of files: `DESCRIBE 'data/*.csv'`.
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
    /// Files, as `SELECT * FROM files`, and how they are written.
    Files(Box<Query>, String),
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
        parse_word(parser, "TABLE");
        let is_call = matches!(parser.peek_nth_token(1).token, Token::LParen);
        let is_path = matches!(parser.peek_token().token, Token::SingleQuotedString(_));
        let subject = if is_call || is_path {
            let files = parser.parse_table_factor()?.to_string();
            let query = Parser::new(&TideDialect)
                .try_with_sql(&format!("SELECT * FROM {files}"))
                .and_then(|mut parser| Query::parse_nested(&mut parser))?;
            Described::Files(Box::new(query), files)
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
            Described::Files(_, files) => write!(f, "DESCRIBE {files}"),
        }
    }
}
