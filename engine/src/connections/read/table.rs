//! A table of a database as the planner sees it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::Result as PlannerResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::predicate::predicate;
use super::scan::DatabaseScan;
use super::{Relation, Selection, schema_of};
use crate::Error;

/// A relation of a database.
#[derive(Debug)]
pub(super) struct DatabaseTable {
    relation: Arc<dyn Relation>,
    schema: SchemaRef,
}

impl DatabaseTable {
    /// It as a table of a query.
    pub(super) fn new(relation: Arc<dyn Relation>) -> Self {
        let schema = schema_of(relation.columns());
        DatabaseTable::of(relation, schema)
    }

    /// The same, where it is known which columns have no NULL.
    pub(super) fn of(relation: Arc<dyn Relation>, schema: SchemaRef) -> Self {
        DatabaseTable { relation, schema }
    }

    /// The relation.
    pub(super) fn relation(&self) -> &Arc<dyn Relation> {
        &self.relation
    }
}

#[async_trait]
impl TableProvider for DatabaseTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> PlannerResult<Vec<TableProviderFilterPushDown>> {
        let judge = |filter: &&Expr| match predicate(filter, self.relation.columns()) {
            None => TableProviderFilterPushDown::Unsupported,
            Some(_) if self.relation.filters_exactly() => TableProviderFilterPushDown::Exact,
            Some(_) => TableProviderFilterPushDown::Inexact,
        };
        Ok(filters.iter().map(judge).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> PlannerResult<Arc<dyn ExecutionPlan>> {
        let columns: Vec<usize> = match projection {
            Some(columns) => columns.clone(),
            None => (0..self.schema.fields().len()).collect(),
        };
        let conditions: Vec<String> = filters
            .iter()
            .filter_map(|filter| predicate(filter, self.relation.columns()))
            .collect();
        let all_there = self.relation.filters_exactly() && conditions.len() == filters.len();
        let selection = Selection {
            schema: Arc::new(self.schema.project(&columns)?),
            columns,
            condition: (!conditions.is_empty()).then(|| conditions.join(" AND ")),
            // A filter that is applied here needs all rows that may pass it.
            limit: limit.filter(|_| filters.is_empty() || all_there),
        };
        let streams = state.config().target_partitions();
        let statements = self.relation.statements(&selection, streams).await;
        let statements = statements
            .map_err(|error| error.context(self.relation.name()))
            .map_err(Error::into_datafusion)?;
        let relation = Arc::clone(&self.relation);
        Ok(Arc::new(DatabaseScan::new(relation, selection, statements)))
    }
}
