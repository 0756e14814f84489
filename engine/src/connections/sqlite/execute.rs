//! Statements in the SQL of SQLite, as they are.

use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection};

use super::error::explain;
use super::{blocking, open};
use crate::connections::url::SqliteUrl;
use crate::error::{Error, Result};
use crate::sql::TideDialect;

const DOING: &str = "run these statements";

/// Runs statements and gives for each the rows that it touched. Several of them are one
/// transaction, unless they begin and end one themselves; one alone is what SQLite makes of it, so
/// that VACUUM works.
///
/// # Errors
/// What SQLite refuses; a transaction that was begun and not ended.
pub(crate) async fn execute(url: &SqliteUrl, sql: &str) -> Result<Vec<u64>> {
    let (url, sql) = (url.clone(), sql.to_owned());
    blocking(move || {
        let connection = open(&url)?;
        run(&connection, &sql).map_err(|error| explain(DOING, error))?
    })
    .await
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<Result<Vec<u64>>> {
    if !belongs_together(sql) {
        let rows = each(connection, sql)?;
        return Ok(match connection.is_autocommit() {
            true => Ok(rows),
            false => Err(Error::input(
                "the statements left a transaction open, so their changes were taken back",
            )
            .hint("end them with COMMIT, or leave BEGIN out: they are one transaction anyway")),
        });
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let rows = each(connection, sql)?;
    connection.execute_batch("COMMIT")?;
    Ok(Ok(rows))
}

/// Whether there are several statements and none that has to stand outside of a transaction.
fn belongs_together(sql: &str) -> bool {
    const OUTSIDE: [&str; 6] = ["BEGIN", "SAVEPOINT", "PRAGMA", "VACUUM", "ATTACH", "DETACH"];
    // What cannot be read here is for SQLite to refuse.
    let tokens = Tokenizer::new(&TideDialect, sql).tokenize();
    let tokens = tokens.unwrap_or_default();
    let first_words: Vec<_> = tokens
        .split(|token| *token == Token::SemiColon)
        .filter_map(|statement| {
            let mut tokens = statement.iter();
            tokens.find(|token| !matches!(token, Token::Whitespace(_)))
        })
        .map(|token| token.to_string().to_uppercase())
        .collect();
    first_words.len() > 1
        && !first_words
            .iter()
            .any(|word| OUTSIDE.contains(&word.as_str()))
}

fn each(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<u64>> {
    let mut batch = Batch::new(connection, sql);
    let mut counts = Vec::new();
    while let Some(mut statement) = batch.next()? {
        let before = connection.total_changes();
        let mut rows = statement.query([])?;
        let mut read = 0;
        while rows.next()?.is_some() {
            read += 1;
        }
        counts.push(read.max(connection.total_changes() - before));
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_statements_are_one_transaction_if_they_can() {
        for (sql, together) in [
            ("DELETE FROM t; DELETE FROM u", true),
            ("DELETE FROM t;", false),
            ("BEGIN; DELETE FROM t; COMMIT", false),
            ("DELETE FROM t; VACUUM", false),
            (
                "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM u; END; DELETE FROM t",
                true,
            ),
        ] {
            assert_eq!(belongs_together(sql), together, "{sql}");
        }
    }
}
