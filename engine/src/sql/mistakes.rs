//! What was probably meant by a statement that does not parse.
//!
//! The parser stops where it can make nothing of a word, which is often behind the mistake: after
//! `GRUOP BY` it complains about BY. So likely mistakes near that place are mended one at a time, and
//! a mend after which the parser gets further tells what was wrong. Nothing mended is ever run.

use datafusion::sql::sqlparser::keywords::{RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{NOT_SUPPORTED, place_of};
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
/// Of a long statement no more words than this are tried.
const TRIED_WORDS: usize = 100;

/// Says what was probably meant, if an error of the parser has no hint yet. `parse` tells how a
/// mended statement fares.
pub(super) fn explain(
    error: Error,
    tokens: &[TokenWithSpan],
    parse: impl Fn(Vec<TokenWithSpan>) -> Result<()>,
) -> Error {
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
    if error.get_hint().is_some() || error.message().ends_with(NOT_SUPPORTED) {
        let misspelt = failed.misspelt_keyword(failed.everywhere(), &is_mended);
        return misspelt.unwrap_or(error);
    }
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
        .or_else(|| failed.misspelt_keyword(failed.everywhere(), &is_mended))
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
        self.misspelt_keyword(self.near(), helps)
            .or_else(|| self.bracket(helps))
            .or_else(|| self.comma(helps))
    }

    /// The word that the parser stopped at and the one before it, as in `GRUOP BY`.
    fn near(&self) -> Vec<usize> {
        let near = [Some(self.at), self.at.checked_sub(1)];
        near.into_iter().flatten().collect()
    }

    /// All words: in a CASE, say, the parser goes back to its start when it does not understand the end.
    fn everywhere(&self) -> Vec<usize> {
        let words = self.tokens.iter().enumerate();
        let words = words.filter(|(_, token)| plain_word(token).is_some());
        words.map(|(index, _)| index).take(TRIED_WORDS).collect()
    }

    fn misspelt_keyword(
        &self,
        words: Vec<usize>,
        helps: &dyn Fn(&Mended) -> bool,
    ) -> Option<Error> {
        words.into_iter().find_map(|index| {
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
        if is_reserved(here) {
            return None;
        }
        let mended = self.with(self.at, Token::Comma);
        helps(&mended).then(|| {
            Error::input(format!("`{here}` cannot follow `{}`", self.tokens[before]))
                .hint(format!("is a comma missing before `{here}`?"))
                .place(place_of(here.span))
        })
    }

    fn bracket(&self, helps: &dyn Fn(&Mended) -> bool) -> Option<Error> {
        let open = self.open_bracket_before(self.at);
        let here = self.tokens.get(self.at);
        if let Some(here) = here.filter(|here| here.token == Token::RParen && open.is_none()) {
            return Some(
                Error::input("this bracket closes none")
                    .hint("take it out, or open one before it")
                    .place(place_of(here.span)),
            );
        }
        let last = self.tokens.len();
        if let Some(open) = self.open_bracket_before(last)
            && helps(&self.with(last, Token::RParen))
        {
            let end = self.tokens.last().map(|token| token.span.end);
            let place = end.map_or_else(Place::default, |end| Place::at(end.line, end.column));
            return Some(
                Error::input("a closing bracket is missing at the end")
                    .hint(not_closed(open))
                    .place(place),
            );
        }
        let open = open?;
        let here = here?;
        helps(&self.with(self.at, Token::RParen)).then(|| {
            Error::input(format!("a closing bracket is missing before `{here}`"))
                .hint(not_closed(open))
                .place(place_of(here.span))
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

    /// The innermost bracket that is open before a token.
    fn open_bracket_before(&self, index: usize) -> Option<&TokenWithSpan> {
        let mut open = Vec::new();
        for token in &self.tokens[..index.min(self.tokens.len())] {
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

/// Whether a word begins a clause, so that it cannot be the next of a list.
fn is_reserved(token: &TokenWithSpan) -> bool {
    match &token.token {
        Token::Word(word) => {
            RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword)
                || RESERVED_FOR_COLUMN_ALIAS.contains(&word.keyword)
        }
        _ => false,
    }
}

fn not_closed(bracket: &TokenWithSpan) -> String {
    let start = bracket.span.start;
    format!(
        "the bracket at line {}, column {} is not closed",
        start.line, start.column
    )
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use crate::sql::{Parameters, Script};

    fn explained(text: &str) -> (String, String, (u64, u64)) {
        let error = Script::inline(text).parse(&Parameters::new()).unwrap_err();
        let place = error.get_place().unwrap();
        (
            error.message().to_owned(),
            error.get_hint().unwrap_or_default().to_owned(),
            (place.line, place.column),
        )
    }

    #[test]
    fn a_keyword_is_recognised_wherever_the_parser_stops() {
        for (text, keyword, column) in [
            ("SELEC 1", "SELECT", 1),
            ("SELECT a FORM t", "FROM", 10),
            ("SELECT a FROM t WEHRE a = 1", "WHERE", 17),
            ("SELECT a FROM t ODER BY a", "ORDER", 17),
            ("SELECT a FROM t LIMT 5", "LIMIT", 17),
            ("SELECT a FROM t JION u ON t.a = u.a", "JOIN", 17),
            ("SELECT a FROM t UNOIN SELECT 1", "UNION", 17),
            ("SELECT CASE WHEN a THEN 1 ELES 2 END FROM t", "ELSE", 27),
            ("CREAT TABLE t AS SELECT 1 AS a", "CREATE", 1),
            ("DROP TABEL t", "TABLE", 6),
            ("INSERT INOT t VALUES (1)", "INTO", 8),
            ("COPY INOT raw.t FROM 'a.csv'", "INTO", 6),
            ("DESCIRBE t", "DESCRIBE", 1),
        ] {
            let (_, hint, place) = explained(text);
            assert_eq!(hint, format!("did you mean `{keyword}`?"), "{text}");
            assert_eq!(place, (1, column), "{text}");
        }
    }

    #[test]
    fn a_name_is_no_misspelt_keyword() {
        let (message, hint, _) = explained("SELECT a FROM t PREWHERE b");
        assert_eq!(message, "expected: end of statement, found: PREWHERE");
        assert_eq!(hint, "");
    }

    #[test]
    fn brackets_and_commas_are_missed() {
        for (text, hint, column) in [
            (
                "SELECT count(a FROM t",
                "the bracket at line 1, column 13 is not closed",
                16,
            ),
            (
                "SELECT * FROM (SELECT a FROM t",
                "the bracket at line 1, column 15 is not closed",
                31,
            ),
            ("SELECT 1) AS a", "take it out, or open one before it", 9),
            ("SELECT a b c FROM t", "is a comma missing before `c`?", 12),
            (
                "SELECT a,, b FROM t",
                "take it out, or write what is to follow it",
                9,
            ),
            ("VALUES (1) (2)", "is a comma missing before `(`?", 12),
        ] {
            let explained = explained(text);
            assert_eq!(
                (explained.1.as_str(), explained.2.1),
                (hint, column),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_missing_at_the_end_is_shown_there() {
        let (message, _, place) = explained("SELECT a\nFROM t\nWHERE -- why");
        assert_eq!(
            message,
            "expected: an expression, found: the end of the statement"
        );
        assert_eq!(place, (3, 6));
    }

    proptest! {
        /// Whatever is typed, it is explained or understood; the place is one of the text.
        #[test]
        fn any_words_are_explained(words in prop::collection::vec(
            prop::sample::select(vec![
                "SELECT", "SELEC", "FROM", "t", "a", ",", "(", ")", "'x'", "1", "GRUOP", "BY", "WHERE",
                "=", "INSERT", "INTO", "VALUES", "\n", "--c\n", "AS", "JOIN", "ON", "*", "SET", "$p", "\"q\"",
            ]),
            0..12,
        )) {
            let text = words.join(" ");
            if let Err(error) = Script::inline(text.clone()).parse(&Parameters::new()) {
                let line = error.get_place().map_or(1, |place| place.line);
                prop_assert!(line >= 1 && line <= text.lines().count().max(1) as u64 + 1, "{error}");
            }
        }
    }
}
