//! Bringing rows into the shape of a table: lossless assignment, derived partition columns, and
//! the partition values that every reader understands alike.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::execution::SessionState;
use datafusion::physical_expr::PhysicalExpr;

use super::TableDefinition;
use super::definition::plan_expression;
use crate::values::assign;
use crate::{Error, Result};

/// What Hive and Delta write for NULL; as a real value it could not be told apart.
pub(crate) const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";
/// What to do about a value that is taken for NULL.
pub(super) const READERS_TAKE_IT_FOR_NULL: &str =
    "readers take it for NULL: use NULLIF(column, '') or partition by another column";

/// Turns batches of one schema into batches of a table.
#[derive(Debug)]
pub(crate) struct RowShaper {
    schema: SchemaRef,
    given: SchemaRef,
    columns: Vec<ColumnSource>,
    partition_columns: Vec<usize>,
}

#[derive(Debug)]
enum ColumnSource {
    /// The column of the input with this index.
    Input(usize),
    /// Not given: NULL.
    Missing,
    /// Computed from the given columns; checked against the input's value, if it has one.
    Derived {
        expression: Arc<dyn PhysicalExpr>,
        input: Option<usize>,
    },
}

impl RowShaper {
    /// Matches the columns of the input to those of the table by name.
    ///
    /// # Errors
    /// A column that the table does not have, or a NOT NULL column that is not given.
    pub(crate) fn new(
        definition: &TableDefinition,
        input: &Schema,
        state: &SessionState,
    ) -> Result<Self> {
        for field in input.fields() {
            if definition.schema.column_with_name(field.name()).is_none() {
                let names = definition
                    .schema
                    .fields()
                    .iter()
                    .map(|field| field.name().as_str());
                let error = Error::input(format!("the table has no column `{}`", field.name()));
                return Err(match crate::sql::closest(field.name(), names) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint("leave the column out, or create the table with it"),
                });
            }
        }
        let given = Arc::new(Schema::new(
            definition.given_columns().cloned().collect::<Vec<_>>(),
        ));
        let given_columns = DFSchema::try_from(given.as_ref().clone())?;
        let mut columns = Vec::with_capacity(definition.schema.fields().len());
        for field in definition.schema.fields() {
            let input = input.index_of(field.name()).ok();
            columns.push(match (definition.derived(field.name()), input) {
                (Some(expression), input) => {
                    let expression = plan_expression(expression, &given_columns, state)?;
                    let expression = state.create_physical_expr(expression, &given_columns)?;
                    ColumnSource::Derived { expression, input }
                }
                (None, Some(input)) => ColumnSource::Input(input),
                (None, None) if field.is_nullable() => ColumnSource::Missing,
                (None, None) => {
                    return Err(Error::input(format!(
                        "column `{}` is NOT NULL and is not given",
                        field.name()
                    )));
                }
            });
        }
        let partition_columns = definition
            .partition_columns()
            .iter()
            .filter_map(|name| definition.schema.index_of(name).ok())
            .collect();
        Ok(RowShaper {
            schema: Arc::clone(&definition.schema),
            given,
            columns,
            partition_columns,
        })
    }

    /// A batch of the table.
    ///
    /// # Errors
    /// A value that its column cannot hold without loss, or a partition value that readers
    /// would take for another one.
    pub(crate) fn shape(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let given = self.given_columns(batch)?;
        let mut arrays = Vec::with_capacity(self.columns.len());
        for (field, source) in self.schema.fields().iter().zip(&self.columns) {
            arrays.push(match source {
                ColumnSource::Input(_) | ColumnSource::Missing => {
                    let index = given.schema().index_of(field.name())?;
                    Arc::clone(given.column(index))
                }
                ColumnSource::Derived { expression, input } => {
                    let derived = expression.evaluate(&given)?.into_array(given.num_rows())?;
                    let derived = assign(&derived, field)?;
                    if let Some(input) = input {
                        check_equal(
                            &derived,
                            &assign(batch.column(*input), field)?,
                            field.name(),
                        )?;
                    }
                    derived
                }
            });
        }
        for column in &self.partition_columns {
            check_partition_values(&arrays[*column], self.schema.field(*column).name())?;
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }

    fn given_columns(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut arrays = Vec::with_capacity(self.given.fields().len());
        for (field, source) in self.schema.fields().iter().zip(&self.columns) {
            match source {
                ColumnSource::Input(index) => arrays.push(assign(batch.column(*index), field)?),
                ColumnSource::Missing => {
                    arrays.push(new_null_array(field.data_type(), batch.num_rows()))
                }
                ColumnSource::Derived { .. } => {}
            }
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.given), arrays)?)
    }
}

fn check_equal(derived: &ArrayRef, given: &ArrayRef, column: &str) -> Result<()> {
    if distinct(derived, given)?.true_count() == 0 {
        return Ok(());
    }
    Err(Error::input(format!(
        "column `{column}` is derived, and a given value differs from it"
    ))
    .hint("leave the column out: it is computed"))
}

/// Tools disagree on an empty text (NULL for some) and on the name that stands for NULL.
fn check_partition_values(values: &ArrayRef, column: &str) -> Result<()> {
    if values.data_type() != &DataType::Utf8 {
        return Ok(());
    }
    let refused = values
        .as_string::<i32>()
        .iter()
        .flatten()
        .find(|value| is_taken_for_null(value));
    match refused {
        None => Ok(()),
        Some(value) => Err(Error::input(format!(
            "'{value}' cannot be a value of partition column `{column}`"
        ))
        .hint(READERS_TAKE_IT_FOR_NULL)),
    }
}

/// Whether some reader takes a partition value for NULL.
pub(super) fn is_taken_for_null(value: &str) -> bool {
    value.is_empty() || value == HIVE_NULL
}
