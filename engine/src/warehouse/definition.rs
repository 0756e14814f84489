//! What a table is: its columns, their types, and how its rows are laid out in folders.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::common::DFSchema;
use datafusion::execution::SessionState;
use datafusion::logical_expr::ExprSchemable;
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, ExprWithAlias};
use delta_kernel::engine::arrow_conversion::TryIntoKernel;
use delta_kernel::schema::StructType;
use deltalake_core::DeltaTable;

use crate::sql::{Layout, PartitionField};
use crate::values::sql_name;
use crate::{Error, Result};

/// The property of a Delta table in which the partition expressions are kept.
const PARTITION_BY_PROPERTY: &str = "tidemill.partition_by";
/// The one in which the columns are kept by which rows are sorted.
const SORT_BY_PROPERTY: &str = "tidemill.sort_by";

/// Columns in order, partition columns included, and the partition fields.
#[derive(Debug, Clone)]
pub struct TableDefinition {
    /// All columns. A field's metadata `comment` holds its original name or description.
    pub schema: SchemaRef,
    /// In which folders rows lie, and in which order.
    pub layout: Layout,
}

impl TableDefinition {
    /// A table for rows of `source`, with a layout: types that Delta cannot store
    /// become the nearest wider one, derived partition columns are added at the end.
    ///
    /// # Errors
    /// A type without a lossless counterpart, a partition column that does not exist or collides,
    /// or partition columns only.
    pub fn for_rows(source: &Schema, layout: Layout, state: &SessionState) -> Result<Self> {
        let mut fields = Vec::with_capacity(source.fields().len() + layout.partition_by.len());
        for field in source.fields() {
            let data_type = storable_type(field.data_type())
                .ok_or_else(|| unstorable(field.name(), field.data_type()))?;
            fields.push(field.as_ref().clone().with_data_type(data_type));
        }
        check_distinct(fields.iter().map(|field| field.name().as_str()), "column")?;
        check_distinct(
            layout.partition_by.iter().map(|field| field.name.as_str()),
            "partition column",
        )?;
        let stored = Schema::new(fields.clone());
        for partition in &layout.partition_by {
            match &partition.expression {
                None => check_partition_column(&stored, &partition.name)?,
                Some(expression) => {
                    if stored.column_with_name(&partition.name).is_some() {
                        return Err(Error::input(format!(
                            "partition column `{}` has the name of a column",
                            partition.name
                        ))
                        .hint(format!("give it another one: {expression} AS another_name")));
                    }
                    let data_type = expression_type(expression, &stored, state)?;
                    fields.push(Field::new(
                        &partition.name,
                        partition_type(&partition.name, &data_type)?,
                        true,
                    ));
                }
            }
        }
        if !fields.is_empty() && layout.partition_by.len() >= fields.len() {
            return Err(Error::input("every column is a partition column")
                .hint("keep at least one column in the files"));
        }
        check_sort_columns(&stored, &layout)?;
        Ok(TableDefinition {
            schema: Arc::new(Schema::new(fields)),
            layout,
        })
    }

    /// The definition of `before` with other columns; its layout stays.
    ///
    /// # Errors
    /// Two columns of one name.
    pub fn with_fields(before: &TableDefinition, fields: Vec<Field>) -> Result<Self> {
        check_distinct(fields.iter().map(|field| field.name().as_str()), "column")?;
        Ok(TableDefinition {
            schema: Arc::new(Schema::new(fields)),
            layout: before.layout.clone(),
        })
    }

    /// The definition of an existing table.
    ///
    /// # Errors
    /// A table that has no snapshot or an unreadable property.
    pub fn of(table: &DeltaTable) -> Result<Self> {
        let snapshot = table.snapshot()?;
        let schema = snapshot.snapshot().arrow_schema();
        let metadata = snapshot.metadata();
        let partition_by = match metadata.configuration().get(PARTITION_BY_PROPERTY) {
            Some(text) => PartitionField::parse_text(text)?,
            None => metadata
                .partition_columns()
                .iter()
                .map(|name| PartitionField {
                    name: name.clone(),
                    expression: None,
                })
                .collect(),
        };
        let sort_by = match metadata.configuration().get(SORT_BY_PROPERTY) {
            Some(text) => Layout::parse_sort_text(text)?,
            None => Vec::new(),
        };
        Ok(TableDefinition {
            schema,
            layout: Layout {
                partition_by,
                sort_by,
            },
        })
    }

    /// Columns that rows must bring: all but the derived ones.
    pub fn given_columns(&self) -> impl Iterator<Item = &Arc<Field>> {
        self.schema
            .fields()
            .iter()
            .filter(|field| self.derived(field.name()).is_none())
    }

    /// The columns that rows must bring, as a schema.
    pub fn given_schema(&self) -> Schema {
        Schema::new(self.given_columns().cloned().collect::<Vec<_>>())
    }

    /// How a column is derived, if it is.
    pub fn derived(&self, column: &str) -> Option<&SqlExpr> {
        self.layout
            .partition_by
            .iter()
            .find(|partition| partition.name == column)?
            .expression
            .as_ref()
    }

    /// Names of the partition columns, outermost first.
    pub fn partition_columns(&self) -> Vec<String> {
        self.layout
            .partition_by
            .iter()
            .map(|partition| partition.name.clone())
            .collect()
    }

    /// The schema in the terms of Delta.
    pub(super) fn to_delta(&self) -> Result<StructType> {
        self.schema
            .as_ref()
            .try_into_kernel()
            .map_err(|error| Error::input(format!("the table cannot be stored: {error}")))
    }

    /// Table properties: the layout, and a checkpoint every ten commits, because
    /// opening a table replays its log from the last one.
    pub(super) fn properties(&self) -> Vec<(String, Option<String>)> {
        let mut properties = vec![("delta.checkpointInterval".to_owned(), Some("10".to_owned()))];
        let Layout {
            partition_by,
            sort_by,
        } = &self.layout;
        let derived = |partition: &PartitionField| partition.expression.is_some();
        if partition_by.iter().any(derived) {
            let fields: Vec<_> = partition_by.iter().map(ToString::to_string).collect();
            properties.push((PARTITION_BY_PROPERTY.to_owned(), Some(fields.join(", "))));
        }
        if !sort_by.is_empty() {
            let columns = self.layout.sort_text();
            properties.push((SORT_BY_PROPERTY.to_owned(), Some(columns)));
        }
        properties
    }
}

/// The type in which values of `data_type` are stored without loss; `None` when there is none.
pub fn storable_type(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(_, _)
        | DataType::Date32
        | DataType::Binary
        | DataType::Utf8 => data_type.clone(),
        DataType::Null | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Date64 => DataType::Date32,
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, Some(_)) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
        }
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            DataType::Binary
        }
        DataType::Dictionary(_, value) => storable_type(value)?,
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _) => DataType::List(storable_part(element)?),
        DataType::Struct(fields) if !fields.is_empty() => {
            DataType::Struct(fields.iter().map(storable_part).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn storable_part(field: &Arc<Field>) -> Option<Arc<Field>> {
    let data_type = storable_type(field.data_type())?;
    Some(Arc::new(Field::new(field.name(), data_type, true)))
}

/// The type of an expression over the columns of `schema`.
pub(super) fn expression_type(
    expression: &SqlExpr,
    schema: &Schema,
    state: &SessionState,
) -> Result<DataType> {
    let columns = DFSchema::try_from(schema.clone())?;
    let planned = plan_expression(expression, &columns, state)?;
    Ok(planned.get_type(&columns)?)
}

/// Plans an expression of the user over the columns of a schema.
pub(super) fn plan_expression(
    expression: &SqlExpr,
    columns: &DFSchema,
    state: &SessionState,
) -> Result<datafusion::logical_expr::Expr> {
    let expression = ExprWithAlias {
        expr: expression.clone(),
        alias: None,
    };
    Ok(state.create_logical_expr_from_sql_expr(expression, columns)?)
}

fn check_distinct<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> Result<()> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name.to_lowercase()) {
            return Err(Error::input(format!("there are two {what}s `{name}`"))
                .hint("names that differ only in case count as one; rename with AS"));
        }
    }
    Ok(())
}

fn check_partition_column(schema: &Schema, name: &str) -> Result<()> {
    match schema.field_with_name(name) {
        Ok(field) => partition_type(name, field.data_type()).map(|_| ()),
        Err(_) => {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            let error = Error::input(format!(
                "partition column `{name}` is not a column of the table"
            ));
            Err(match crate::sql::closest(name, names) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("derive it with expression AS name"),
            })
        }
    }
}

fn check_sort_columns(stored: &Schema, layout: &Layout) -> Result<()> {
    check_distinct(layout.sort_by.iter().map(String::as_str), "sort column")?;
    for name in &layout.sort_by {
        if layout.partition_by.iter().any(|field| field.name == *name) {
            return Err(Error::input(format!(
                "sort column `{name}` is a partition column, which is the same in all rows of a file"
            ))
            .hint("sort by the other columns"));
        }
        let Ok(field) = stored.field_with_name(name) else {
            let names = stored.fields().iter().map(|field| field.name().as_str());
            let error = Error::input(format!("sort column `{name}` is not a column of the table"));
            return Err(match crate::sql::closest(name, names) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("sort by columns of the rows"),
            });
        };
        if field.data_type().is_nested() {
            return Err(Error::input(format!(
                "sort column `{name}` has the type {}, which has no order",
                sql_name(field.data_type())
            ))
            .hint("sort by a number, date, text or boolean"));
        }
    }
    Ok(())
}

/// Partition values live in folder names, so only types whose text is exact may be one.
fn partition_type(name: &str, data_type: &DataType) -> Result<DataType> {
    match storable_type(data_type) {
        Some(
            stored @ (DataType::Boolean
            | DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::Date32
            | DataType::Utf8),
        ) => Ok(stored),
        _ => Err(Error::input(format!(
            "partition column `{name}` has the type {}",
            sql_name(data_type)
        ))
        .hint("partition by an integer, date, text or boolean")),
    }
}

fn unstorable(column: &str, data_type: &DataType) -> Error {
    let hint = match data_type {
        DataType::Decimal256(_, _) => "CAST it to a DECIMAL of at most 38 digits".to_owned(),
        DataType::Interval(_)
        | DataType::Duration(_)
        | DataType::Time32(_)
        | DataType::Time64(_) => "CAST it to TEXT, or to a number of seconds".to_owned(),
        _ => "CAST it to a type of SQL, such as TEXT".to_owned(),
    };
    Error::input(format!(
        "column `{column}` has the type {data_type}, which a table cannot hold"
    ))
    .hint(hint)
}
