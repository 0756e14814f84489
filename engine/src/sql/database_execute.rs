//! `CALL postgres_execute('connection', 'statements')`: statements in the SQL of a database.
//!
//! ```sql
//! CALL postgres_execute('serving', 'CREATE TABLE status (id BIGINT PRIMARY KEY, at TIMESTAMPTZ DEFAULT now())');
//! SELECT * FROM postgres_execute('serving', 'DELETE FROM status; ANALYZE status');
//! CALL sqlite_execute('local', 'CREATE TABLE status (id INTEGER PRIMARY KEY)');
//! ```
//!
//! Both forms are the whole statement: a query with a change of data in its middle could run it
//! twice, or not at all. The two functions are one, but each wants a database of its kind, since the
//! text is in the words of one.

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::file_options::literal;
use super::{Name, QUERIES, expect_word, parse_word};

/// Statements for a database.
#[derive(Debug, Clone)]
pub struct DatabaseExecute {
    /// The kind of database that they are written for.
    pub dialect: DatabaseDialect,
    /// The connection.
    pub connection: String,
    /// The statements.
    pub text: String,
}

/// Whose SQL a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseDialect {
    /// That of Postgres.
    Postgres,
    /// That of SQLite.
    Sqlite,
}

impl DatabaseDialect {
    /// The name of the function, if it is one.
    pub(super) fn of_function(name: &str) -> Option<Self> {
        [DatabaseDialect::Postgres, DatabaseDialect::Sqlite]
            .into_iter()
            .find(|dialect| dialect.function().eq_ignore_ascii_case(name))
    }

    /// The function that runs such text.
    pub fn function(self) -> &'static str {
        match self {
            DatabaseDialect::Postgres => "postgres_execute",
            DatabaseDialect::Sqlite => "sqlite_execute",
        }
    }
}

impl DatabaseExecute {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        if !parse_word(parser, "CALL") {
            expect_word(parser, "SELECT")?;
            parser.expect_token(&Token::Mul)?;
            expect_word(parser, "FROM")?;
        }
        let function = parser.next_token();
        let Some(dialect) = DatabaseDialect::of_function(&function.token.to_string()) else {
            return parser.expected("postgres_execute or sqlite_execute", function);
        };
        parser.expect_token(&Token::LParen)?;
        let connection = parser.parse_literal_string()?;
        parser.expect_token(&Token::Comma)?;
        let text = match parser.peek_token().token {
            Token::DollarQuotedString(text) => {
                parser.next_token();
                text.value
            }
            _ => parser.parse_literal_string()?,
        };
        parser.expect_token(&Token::RParen)?;
        Ok(DatabaseExecute {
            dialect,
            connection,
            text,
        })
    }

    /// What it reads, as far as anybody can tell: something of the database, so that no step with it
    /// is skipped as unchanged.
    pub(super) fn reads(&self) -> Name {
        Name::new([self.connection.as_str(), QUERIES, self.text.as_str()])
    }
}

impl fmt::Display for DatabaseExecute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CALL {}({}, {})",
            self.dialect.function(),
            literal(&self.connection),
            literal(&self.text)
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::sql::{Parameters, QUERIES, Script, Statement};

    #[test]
    fn both_forms_are_one_statement() {
        let shown = "CALL postgres_execute('db', 'DELETE FROM \"t\" WHERE n = ''x''')";
        for text in [
            shown,
            "select * from POSTGRES_EXECUTE('db', $$DELETE FROM \"t\" WHERE n = 'x'$$)",
        ] {
            let mut parsed = Script::inline(text).parse(&Parameters::new()).unwrap();
            let statement = parsed.remove(0).statement;
            // A step that depends on a database is never skipped.
            let reads = statement.reads().unwrap();
            assert_eq!(reads[0].parts()[..2], ["db", QUERIES]);
            let Statement::DatabaseExecute(execute) = statement else {
                unreachable!("{text} is a call");
            };
            assert_eq!(execute.to_string(), shown);
        }
    }
}
