//! Options that are declared once: from one list come the names for messages, the reading and the
//! showing.

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::closest;
use super::script::HINT_FOLLOWS;

/// An option; `O` is what keeps its value.
pub(super) struct DeclaredOption<O> {
    /// Its name.
    pub(super) name: &'static str,
    /// Reads its value.
    pub(super) parse: fn(&mut O, &mut Parser) -> Result<(), ParserError>,
    /// Writes its value, if one was given.
    pub(super) show: fn(&O) -> Option<String>,
}

/// The options that were given, as (name, value) in SQL.
pub(super) fn given<'d, O: 'd>(
    declared: impl Iterator<Item = &'d DeclaredOption<O>>,
    options: &O,
) -> Vec<(&'static str, String)> {
    declared
        .filter_map(|option| Some((option.name, (option.show)(options)?)))
        .collect()
}

/// Reads the value of the option `name`, if there is one of that name.
///
/// # Errors
/// An option for the second time, a value that it cannot take.
pub(super) fn parse_option<'d, O: 'd>(
    mut declared: impl Iterator<Item = &'d DeclaredOption<O>>,
    options: &mut O,
    name: &str,
    parser: &mut Parser,
) -> Result<bool, ParserError> {
    let Some(option) = declared.find(|option| option.name.eq_ignore_ascii_case(name)) else {
        return Ok(false);
    };
    if (option.show)(options).is_some() {
        return parser.expected(&format!("{} only once", option.name), parser.peek_token());
    }
    (option.parse)(options, parser)?;
    Ok(true)
}

/// Reads `(NAME value, ..)`, or nothing; `parse_one` reads one of them.
///
/// # Errors
/// Those of `parse_one`, a list that does not end.
pub(super) fn parse_list(
    parser: &mut Parser,
    mut parse_one: impl FnMut(&mut Parser) -> Result<(), ParserError>,
) -> Result<(), ParserError> {
    if parser.consume_token(&Token::LParen) {
        parser.parse_comma_separated(|parser| parse_one(parser))?;
        parser.expect_token(&Token::RParen)?;
    }
    Ok(())
}

/// Writes `(NAME value, ..)` with a space in front, or nothing.
pub(super) fn write_list(
    f: &mut fmt::Formatter<'_>,
    given: impl IntoIterator<Item = (&'static str, String)>,
) -> fmt::Result {
    let options: Vec<_> = given
        .into_iter()
        .map(|(name, value)| format!("{name} {value}").trim_end().to_owned())
        .collect();
    match options.as_slice() {
        [] => Ok(()),
        options => write!(f, " ({})", options.join(", ")),
    }
}

/// The error about a word that is none of `names`, which are those of `what`.
pub(super) fn unknown<T>(
    parser: &Parser,
    what: &str,
    names: &[&str],
    token: TokenWithSpan,
) -> Result<T, ParserError> {
    let hint = match closest(&token.to_string(), names.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the options are {}", names.join(", ")),
    };
    parser.expected(&format!("{what}{HINT_FOLLOWS}{hint}"), token)
}
