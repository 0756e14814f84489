//! The groups of a table, as a query of Postgres.

use super::kinds::Kind;
use super::relation::ReadColumn;
use crate::connections::read::{Aggregate, Aggregation, Compares, RemoteColumn, type_of_sum};
use crate::connections::statements::quote;

/// The query in parentheses with its name, and its columns. They are called `1`, `2` and so on,
/// which no name of the table can be taken for.
pub(super) fn aggregated(
    aggregation: &Aggregation,
    from: &str,
    columns: &[RemoteColumn],
    kinds: &[Kind],
) -> Option<(String, Vec<ReadColumn>)> {
    let groups = aggregation.groups.iter().map(|at| {
        let column = &columns[*at];
        Some((column.sql.clone(), kinds[*at].clone(), column.compares))
    });
    let aggregates = aggregation.aggregates.iter().map(|aggregate| {
        let sql = |at: &usize| columns[*at].sql.as_str();
        Some(match aggregate {
            Aggregate::CountAll => ("count(*)".to_owned(), Kind::Int8, Compares::Ordered),
            Aggregate::Count(at) => (format!("count({})", sql(at)), Kind::Int8, Compares::Ordered),
            Aggregate::Min(at) => (
                format!("min({})", sql(at)),
                kinds[*at].clone(),
                Compares::Ordered,
            ),
            Aggregate::Max(at) => (
                format!("max({})", sql(at)),
                kinds[*at].clone(),
                Compares::Ordered,
            ),
            Aggregate::Sum(at) => (
                format!("sum({})", sql(at)),
                kind_of_sum(&kinds[*at])?,
                Compares::Ordered,
            ),
        })
    });
    let all: Vec<_> = groups.chain(aggregates).collect::<Option<_>>()?;
    let (mut list, mut read) = (Vec::new(), Vec::new());
    for (at, (sql, kind, compares)) in all.into_iter().enumerate() {
        let name = (at + 1).to_string();
        list.push(format!("{sql} AS {}", quote(&name)));
        read.push(ReadColumn {
            column: RemoteColumn {
                sql: quote(&name),
                data_type: kind.arrow(),
                compares,
                misfit: None,
                server_type: None,
                name,
            },
            kind,
        });
    }
    let mut sql = format!("SELECT {} FROM {from}", list.join(", "));
    if let Some(condition) = &aggregation.condition {
        sql.push_str(&format!(" WHERE {condition}"));
    }
    if !aggregation.groups.is_empty() {
        let places = (1..=aggregation.groups.len()).map(|place| place.to_string());
        sql.push_str(&format!(
            " GROUP BY {}",
            places.collect::<Vec<_>>().join(", ")
        ));
    }
    Some((format!("({sql}) AS \"groups\""), read))
}

/// How a sum arrives: of small integers as a `bigint`, of decimals as one with as many places.
fn kind_of_sum(summed: &Kind) -> Option<Kind> {
    match summed {
        Kind::Int2 | Kind::Int4 => Some(Kind::Int8),
        Kind::Numeric { scale, .. } => match type_of_sum(&summed.arrow()) {
            arrow::datatypes::DataType::Decimal128(precision, _) => Some(Kind::Numeric {
                precision,
                scale: *scale,
            }),
            _ => None,
        },
        _ => None,
    }
}
