//! `EXPLAIN COPY INTO ..`: which types the columns would get, and why or what that costs; nothing is
//! written.
//!
//! ```sql
//! EXPLAIN COPY INTO raw.admissions FROM 'data/admissions*.csv';
//! EXPLAIN COPY INTO serving.public.monthly FROM curated.monthly (MODE merge, KEY (year_month));
//! ```

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::{CopyInto, expect_word};

/// A load or an export to explain.
#[derive(Debug, Clone)]
pub struct ExplainCopy {
    /// The load or export.
    pub copy: CopyInto,
}

impl ExplainCopy {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "EXPLAIN")?;
        Ok(ExplainCopy {
            copy: CopyInto::parse(parser)?,
        })
    }
}

impl fmt::Display for ExplainCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EXPLAIN {}", self.copy)
    }
}
