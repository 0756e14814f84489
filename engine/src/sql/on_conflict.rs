//! `ON CONFLICT [(column, ..)] DO NOTHING | DO UPDATE SET column = value, .. [WHERE condition]`: what
//! an INSERT into a database does about rows that a unique index does not take.

use std::fmt;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{IsOptional, Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::name::{fold, quote};
use super::{expect_word, parse_word};

/// What to do about such rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnConflict {
    /// The columns of the unique index; none stands for any index.
    pub columns: Vec<String>,
    /// What happens to the row.
    pub action: ConflictAction,
}

/// What happens to a row that is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConflictAction {
    /// It stays; the new one is left out.
    Nothing,
    /// It is changed.
    Update(Box<ConflictUpdate>),
}

/// How a row is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictUpdate {
    /// Columns and their new values, in which `excluded` is the row that was not taken.
    pub set: Vec<(String, Expr)>,
    /// Only where this holds.
    pub condition: Option<Expr>,
}

impl OnConflict {
    /// The clause, if it stands here.
    pub(super) fn parse(parser: &mut Parser) -> Result<Option<Self>, ParserError> {
        if !parser.parse_keywords(&[Keyword::ON, Keyword::CONFLICT]) {
            return Ok(None);
        }
        let columns = parser.parse_parenthesized_column_list(IsOptional::Optional, false)?;
        let columns: Vec<_> = columns.iter().map(fold).collect();
        expect_word(parser, "DO")?;
        if parse_word(parser, "NOTHING") {
            let action = ConflictAction::Nothing;
            return Ok(Some(OnConflict { columns, action }));
        }
        if columns.is_empty() {
            return parser.expected(
                "ON CONFLICT (column, ..) before DO UPDATE",
                parser.peek_token(),
            );
        }
        parser.expect_keywords(&[Keyword::UPDATE, Keyword::SET])?;
        let update = ConflictUpdate {
            set: parser.parse_comma_separated(parse_assignment)?,
            condition: parser
                .parse_keyword(Keyword::WHERE)
                .then(|| parser.parse_expr())
                .transpose()?,
        };
        let action = ConflictAction::Update(Box::new(update));
        Ok(Some(OnConflict { columns, action }))
    }
}

fn parse_assignment(parser: &mut Parser) -> Result<(String, Expr), ParserError> {
    let column = fold(&parser.parse_identifier()?);
    parser.expect_token(&Token::Eq)?;
    Ok((column, parser.parse_expr()?))
}

impl fmt::Display for OnConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ON CONFLICT ")?;
        if !self.columns.is_empty() {
            let columns: Vec<_> = self.columns.iter().map(|column| quote(column)).collect();
            write!(f, "({}) ", columns.join(", "))?;
        }
        match &self.action {
            ConflictAction::Nothing => f.write_str("DO NOTHING"),
            ConflictAction::Update(update) => {
                let set = update
                    .set
                    .iter()
                    .map(|(column, value)| format!("{} = {value}", quote(column)));
                write!(f, "DO UPDATE SET {}", set.collect::<Vec<_>>().join(", "))?;
                match &update.condition {
                    Some(condition) => write!(f, " WHERE {condition}"),
                    None => Ok(()),
                }
            }
        }
    }
}
