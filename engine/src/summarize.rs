//! SUMMARIZE: one row per column, from one pass over the rows.
//!
//! Distinct values and quartiles are approximate (HyperLogLog, t-digest), since exact ones would hold
//! all values in memory.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::Column;
use datafusion::functions_aggregate::expr_fn::{
    approx_distinct, approx_percentile_cont, avg, count, max, min, stddev,
};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast as cast_to, lit};
use futures::TryStreamExt;

use crate::pii::{Mask, tagged_columns};
use crate::session::Session;
use crate::sql::Summarize;
use crate::values::sql_name;
use crate::{Error, Result};

const ROWS: &str = "rows";
const OF_NUMBERS: [&str; 5] = ["mean", "std", "q25", "q50", "q75"];

/// One row per column: its type, least and greatest value as text, approximate number of distinct
/// values; of numbers mean, standard deviation (of a sample) and quartiles; the number of rows and the
/// share of NULLs, from 0 to 1.
///
/// # Errors
/// Those of the query.
pub async fn summarize(session: &Session, summarize: &Summarize) -> Result<(RecordBatch, Mask)> {
    let planner = session.begin();
    let plan = planner.plan(summarize.query.clone()).await?;
    let mask = Mask::of_rows(&tagged_columns(&plan), values(), &summarize.to_string());
    let columns: Vec<(Column, DataType)> = plan
        .schema()
        .iter()
        .map(|(qualifier, field)| {
            let column = Column::new(qualifier.cloned(), field.name());
            (column, field.data_type().clone())
        })
        .collect();
    if columns.is_empty() {
        return Err(Error::input("there is no column to summarize"));
    }
    let mut measures = vec![count(lit(1)).alias(ROWS)];
    for (place, (column, data_type)) in columns.iter().enumerate() {
        measures.extend(measures_of(place, column, data_type));
    }
    let plan = LogicalPlanBuilder::from(plan)
        .aggregate(Vec::<Expr>::new(), measures)?
        .build()?;
    let batches: Vec<RecordBatch> = planner.run(&plan).await?.try_collect().await?;
    let measured = batches.iter().find(|batch| batch.num_rows() > 0);
    let measured = measured.ok_or_else(|| Error::internal("an aggregate gave no row"))?;
    Ok((rows_of(&columns, measured)?, mask))
}

/// The columns of the result that hold values, or are computed of them.
fn values() -> Vec<usize> {
    vec![2, 3, 5, 6, 7, 8, 9]
}

fn measures_of(place: usize, column: &Column, data_type: &DataType) -> Vec<Expr> {
    let value = Expr::Column(column.clone());
    let named = |measure: &str, expr: Expr| expr.alias(name_of(place, measure));
    let mut measures = vec![
        named(
            "approx_distinct",
            approx_distinct(countable(&value, data_type)),
        ),
        named("present", count(value.clone())),
    ];
    if is_ordered(data_type) {
        measures.push(named("min", min(value.clone())));
        measures.push(named("max", max(value.clone())));
    }
    if data_type.is_numeric() {
        let number = cast_to(value, DataType::Float64);
        let quartile =
            |share: f64| approx_percentile_cont(number.clone().sort(true, false), lit(share), None);
        measures.push(named("mean", avg(number.clone())));
        measures.push(named("std", stddev(number.clone())));
        measures.push(named("q25", quartile(0.25)));
        measures.push(named("q50", quartile(0.5)));
        measures.push(named("q75", quartile(0.75)));
    }
    measures
}

/// The sketch of distinct values takes no floats and nothing encoded; their texts are as distinct.
fn countable(value: &Expr, data_type: &DataType) -> Expr {
    match data_type {
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Dictionary(..)
        | DataType::RunEndEncoded(..) => cast_to(value.clone(), DataType::Utf8),
        _ => value.clone(),
    }
}

fn is_ordered(data_type: &DataType) -> bool {
    !data_type.is_nested() && !data_type.is_null() && !data_type.is_binary()
}

fn name_of(place: usize, measure: &str) -> String {
    format!("{place}.{measure}")
}

fn rows_of(columns: &[(Column, DataType)], measured: &RecordBatch) -> Result<RecordBatch> {
    let rows = measured
        .column_by_name(ROWS)
        .map_or(0, |rows| rows.as_primitive::<Int64Type>().value(0));
    let texts = |measure: &str| -> Result<ArrayRef> {
        let texts = each(columns, measured, measure, |value| {
            Ok(Some(text_of(value)?))
        })?;
        Ok(Arc::new(StringArray::from(texts)))
    };
    let numbers = |measure: &str| -> Result<ArrayRef> {
        let numbers = each(columns, measured, measure, |value| {
            Ok(Some(
                cast(value, &DataType::Float64)?
                    .as_primitive::<Float64Type>()
                    .value(0),
            ))
        })?;
        Ok(Arc::new(Float64Array::from(numbers)))
    };
    let counts = |measure: &str| {
        each(columns, measured, measure, |value| {
            Ok(Some(
                cast(value, &DataType::Int64)?
                    .as_primitive::<Int64Type>()
                    .value(0),
            ))
        })
    };
    let null_share = |present: &Option<i64>| {
        let present = present.unwrap_or_default();
        (rows > 0).then(|| (rows - present) as f64 / rows as f64)
    };
    let names: Vec<&str> = columns.iter().map(|(column, _)| column.name()).collect();
    let types: Vec<String> = columns.iter().map(|(_, kind)| sql_name(kind)).collect();
    let null_shares: Vec<Option<f64>> = counts("present")?.iter().map(null_share).collect();
    let mut result: Vec<(&str, ArrayRef)> = vec![
        ("column", Arc::new(StringArray::from(names))),
        ("type", Arc::new(StringArray::from(types))),
    ];
    result.push(("min", texts("min")?));
    result.push(("max", texts("max")?));
    let distinct = counts("approx_distinct")?;
    result.push(("approx_distinct", Arc::new(Int64Array::from(distinct))));
    for measure in OF_NUMBERS {
        result.push((measure, numbers(measure)?));
    }
    let all = vec![rows; columns.len()];
    result.push(("count", Arc::new(Int64Array::from(all))));
    result.push(("null_share", Arc::new(Float64Array::from(null_shares))));
    let result = result
        .into_iter()
        .map(|(name, values)| (name, values, true));
    Ok(RecordBatch::try_from_iter_with_nullable(result)?)
}

/// A measure of each column; `None` where it is NULL or was not taken.
fn each<T>(
    columns: &[(Column, DataType)],
    measured: &RecordBatch,
    measure: &str,
    read: impl Fn(&ArrayRef) -> Result<Option<T>>,
) -> Result<Vec<Option<T>>> {
    (0..columns.len())
        .map(
            |place| match measured.column_by_name(&name_of(place, measure)) {
                Some(value) if value.is_valid(0) => read(value),
                _ => Ok(None),
            },
        )
        .collect()
}

fn text_of(value: &ArrayRef) -> Result<String> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(value.as_ref(), &options)?;
    Ok(formatter.value(0).to_string())
}
