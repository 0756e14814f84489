//! `SET name = value`, for the rest of the session.

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::name::fold;
use super::{expect_word, parse_word, place_of};
use crate::Place;

/// A setting to change.
#[derive(Debug, Clone)]
pub struct Set {
    /// The setting, its parts joined by dots.
    pub name: String,
    /// The new value, without quotes.
    pub value: String,
    /// Where the name stands.
    pub place: Place,
}

impl Set {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "SET")?;
        let place = place_of(parser.peek_token().span);
        let name = parse_setting(parser)?;
        if !parser.consume_token(&Token::Eq) && !parse_word(parser, "TO") {
            return parser.expected("= and a value", parser.peek_token());
        }
        let token = parser.next_token();
        let value = match &token.token {
            Token::SingleQuotedString(text) => text.clone(),
            Token::Number(number, _) => number.clone(),
            Token::Word(word) => word.value.clone(),
            _ => return parser.expected("a value", token),
        };
        Ok(Set { name, value, place })
    }
}

/// The name of a setting, which has more parts than the name of a table may have.
pub(super) fn parse_setting(parser: &mut Parser) -> Result<String, ParserError> {
    let name = parser.parse_object_name(false)?;
    let parts = name.0.iter().filter_map(|part| part.as_ident().map(fold));
    Ok(parts.collect::<Vec<_>>().join("."))
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SET {} = '{}'",
            self.name,
            self.value.replace('\'', "''")
        )
    }
}
