//! Where in a statement an error is, by what it is about.
//!
//! Errors that come from running a statement know names and values, but no places. The tokens of the
//! statement know both: the first token that says what the error is about is where it is.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::place_of;
use crate::{Error, Place, Subject};

/// A literal that is shorter than this may stand in any message by chance.
const TELLING_CHARACTERS: usize = 3;

/// Gives an error without a place that of the token that it is about; one that its message quotes
/// counts too.
pub(super) fn locate(error: Error, tokens: &[TokenWithSpan]) -> Error {
    let has_place = |place: &Place| place.file.is_some() || place.line > 0;
    if error.get_place().is_some_and(has_place) {
        return hint_at_quotes(error, tokens);
    }
    let about = error.subjects().iter();
    let token = about
        .filter_map(|subject| find(subject, tokens))
        .next()
        .or_else(|| quoted_in(error.message(), tokens));
    let place = token.map(|token| place_of(token.span));
    hint_at_quotes(error.map_place(|_| place), tokens)
}

fn find<'t>(subject: &Subject, tokens: &'t [TokenWithSpan]) -> Option<&'t TokenWithSpan> {
    match subject {
        Subject::Word(word) => tokens.iter().find(|token| is_word(token, word)),
        Subject::Repeated(word) => tokens.iter().rfind(|token| is_word(token, word)),
        Subject::Text(text) => tokens.iter().find(|token| text_of(token) == Some(text)),
        // Of several divisions, the one by a zero that stands there; else nobody knows.
        Subject::Sign(sign) => {
            let mut signs =
                (0..tokens.len()).filter(|index| tokens[*index].token.to_string() == *sign);
            let first = signs.next()?;
            let is_by_zero = |index: &usize| {
                tokens[index + 1..]
                    .iter()
                    .find(|token| !is_blank(token))
                    .is_some_and(
                        |token| matches!(&token.token, Token::Number(number, _) if number == "0"),
                    )
            };
            let all = || [first].into_iter().chain(signs.clone());
            let chosen = all()
                .find(is_by_zero)
                .or((all().count() == 1).then_some(first));
            chosen.map(|index| &tokens[index])
        }
    }
}

/// The token that a message speaks of: a text of some length, or a name in backquotes.
fn quoted_in<'t>(message: &str, tokens: &'t [TokenWithSpan]) -> Option<&'t TokenWithSpan> {
    let text = tokens
        .iter()
        .filter(|token| {
            text_of(token).is_some_and(|text| {
                text.chars().count() >= TELLING_CHARACTERS && message.contains(text)
            })
        })
        .max_by_key(|token| text_of(token).map_or(0, str::len));
    text.or_else(|| {
        let names = message.split('`').skip(1).step_by(2);
        let mut found = names.filter_map(|name| find(&Subject::word(name), tokens));
        found.next()
    })
}

/// `WHERE name = "ada"` asks for a column, which is seldom meant.
fn hint_at_quotes(error: Error, tokens: &[TokenWithSpan]) -> Error {
    let Some(place) = error.get_place() else {
        return error;
    };
    let here = tokens.iter().find(|token| {
        token.span.start.line == place.line && token.span.start.column == place.column
    });
    match here.map(|token| &token.token) {
        Some(Token::Word(word))
            if word.quote_style == Some('"')
                && error.message().starts_with("there is no column")
                && !error
                    .get_hint()
                    .is_some_and(|hint| hint.starts_with("did you mean")) =>
        {
            let text = word.value.replace('\'', "''");
            error.hint(format!(
                "double quotes are for names; write a text as '{text}'"
            ))
        }
        _ => error,
    }
}

fn is_word(token: &TokenWithSpan, wanted: &str) -> bool {
    match &token.token {
        Token::Word(word) if word.quote_style.is_some() => word.value == wanted,
        Token::Word(word) => word.value.eq_ignore_ascii_case(wanted),
        _ => false,
    }
}

fn is_blank(token: &TokenWithSpan) -> bool {
    matches!(token.token, Token::Whitespace(_))
}

fn text_of(token: &TokenWithSpan) -> Option<&str> {
    match &token.token {
        Token::SingleQuotedString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use datafusion::sql::sqlparser::tokenizer::Tokenizer;

    use super::*;
    use crate::sql::TideDialect;

    fn column(sql: &str, error: Error) -> Option<u64> {
        let tokens = Tokenizer::new(&TideDialect, sql).tokenize_with_location();
        let located = locate(error, &tokens.unwrap());
        located.get_place().map(|place| place.column)
    }

    #[test]
    fn the_token_that_an_error_is_about_is_its_place() {
        let about = |subject| Error::input("no").about(subject);
        let sign = |sign: &str| about(Subject::Sign(sign.to_owned()));
        let sql = "SELECT a AS b, 'x' AS b, c / 2, d / 0";
        assert_eq!(column(sql, about(Subject::word("B"))), Some(13));
        assert_eq!(
            column(sql, about(Subject::Repeated("b".to_owned()))),
            Some(23)
        );
        assert_eq!(column(sql, about(Subject::Text("x".to_owned()))), Some(16));
        assert_eq!(column(sql, sign("/")), Some(35), "the one by zero");
        assert_eq!(
            column("SELECT a / b / c", sign("/")),
            None,
            "nobody knows which"
        );
        assert_eq!(column("SELECT a / b", sign("/")), Some(10));
    }

    #[test]
    fn a_message_that_quotes_a_token_is_about_it() {
        let sql = "COPY INTO t FROM 'data/a.csv' (KEY (idd))";
        assert_eq!(
            column(sql, Error::input("cannot read data/a.csv")),
            Some(18)
        );
        assert_eq!(
            column(sql, Error::input("there is no column `idd`")),
            Some(37)
        );
        assert_eq!(column(sql, Error::input("something else")), None);
    }

    #[test]
    fn a_place_that_is_known_stays() {
        let error = Error::input("no `a`").place(Place::at(3, 4));
        assert_eq!(column("SELECT a", error), Some(4));
        let in_file = Error::input("no `a`").place(Place::file("v.sql"));
        assert_eq!(column("SELECT a", in_file), Some(0));
    }
}
