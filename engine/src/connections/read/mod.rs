//! Tables of databases as tables of a query.
//!
//! A name of a connection is planned like any other ([`Databases`]); the first one opens the
//! database, and whatever a statement reads from it is read in one transaction, so that all of it
//! is of one moment. What a database can do as exactly as the engine does is left to it: columns
//! that are not needed, filters ([`predicate`](mod@predicate)) and limits never cross the wire.
//!
//! What a table is in Postgres or SQLite, and how its rows become batches, is behind
//! [`Relation`].

mod aggregates;
mod databases;
mod predicate;
mod scan;
mod table;

use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::error::Result as PlannerResult;
use datafusion::execution::memory_pool::MemoryReservation;
use tokio::sync::mpsc::Sender;

pub use aggregates::LeaveAggregates;
pub(crate) use aggregates::{Aggregate, Aggregation, type_of_sum};
pub use databases::Databases;

use crate::error::Result;
use crate::warehouse::SERVER_TYPE;

/// A table or view of a database, open for one statement.
#[async_trait]
pub(crate) trait Relation: Debug + Send + Sync {
    /// `connection.schema.table`, for plans and messages.
    fn name(&self) -> &str;

    /// Its columns, in order.
    fn columns(&self) -> &[RemoteColumn];

    /// Whether a row that passes a filter of [`predicate`](mod@predicate) there would surely pass
    /// it here. Otherwise the filter is applied once more.
    fn filters_exactly(&self) -> bool;

    /// The groups of its rows as a relation of their own, with a column for each group and then for
    /// each aggregate; `None` if the database would not give exactly what the engine does.
    fn aggregate(&self, aggregation: &Aggregation) -> Option<Arc<dyn Relation>>;

    /// The statements that together give a selection, at most `streams` of them.
    ///
    /// # Errors
    /// A database that cannot be asked.
    async fn statements(&self, selection: &Selection, streams: usize) -> Result<Vec<String>>;

    /// Runs one of these statements to its end, or until nobody wants its rows any more.
    ///
    /// # Errors
    /// A database that refuses or is lost, a value that its type does not have.
    async fn run(&self, sql: &str, selection: &Selection, rows: &Rows) -> Result<()>;
}

/// What a query needs of a table.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    /// The columns, by their places in the table.
    pub(crate) columns: Vec<usize>,
    /// They as a schema.
    pub(crate) schema: SchemaRef,
    /// The condition in the SQL of the database.
    pub(crate) condition: Option<String>,
    /// Any so many rows are enough.
    pub(crate) limit: Option<usize>,
}

/// A column of a table of a database.
#[derive(Debug, Clone)]
pub(crate) struct RemoteColumn {
    /// Its name.
    pub(crate) name: String,
    /// What gives its values there: the quoted name, or a cast of it.
    pub(crate) sql: String,
    /// The type of its values here.
    pub(crate) data_type: DataType,
    /// What it may be compared with there.
    pub(crate) compares: Compares,
    /// A condition there for values that are not of its type. They pass every filter, so that
    /// reading them is the error that it is without a filter.
    pub(crate) misfit: Option<String>,
    /// The type there of a column that is read as text because no type here is like it.
    pub(crate) server_type: Option<String>,
}

/// What comparisons of a column mean there exactly what they mean here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compares {
    /// Only whether it is NULL.
    Nothing,
    /// The column is a condition of its own.
    Boolean,
    /// Its order is that of its values.
    Ordered,
    /// Only equality: texts, whose order is that of a collation.
    Equality,
    /// Only equality with a text that is a UUID in its usual form.
    Uuid,
}

/// Where the rows of a statement go.
pub(crate) struct Rows {
    sender: Sender<PlannerResult<RecordBatch>>,
    /// The memory of those that are under way.
    reservation: Arc<MemoryReservation>,
}

impl Rows {
    /// Hands over rows; says whether more are wanted.
    ///
    /// # Errors
    /// No memory is left for them.
    pub(crate) async fn give(&self, batch: RecordBatch) -> Result<bool> {
        self.reservation.try_grow(batch.get_array_memory_size())?;
        Ok(self.sender.send(Ok(batch)).await.is_ok())
    }
}

/// The columns as a schema.
fn schema_of(columns: &[RemoteColumn]) -> SchemaRef {
    let fields = columns.iter().map(|column| {
        let known_there = column.server_type.iter();
        let known_there = known_there.map(|name| (SERVER_TYPE.to_owned(), name.clone()));
        Field::new(&column.name, column.data_type.clone(), true)
            .with_metadata(known_there.collect())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

impl Selection {
    /// `SELECT .. FROM .. WHERE .. LIMIT ..` with one more condition.
    pub(crate) fn to_sql(
        &self,
        columns: impl IntoIterator<Item = String>,
        from: &str,
        also: Option<&str>,
    ) -> String {
        let list: Vec<_> = columns.into_iter().collect();
        let mut sql = format!("SELECT {} FROM {from}", list.join(", "));
        let conditions: Vec<_> = self.condition.as_deref().into_iter().chain(also).collect();
        if !conditions.is_empty() {
            sql.push_str(" WHERE ");
            sql.push_str(&conditions.join(" AND "));
        }
        if let Some(limit) = self.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        sql
    }
}
