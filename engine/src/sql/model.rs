//! `CREATE [OR REPLACE] MODEL`, `DROP MODEL` and `SHOW MODELS`.
//!
//! ```sql
//! CREATE MODEL bills OPTIONS (model_type = 'kmeans', num_clusters = 5) AS SELECT average_bill FROM curated.monthly;
//! SELECT * FROM ML.PREDICT(MODEL bills, (SELECT * FROM curated.monthly));
//! SHOW MODELS;
//! DROP MODEL bills;
//! ```
//!
//! The spelling is BigQuery's; a function such as `kmeans` with `model => 'bills'` does the same.

use std::fmt;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};

use super::name::fold;
use super::{Query, expect_word, place_of, quote};
use crate::{Error, Place};

/// A model to be learnt from the rows of a query.
#[derive(Debug, Clone)]
pub struct CreateModel {
    /// What it is called.
    pub name: String,
    /// Take the place of a model of that name, as its next version.
    pub or_replace: bool,
    /// Say nothing when there is one of this name.
    pub if_not_exists: bool,
    /// Names in lower case, and values.
    pub options: Vec<(String, Expr)>,
    /// What it learns from.
    pub query: Query,
    /// The text of the query.
    pub text: String,
    place: Place,
}

/// A model to be removed, with all its versions.
#[derive(Debug, Clone)]
pub struct DropModel {
    /// Its name.
    pub name: String,
    /// Say nothing when there is none.
    pub if_exists: bool,
    place: Place,
}

/// Lists the models of the warehouse.
#[derive(Debug, Clone, Copy)]
pub struct ShowModels;

impl CreateModel {
    pub(super) fn parse(
        parser: &mut Parser,
        slice_from: &impl Fn(Location) -> String,
    ) -> Result<Self, ParserError> {
        expect_word(parser, "CREATE")?;
        let or_replace = parser.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
        expect_word(parser, "MODEL")?;
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        let place = place_of(parser.peek_token().span);
        let name = fold(&parser.parse_identifier()?);
        expect_word(parser, "OPTIONS")?;
        parser.expect_token(&Token::LParen)?;
        let options = parser.parse_comma_separated0(parse_option, Token::RParen)?;
        parser.expect_token(&Token::RParen)?;
        expect_word(parser, "AS")?;
        let text = slice_from(parser.peek_token().span.start);
        Ok(CreateModel {
            name,
            or_replace,
            if_not_exists,
            options,
            query: Query::parse_nested(parser)?,
            text,
            place,
        })
    }

    /// Gives an error the place of the name.
    pub fn locate(&self, error: Error) -> Error {
        error.map_place(|place| place.or(Some(self.place.clone())))
    }
}

/// `num_clusters = 5` or `k => 5`.
fn parse_option(parser: &mut Parser) -> Result<(String, Expr), ParserError> {
    let name = fold(&parser.parse_identifier()?).to_lowercase();
    if !parser.consume_token(&Token::RArrow) {
        parser.expect_token(&Token::Eq)?;
    }
    Ok((name, parser.parse_expr()?))
}

impl DropModel {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "DROP")?;
        expect_word(parser, "MODEL")?;
        let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        let place = place_of(parser.peek_token().span);
        Ok(DropModel {
            name: fold(&parser.parse_identifier()?),
            if_exists,
            place,
        })
    }

    /// Gives an error the place of the name.
    pub fn locate(&self, error: Error) -> Error {
        error.map_place(|place| place.or(Some(self.place.clone())))
    }
}

impl ShowModels {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "SHOW")?;
        expect_word(parser, "MODELS")?;
        Ok(ShowModels)
    }
}

/// Turns `ML.PREDICT(MODEL bills, ..)` into `ml_predict('bills', ..)`, and its like, which is no SQL
/// that the parser knows.
pub(super) fn rewrite_model_calls(tokens: &mut Vec<TokenWithSpan>) {
    let mut at = 0;
    while let Some(call) = model_call(&tokens[at..]) {
        let (start, end) = (at + call.start, at + call.end);
        let span = tokens[start].span;
        let rewritten = [
            Token::make_word(&call.function, None),
            Token::LParen,
            Token::SingleQuotedString(call.model),
        ];
        at = start + rewritten.len();
        let rewritten = rewritten.map(|token| TokenWithSpan { token, span });
        tokens.splice(start..end, rewritten);
    }
}

/// A call, from the word ML to the name of the model.
struct ModelCall {
    start: usize,
    end: usize,
    function: String,
    model: String,
}

fn model_call(tokens: &[TokenWithSpan]) -> Option<ModelCall> {
    (0..tokens.len()).find_map(|start| {
        let mut rest = tokens[start..]
            .iter()
            .enumerate()
            .filter(|(_, token)| !matches!(token.token, Token::Whitespace(_)))
            .map(|(place, token)| (start + place + 1, &token.token));
        let mut next = || rest.next();
        is_word(next()?.1, "ML").then_some(())?;
        matches!(next()?.1, Token::Period).then_some(())?;
        let (_, Token::Word(function)) = next()? else {
            return None;
        };
        matches!(next()?.1, Token::LParen).then_some(())?;
        is_word(next()?.1, "MODEL").then_some(())?;
        let (end, Token::Word(model)) = next()? else {
            return None;
        };
        Some(ModelCall {
            start,
            end,
            function: format!("ml_{}", function.value.to_lowercase()),
            model: model_name(model),
        })
    })
}

fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(found) if found.value.eq_ignore_ascii_case(word))
}

fn model_name(word: &Word) -> String {
    match word.quote_style {
        Some(_) => word.value.clone(),
        None => word.value.to_lowercase(),
    }
}

impl fmt::Display for CreateModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replace = if self.or_replace { "OR REPLACE " } else { "" };
        let exists = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        let options = self.options.iter();
        let options: Vec<_> = options
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        write!(
            f,
            "CREATE {replace}MODEL {exists}{} OPTIONS ({}) AS {}",
            quote(&self.name),
            options.join(", "),
            self.text
        )
    }
}

impl fmt::Display for DropModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP MODEL {exists}{}", quote(&self.name))
    }
}

impl fmt::Display for ShowModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW MODELS")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::sql::{Parameters, Script, Statement};

    fn parsed(sql: &str) -> String {
        let mut statements = Script::inline(sql).parse(&Parameters::new()).unwrap();
        match statements.remove(0).statement {
            Statement::CreateModel(create) => create.to_string(),
            Statement::DropModel(drop) => drop.to_string(),
            Statement::Query(query) => query.to_string(),
            other => other.verb().to_owned(),
        }
    }

    #[test]
    fn statements_are_written_as_they_are_read() {
        for sql in [
            "CREATE MODEL bills OPTIONS (model_type = 'kmeans', num_clusters = 5) AS SELECT 1 AS x",
            "CREATE OR REPLACE MODEL \"My bills\" OPTIONS (k = 2, labels = ['a', 'b']) AS SELECT 1 AS x",
            "CREATE MODEL IF NOT EXISTS bills OPTIONS () AS SELECT 1 AS x",
            "DROP MODEL bills",
            "DROP MODEL IF EXISTS bills",
            "SHOW MODELS",
        ] {
            assert_eq!(parsed(sql), sql);
        }
    }

    #[test]
    fn calls_with_a_model_become_calls_with_its_name() {
        assert_eq!(
            parsed("SELECT * FROM ML.PREDICT(MODEL Bills, (SELECT 1 AS x)) AS p"),
            "SELECT * FROM ml_predict(model => 'bills', (SELECT 1 AS x)) AS p"
        );
        assert_eq!(
            parsed("SELECT * FROM ml . centroids ( model `My bills` ), ML.EVALUATE(MODEL \"b\")"),
            "SELECT * FROM ml_centroids(model => 'My bills'), ml_evaluate(model => 'b')"
        );
        let other = "SELECT ml.predict, 'ML.PREDICT(MODEL b)' FROM ml.predict AS ml";
        assert_eq!(parsed(other), other);
    }
}
