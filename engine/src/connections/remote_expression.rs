//! An expression that a user wrote for a database, in the words of that database.
//!
//! It is parsed here, so it is one expression and nothing else, and evaluated there, with the
//! functions that the database has. Postgres takes it as it is. SQLite has no dates: they are texts,
//! and a cast to one would silently give a number, so literals become texts and casts are refused.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    CastKind, DataType, Expr, TypedString, Value, VisitMut, VisitorMut,
};

use super::sqlite::timestamp_text;
use crate::error::{Error, Result};
use crate::values::{DateFormat, parse_timestamp};

/// The text for Postgres.
pub(crate) fn in_postgres(expression: &Expr) -> String {
    expression.to_string()
}

/// The text for SQLite.
///
/// # Errors
/// A cast to a date or time of something else than a text.
pub(crate) fn in_sqlite(expression: &Expr) -> Result<String> {
    let mut expression = expression.clone();
    match expression.visit(&mut DatesToTexts) {
        ControlFlow::Continue(()) => Ok(expression.to_string()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct DatesToTexts;

impl VisitorMut for DatesToTexts {
    type Break = Error;

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Error> {
        if let Expr::Cast { kind, .. } = expression
            && *kind == CastKind::DoubleColon
        {
            *kind = CastKind::Cast;
        }
        let text = match expression {
            Expr::TypedString(TypedString {
                data_type, value, ..
            }) => Some((data_type.clone(), value.value.clone())),
            Expr::Cast {
                expr, data_type, ..
            } if is_moment(data_type) => match expr.as_ref() {
                Expr::Value(value) => Some((data_type.clone(), value.value.clone())),
                other => {
                    return ControlFlow::Break(
                        Error::input(format!("SQLite has no {data_type} to cast {other} to")).hint(
                            "dates and times are ISO texts there: compare with DATE '2024-02-29'",
                        ),
                    );
                }
            },
            _ => None,
        };
        if let Some((data_type, Value::SingleQuotedString(text))) = text {
            let text = match data_type {
                DataType::Timestamp(..) | DataType::Datetime(_) => stored_timestamp(&text),
                _ => text,
            };
            *expression = Expr::value(Value::SingleQuotedString(text));
        }
        ControlFlow::Continue(())
    }
}

fn is_moment(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Date | DataType::Time(..) | DataType::Timestamp(..) | DataType::Datetime(_)
    )
}

/// As an export stores it; a text that is no timestamp stays for SQLite to compare.
fn stored_timestamp(text: &str) -> String {
    parse_timestamp(text, DateFormat::ISO)
        .ok()
        .and_then(|micros| timestamp_text(micros).ok())
        .unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use datafusion::sql::sqlparser::parser::Parser;

    use super::*;
    use crate::sql::TideDialect;

    fn parsed(text: &str) -> Expr {
        let mut parser = Parser::new(&TideDialect).try_with_sql(text).unwrap();
        parser.parse_expr().unwrap()
    }

    #[test]
    fn dates_are_texts_in_sqlite() {
        for (text, sqlite) in [
            ("day >= DATE '2024-01-01'", "day >= '2024-01-01'"),
            ("at < TIMESTAMP '2024-01-01'", "at < '2024-01-01 00:00:00'"),
            (
                "at = TIMESTAMP '2024-01-01T10:00:00.5'",
                "at = '2024-01-01 10:00:00.500000'",
            ),
            ("day = '2024-01-01'::date", "day = '2024-01-01'"),
            ("n::text = '7'", "CAST(n AS TEXT) = '7'"),
        ] {
            let expression = parsed(text);
            assert_eq!(in_sqlite(&expression).unwrap(), sqlite, "{text}");
        }
        assert!(in_sqlite(&parsed("day = CAST(year || '-01-01' AS DATE)")).is_err());
        let expression = parsed("\"Day\" >= DATE '2024-01-01'");
        assert_eq!(in_postgres(&expression), "\"Day\" >= DATE '2024-01-01'");
    }
}
