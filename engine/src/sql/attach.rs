//! `ATTACH 'address' AS name (options)`, `DETACH name` and `SHOW CONNECTIONS`.
//!
//! ```sql
//! ATTACH 'postgres://db_reader@db.example.org/billing' AS hospital (READ_ONLY);
//! ATTACH 'host=db.example.org dbname=billing' AS billing (TYPE postgres);
//! ATTACH 'out/serving.db' AS serving (TYPE sqlite);
//! SHOW CONNECTIONS;
//! DETACH hospital;
//! ```
//!
//! An address may refer to variables, `${NAME}`. What is attached belongs to the session.

use std::fmt;

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::name::fold;
use super::{expect_word, parse_word, place_of, quote};
use crate::secrets::hide_passwords;
use crate::{Error, Place};

/// A database to be known under a name. `Debug` and `Display` show no password.
#[derive(Clone)]
pub struct Attach {
    /// The URL of the database, the parameters of a server, or the path of a file.
    pub address: String,
    /// What it is called.
    pub name: String,
    /// What it is, where the address does not tell.
    pub kind: Option<AttachKind>,
    /// Whether writing to it is refused.
    pub read_only: bool,
    /// Say nothing when there is one of this name.
    pub if_not_exists: bool,
    place: Place,
}

/// What can be attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachKind {
    /// A Postgres server, by its URL or by parameters of libpq.
    Postgres,
    /// A SQLite file, by its path.
    Sqlite,
}

/// A name to be forgotten.
#[derive(Debug, Clone)]
pub struct Detach {
    /// The name.
    pub name: String,
    /// Say nothing when there is none.
    pub if_exists: bool,
    place: Place,
}

/// Lists the databases that are known.
#[derive(Debug, Clone, Copy)]
pub struct ShowConnections;

impl Attach {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "ATTACH")?;
        parse_word(parser, "DATABASE");
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        let address = match parser.next_token().token {
            Token::SingleQuotedString(address) => address,
            // The token may be an address without its quotes, and hold a password.
            _ => {
                return Err(expected(
                    "an address in single quotes behind ATTACH",
                    parser,
                ));
            }
        };
        expect_word(parser, "AS")?;
        let place = place_of(parser.peek_token().span);
        let name = fold(&parser.parse_identifier()?);
        let mut attach = Attach {
            address,
            name,
            kind: None,
            read_only: false,
            if_not_exists,
            place,
        };
        if parser.consume_token(&Token::LParen) {
            loop {
                attach.parse_option(parser)?;
                if !parser.consume_token(&Token::Comma) {
                    break;
                }
            }
            parser.expect_token(&Token::RParen)?;
        }
        Ok(attach)
    }

    fn parse_option(&mut self, parser: &mut Parser) -> Result<(), ParserError> {
        if parse_word(parser, "READ_ONLY") {
            self.read_only = !parse_word(parser, "FALSE");
            parse_word(parser, "TRUE");
            return Ok(());
        }
        if !parse_word(parser, "TYPE") {
            return parser.expected("READ_ONLY or TYPE", parser.peek_token());
        }
        self.kind = Some(if parse_word(parser, "SQLITE") {
            AttachKind::Sqlite
        } else if parse_word(parser, "POSTGRES") || parse_word(parser, "POSTGRESQL") {
            AttachKind::Postgres
        } else {
            return parser.expected("sqlite or postgres", parser.peek_token());
        });
        Ok(())
    }

    /// Gives an error the place of the name.
    pub fn locate(&self, error: Error) -> Error {
        error.map_place(|place| place.or(Some(self.place.clone())))
    }
}

impl Detach {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "DETACH")?;
        parse_word(parser, "DATABASE");
        let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        let place = place_of(parser.peek_token().span);
        let name = fold(&parser.parse_identifier()?);
        Ok(Detach {
            name,
            if_exists,
            place,
        })
    }

    /// Gives an error the place of the name.
    pub fn locate(&self, error: Error) -> Error {
        error.map_place(|place| place.or(Some(self.place.clone())))
    }
}

impl ShowConnections {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "SHOW")?;
        expect_word(parser, "CONNECTIONS")?;
        Ok(ShowConnections)
    }
}

fn expected(what: &str, parser: &Parser) -> ParserError {
    let start = parser.get_current_token().span.start;
    ParserError::ParserError(format!("Expected: {what}{start}"))
}

impl fmt::Display for Attach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        let address = hide_passwords(&self.address).replace('\'', "''");
        write!(f, "ATTACH {exists}'{address}' AS {}", quote(&self.name))?;
        let kind = self.kind.map(|kind| format!("TYPE {kind}"));
        let read_only = self.read_only.then(|| "READ_ONLY".to_owned());
        let options: Vec<_> = kind.into_iter().chain(read_only).collect();
        match options.is_empty() {
            true => Ok(()),
            false => write!(f, " ({})", options.join(", ")),
        }
    }
}

impl fmt::Debug for Attach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for AttachKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AttachKind::Postgres => "postgres",
            AttachKind::Sqlite => "sqlite",
        })
    }
}

impl fmt::Display for Detach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DETACH {exists}{}", quote(&self.name))
    }
}

impl fmt::Display for ShowConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SHOW CONNECTIONS")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::sql::{Parameters, Script, Statement};

    fn parsed(sql: &str) -> String {
        let mut statements = Script::inline(sql).parse(&Parameters::new()).unwrap();
        match statements.remove(0).statement {
            Statement::Attach(attach) => attach.to_string(),
            Statement::Detach(detach) => detach.to_string(),
            other => other.verb().to_owned(),
        }
    }

    #[test]
    fn statements_are_written_as_they_are_read() {
        for sql in [
            "ATTACH 'postgres://ada@host/d' AS sales",
            "ATTACH IF NOT EXISTS 'it''s.db' AS \"My db\" (TYPE sqlite, READ_ONLY)",
            "DETACH sales",
            "DETACH IF EXISTS sales",
        ] {
            assert_eq!(parsed(sql), sql);
        }
        assert_eq!(
            parsed("attach database 'x' as Y (read_only false, type POSTGRES)"),
            "ATTACH 'x' AS y (TYPE postgres)"
        );
        assert_eq!(parsed("SHOW CONNECTIONS"), "SHOW CONNECTIONS");
    }

    #[test]
    fn no_password_is_repeated() {
        let url = "postgres://ada:geheim@host/d";
        assert!(!parsed(&format!("ATTACH '{url}' AS sales")).contains("geheim"));
        for sql in [
            format!("ATTACH '{url}' AS sales, '{url}'"),
            format!("ATTACH sales '{url}'"),
            format!("ATTACH \"{url}\" AS sales"),
            format!("ATTACH '{url}' '{url}'"),
            format!("ATACH '{url}' AS sales"),
            format!("ATTACH '{url} AS sales"),
            format!("SELECT ('{url}'"),
        ] {
            let error = Script::inline(sql.as_str())
                .parse(&Parameters::new())
                .unwrap_err();
            assert!(
                !format!("{error:?} {error}").contains("geheim"),
                "{sql}: {error:?}"
            );
        }
    }
}
