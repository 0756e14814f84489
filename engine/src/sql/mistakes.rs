//! What was probably meant by a statement that does not parse.
//!
//! The parser stops where it can make nothing of a word, which is often behind the mistake: after
//! `GRUOP BY` it complains about BY. So likely mistakes near that place are mended one at a time, and
//! a mend after which the parser gets further tells what was wrong. Nothing mended is ever run.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::place_of;
use crate::{Error, Place, Result};

/// The words that build a statement; misspelt ones are looked up here.
pub const KEYWORDS: [&str; 92] = [
    "ALL",
    "ALTER",
    "ANALYZE",
    "AND",
    "ANTI",
    "AS",
    "ASC",
    "ASSERT",
    "ATTACH",
    "BETWEEN",
    "BY",
    "CALL",
    "CASE",
    "CAST",
    "COLUMN",
    "COLUMNS",
    "CONFLICT",
    "CONNECTIONS",
    "COPY",
    "CREATE",
    "CROSS",
    "CURRENT",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DETACH",
    "DISTINCT",
    "DO",
    "DROP",
    "ELSE",
    "END",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "EXPLAIN",
    "FILTER",
    "FOLLOWING",
    "FOR",
    "FROM",
    "FULL",
    "FUNCTIONS",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MODEL",
    "MODELS",
    "NATURAL",
    "NOT",
    "NULL",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "QUALIFY",
    "RANGE",
    "RECURSIVE",
    "REJECTS",
    "REPLACE",
    "RETRY",
    "RIGHT",
    "ROWS",
    "SELECT",
    "SEMI",
    "SET",
    "SHOW",
    "SUMMARIZE",
    "TABLE",
    "TABLES",
    "THEN",
    "UNION",
    "USING",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
];

/// More letters than this are not one misspelt word but another one.
const WRONG_LETTERS: usize = 2;

/// Says what was probably meant, if an error of the parser has no hint yet. `parse` tells how a
/// mended statement fares.
pub(super) fn explain(
    error: Error,
    tokens: &[TokenWithSpan],
    parse: impl Fn(Vec<TokenWithSpan>) -> Result<()>,
) -> Error {
    if error.get_hint().is_some() {
        return error;
    }
    let solid: Vec<TokenWithSpan> = tokens
        .iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_)))
        .cloned()
        .collect();
    let error = at_token_found(error, &solid);
    let failed = Failed {
        at: reached(&error, &solid),
        tokens: solid,
    };
    let is_mended = |mended: &Mended| parse(mended.tokens.clone()).is_ok();
    let gets_further = |mended: &Mended| {
        let beyond = failed.at + mended.added;
        match parse(mended.tokens.clone()) {
            Ok(()) => true,
            Err(error) => reached(&error, &mended.tokens) > beyond.saturating_sub(mended.removed),
        }
    };
    // A mend that makes the statement whole tells more than one that leaves another mistake.
    let explained = failed
        .mend(&is_mended)
        .or_else(|| failed.mend(&gets_further));
    match explained {
        Some(explained) => explained,
        None => failed.at_its_end(error),
    }
}

/// The tokens of a statement, and the index of the one that the parser stopped at.
struct Failed {
    tokens: Vec<TokenWithSpan>,
    at: usize,
}

struct Mended {
    tokens: Vec<TokenWithSpan>,
    added: usize,
    removed: usize,
}

impl Failed {
    /// The first likely mistake whose mending helps.
    fn mend(&self, helps: &dyn Fn(&Mended) -> bool) -> Option<Error> {
        self.misspelt_keyword(helps)
            .or_else(|| self.bracket(helps))
            .or_else(|| self.comma(helps))
    }

    /// `GRUOP BY`: the word itself or the one before it.
    fn misspelt_keyword(&self, helps: &dyn Fn(&Mended) -> bool) -> Option<Error> {
        let near = [Some(self.at), self.at.checked_sub(1)];
        near.into_iter().flatten().find_map(|index| {
            let token = self.tokens.get(index)?;
            let word = plain_word(token)?;
            let keyword = similar_keywords(word).into_iter().find(|keyword| {
                let mut tokens = self.tokens.clone();
                tokens[index].token = Token::make_keyword(keyword);
                helps(&Mended {
                    tokens,
                    added: 0,
                    removed: 0,
                })
            })?;
            Some(
                Error::input(format!("`{word}` is not a word that can stand here"))
                    .hint(format!("did you mean `{keyword}`?"))
                    .place(place_of(token.span)),
            )
        })
    }

    /// One too few between two values, or one too many at the end of a list.
    fn comma(&self, helps: &dyn Fn(&Mended) -> bool) -> Option<Error> {
        let here = self.tokens.get(self.at)?;
        let before = self.at.checked_sub(1)?;
        if self.tokens[before].token == Token::Comma {
            let without = self.without(before);
            return helps(&without).then(|| {
                Error::input(format!("there is a comma too many before `{here}`"))
                    .hint("take it out, or write what is to follow it")
                    .place(place_of(self.tokens[before].span))
            });
        }
        let mended = self.with(self.at, Token::Comma);
        helps(&mended).then(|| {
            Error::input(format!("`{here}` cannot follow `{}`", self.tokens[before]))
                .hint(format!("is a comma missing before `{here}`?"))
                .place(place_of(here.span))
        })
    }

    fn bracket(&self, helps: &dyn Fn(&Mended) -> bool) -> Option<Error> {
        let open = self.open_bracket();
        let here = self.tokens.get(self.at);
        if let Some(here) = here.filter(|here| here.token == Token::RParen && open.is_none()) {
            return Some(
                Error::input("this bracket closes none")
                    .hint("take it out, or open one before it")
                    .place(place_of(here.span)),
            );
        }
        let open = open?;
        helps(&self.with(self.at, Token::RParen)).then(|| {
            let start = open.span.start;
            let missing = match here {
                Some(here) => format!("a closing bracket is missing before `{here}`"),
                None => "a closing bracket is missing at the end".to_owned(),
            };
            Error::input(missing)
                .hint(format!(
                    "the bracket at line {}, column {} is not closed",
                    start.line, start.column
                ))
                .place(self.place())
        })
    }

    /// An error about what is missing at the end is shown there.
    fn at_its_end(&self, error: Error) -> Error {
        let place = self.place();
        error.map_place(|found| found.or(Some(place)))
    }

    /// Where the parser stopped: at a token, or behind the last one.
    fn place(&self) -> Place {
        match (self.tokens.get(self.at), self.tokens.last()) {
            (Some(token), _) => place_of(token.span),
            (None, Some(last)) => Place::at(last.span.end.line, last.span.end.column),
            (None, None) => Place::default(),
        }
    }

    /// The innermost bracket that is open where the parser stopped.
    fn open_bracket(&self) -> Option<&TokenWithSpan> {
        let mut open = Vec::new();
        for token in &self.tokens[..self.at.min(self.tokens.len())] {
            match token.token {
                Token::LParen => open.push(token),
                Token::RParen => {
                    open.pop();
                }
                _ => {}
            }
        }
        open.pop()
    }

    fn with(&self, index: usize, token: Token) -> Mended {
        let span = self
            .tokens
            .get(index)
            .or(self.tokens.last())
            .map(|near| near.span);
        let mut tokens = self.tokens.clone();
        if let Some(span) = span {
            tokens.insert(index.min(tokens.len()), TokenWithSpan { token, span });
        }
        Mended {
            tokens,
            added: 1,
            removed: 0,
        }
    }

    fn without(&self, index: usize) -> Mended {
        let mut tokens = self.tokens.clone();
        tokens.remove(index);
        Mended {
            tokens,
            added: 0,
            removed: 1,
        }
    }
}

/// The index of the token that an error is about; behind the last one if it is about none.
fn reached(error: &Error, tokens: &[TokenWithSpan]) -> usize {
    let Some(place) = error.get_place() else {
        return tokens.len();
    };
    let at = |token: &TokenWithSpan| {
        let start = token.span.start;
        (start.line, start.column) == (place.line, place.column)
    };
    // What was put in shares the place of what follows it.
    tokens.iter().rposition(at).unwrap_or(tokens.len())
}

/// The parser sometimes gives the place of the token after the one that it names.
fn at_token_found(error: Error, tokens: &[TokenWithSpan]) -> Error {
    let Some((_, found)) = error.message().rsplit_once(", found: ") else {
        return error;
    };
    let at = reached(&error, tokens);
    let says = |index: usize| {
        let token = tokens.get(index);
        token.is_some_and(|token| token.token.to_string() == found)
    };
    match at.checked_sub(1) {
        Some(before) if !says(at) && says(before) => {
            let place = place_of(tokens[before].span);
            error.place(place)
        }
        _ => error,
    }
}

fn plain_word(token: &TokenWithSpan) -> Option<&str> {
    match &token.token {
        Token::Word(word)
            if word.quote_style.is_none()
                && !KEYWORDS.contains(&word.value.to_uppercase().as_str()) =>
        {
            Some(&word.value)
        }
        _ => None,
    }
}

/// Keywords by how little they differ from a word.
fn similar_keywords(word: &str) -> Vec<&'static str> {
    let word = word.to_uppercase();
    let mut similar: Vec<(usize, &str)> = KEYWORDS
        .iter()
        .map(|keyword| (strsim::damerau_levenshtein(&word, keyword), *keyword))
        .filter(|(distance, keyword)| {
            *distance <= WRONG_LETTERS.min(1 + keyword.len() / 4) && *distance < keyword.len() - 1
        })
        .collect();
    similar.sort_unstable();
    similar.into_iter().map(|(_, keyword)| keyword).collect()
}
