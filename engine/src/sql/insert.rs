//! `INSERT INTO table [(column, ..)] query [ON CONFLICT ..]`.
//!
//! ```sql
//! INSERT INTO raw.visits SELECT * FROM raw.new_visits;
//! INSERT INTO serving.public.status (step, state) VALUES ('land', 'done')
//!   ON CONFLICT (step) DO UPDATE SET state = excluded.state;
//! ```

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::name::{fold, quote};
use super::{Name, OnConflict, Query, expect_word};

/// Rows to add to a table.
#[derive(Debug, Clone)]
pub struct Insert {
    /// The table.
    pub table: Name,
    /// The columns that the query gives, in its order; empty means all, in the table's order.
    pub columns: Vec<String>,
    /// The rows.
    pub query: Query,
    /// What to do about rows that a table of a database does not take.
    pub on_conflict: Option<OnConflict>,
}

impl Insert {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "INSERT")?;
        expect_word(parser, "INTO")?;
        let table = Name::parse(parser)?;
        let mut columns = Vec::new();
        // `INSERT INTO t (SELECT ..)` has a parenthesis, too.
        let next_is_query = |parser: &Parser| {
            let word = parser.peek_nth_token(1).token.to_string().to_uppercase();
            ["SELECT", "WITH", "VALUES", "("].contains(&word.as_str())
        };
        if parser.peek_token().token == Token::LParen && !next_is_query(parser) {
            parser.expect_token(&Token::LParen)?;
            columns = parser
                .parse_comma_separated(Parser::parse_identifier)?
                .iter()
                .map(fold)
                .collect();
            parser.expect_token(&Token::RParen)?;
        }
        Ok(Insert {
            table,
            columns,
            query: Query::parse_nested(parser)?,
            on_conflict: OnConflict::parse(parser)?,
        })
    }
}

impl fmt::Display for Insert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "INSERT INTO {} ", self.table)?;
        if !self.columns.is_empty() {
            let columns: Vec<_> = self.columns.iter().map(|column| quote(column)).collect();
            write!(f, "({}) ", columns.join(", "))?;
        }
        write!(f, "{}", self.query)?;
        match &self.on_conflict {
            Some(on_conflict) => write!(f, " {on_conflict}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::sql::{Parameters, Script, Statement};

    #[test]
    fn what_is_shown_is_what_was_written() {
        for text in [
            "INSERT INTO db.public.t (id, n) VALUES (1, 2)",
            "INSERT INTO db.public.t SELECT * FROM raw.t ON CONFLICT DO NOTHING",
            "INSERT INTO db.public.t SELECT id FROM raw.t ON CONFLICT (id, \"B\") DO NOTHING",
            "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n, m = 'x' WHERE t.n < 5",
        ] {
            let parsed = Script::inline(text).parse(&Parameters::new()).unwrap();
            let Statement::Insert(insert) = &parsed[0].statement else {
                unreachable!("{text} is an INSERT");
            };
            assert_eq!(insert.to_string(), text);
        }
    }
}
