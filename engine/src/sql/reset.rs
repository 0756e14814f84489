//! `RESET name`: a setting as it was when the session began.

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::set::parse_setting;
use super::{expect_word, place_of};
use crate::Place;

/// A setting to take back.
#[derive(Debug, Clone)]
pub struct Reset {
    /// The setting, its parts joined by dots.
    pub name: String,
    /// Where the name stands.
    pub place: Place,
}

impl Reset {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "RESET")?;
        let place = place_of(parser.peek_token().span);
        let name = parse_setting(parser)?;
        Ok(Reset { name, place })
    }
}

impl fmt::Display for Reset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RESET {}", self.name)
    }
}
