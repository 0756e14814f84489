//! INSERT INTO and CREATE TABLE AS on a table of a database: the machinery of an export, without a
//! ledger, since an INSERT that is said twice is meant twice.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::deliver::run;
use super::{Connection, Export, Exported, Mode};
use crate::execute::Done;
use crate::report::grouped;
use crate::session::Session;
use crate::sql::{CreateTable, Insert};
use crate::{Error, Result};

/// Adds the rows of a query to a table that is there.
///
/// # Errors
/// No such table or column, rows that it does not take, an error of the query.
pub async fn insert_into_database(
    session: &Session,
    insert: Insert,
    connection: &Connection,
    schema: String,
    table: String,
) -> Result<Done> {
    let columns = match insert.columns.is_empty() {
        false => insert.columns,
        true => connection
            .insertable(&schema, &table)
            .await?
            .ok_or_else(|| missing(connection, &schema, &table))
            .map_err(|error| insert.table.locate(error))?,
    };
    let rows = run(session.begin(), insert.query).await?;
    let rows = renamed(rows, &columns)?;
    let mode = Mode::Insert {
        on_conflict: insert.on_conflict.clone(),
    };
    let exported = connection
        .export(&Export::new(schema, table, mode), rows)
        .await?;
    let counts = match insert.on_conflict {
        None => String::new(),
        Some(_) => format!(": {}", counts(&exported)),
    };
    Ok(Done {
        message: format!("inserted into {}{counts}", insert.table),
        rows: Some(exported.inserted + exported.updated),
    })
}

/// Makes a table from the rows of a query.
///
/// # Errors
/// A table of that name, what only a table of the warehouse can have, an error of the query.
pub async fn create_in_database(
    session: &Session,
    create: CreateTable,
    connection: &Connection,
    schema: String,
    table: String,
) -> Result<Done> {
    let refused = |what: &str, hint: &str| {
        let error = Error::input(format!("{what} is not for a table of a database"));
        Err(create.name.locate(error.hint(hint)))
    };
    if create.or_replace {
        return refused(
            "CREATE OR REPLACE TABLE",
            "COPY INTO it with MODE replace: rights, views and indexes stay",
        );
    }
    if !create.columns.is_empty() || !create.layout.given().is_empty() {
        return refused(
            "a list of columns, partitions or an order",
            "cast in the query, or write the database's own statement: CALL postgres_execute('connection', 'CREATE TABLE ..')",
        );
    }
    let Some(query) = create.query else {
        return refused("a table without a query", "add AS SELECT ..");
    };
    if create.if_not_exists && connection.table_exists(&schema, &table).await? {
        return Ok(Done {
            message: format!("table {} exists", create.name),
            rows: None,
        });
    }
    let rows = run(session.begin(), query).await?;
    let export = Export::new(schema, table, Mode::Create);
    let exported = connection.export(&export, rows).await?;
    Ok(Done {
        message: format!("created table {}", create.name),
        rows: Some(exported.inserted),
    })
}

fn missing(connection: &Connection, schema: &str, table: &str) -> Error {
    Error::input(format!(
        "there is no table {schema}.{table} in the database {}",
        connection.name()
    ))
    .hint("create it with CREATE TABLE .. AS SELECT or COPY INTO")
}

fn counts(exported: &Exported) -> String {
    let parts = [
        (exported.inserted, "new"),
        (exported.updated, "updated"),
        (exported.unchanged, "left as they were"),
    ];
    let parts = parts.map(|(rows, what)| format!("{} {what}", grouped(rows)));
    parts.join(", ")
}

/// The rows under the names of the columns that they go to.
fn renamed(rows: SendableRecordBatchStream, names: &[String]) -> Result<SendableRecordBatchStream> {
    let given = rows.schema();
    let count = given.fields().len();
    if names.len() != count {
        return Err(Error::input(format!(
            "the query gives {count} columns for {} columns of the table",
            names.len()
        ))
        .hint(format!("the columns are {}", names.join(", "))));
    }
    let fields = given.fields().iter().zip(names);
    let fields = fields.map(|(field, name)| Field::new(name, field.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let renamed = Arc::clone(&schema);
    let rows = rows.map(move |batch| {
        let columns = batch?.columns().to_vec();
        Ok(RecordBatch::try_new(Arc::clone(&renamed), columns)?)
    });
    Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
}
