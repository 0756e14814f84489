//! Filters in the SQL of a database, as far as they mean the same there.
//!
//! | columns | comparisons |
//! |---|---|
//! | integers, decimals, dates, timestamps | `= <> < <= > >=`, `BETWEEN`, `IN`, `IS [NOT] NULL` |
//! | booleans | the column itself, `NOT`, `IS [NOT] NULL` |
//! | texts, UUIDs | `= <>`, `IN`, `IS [NOT] NULL`: the order of texts is that of a collation |
//! | all others | `IS [NOT] NULL` |
//!
//! and these joined by `AND` and `OR`. Floats stay here: the engine and the databases disagree on
//! NaN. A literal has the type of its column (the planner puts a cast around the column otherwise,
//! and then the filter stays here), so it is written in quotes and the database reads it as one.

use chrono::{DateTime, Datelike, NaiveDateTime};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{Between, BinaryExpr, InList};
use datafusion::logical_expr::{Expr, Operator};

use super::{Compares, RemoteColumn};

/// The filter as a condition over these columns, in parentheses where it needs them; `None` if
/// the database would not, or not surely, decide as the engine does.
pub(super) fn predicate(filter: &Expr, columns: &[RemoteColumn]) -> Option<String> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And | Operator::Or => Some(format!(
                "({} {op} {})",
                predicate(left, columns)?,
                predicate(right, columns)?
            )),
            _ => comparison(left, *op, right, columns),
        },
        Expr::Column(_) => boolean(filter, "", columns),
        Expr::Not(inner) => boolean(inner, "NOT ", columns),
        Expr::IsNull(inner) => Some(format!("{} IS NULL", column(inner, columns)?.sql)),
        Expr::IsNotNull(inner) => Some(format!("{} IS NOT NULL", column(inner, columns)?.sql)),
        Expr::InList(InList {
            expr,
            list,
            negated,
        }) => {
            let column = column(expr, columns)?;
            let literals: Vec<_> = list
                .iter()
                .map(|value| literal(value, Operator::Eq, column))
                .collect::<Option<_>>()?;
            let not = if *negated { "NOT " } else { "" };
            let condition = format!("{} {not}IN ({})", column.sql, literals.join(", "));
            Some(or_misfit(column, condition))
        }
        Expr::Between(Between {
            expr,
            negated,
            low,
            high,
        }) => {
            let column = column(expr, columns)?;
            let low = literal(low, Operator::GtEq, column)?;
            let high = literal(high, Operator::LtEq, column)?;
            let not = if *negated { "NOT " } else { "" };
            let condition = format!("{} {not}BETWEEN {low} AND {high}", column.sql);
            Some(or_misfit(column, format!("({condition})")))
        }
        _ => None,
    }
}

fn comparison(
    left: &Expr,
    operator: Operator,
    right: &Expr,
    columns: &[RemoteColumn],
) -> Option<String> {
    let (operand, operator, value) = match (left, right) {
        (Expr::Column(_), Expr::Literal(..)) => (left, operator, right),
        (Expr::Literal(..), Expr::Column(_)) => (right, operator.swap()?, left),
        _ => return None,
    };
    let sign = match operator {
        Operator::Eq => "=",
        Operator::NotEq => "<>",
        Operator::Lt => "<",
        Operator::LtEq => "<=",
        Operator::Gt => ">",
        Operator::GtEq => ">=",
        _ => return None,
    };
    let column = column(operand, columns)?;
    let value = literal(value, operator, column)?;
    Some(or_misfit(column, format!("{} {sign} {value}", column.sql)))
}

fn boolean(operand: &Expr, not: &str, columns: &[RemoteColumn]) -> Option<String> {
    let column = column(operand, columns)?;
    (column.compares == Compares::Boolean)
        .then(|| or_misfit(column, format!("{not}{}", column.sql)))
}

fn column<'c>(operand: &Expr, columns: &'c [RemoteColumn]) -> Option<&'c RemoteColumn> {
    match operand {
        Expr::Column(named) => columns.iter().find(|column| column.name == named.name),
        _ => None,
    }
}

/// Lets values pass that are not of the type of the column.
fn or_misfit(column: &RemoteColumn, condition: String) -> String {
    match &column.misfit {
        Some(misfit) => format!("({condition} OR {misfit})"),
        None => condition,
    }
}

/// A literal for a comparison with a column, if that can be made.
fn literal(value: &Expr, operator: Operator, column: &RemoteColumn) -> Option<String> {
    let Expr::Literal(value, _) = value else {
        return None;
    };
    let equality = matches!(operator, Operator::Eq | Operator::NotEq);
    match column.compares {
        Compares::Ordered if value.data_type() == column.data_type => ordered(value),
        Compares::Equality if equality => text(value).map(|text| quoted(&text))?,
        Compares::Uuid if equality => {
            let text = text(value)?;
            let uuid = uuid::Uuid::try_parse(&text).ok()?;
            (uuid.hyphenated().to_string() == text).then(|| quoted(&text))?
        }
        _ => None,
    }
}

fn ordered(value: &ScalarValue) -> Option<String> {
    let quoted = |text: String| Some(format!("'{text}'"));
    match value {
        ScalarValue::Int16(Some(value)) => Some(value.to_string()),
        ScalarValue::Int32(Some(value)) => Some(value.to_string()),
        ScalarValue::Int64(Some(value)) => Some(value.to_string()),
        ScalarValue::Decimal128(Some(value), precision, scale) => {
            use arrow::datatypes::{Decimal128Type, DecimalType};
            Some(Decimal128Type::format_decimal(*value, *precision, *scale))
        }
        ScalarValue::Date32(Some(days)) => {
            let day = DateTime::from_timestamp(i64::from(*days) * 86_400, 0)?.naive_utc();
            quoted(readable(day)?.format("%Y-%m-%d").to_string())
        }
        ScalarValue::TimestampMicrosecond(Some(micros), zone) => {
            let moment = readable(DateTime::from_timestamp_micros(*micros)?.naive_utc())?;
            let zone = if zone.is_some() { "+00" } else { "" };
            quoted(format!("{}{zone}", moment.format("%Y-%m-%d %H:%M:%S%.6f")))
        }
        _ => None,
    }
}

/// Years that everybody writes in the same way.
fn readable(moment: NaiveDateTime) -> Option<NaiveDateTime> {
    (1..=9999).contains(&moment.year()).then_some(moment)
}

fn text(value: &ScalarValue) -> Option<String> {
    match value {
        ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text))
        | ScalarValue::Utf8View(Some(text)) => Some(text.clone()),
        _ => None,
    }
}

/// A text as SQL; no database has the character NUL in its texts.
fn quoted(text: &str) -> Option<String> {
    (!text.contains('\0')).then(|| format!("'{}'", text.replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::datatypes::{DataType, TimeUnit};
    use datafusion::prelude::{col, lit};

    use super::*;

    fn columns() -> Vec<RemoteColumn> {
        let column = |name: &str, data_type: DataType, compares| RemoteColumn {
            name: name.to_owned(),
            sql: format!("\"{name}\""),
            data_type,
            compares,
            misfit: (name == "loose").then(|| "typeof(\"loose\") = 'text'".to_owned()),
            server_type: None,
        };
        vec![
            column("id", DataType::Int64, Compares::Ordered),
            column("loose", DataType::Int64, Compares::Ordered),
            column("amount", DataType::Decimal128(12, 2), Compares::Ordered),
            column("day", DataType::Date32, Compares::Ordered),
            column(
                "at",
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                Compares::Ordered,
            ),
            column("open", DataType::Boolean, Compares::Boolean),
            column("name", DataType::Utf8, Compares::Equality),
            column("key", DataType::Utf8, Compares::Uuid),
            column("ratio", DataType::Float64, Compares::Nothing),
        ]
    }

    fn pushed(filter: Expr) -> Option<String> {
        predicate(&filter, &columns())
    }

    #[test]
    fn comparisons_keep_their_meaning() {
        let amount = |value: i128| lit(ScalarValue::Decimal128(Some(value), 12, 2));
        let at = lit(ScalarValue::TimestampMicrosecond(
            Some(-1),
            Some("UTC".into()),
        ));
        for (filter, sql) in [
            (col("id").eq(lit(5_i64)), "\"id\" = 5"),
            (lit(-5_i64).lt(col("id")), "\"id\" > -5"),
            (col("amount").gt_eq(amount(-5)), "\"amount\" >= -0.05"),
            (
                col("day").not_eq(lit(ScalarValue::Date32(Some(19_782)))),
                "\"day\" <> '2024-02-29'",
            ),
            (col("at").lt(at), "\"at\" < '1969-12-31 23:59:59.999999+00'"),
            (
                col("open").or(col("open").is_null()),
                "(\"open\" OR \"open\" IS NULL)",
            ),
            (!col("open"), "NOT \"open\""),
            (col("name").eq(lit("O'Brien")), "\"name\" = 'O''Brien'"),
            (
                col("id").in_list(vec![lit(1_i64), lit(2_i64)], true),
                "\"id\" NOT IN (1, 2)",
            ),
            (
                col("id")
                    .between(lit(1_i64), lit(2_i64))
                    .and(col("ratio").is_not_null()),
                "((\"id\" BETWEEN 1 AND 2) AND \"ratio\" IS NOT NULL)",
            ),
            (
                col("loose").gt(lit(1_i64)),
                "(\"loose\" > 1 OR typeof(\"loose\") = 'text')",
            ),
            (
                col("key").eq(lit("6ba7b810-9dad-11d1-80b4-00c04fd430c8")),
                "\"key\" = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'",
            ),
        ] {
            assert_eq!(pushed(filter.clone()).as_deref(), Some(sql), "{filter}");
        }
    }

    #[test]
    fn what_might_mean_something_else_stays_here() {
        for filter in [
            col("ratio").gt(lit(1.5)),
            col("name").gt(lit("a")),
            col("name").eq(lit("a\0b")),
            col("name").like(lit("a%")),
            col("id").eq(lit(5_i32)),
            col("id").eq(lit(ScalarValue::Int64(None))),
            col("id").eq(col("loose")),
            col("key").eq(lit("6BA7B810-9DAD-11D1-80B4-00C04FD430C8")),
            col("key").eq(lit("not a uuid")),
            col("day").eq(lit(ScalarValue::Date32(Some(i32::MAX)))),
            col("id").eq(lit(1_i64)).or(col("ratio").gt(lit(1.5))),
        ] {
            assert_eq!(pushed(filter.clone()), None, "{filter}");
        }
    }
}
