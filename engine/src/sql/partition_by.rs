//! `PARTITION_BY (year(discharge_date), region, left(code, 2) AS prefix)`: how rows are laid out.

use std::fmt;

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::name::{fold, quote};
use super::{parse_whole, script};
use crate::Result;

/// One level of the folder tree: a column of the table, or one derived from its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct PartitionField {
    /// The partition column.
    pub name: String,
    /// How it is derived; `None` for a column of the source.
    pub expression: Option<Expr>,
}

impl PartitionField {
    /// `(a, year(b), expr AS c)`.
    pub(super) fn parse_list(parser: &mut Parser) -> Result<Vec<Self>, ParserError> {
        parser.expect_token(&Token::LParen)?;
        let fields = parser.parse_comma_separated(Self::parse)?;
        parser.expect_token(&Token::RParen)?;
        Ok(fields)
    }

    /// Reads back what `Display` wrote, from the properties of a table.
    ///
    /// # Errors
    /// Text that is no such list.
    pub fn parse_text(text: &str) -> Result<Vec<Self>> {
        let tokens =
            datafusion::sql::sqlparser::tokenizer::Tokenizer::new(&super::TideDialect, text)
                .tokenize_with_location()
                .map_err(script::tokenizer_error)?;
        parse_whole(tokens, |parser| parser.parse_comma_separated(Self::parse))
    }

    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let start = parser.peek_token();
        let expression = parser.parse_expr()?;
        let alias = parser
            .parse_keyword(Keyword::AS)
            .then(|| parser.parse_identifier())
            .transpose()?;
        match (&expression, alias) {
            (Expr::Identifier(ident), None) => Ok(PartitionField {
                name: fold(ident),
                expression: None,
            }),
            (_, Some(alias)) => Ok(PartitionField {
                name: fold(&alias),
                expression: Some(expression),
            }),
            (_, None) => match period_function(&expression) {
                Some(name) => Ok(PartitionField {
                    name,
                    expression: Some(expression),
                }),
                None => parser.expected(
                    "a column, a period function such as year(x), or an expression AS name",
                    start,
                ),
            },
        }
    }
}

impl fmt::Display for PartitionField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expression {
            Some(expression) => write!(f, "{expression} AS {}", quote(&self.name)),
            None => f.write_str(&quote(&self.name)),
        }
    }
}

/// `year(x)` names its column `year`; so do the other period functions.
fn period_function(expression: &Expr) -> Option<String> {
    let Expr::Function(function) = expression else {
        return None;
    };
    let FunctionArguments::List(arguments) = &function.args else {
        return None;
    };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(_))] = arguments.args.as_slice() else {
        return None;
    };
    let name = function.name.to_string().to_lowercase();
    ["year", "quarter", "month", "year_quarter", "year_month"]
        .contains(&name.as_str())
        .then_some(name)
}
