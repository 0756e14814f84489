//! `ALTER TABLE name ALTER [COLUMN] column SET | UNSET TAG pii`: whether a column holds personal data.
//!
//! ```sql
//! ALTER TABLE raw.admissions ALTER COLUMN name SET TAG pii;
//! ```

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::name::fold;
use super::{Name, expect_word, parse_word, place_of, quote};
use crate::{Error, Place};

/// A column to tag.
#[derive(Debug, Clone)]
pub struct AlterTable {
    /// The table.
    pub name: Name,
    /// Its column.
    pub column: String,
    /// Whether it is to hold personal data from now on.
    pub tagged: bool,
    place: Place,
}

impl AlterTable {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "ALTER")?;
        expect_word(parser, "TABLE")?;
        let name = Name::parse(parser)?;
        expect_word(parser, "ALTER")?;
        parse_word(parser, "COLUMN");
        let place = place_of(parser.peek_token().span);
        let column = fold(&parser.parse_identifier()?);
        let tagged = if parse_word(parser, "SET") {
            true
        } else if parse_word(parser, "UNSET") {
            false
        } else {
            return parser.expected("SET TAG pii or UNSET TAG pii", parser.peek_token());
        };
        expect_word(parser, "TAG")?;
        if !parse_word(parser, "pii") {
            return parser.expected("the tag pii", parser.peek_token());
        }
        Ok(AlterTable {
            name,
            column,
            tagged,
            place,
        })
    }

    /// Gives an error about the column its place.
    pub fn locate_column(&self, error: Error) -> Error {
        error.map_place(|place| place.or_else(|| Some(self.place.clone())))
    }
}

impl fmt::Display for AlterTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = if self.tagged { "SET" } else { "UNSET" };
        let column = quote(&self.column);
        write!(
            f,
            "ALTER TABLE {} ALTER COLUMN {column} {set} TAG pii",
            self.name
        )
    }
}
