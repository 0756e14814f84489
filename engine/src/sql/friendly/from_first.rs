//! `FROM t`: a query that starts with its tables, and without SELECT means all columns.
//!
//! The parser knows `FROM t SELECT x`, and of a FROM without SELECT only the tables, not the WHERE
//! behind them. So where a query begins with FROM and has no SELECT, `SELECT *` is put before it.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{is_one_of, meaningful};

/// Statements in which the first FROM of the outermost level begins a query, unless SELECT came before.
const QUERIES: [&str; 7] = [
    "FROM",
    "WITH",
    "EXPLAIN",
    "INSERT",
    "DESCRIBE",
    "DESC",
    "SUMMARIZE",
];
const SET_OPERATIONS: [&str; 4] = ["UNION", "EXCEPT", "INTERSECT", "MINUS"];

/// Puts `SELECT *` before each query that begins with FROM and has no SELECT.
pub(super) fn complete(tokens: &mut Vec<TokenWithSpan>) {
    let mut incomplete = incomplete_queries(tokens);
    incomplete.sort_unstable();
    for place in incomplete.into_iter().rev() {
        let span = tokens[place].span;
        let select = [Token::make_keyword("SELECT"), Token::Mul];
        let select = select.map(|token| TokenWithSpan { token, span });
        tokens.splice(place..place, select);
    }
}

/// What is known of the tokens inside of one pair of parentheses.
struct Level {
    /// A FROM that comes now begins a query.
    may_begin: bool,
    /// Other words may come before that: the level is a query with WITH, or a statement around one.
    is_query: bool,
    /// A query has begun, so that a further one needs a set operation before it.
    has_begun: bool,
    /// The words `ALL BY NAME` may come before the next query.
    behind_set_operation: bool,
    /// A FROM that began a query for which no SELECT was found yet.
    began: Option<usize>,
}

impl Level {
    fn new(is_query: bool) -> Self {
        Level {
            may_begin: is_query,
            is_query,
            has_begun: false,
            behind_set_operation: false,
            began: None,
        }
    }

    fn begin(&mut self) {
        self.may_begin = false;
        self.has_begun = true;
        self.behind_set_operation = false;
    }
}

fn incomplete_queries(tokens: &[TokenWithSpan]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut words = meaningful(tokens).map(|(_, token)| token);
    let (first, second) = (words.next(), words.next());
    let is_query = first.is_some_and(|token| is_one_of(token, &QUERIES))
        && !second.is_some_and(|token| is_one_of(token, &["COPY"]));
    let is_create = first.is_some_and(|token| is_one_of(token, &["CREATE"]));
    let mut levels = vec![Level::new(is_query)];
    let mut previous: Option<&Token> = None;
    for (place, token) in meaningful(tokens) {
        match token {
            Token::LParen => {
                let mut level = Level::new(false);
                // `trim(FROM x)`
                level.may_begin = !previous.is_some_and(|word| is_one_of(word, &["TRIM"]));
                levels.push(level);
                previous = Some(token);
                continue;
            }
            Token::RParen if levels.len() > 1 => {
                found.extend(levels.pop().and_then(|level| level.began));
            }
            _ => {}
        }
        let outermost = levels.len() == 1;
        let Some(level) = levels.last_mut() else {
            break;
        };
        if is_one_of(token, &["FROM"]) {
            if level.may_begin {
                level.began = Some(place);
            }
            level.begin();
        } else if is_one_of(token, &["SELECT"]) {
            level.began = None;
            level.begin();
        } else if is_one_of(token, &SET_OPERATIONS) && previous != Some(&Token::Mul) {
            found.extend(level.began.take());
            level.may_begin = true;
            level.behind_set_operation = true;
        } else if is_one_of(token, &["WITH"]) && level.may_begin {
            level.is_query = true;
        } else if is_one_of(token, &["AS"]) && outermost && is_create && !level.has_begun {
            level.may_begin = true;
        } else if !(level.is_query || level.behind_set_operation && continues_set_operation(token))
        {
            level.may_begin = false;
        }
        previous = Some(token);
    }
    found.extend(levels.into_iter().filter_map(|level| level.began));
    found
}

/// `UNION ALL BY NAME`
fn continues_set_operation(token: &Token) -> bool {
    is_one_of(token, &["ALL", "DISTINCT", "BY", "NAME"])
}
