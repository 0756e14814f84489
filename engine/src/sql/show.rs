//! `SHOW TABLES` and `DESCRIBE name`: what there is, in words of SQL rather than of the engine.

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::{Name, expect_word, parse_word};

/// Lists the tables and views of all zones.
#[derive(Debug, Clone, Copy)]
pub struct ShowTables;

/// Lists the columns of a table or view.
#[derive(Debug, Clone)]
pub struct Describe {
    /// The table or view.
    pub name: Name,
}

impl ShowTables {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "SHOW")?;
        expect_word(parser, "TABLES")?;
        Ok(ShowTables)
    }
}

impl Describe {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        if !parse_word(parser, "DESC") {
            expect_word(parser, "DESCRIBE")?;
        }
        parse_word(parser, "TABLE");
        Ok(Describe {
            name: Name::parse(parser)?,
        })
    }
}

impl fmt::Display for ShowTables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW TABLES")
    }
}

impl fmt::Display for Describe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DESCRIBE {}", self.name)
    }
}
