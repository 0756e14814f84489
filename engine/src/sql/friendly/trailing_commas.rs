//! A comma behind the last item of a list: `SELECT a, b, FROM t`, `x IN (1, 2,)`.
//!
//! The parser can take such commas itself, but then stops at every column that has the name of a
//! clause: `SELECT id, cluster FROM t`. Here a comma goes only where nothing else can be meant.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{is_one_of, meaningful};

/// Removes them.
pub(super) fn remove(tokens: &mut Vec<TokenWithSpan>) {
    let significant: Vec<(usize, &Token)> = meaningful(tokens).collect();
    let trailing: Vec<usize> = significant
        .iter()
        .enumerate()
        .filter(|(at, (_, token))| {
            **token == Token::Comma
                && follows_an_item(&significant[..*at])
                && ends_a_list(&significant[at + 1..])
        })
        .map(|(_, (place, _))| *place)
        .collect();
    for place in trailing.into_iter().rev() {
        tokens.remove(place);
    }
}

fn follows_an_item(before: &[(usize, &Token)]) -> bool {
    before.last().is_some_and(|(_, token)| {
        !matches!(token, Token::Comma | Token::LParen | Token::LBracket)
            && !is_one_of(token, &["SELECT", "FROM", "BY", "VALUES"])
    })
}

/// Whether a list has ended before these tokens. A column may be called like most clauses, so that
/// these need a second word.
fn ends_a_list(after: &[(usize, &Token)]) -> bool {
    let Some((_, first)) = after.first() else {
        return true;
    };
    let second_is = |words: &[&str]| {
        let second = after.get(1);
        second.is_some_and(|(_, token)| is_one_of(token, words))
    };
    match first {
        Token::RParen | Token::RBracket | Token::RBrace => true,
        token if is_one_of(token, &["FROM"]) => true,
        token if is_one_of(token, &["GROUP", "ORDER"]) => second_is(&["BY"]),
        token if is_one_of(token, &["UNION", "EXCEPT", "INTERSECT"]) => {
            second_is(&["ALL", "DISTINCT", "BY", "SELECT", "FROM", "VALUES"])
        }
        token if is_one_of(token, &["WHERE", "HAVING", "QUALIFY"]) => {
            // A column of that name would be followed by an operator, an alias or the next item.
            let second = after.get(1);
            second.is_some_and(|(_, token)| {
                matches!(
                    token,
                    Token::Word(word) if !is_one_of(token, &["AS", "FROM"]) && word.quote_style.is_none()
                ) || matches!(token, Token::Number(..) | Token::SingleQuotedString(_))
            })
        }
        token if is_one_of(token, &["LIMIT", "OFFSET"]) => {
            matches!(after.get(1), Some((_, Token::Number(..))))
        }
        _ => false,
    }
}
