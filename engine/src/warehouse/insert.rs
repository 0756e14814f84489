//! INSERT INTO a table of the warehouse, through the lossless assignment.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::create::check_writable;
use super::{TableDefinition, TableTransaction};
use crate::execute::Done;
use crate::session::Session;
use crate::sql::Insert;
use crate::{Error, Result};

/// Adds the rows of a query to a table.
///
/// # Errors
/// An unknown table or column, a value that its column cannot hold, or an error of the query.
pub async fn insert(session: &Session, insert: Insert) -> Result<Done> {
    let id = session.resolve_in_warehouse(&insert.table)?;
    check_writable(&id).map_err(|error| insert.table.locate(error))?;
    if insert.on_conflict.is_some() {
        let error = Error::input("a table of the warehouse has no unique keys for ON CONFLICT")
            .hint("COPY INTO it with DEDUPLICATE (key, ..) KEEP last");
        return Err(insert.table.locate(error));
    }
    let planner = session.begin();
    let mut transaction = TableTransaction::begin(session.warehouse(), &id, planner.state())
        .await
        .map_err(|error| insert.table.locate(error))?;
    let Some(definition) = transaction.definition() else {
        let error = Error::input(format!("there is no table {id}"))
            .hint("create it with CREATE TABLE or COPY INTO");
        return Err(insert.table.locate(error));
    };
    // The types of the rows: those of the plan are not final before it is optimised.
    let rows = planner.query(insert.query).await?;
    let schema = renamed(&rows.schema(), &insert.columns, definition)?;
    let rows = rename(rows, schema);
    let count = transaction.write(rows, None).await?;
    transaction.commit(None).await?;
    Ok(Done {
        message: format!("inserted into {id}"),
        rows: Some(count),
    })
}

/// The columns of the query under the names of the table's columns that they go to.
fn renamed(given: &Schema, columns: &[String], definition: &TableDefinition) -> Result<SchemaRef> {
    let all: Vec<&str> = definition
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let without_derived: Vec<&str> = definition
        .given_columns()
        .map(|field| field.name().as_str())
        .collect();
    let count = given.fields().len();
    let names = match columns {
        [] if count == all.len() => all,
        [] => without_derived,
        columns => columns.iter().map(String::as_str).collect(),
    };
    if names.len() != count {
        return Err(Error::input(format!(
            "the query gives {count} columns for {} columns of the table",
            names.len()
        ))
        .hint(format!("the columns are {}", names.join(", "))));
    }
    let fields = given
        .fields()
        .iter()
        .zip(names)
        .map(|(field, name)| Field::new(name, field.data_type().clone(), true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn rename(rows: SendableRecordBatchStream, schema: SchemaRef) -> SendableRecordBatchStream {
    let renamed = Arc::clone(&schema);
    let rows = rows.map(move |batch| {
        Ok(RecordBatch::try_new(
            Arc::clone(&renamed),
            batch?.columns().to_vec(),
        )?)
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}
