//! `CREATE [OR REPLACE] VIEW name AS query`. The text of the query is kept as it was written.

use std::fmt;

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Location;

use super::{Name, Query, expect_word};

/// A query to keep under a name.
#[derive(Debug, Clone)]
pub struct CreateView {
    /// The view.
    pub name: Name,
    /// Take the place of a view of that name.
    pub or_replace: bool,
    /// The query.
    pub query: Query,
    /// Its text as written, comments included.
    pub text: String,
}

impl CreateView {
    pub(super) fn parse(
        parser: &mut Parser,
        slice_from: &impl Fn(Location) -> String,
    ) -> Result<Self, ParserError> {
        expect_word(parser, "CREATE")?;
        let or_replace = parser.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
        expect_word(parser, "VIEW")?;
        let name = Name::parse(parser)?;
        expect_word(parser, "AS")?;
        let text = slice_from(parser.peek_token().span.start);
        let query = Query::parse_nested(parser)?;
        Ok(CreateView {
            name,
            or_replace,
            query,
            text,
        })
    }
}

impl fmt::Display for CreateView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.or_replace {
            "CREATE OR REPLACE VIEW "
        } else {
            "CREATE VIEW "
        })?;
        write!(f, "{} AS {}", self.name, self.text)
    }
}
