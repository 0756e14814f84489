//! Which rows cannot be laid out in partitions, found before anything is written, so that the one
//! row that is at fault can be named or set aside.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::execution::SessionState;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::TableDefinition;
use super::definition::plan_expression;
use super::partitions::{READERS_TAKE_IT_FOR_NULL, is_taken_for_null};
use crate::sql::fold;
use crate::values::assign;
use crate::{Error, Result};

/// The partition columns of a table whose values may be refused.
#[derive(Debug)]
pub struct PartitionCheck {
    given: SchemaRef,
    columns: Vec<Column>,
}

#[derive(Debug)]
enum Column {
    /// The given column with this index.
    Given(usize),
    Derived {
        field: Arc<Field>,
        expression: Arc<dyn PhysicalExpr>,
    },
}

/// A row that cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its place in the batch.
    pub row: usize,
    /// The partition column.
    pub column: String,
    /// The index of that column among the given ones; `None` if it is derived.
    pub given: Option<usize>,
    /// The value that cannot name a partition, if there is one.
    pub value: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

impl PartitionCheck {
    /// The check for rows that bring the given columns of a table; `None` where no value of any
    /// partition column can be refused.
    ///
    /// # Errors
    /// An expression that cannot be planned.
    pub fn new(definition: &TableDefinition, state: &SessionState) -> Result<Option<Self>> {
        let given = Arc::new(Schema::new(
            definition.given_columns().cloned().collect::<Vec<_>>(),
        ));
        let given_columns = DFSchema::try_from(given.as_ref().clone())?;
        let mut columns = Vec::new();
        for name in definition.partition_columns() {
            match definition.derived(&name) {
                None => {
                    let index = given.index_of(&name)?;
                    if given.field(index).data_type() == &DataType::Utf8 {
                        columns.push(Column::Given(index));
                    }
                }
                Some(expression) if never_fails(expression, &given) => {}
                Some(expression) => {
                    let planned = plan_expression(expression, &given_columns, state)?;
                    columns.push(Column::Derived {
                        field: Arc::new(definition.schema.field_with_name(&name)?.clone()),
                        expression: state.create_physical_expr(planned, &given_columns)?,
                    });
                }
            }
        }
        Ok((!columns.is_empty()).then_some(PartitionCheck { given, columns }))
    }

    /// The rows that cannot be laid out, in order and each once.
    ///
    /// # Errors
    /// None in practice: the batch has the given columns.
    pub fn refused(&self, rows: &RecordBatch) -> Result<Vec<RefusedRow>> {
        let rows = RecordBatch::try_new(Arc::clone(&self.given), rows.columns().to_vec())?;
        let mut refused = Vec::new();
        for column in &self.columns {
            match column {
                Column::Given(index) => {
                    let name = self.given.field(*index).name();
                    let of_column = refused_values(rows.column(*index), name);
                    refused.extend(of_column.map(|row| RefusedRow {
                        given: Some(*index),
                        ..row
                    }));
                }
                Column::Derived { field, expression } => {
                    refuse_derived(&rows, 0, field, expression, &mut refused);
                }
            }
        }
        refused.sort_by_key(|row| row.row);
        refused.dedup_by_key(|row| row.row);
        Ok(refused)
    }
}

/// Finds the rows that an expression fails on by halving the batch, since an error does not say
/// which row it is about.
fn refuse_derived(
    rows: &RecordBatch,
    first: usize,
    field: &Field,
    expression: &Arc<dyn PhysicalExpr>,
    refused: &mut Vec<RefusedRow>,
) {
    let derived = expression
        .evaluate(rows)
        .and_then(|value| value.into_array(rows.num_rows()))
        .map_err(Error::from)
        .and_then(|value| assign(&value, field));
    match derived {
        Ok(values) => refused.extend(refused_values(&values, field.name()).map(|row| RefusedRow {
            row: first + row.row,
            ..row
        })),
        Err(error) if rows.num_rows() == 1 => refused.push(RefusedRow {
            row: first,
            column: field.name().clone(),
            given: None,
            value: None,
            reason: format!(
                "partition column `{}` cannot be computed: {}",
                field.name(),
                error.message()
            ),
            hint: "correct the values that it is computed from, or partition by another expression"
                .to_owned(),
        }),
        Err(_) => {
            let half = rows.num_rows() / 2;
            let (left, right) = (
                rows.slice(0, half),
                rows.slice(half, rows.num_rows() - half),
            );
            refuse_derived(&left, first, field, expression, refused);
            refuse_derived(&right, first + half, field, expression, refused);
        }
    }
}

fn refused_values<'a>(
    values: &'a ArrayRef,
    column: &'a str,
) -> impl Iterator<Item = RefusedRow> + use<'a> {
    let texts = values.as_string_opt::<i32>().into_iter().flatten();
    texts.enumerate().filter_map(move |(row, value)| {
        let value = value.filter(|value| is_taken_for_null(value))?;
        Some(RefusedRow {
            row,
            column: column.to_owned(),
            given: None,
            value: Some(value.to_owned()),
            reason: format!("'{value}' cannot be a value of partition column `{column}`"),
            hint: READERS_TAKE_IT_FOR_NULL.to_owned(),
        })
    })
}

/// `year(day)` and its like of a column have a number for every date; they are what most tables
/// are laid out by, and need not be computed twice. A TEXT may be no date.
fn never_fails(expression: &Expr, given: &Schema) -> bool {
    let Expr::Function(function) = expression else {
        return false;
    };
    let name = function.name.to_string().to_lowercase();
    let FunctionArguments::List(arguments) = &function.args else {
        return false;
    };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(column)))] =
        arguments.args.as_slice()
    else {
        return false;
    };
    let is_date = |field: &Field| {
        matches!(
            field.data_type(),
            DataType::Date32 | DataType::Timestamp(..)
        )
    };
    ["year", "quarter", "month"].contains(&name.as_str())
        && given.field_with_name(&fold(column)).is_ok_and(is_date)
}
