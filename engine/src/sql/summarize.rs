//! `SUMMARIZE relation` and `SUMMARIZE query`: what the values of each column are like.
//!
//! ```sql
//! SUMMARIZE raw.admissions;
//! SUMMARIZE 'data/*.csv';
//! SUMMARIZE SELECT billing_amount FROM raw.admissions WHERE billing_amount > 0;
//! ```

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::{Query, expect_word};

/// A relation or query to summarize.
#[derive(Debug, Clone)]
pub struct Summarize {
    /// The rows.
    pub query: Query,
}

impl Summarize {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "SUMMARIZE")?;
        let query = match Query::begins(parser) {
            true => Query::parse_nested(parser)?,
            false => Query::parse_relation(parser)?,
        };
        Ok(Summarize { query })
    }
}

impl fmt::Display for Summarize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SUMMARIZE {}", self.query)
    }
}
