//! `CREATE [OR REPLACE] TABLE [IF NOT EXISTS] name [(column TYPE [NOT NULL] [COMMENT 'text'], ..)]
//! [PARTITIONED BY (expr, ..)] [SORTED BY (column, ..)] [AS query]`.

use std::fmt;

use datafusion::sql::sqlparser::ast::DataType;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::name::{fold, quote};
use super::{Layout, Name, Query, expect_word, join};

/// A table to make, empty or from a query.
#[derive(Debug, Clone)]
pub struct CreateTable {
    /// The table.
    pub name: Name,
    /// Take the place of a table of that name.
    pub or_replace: bool,
    /// Do nothing when there is one.
    pub if_not_exists: bool,
    /// Declared columns; empty when the query says them.
    pub columns: Vec<ColumnDefinition>,
    /// How its rows are laid out.
    pub layout: Layout,
    /// Where its first rows come from.
    pub query: Option<Query>,
}

/// One declared column.
#[derive(Debug, Clone)]
pub struct ColumnDefinition {
    /// Its name.
    pub name: String,
    /// Its SQL type.
    pub data_type: DataType,
    /// NULL is refused.
    pub not_null: bool,
    /// A description, kept with the table.
    pub comment: Option<String>,
}

impl CreateTable {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "CREATE")?;
        let or_replace = parser.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
        expect_word(parser, "TABLE")?;
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        if or_replace && if_not_exists {
            return parser.expected("OR REPLACE or IF NOT EXISTS, not both", parser.peek_token());
        }
        let name = Name::parse(parser)?;
        let mut columns = Vec::new();
        if parser.consume_token(&Token::LParen) {
            columns = parser.parse_comma_separated(ColumnDefinition::parse)?;
            parser.expect_token(&Token::RParen)?;
        }
        let layout = Layout::parse_clauses(parser)?;
        let query = parser
            .parse_keyword(Keyword::AS)
            .then(|| Query::parse_nested(parser))
            .transpose()?;
        if columns.is_empty() && query.is_none() {
            return parser.expected("a list of columns, or AS and a query", parser.peek_token());
        }
        Ok(CreateTable {
            name,
            or_replace,
            if_not_exists,
            columns,
            layout,
            query,
        })
    }
}

impl ColumnDefinition {
    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let name = fold(&parser.parse_identifier()?);
        let data_type = parser.parse_data_type()?;
        let mut column = ColumnDefinition {
            name,
            data_type,
            not_null: false,
            comment: None,
        };
        loop {
            if parser.parse_keywords(&[Keyword::NOT, Keyword::NULL]) {
                column.not_null = true;
            } else if parser.parse_keyword(Keyword::NULL) {
                column.not_null = false;
            } else if parser.parse_keyword(Keyword::COMMENT) {
                column.comment = Some(parser.parse_literal_string()?);
            } else {
                return Ok(column);
            }
        }
    }
}

impl fmt::Display for CreateTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.or_replace {
            "CREATE OR REPLACE TABLE "
        } else {
            "CREATE TABLE "
        })?;
        f.write_str(if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        })?;
        write!(f, "{}", self.name)?;
        if !self.columns.is_empty() {
            write!(f, " ({})", join(&self.columns))?;
        }
        f.write_str(&self.layout.clauses())?;
        match &self.query {
            Some(query) => write!(f, " AS {query}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ColumnDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", quote(&self.name), self.data_type)?;
        f.write_str(if self.not_null { " NOT NULL" } else { "" })?;
        match &self.comment {
            Some(comment) => write!(f, " COMMENT '{}'", comment.replace('\'', "''")),
            None => Ok(()),
        }
    }
}
