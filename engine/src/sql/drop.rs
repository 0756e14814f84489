//! `DROP TABLE | VIEW [IF EXISTS] name`.

use std::fmt;

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::{Name, expect_word, parse_word};

/// A table or view to remove.
#[derive(Debug, Clone)]
pub struct Drop {
    /// Table or view.
    pub kind: DropKind,
    /// Its name.
    pub name: Name,
    /// Say nothing when there is none.
    pub if_exists: bool,
}

/// What can be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropKind {
    /// A table with its rows.
    Table,
    /// A view.
    View,
}

impl Drop {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "DROP")?;
        let kind = if parse_word(parser, "TABLE") {
            DropKind::Table
        } else if parse_word(parser, "VIEW") {
            DropKind::View
        } else {
            return parser.expected("TABLE or VIEW", parser.peek_token());
        };
        let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        Ok(Drop {
            kind,
            name: Name::parse(parser)?,
            if_exists,
        })
    }
}

impl fmt::Display for Drop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP {} {exists}{}", self.kind, self.name)
    }
}

impl fmt::Display for DropKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DropKind::Table => "TABLE",
            DropKind::View => "VIEW",
        })
    }
}
