//! `RETRY REJECTS FOR table [(OPTION value, ..)]`: loads the rows that loads of a table have set
//! aside and that fit by now, because the table got wider columns or they may be rounded.
//!
//! ```sql
//! RETRY REJECTS FOR raw.admissions;
//! RETRY REJECTS FOR raw.admissions (ON_LOSS round);
//! RETRY REJECTS FOR raw.admissions (COLUMNS (billing_amount DECIMAL(12,2)));
//! ```
//!
//! | option | meaning |
//! |---|---|
//! | `ON_LOSS round` | values with more digits than their column are rounded |
//! | `COLUMNS (name TYPE, ..)` | columns of the table get these wider types first |

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::{CopyOptions, Name, expect_word};

/// Rejects to try again.
#[derive(Debug, Clone)]
pub struct RetryRejects {
    /// The table that they were meant for.
    pub table: Name,
    /// The options as typed; only few mean something here.
    pub options: CopyOptions,
}

impl RetryRejects {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "RETRY")?;
        expect_word(parser, "REJECTS")?;
        expect_word(parser, "FOR")?;
        let table = Name::parse(parser)?;
        let options = CopyOptions::parse(parser)?;
        Ok(RetryRejects { table, options })
    }
}

impl fmt::Display for RetryRejects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RETRY REJECTS FOR {}{}", self.table, self.options)
    }
}
