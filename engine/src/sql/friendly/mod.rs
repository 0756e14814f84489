//! What users of DuckDB type without thinking, and the planner does not know: the one place that
//! rewrites it into SQL that it does know.
//!
//! ```sql
//! FROM raw.admissions;
//! FROM raw.admissions SELECT hospital, count(*), GROUP BY ALL ORDER BY ALL DESC;
//! SELECT billing_amount * 0.9 AS net, net * 0.19 AS tax FROM raw.admissions WHERE net > 100;
//! ```
//!
//! Some of it must be rewritten before the parser, which would stop at it (tokens), some behind it
//! (the parsed query), and the names of a SELECT list only once the planner has found that no column
//! has them. What cannot be rewritten says what to write instead.

mod alias;
mod from_first;
mod instead;
mod order_by_all;
mod trailing_commas;

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{self, VisitMut, VisitorMut};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

pub use alias::write_out_alias;
pub use order_by_all::{order_by_columns, ordered_by_all};

pub(super) use instead::say_instead;

/// Rewrites what the parser would stop at.
pub(super) fn rewrite_tokens(tokens: &mut Vec<TokenWithSpan>) {
    trailing_commas::remove(tokens);
    from_first::complete(tokens);
}

/// Rewrites what the planner does not know, or would leave out.
pub(super) fn rewrite_query(statement: &mut ast::Statement) {
    let _ = VisitMut::visit(statement, &mut Queries);
}

struct Queries;

impl VisitorMut for Queries {
    type Break = ();

    fn post_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<()> {
        order_by_all::write_out(query);
        ControlFlow::Continue(())
    }
}

/// Tokens without blanks and comments, with their places among all.
fn meaningful(tokens: &[TokenWithSpan]) -> impl DoubleEndedIterator<Item = (usize, &Token)> {
    tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| !matches!(token.token, Token::Whitespace(_)))
        .map(|(place, token)| (place, &token.token))
}

/// Whether a token is one of these words, written without quotes.
fn is_one_of(token: &Token, words: &[&str]) -> bool {
    match token {
        Token::Word(word) => {
            word.quote_style.is_none()
                && words
                    .iter()
                    .any(|known| word.value.eq_ignore_ascii_case(known))
        }
        _ => false,
    }
}
