//! Parameters: `$name` in a script stands for a typed literal.
//!
//! They are put in as tokens, before parsing, so that they work wherever a literal may stand: in
//! a path, an option, a LIMIT, a view body. A value never becomes SQL text, so nothing can be
//! injected through one.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::{Error, Place, Result};

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum ParameterValue {
    /// A text literal.
    Text(String),
    /// A number, as written.
    Number(String),
    /// TRUE or FALSE.
    Boolean(bool),
    /// A day, as `YYYY-MM-DD`.
    Date(String),
}

/// Parameters by name, without the `$`.
pub type Parameters = BTreeMap<String, ParameterValue>;

impl ParameterValue {
    /// Reads text from the command line as a value of the same type as `default`.
    ///
    /// # Errors
    /// Text that is not a value of that type.
    pub fn parse_like(text: &str, default: &ParameterValue) -> Result<Self> {
        let unfit = |type_name: &str, hint: &str| {
            Err(Error::usage(format!("`{text}` is not {type_name}")).hint(hint))
        };
        match default {
            ParameterValue::Text(_) => Ok(ParameterValue::Text(text.to_owned())),
            ParameterValue::Number(default) if is_number(text) => {
                match default.contains('.') || !text.contains('.') {
                    true => Ok(ParameterValue::Number(text.to_owned())),
                    false => unfit(
                        "a whole number",
                        "its default has no digits after the point",
                    ),
                }
            }
            ParameterValue::Number(_) => unfit("a number", "write digits, such as 12 or -3.5"),
            ParameterValue::Boolean(_) => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(ParameterValue::Boolean(true)),
                "false" => Ok(ParameterValue::Boolean(false)),
                _ => unfit("true or false", "write true or false"),
            },
            ParameterValue::Date(_) => match ParameterValue::date(text) {
                Some(date) => Ok(date),
                None => unfit("a date", "write it as 2024-12-31"),
            },
        }
    }

    /// A day written as `YYYY-MM-DD`, if the text is one.
    pub(super) fn date(text: &str) -> Option<Self> {
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(ParameterValue::Date(day.format("%Y-%m-%d").to_string()))
    }

    /// Reads text without a declared type: a number or a boolean when it looks like one, else text.
    pub fn guess(text: &str) -> Self {
        match text {
            "true" => ParameterValue::Boolean(true),
            "false" => ParameterValue::Boolean(false),
            _ if is_number(text) && !has_leading_zero(text) => {
                ParameterValue::Number(text.to_owned())
            }
            _ => ParameterValue::Text(text.to_owned()),
        }
    }

    /// The literal as SQL text, for a view body, which is kept as text.
    pub(super) fn to_sql(&self) -> String {
        match self {
            ParameterValue::Text(text) => format!("'{}'", text.replace('\'', "''")),
            ParameterValue::Number(number) if number.starts_with('-') => format!("({number})"),
            ParameterValue::Number(number) => number.clone(),
            ParameterValue::Boolean(value) => value.to_string().to_uppercase(),
            ParameterValue::Date(day) => format!("DATE '{day}'"),
        }
    }

    fn tokens(&self) -> Vec<Token> {
        match self {
            ParameterValue::Text(text) => vec![Token::SingleQuotedString(text.clone())],
            ParameterValue::Boolean(value) => {
                vec![Token::make_keyword(if *value { "TRUE" } else { "FALSE" })]
            }
            ParameterValue::Number(number) => match number.strip_prefix('-') {
                Some(positive) => {
                    vec![
                        Token::LParen,
                        Token::Minus,
                        Token::Number(positive.to_owned(), false),
                        Token::RParen,
                    ]
                }
                None => vec![Token::Number(number.clone(), false)],
            },
            ParameterValue::Date(day) => vec![
                Token::make_keyword("DATE"),
                Token::SingleQuotedString(day.clone()),
            ],
        }
    }
}

impl std::fmt::Display for ParameterValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ParameterValue::Text(text)
            | ParameterValue::Number(text)
            | ParameterValue::Date(text) => f.write_str(text),
            ParameterValue::Boolean(value) => write!(f, "{value}"),
        }
    }
}

/// The value that a token stands for, if it is a parameter that has one.
pub(super) fn value_of<'p>(
    token: &Token,
    parameters: &'p Parameters,
) -> Option<&'p ParameterValue> {
    match token {
        Token::Placeholder(placeholder) if is_parameter(placeholder) => {
            parameters.get(&placeholder[1..])
        }
        _ => None,
    }
}

/// Replaces every `$name` by the literal that it stands for, at the same place.
pub(super) fn substitute(
    tokens: Vec<TokenWithSpan>,
    parameters: &Parameters,
) -> Result<Vec<TokenWithSpan>> {
    let mut replaced = Vec::with_capacity(tokens.len());
    for token in tokens {
        match &token.token {
            Token::Placeholder(placeholder) if is_parameter(placeholder) => {
                let value = value_of(&token.token, parameters)
                    .ok_or_else(|| unknown(&placeholder[1..], &token, parameters))?;
                let span = token.span;
                replaced.extend(
                    value
                        .tokens()
                        .into_iter()
                        .map(|token| TokenWithSpan { token, span }),
                );
            }
            _ => replaced.push(token),
        }
    }
    Ok(replaced)
}

/// Whether a placeholder has a name; `$1` belongs to PREPARE.
pub(super) fn is_parameter(placeholder: &str) -> bool {
    placeholder
        .strip_prefix('$')
        .is_some_and(|name| name.starts_with(|first: char| first.is_alphabetic() || first == '_'))
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction]
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn has_leading_zero(text: &str) -> bool {
    let digits = text.trim_start_matches('-').as_bytes();
    digits.len() > 1 && digits[0] == b'0' && digits[1] != b'.'
}

fn unknown(name: &str, token: &TokenWithSpan, parameters: &Parameters) -> Error {
    let hint = match super::closest(name, parameters.keys().map(String::as_str)) {
        Some(near) => format!("did you mean `${near}`?"),
        None => format!(
            "give it with -p {name}=value, or a default: SET {name} = value before it, or [parameters] in pipeline.toml"
        ),
    };
    Error::input(format!("parameter `${name}` has no value"))
        .place(Place {
            width: name.len() as u64 + 1,
            ..Place::at(token.span.start.line, token.span.start.column)
        })
        .hint(hint)
}
