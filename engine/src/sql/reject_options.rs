//! What a load does with rows and values that do not fit.
//!
//! | option | meaning |
//! |---|---|
//! | `ON_ERROR abort` or `quarantine` | the first row that does not fit stops the load (the default), or such rows go to `system.rejects` |
//! | `MAX_ERRORS 10` or `'0.1%'` | quarantine this many at most, or this share of the rows; beyond, nothing is written and the exit code is 4 |
//! | `ON_LOSS fail` or `round` | a value with more digits than its column fails its row (the default), or is rounded, half away from zero |
//! | `VALIDATE` | read and report everything, write nothing |

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::declared_option::{self, DeclaredOption};
use super::file_options::parse_choice;

/// The options as typed; `None` where nothing was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectOptions {
    /// What to do with a row that does not fit.
    pub on_error: Option<OnError>,
    /// How many rows may be set aside.
    pub max_errors: Option<MaxErrors>,
    /// What to do with a value that its column can only hold rounded.
    pub on_loss: Option<OnLoss>,
    /// Whether to report and write nothing.
    pub validate: bool,
}

/// What to do with a row that does not fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnError {
    /// Stop the load.
    #[default]
    Abort,
    /// Keep it in `system.rejects` and go on.
    Quarantine,
}

/// How many rows of a load may be set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxErrors {
    /// So many.
    Rows(u64),
    /// So many millionths of all rows: 1,000 for `'0.1%'`.
    Millionths(u32),
}

/// What to do with a value that its column can only hold rounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// Refuse its row.
    #[default]
    Fail,
    /// Round it, half away from zero.
    Round,
}

const REJECT_OPTIONS: [DeclaredOption<RejectOptions>; 4] = [
    DeclaredOption {
        name: "ON_ERROR",
        parse: |options, parser| {
            let word = parse_choice(parser, &["abort", "quarantine"])?;
            options.on_error = Some(match word.as_str() {
                "quarantine" => OnError::Quarantine,
                _ => OnError::Abort,
            });
            Ok(())
        },
        show: |options| {
            options.on_error.map(|on_error| {
                match on_error {
                    OnError::Abort => "abort",
                    OnError::Quarantine => "quarantine",
                }
                .to_owned()
            })
        },
    },
    DeclaredOption {
        name: "MAX_ERRORS",
        parse: |options, parser| {
            options.max_errors = Some(MaxErrors::parse(parser)?);
            Ok(())
        },
        show: |options| {
            options.max_errors.map(|max| match max {
                MaxErrors::Rows(rows) => rows.to_string(),
                share => format!("'{share}'"),
            })
        },
    },
    DeclaredOption {
        name: "ON_LOSS",
        parse: |options, parser| {
            let word = parse_choice(parser, &["fail", "round"])?;
            options.on_loss = Some(match word.as_str() {
                "round" => OnLoss::Round,
                _ => OnLoss::Fail,
            });
            Ok(())
        },
        show: |options| {
            options.on_loss.map(|on_loss| {
                match on_loss {
                    OnLoss::Fail => "fail",
                    OnLoss::Round => "round",
                }
                .to_owned()
            })
        },
    },
    DeclaredOption {
        name: "VALIDATE",
        parse: |options, _| {
            options.validate = true;
            Ok(())
        },
        show: |options| options.validate.then(String::new),
    },
];

impl RejectOptions {
    /// The names of all options.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        REJECT_OPTIONS.iter().map(|option| option.name)
    }

    /// The options that were given, as (name, value) in SQL.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        declared_option::given(REJECT_OPTIONS.iter(), self)
    }

    /// Reads the value of the option `name`, if there is one of that name.
    pub(super) fn parse_option(
        &mut self,
        name: &str,
        parser: &mut Parser,
    ) -> Result<bool, ParserError> {
        declared_option::parse_option(REJECT_OPTIONS.iter(), self, name, parser)
    }
}

impl MaxErrors {
    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let token = parser.next_token();
        let max = match &token.token {
            Token::Number(rows, false) => rows.parse().ok().map(MaxErrors::Rows),
            Token::SingleQuotedString(share) => millionths(share).map(MaxErrors::Millionths),
            _ => None,
        };
        match max {
            Some(max) => Ok(max),
            None => parser.expected(
                "a number of rows such as 10, or a share such as '0.1%'",
                token,
            ),
        }
    }
}

/// `0.1%` as 1,000 millionths; `None` for what is no percentage up to 100 with four places.
fn millionths(share: &str) -> Option<u32> {
    let percent = share.strip_suffix('%')?.trim_end();
    let (whole, places) = percent.split_once('.').unwrap_or((percent, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(places) || places.len() > 4 {
        return None;
    }
    let value: u32 = format!("{whole}{places:0<4}").parse().ok()?;
    (value <= 1_000_000).then_some(value)
}

/// As people say it: `10`, `0.1%`.
impl fmt::Display for MaxErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MaxErrors::Rows(rows) => write!(f, "{rows}"),
            MaxErrors::Millionths(share) => {
                let places = format!("{:04}", share % 10_000);
                match places.trim_end_matches('0') {
                    "" => write!(f, "{}%", share / 10_000),
                    places => write!(f, "{}.{places}%", share / 10_000),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::sql::{Parameters, Script, Statement, TideDialect};

    #[test]
    fn statements_are_shown_as_they_were_written() {
        for text in [
            "COPY INTO raw.t FROM 'f.csv' (ON_ERROR quarantine, MAX_ERRORS '0.1%', ON_LOSS round)",
            "COPY INTO raw.t FROM 'f.csv' (ON_ERROR abort, ON_LOSS fail, VALIDATE)",
            "COPY INTO raw.t FROM 'f.csv' (FORMAT csv, ON_ERROR quarantine, MAX_ERRORS 10)",
            "EXPLAIN COPY INTO raw.t FROM ('a.csv', 'b.csv') (DELIMITER ';')",
            "RETRY REJECTS FOR raw.t",
            "RETRY REJECTS FOR raw.t (COLUMNS (bill DECIMAL(12,2)), ON_LOSS round)",
        ] {
            let statements = Script::inline(text).parse(&Parameters::new()).unwrap();
            let shown = match &statements[0].statement {
                Statement::CopyInto(copy) => copy.to_string(),
                Statement::ExplainCopy(explain) => explain.to_string(),
                Statement::RetryRejects(retry) => retry.to_string(),
                other => panic!("{other:?}"),
            };
            assert_eq!(shown, text);
        }
    }

    #[test]
    fn a_share_is_exact_and_shown_as_it_was_written() {
        for (text, value) in [
            ("0.1%", 1_000),
            ("0.0001%", 1),
            ("12.5%", 125_000),
            ("100%", 1_000_000),
            ("0%", 0),
        ] {
            assert_eq!(millionths(text), Some(value), "{text}");
            assert_eq!(MaxErrors::Millionths(value).to_string(), text);
        }
        for text in [
            "",
            "%",
            "1",
            ".5%",
            "1.%",
            "-1%",
            "100.1%",
            "0.00001%",
            "x%",
            "5000000000%",
        ] {
            assert_eq!(millionths(text), None, "{text}");
        }
    }

    #[test]
    fn a_negative_or_fractional_number_of_rows_is_refused() {
        for text in ["-1", "1.5", "'ten'", "ten"] {
            let mut parser = Parser::new(&TideDialect).try_with_sql(text).unwrap();
            assert!(MaxErrors::parse(&mut parser).is_err(), "{text}");
        }
    }
}
