//! What a load with WATERMARK asks of the table: the highest value, the rows below it, the rows of it.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use futures::TryStreamExt;

use super::kind::MarkKind;
use crate::landing::query::{DatabaseTable, Spooled, spool};
use crate::report::grouped;
use crate::session::{Planner, Session};
use crate::sql::{Query, quote, quote_always};
use crate::{Error, Result};

/// Reads a table for a load. Its queries see the database at one moment.
pub(super) struct Reader<'s> {
    session: &'s Session,
    planner: Planner,
    source: &'s DatabaseTable,
    /// The column as SQL.
    column: String,
    /// The column as messages call it.
    shown: String,
}

impl<'s> Reader<'s> {
    /// Begins to read.
    pub(super) fn new(session: &'s Session, source: &'s DatabaseTable, column: &str) -> Self {
        Reader {
            session,
            planner: session.begin(),
            source,
            column: quote_always(column),
            shown: quote(column),
        }
    }

    /// What the values of the column are.
    pub(super) async fn kind(&self) -> Result<MarkKind> {
        let query = self.source.query(&self.column, None)?;
        let plan = self.planner.plan(query).await;
        // A place in our query is none in the statement.
        let plan = plan.map_err(|error| error.map_place(|_| None))?;
        let data_type = plan.schema().field(0).data_type();
        MarkKind::of(data_type).ok_or_else(|| {
            let data_type = crate::values::sql_name(data_type);
            Error::input(format!("{} is {data_type} and cannot be a watermark", self.shown))
                .hint("name a column of integers, dates or timestamps that every new or changed row raises")
        })
    }

    /// The highest value that is not below the last mark.
    pub(super) async fn highest(&self, kind: MarkKind, known: Option<i64>) -> Result<Option<i64>> {
        let column = &self.column;
        let new =
            known.map(|mark| format!("{column} >= {} OR {column} IS NULL", kind.literal(mark)));
        let columns = format!("max({column}), count(*) - count({column})");
        let query = self.source.query(&columns, new.as_deref())?;
        let [highest, missing] = self.numbers(query).await?;
        match missing {
            Some(rows @ 1..) => Err(Error::input(format!(
                "{} is NULL in {} {} of {}",
                self.shown,
                grouped(rows.unsigned_abs()),
                if rows == 1 { "row" } else { "rows" },
                self.source.name
            ))
            .hint("a later load could not tell whether they are new: fill the column, or load a view of the database that leaves them out")),
            _ => Ok(highest),
        }
    }

    /// The rows that are not below the last mark and below the new one.
    pub(super) async fn below(
        &self,
        kind: MarkKind,
        known: Option<i64>,
        highest: i64,
        in_order: bool,
    ) -> Result<Spooled> {
        let column = &self.column;
        let mut condition = format!("{column} < {}", kind.literal(highest));
        if let Some(mark) = known {
            condition.push_str(&format!(" AND {column} >= {}", kind.literal(mark)));
        }
        if in_order {
            condition.push_str(&format!(" ORDER BY {column}"));
        }
        self.spool(&condition).await
    }

    /// The rows of the new mark.
    pub(super) async fn at(&self, kind: MarkKind, highest: i64) -> Result<Spooled> {
        self.spool(&format!("{} = {}", self.column, kind.literal(highest)))
            .await
    }

    async fn spool(&self, condition: &str) -> Result<Spooled> {
        let columns = self.source.columns(&self.planner).await?;
        let query = self.source.query(&columns, Some(condition))?;
        spool(self.session, &self.planner, query).await
    }

    /// The only row of a query, as numbers.
    async fn numbers<const N: usize>(&self, query: Query) -> Result<[Option<i64>; N]> {
        let batches: Vec<RecordBatch> = self.planner.query(query).await?.try_collect().await?;
        let mut numbers = [None; N];
        for batch in batches.iter().filter(|batch| batch.num_rows() > 0) {
            for (number, column) in numbers.iter_mut().zip(batch.columns()) {
                let column = cast(column, &DataType::Int64)?;
                *number = column.as_primitive::<Int64Type>().iter().next().flatten();
            }
        }
        Ok(numbers)
    }
}
