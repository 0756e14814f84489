//! `SET name = value`: a setting, for the rest of the session, or the default of a parameter.
//!
//! A script that says `$name` somewhere declares with `SET name = value` what type `name` has and
//! what it is unless `-p` says otherwise; see [`ParameterScope`](super::ParameterScope).

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::name::fold;
use super::{ParameterValue, expect_word, parse_word, place_of};
use crate::Place;

/// A setting to change, or a parameter to declare.
#[derive(Debug, Clone)]
pub struct Set {
    /// The setting, its parts joined by dots.
    pub name: String,
    /// The new value, without quotes.
    pub value: String,
    /// The value with its type, which matters to a parameter.
    pub literal: ParameterValue,
    /// What the name stands for.
    pub subject: SetSubject,
    /// Where the name stands.
    pub place: Place,
}

/// What SET gives a value to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetSubject {
    /// A setting of the session.
    Setting,
    /// A parameter of the script, which has been put in place already.
    Parameter,
}

impl Set {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "SET")?;
        let place = place_of(parser.peek_token().span);
        let name = parse_setting(parser)?;
        if !parser.consume_token(&Token::Eq) && !parse_word(parser, "TO") {
            return parser.expected("= and a value", parser.peek_token());
        }
        let literal = parse_value(parser)?;
        Ok(Set {
            name,
            value: literal.to_string(),
            literal,
            subject: SetSubject::Setting,
            place,
        })
    }
}

/// The name of a setting, which has more parts than the name of a table may have.
pub(super) fn parse_setting(parser: &mut Parser) -> Result<String, ParserError> {
    let name = parser.parse_object_name(false)?;
    let parts = name.0.iter().filter_map(|part| part.as_ident().map(fold));
    Ok(parts.collect::<Vec<_>>().join("."))
}

fn parse_value(parser: &mut Parser) -> Result<ParameterValue, ParserError> {
    let token = parser.next_token();
    Ok(match &token.token {
        Token::SingleQuotedString(text) => ParameterValue::Text(text.clone()),
        Token::Number(number, _) => ParameterValue::Number(number.clone()),
        Token::Minus | Token::LParen => {
            // A negative parameter stands in brackets.
            let in_brackets = token.token == Token::LParen;
            if in_brackets {
                parser.expect_token(&Token::Minus)?;
            }
            let number = parser.next_token();
            let Token::Number(digits, _) = &number.token else {
                return parser.expected("a number", number);
            };
            if in_brackets {
                parser.expect_token(&Token::RParen)?;
            }
            ParameterValue::Number(format!("-{digits}"))
        }
        Token::Word(word) if word.value.eq_ignore_ascii_case("DATE") => {
            let next = parser.next_token();
            match &next.token {
                Token::SingleQuotedString(text) => match ParameterValue::date(text) {
                    Some(date) => date,
                    None => return parser.expected("a day, such as '2024-12-31'", next),
                },
                _ => return parser.expected("a day in quotes", next),
            }
        }
        Token::Word(word) => match word.value.to_ascii_lowercase().as_str() {
            "true" => ParameterValue::Boolean(true),
            "false" => ParameterValue::Boolean(false),
            _ => ParameterValue::Text(word.value.clone()),
        },
        _ => return parser.expected("a value", token),
    })
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
