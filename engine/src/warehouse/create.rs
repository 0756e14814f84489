//! CREATE TABLE and CREATE VIEW on the warehouse.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{CastKind, DataType as SqlType, Expr as SqlExpr, Value};

use super::definition::plan_expression;
use super::{Entry, TableDefinition, TableId, TableTransaction, Zone, storable_type};
use crate::execute::Done;
use crate::pii::{set_tag, tagged_columns};
use crate::session::Session;
use crate::sql::{ColumnDefinition, CreateTable, CreateView, Query};
use crate::{Error, Result};

/// Makes a table, empty or from a query, in one commit.
///
/// # Errors
/// A name that is taken, columns that a table cannot have, or an error of the query.
pub async fn create_table(session: &Session, create: CreateTable) -> Result<Done> {
    let id = session.resolve_in_warehouse(&create.name)?;
    check_writable(&id).map_err(|error| create.name.locate(error))?;
    let planner = session.begin();
    let mut transaction = TableTransaction::begin(session.warehouse(), &id, planner.state())
        .await
        .map_err(|error| create.name.locate(error))?;
    if transaction.table().is_some() && create.if_not_exists {
        return Ok(Done {
            message: format!("table {id} exists"),
            rows: None,
        });
    }
    if transaction.table().is_some() && !create.or_replace {
        return Err(create.name.locate(
            Error::input(format!("table {id} exists")).hint("use CREATE OR REPLACE TABLE"),
        ));
    }
    let verb = if transaction.table().is_some() {
        "replaced"
    } else {
        "created"
    };
    let plan = match create.query.clone() {
        Some(query) => {
            let declared = declared_schema(&create.columns, planner.state())?;
            Some(named_by_place(planner.plan(query).await?, &declared)?)
        }
        None => None,
    };
    let rows = match &plan {
        Some(plan) => Some(planner.run(plan).await?),
        None => None,
    };
    let given = rows.as_ref().map(|rows| nullable(&rows.schema()));
    let mut schema = columns_of_create(&create, given.clone(), planner.state())?;
    if let (Some(plan), Some(given)) = (&plan, given) {
        schema = with_tags(&schema, &given, &tagged_columns(plan));
    }
    transaction.define(TableDefinition::for_rows(
        &schema,
        create.layout,
        planner.state(),
    )?);
    let rows = match rows {
        Some(rows) => Some(transaction.write(rows, None).await?),
        None => None,
    };
    transaction.commit(None).await?;
    Ok(Done {
        message: format!("{verb} table {id}"),
        rows,
    })
}

/// `CREATE TABLE t (a INT, b TEXT) AS VALUES (1, 'x')`: VALUES gives its columns no names of their own,
/// so that they are those that are declared, in their order.
fn named_by_place(plan: LogicalPlan, declared: &Schema) -> Result<LogicalPlan> {
    let given = plan.schema().columns();
    let mut numbered = (1..).zip(&given);
    let are_of_values = numbered.all(|(place, column)| column.name() == format!("column{place}"));
    if !are_of_values || given.len() != declared.fields().len() {
        return Ok(plan);
    }
    let named = given
        .into_iter()
        .zip(declared.fields())
        .map(|(column, field)| Expr::Column(column).alias(field.name()));
    let named: Vec<Expr> = named.collect();
    Ok(LogicalPlanBuilder::from(plan).project(named)?.build()?)
}

/// What derives from personal data is personal data.
fn with_tags(schema: &Schema, given: &Schema, tagged: &[bool]) -> SchemaRef {
    let is_tagged = |name: &str| {
        let given = given.column_with_name(name);
        given.is_some_and(|(index, _)| tagged.get(index).copied().unwrap_or(true))
    };
    let fields = schema.fields().iter().map(|field| {
        let mut field = field.as_ref().clone();
        let tagged = is_tagged(field.name());
        set_tag(field.metadata_mut(), tagged);
        field
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The columns that a CREATE TABLE declares, or else those that its query gives.
///
/// # Errors
/// A type that cannot be stored, declared columns that are not those of the query.
pub fn columns_of_create(
    create: &CreateTable,
    given: Option<SchemaRef>,
    state: &SessionState,
) -> Result<SchemaRef> {
    let declared = declared_schema(&create.columns, state)?;
    match given.map(|given| nullable(&given)) {
        None => Ok(declared),
        Some(given) if declared.fields().is_empty() => Ok(given),
        Some(given) => named_alike(&declared, &given),
    }
}

/// Keeps a query under a name, after having planned it once.
///
/// # Errors
/// A name that is taken, or a query that cannot be planned.
pub async fn create_view(session: &Session, create: CreateView) -> Result<Done> {
    let id = session.resolve_in_warehouse(&create.name)?;
    check_writable(&id).map_err(|error| create.name.locate(error))?;
    let warehouse = session.warehouse();
    let replaces = warehouse.entry(&id) == Some(Entry::View);
    check_paths(&create.query)?;
    session.begin().plan_view(&id, create.query).await?;
    warehouse
        .write_view(&id, &create.text, create.or_replace)
        .map_err(|error| create.name.locate(error))?;
    let verb = if replaces { "replaced" } else { "created" };
    Ok(Done {
        message: format!("{verb} view {id}"),
        rows: None,
    })
}

/// A view may be read from anywhere, so a path that starts somewhere else each time is no path.
fn check_paths(query: &Query) -> Result<()> {
    for relation in query.files() {
        let relative = |path: &&String| !path.contains("://") && Path::new(path).is_relative();
        if let Some(path) = relation.paths.iter().find(relative) {
            return Err(
                Error::input(format!("a view cannot read '{path}', a relative path"))
                    .place(relation.place.clone())
                    .hint("give the whole path, or COPY the files INTO a table and read that"),
            );
        }
    }
    Ok(())
}

/// Only Tidemill itself writes to the zone in which it keeps its records.
///
/// # Errors
/// A table of that zone.
pub fn check_writable(id: &TableId) -> Result<()> {
    if id.zone == Zone::System {
        return Err(Error::input(format!("{id} is kept by Tidemill"))
            .hint("write to raw, cleansed or curated"));
    }
    Ok(())
}

/// The schema of declared columns, in types that a table can hold.
///
/// # Errors
/// A type that does not exist or cannot be stored.
pub fn declared_schema(columns: &[ColumnDefinition], state: &SessionState) -> Result<SchemaRef> {
    let fields = columns
        .iter()
        .map(|column| {
            let data_type = declared_type(&column.name, &column.data_type, state)?;
            let comment = column
                .comment
                .iter()
                .map(|comment| ("comment".to_owned(), comment.clone()));
            Ok(Field::new(&column.name, data_type, !column.not_null)
                .with_metadata(comment.collect::<HashMap<_, _>>()))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(Schema::new(fields)))
}

/// The Arrow type of a SQL type, as the planner understands it in a CAST.
///
/// # Errors
/// A type that does not exist or cannot be stored.
pub fn declared_type(
    column: &str,
    data_type: &SqlType,
    state: &SessionState,
) -> Result<arrow::datatypes::DataType> {
    let cast = SqlExpr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(SqlExpr::Value(Value::Null.into())),
        data_type: data_type.clone(),
        array: false,
        format: None,
    };
    let columns = DFSchema::empty();
    let planned = plan_expression(&cast, &columns, state)
        .and_then(|planned| Ok(planned.get_type(&columns)?))
        .map_err(|error| error.context(format!("column `{column}` {data_type}")))?;
    storable_type(&planned).ok_or_else(|| {
        Error::input(format!(
            "column `{column}` cannot have the type {data_type}"
        ))
    })
}

/// A query's literals are never NULL, but the rows that come later may be.
fn nullable(schema: &Schema) -> SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), field.data_type().clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Declared columns describe those of the query by name.
fn named_alike(declared: &SchemaRef, given: &SchemaRef) -> Result<SchemaRef> {
    let differs = |from: &Schema, other: &Schema| {
        from.fields()
            .iter()
            .find(|field| other.column_with_name(field.name()).is_none())
            .map(|field| field.name().clone())
    };
    match differs(given, declared).or_else(|| differs(declared, given)) {
        None => Ok(Arc::clone(declared)),
        Some(column) => Err(Error::input(format!(
            "column `{column}` is not both declared and given by the query"
        ))
        .hint("declare exactly the columns of the query, or none")),
    }
}
