//! The operator that reads a table of a database: one partition per remote statement.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::{
    RecordBatchReceiverStreamBuilder, RecordBatchStreamAdapter,
};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::{StreamExt, TryStreamExt};

use super::{Relation, Rows, Selection};
use crate::Error;

/// Batches that may wait between the reader of a database and the query.
const BATCHES_IN_FLIGHT: usize = 2;

/// Rows of a table of a database.
#[derive(Debug)]
pub(super) struct DatabaseScan {
    relation: Arc<dyn Relation>,
    selection: Selection,
    statements: Vec<String>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl DatabaseScan {
    /// The rows that the statements of a selection give together.
    pub(super) fn new(
        relation: Arc<dyn Relation>,
        selection: Selection,
        statements: Vec<String>,
    ) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&selection.schema)),
            Partitioning::UnknownPartitioning(statements.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        DatabaseScan {
            relation,
            selection,
            statements,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for DatabaseScan {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, statements) = (self.relation.name(), self.statements.join("; "));
        match format {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "DatabaseScan: table={name}, sql=[{statements}]")
            }
            DisplayFormatType::TreeRender => {
                writeln!(f, "table={name}")?;
                writeln!(f, "sql={statements}")
            }
        }
    }
}

impl ExecutionPlan for DatabaseScan {
    fn name(&self) -> &str {
        "DatabaseScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("DatabaseScan has no children"),
        }
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        match children.is_empty() {
            true => Ok(self),
            false => internal_err!("DatabaseScan has no children"),
        }
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let Some(sql) = self.statements.get(partition).cloned() else {
            return internal_err!("DatabaseScan has no partition {partition}");
        };
        let (relation, selection) = (Arc::clone(&self.relation), self.selection.clone());
        let schema = Arc::clone(&selection.schema);
        let consumer = MemoryConsumer::new(format!("DatabaseScan[{partition}]"));
        let reservation = Arc::new(consumer.register(context.memory_pool()));
        let under_way = Arc::clone(&reservation);
        // It begins when its first row is wanted: one that waits for another would else have taken
        // the session that the other needs.
        let rows = futures::stream::once(async move {
            let schema = Arc::clone(&selection.schema);
            let mut stream = RecordBatchReceiverStreamBuilder::new(schema, BATCHES_IN_FLIGHT);
            let rows = Rows {
                sender: stream.tx(),
                reservation,
            };
            // Dropping the stream ends the task, and with it what the database does for it.
            stream.spawn(async move {
                let read = relation.run(&sql, &selection, &rows).await;
                read.map_err(|error| error.context(relation.name()))
                    .map_err(Error::into_datafusion)
            });
            stream.build()
        });
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let counted = rows.flatten().inspect_ok(move |batch| {
            under_way.shrink(batch.get_array_memory_size());
            metrics.record_output(batch.num_rows());
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, counted)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
