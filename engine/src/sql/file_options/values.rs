//! The values of options: how they are read and shown.

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::super::name::{fold, quote};
use super::super::script::HINT_FOLLOWS;
use super::super::{TideDialect, closest};
use super::DeclaredColumn;

/// One of a few words, case-insensitive, quoted or not.
pub(in super::super) fn parse_choice(
    parser: &mut Parser,
    choices: &[&str],
) -> Result<String, ParserError> {
    let token = parser.next_token();
    let typed = match &token.token {
        Token::Word(word) => word.value.to_lowercase(),
        Token::SingleQuotedString(text) => text.to_lowercase(),
        _ => return parser.expected(&choices.join(" or "), token),
    };
    if choices.contains(&typed.as_str()) {
        return Ok(typed);
    }
    let expected = match closest(&typed, choices.iter().copied()) {
        Some(near) => format!("{}{HINT_FOLLOWS}did you mean {near}?", choices.join(" or ")),
        None => choices.join(" or "),
    };
    parser.expected(&expected, token)
}

/// A text as a literal of SQL.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A text as a literal, if one was given.
pub(super) fn show_text(text: &Option<String>) -> Option<String> {
    text.as_deref().map(literal)
}

/// Declared columns in parentheses, if any were given.
pub(super) fn show_columns(columns: &[DeclaredColumn]) -> Option<String> {
    let columns: Vec<_> = columns
        .iter()
        .map(|column| format!("{} {}", quote(&column.name), column.data_type))
        .collect();
    (!columns.is_empty()).then(|| format!("({})", columns.join(", ")))
}

/// `(name TYPE, ..)`, or the same list as text, for want of types among expressions.
pub(super) fn parse_columns(parser: &mut Parser) -> Result<Vec<DeclaredColumn>, ParserError> {
    if let Token::SingleQuotedString(list) = parser.peek_token().token {
        parser.next_token();
        let mut inner = Parser::new(&TideDialect).try_with_sql(&list)?;
        let columns = inner.parse_comma_separated(parse_column)?;
        inner.expect_token(&Token::EOF)?;
        return Ok(columns);
    }
    parser.expect_token(&Token::LParen)?;
    let columns = parser.parse_comma_separated(parse_column)?;
    parser.expect_token(&Token::RParen)?;
    Ok(columns)
}

fn parse_column(parser: &mut Parser) -> Result<DeclaredColumn, ParserError> {
    let name = fold(&parser.parse_identifier()?);
    Ok(DeclaredColumn {
        name,
        data_type: parser.parse_data_type()?,
    })
}

/// `'NA'` or `('NA', '-')`.
pub(super) fn parse_texts(parser: &mut Parser) -> Result<Vec<String>, ParserError> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(vec![parser.parse_literal_string()?]);
    }
    let texts = parser.parse_comma_separated(Parser::parse_literal_string)?;
    parser.expect_token(&Token::RParen)?;
    Ok(texts)
}
