//! Words of other shells and databases that Tidemill does not know, and what to write instead.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{is_one_of, meaningful};
use crate::Error;

/// What is typed, as a row of words (`(` is one), and the remedy.
struct Instead {
    /// Whether the words open the statement.
    first: bool,
    words: &'static [&'static str],
    write: &'static str,
}

const fn statement(words: &'static [&'static str], write: &'static str) -> Instead {
    Instead {
        first: true,
        words,
        write,
    }
}

const fn clause(words: &'static [&'static str], write: &'static str) -> Instead {
    Instead {
        first: false,
        words,
        write,
    }
}

const INSTEAD: &[Instead] = &[
    statement(
        &["PIVOT"],
        "write one aggregate per column: sum(x) FILTER (WHERE month = 1) AS january, .. GROUP BY ALL",
    ),
    statement(
        &["UNPIVOT"],
        "write one SELECT per column with UNION ALL BY NAME, or unnest a list of the columns",
    ),
    clause(
        &["PIVOT", "("],
        "write one aggregate per column: sum(x) FILTER (WHERE month = 1) AS january",
    ),
    clause(
        &["UNPIVOT", "("],
        "write one SELECT per column with UNION ALL BY NAME, or unnest a list of the columns",
    ),
    clause(
        &["ASOF"],
        "join on >= and keep the latest with QUALIFY row_number() OVER (PARTITION BY key ORDER BY time DESC) = 1",
    ),
    clause(
        &["POSITIONAL", "JOIN"],
        "number the rows of both with row_number() OVER () and join on that",
    ),
    clause(&["USING", "SAMPLE"], "write ORDER BY random() LIMIT n"),
    statement(
        &["PRAGMA"],
        "settings are changed with SET; DESCRIBE t and SHOW TABLES say what there is",
    ),
    statement(
        &["INSTALL"],
        "nothing needs to be installed: formats and databases are built in",
    ),
    statement(
        &["LOAD"],
        "nothing needs to be loaded: formats and databases are built in; rows are loaded with COPY INTO",
    ),
    statement(
        &["USE"],
        "write the zone before the name, or SET default_zone = curated",
    ),
    statement(
        &["UPDATE"],
        "write CREATE OR REPLACE TABLE t AS SELECT * REPLACE (.. AS column) FROM t",
    ),
    statement(
        &["DELETE"],
        "write CREATE OR REPLACE TABLE t AS SELECT * FROM t WHERE NOT (..)",
    ),
    statement(
        &["CHECKPOINT"],
        "nothing is needed: every statement is on disk when it ends",
    ),
    statement(
        &["VACUUM"],
        "nothing is needed: files go when their last reader has left",
    ),
    statement(
        &["BEGIN"],
        "nothing is needed: each statement is a transaction",
    ),
    statement(
        &["COMMIT"],
        "nothing is needed: each statement is a transaction",
    ),
    statement(
        &["EXPORT", "DATABASE"],
        "write COPY INTO 'folder' FROM table for each table",
    ),
    statement(
        &["IMPORT", "DATABASE"],
        "write COPY INTO table FROM 'folder' for each table",
    ),
    statement(
        &["CREATE", "TEMP"],
        "write WITH name AS (..) in the query, or CREATE OR REPLACE TABLE",
    ),
    statement(
        &["CREATE", "TEMPORARY"],
        "write WITH name AS (..) in the query, or CREATE OR REPLACE TABLE",
    ),
    statement(
        &["CREATE", "MACRO"],
        "write CREATE VIEW for a query that is used often",
    ),
    statement(
        &["CREATE", "EXTERNAL"],
        "read the files where they are: SELECT * FROM 'folder/*.csv', or CREATE VIEW over that",
    ),
    statement(
        &["CREATE", "SCHEMA"],
        "the zones raw, curated and serving are there already",
    ),
    statement(
        &["SHOW", "DATABASES"],
        "SHOW CONNECTIONS lists the databases, SHOW TABLES the tables of all zones",
    ),
    statement(
        &["SHOW", "ALL"],
        "SHOW TABLES lists the tables of all zones",
    ),
];

/// Gives an error of the parser the remedy, if the statement holds words that have one.
pub(in crate::sql) fn say_instead(error: Error, tokens: &[TokenWithSpan]) -> Error {
    let significant: Vec<&Token> = meaningful(tokens).map(|(_, token)| token).collect();
    let found = INSTEAD.iter().find(|instead| match instead.first {
        true => begins_with(&significant, instead.words),
        false => {
            error.get_hint().is_none()
                && (0..significant.len())
                    .any(|start| begins_with(&significant[start..], instead.words))
        }
    });
    match found {
        Some(instead) => error.hint(instead.write),
        None => error,
    }
}

fn begins_with(tokens: &[&Token], words: &[&str]) -> bool {
    tokens.len() >= words.len()
        && words.iter().zip(tokens).all(|(word, token)| match *word {
            "(" => **token == Token::LParen,
            word => is_one_of(token, &[word]),
        })
}
