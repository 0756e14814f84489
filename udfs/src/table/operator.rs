//! A call at work: reads the input, hands it to the [`Run`] of the call, computes beside the async
//! threads, and gives the results. Where rows come back with more columns, it keeps them meanwhile.
//! All that is held is reserved from the memory pool first.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::common::{Result, exec_datafusion_err, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, Partitioning, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};

use super::function::{Call, Cancelled, Output, Results, Run, RunContext};
use super::memory::Memory;
use super::refusal;

/// The operator: one partition in, one out.
#[derive(Debug)]
pub struct CallExec {
    input: Arc<dyn ExecutionPlan>,
    call: Arc<dyn Call>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl CallExec {
    /// Fails when the input is endless.
    pub fn try_new(input: Arc<dyn ExecutionPlan>, call: Arc<dyn Call>) -> Result<Self> {
        if input.properties().boundedness.is_unbounded() {
            return Err(refusal(
                format!(
                    "{} needs all rows at once, and the input never ends",
                    call.function()
                ),
                "land the stream in a table first",
            ));
        }
        let input_schema = input.schema();
        let fields = match call.output(&input_schema)? {
            Output::Added(added) => input_schema.fields().iter().cloned().chain(added).collect(),
            Output::Table(fields) => fields,
        };
        let metadata = input_schema.metadata().clone();
        let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        ));
        Ok(CallExec {
            input,
            call,
            schema,
            properties,
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for CallExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(
                    f,
                    "{}: {}: {}",
                    self.name(),
                    self.call.function(),
                    self.call
                )
            }
            DisplayFormatType::TreeRender => writeln!(f, "{}: {}", self.call.function(), self.call),
        }
    }
}

impl ExecutionPlan for CallExec {
    fn name(&self) -> &str {
        "CallExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[Arc<dyn ExecutionPlan>; 1]>::try_from(children) else {
            return internal_err!("CallExec has exactly one child");
        };
        Ok(Arc::new(CallExec::try_new(input, Arc::clone(&self.call))?))
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(
            children,
            ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute),
        )
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
        if partition != 0 {
            return internal_err!("{} has one partition, not {}", self.name(), partition + 1);
        }
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let peak = MetricBuilder::new(&self.metrics).mem_used(partition);
        let context_of_run = RunContext {
            memory: Memory::new(self.call.function(), context.memory_pool(), peak),
            cancelled: Cancelled::default(),
            metrics: self.metrics.clone(),
        };
        let input_schema = self.input.schema();
        let job = Job {
            function: self.call.function(),
            run: self.call.begin(&input_schema, context_of_run.clone())?,
            keeps_rows: matches!(self.call.output(&input_schema)?, Output::Added(_)),
            schema: Arc::clone(&self.schema),
            context: context_of_run,
            baseline: baseline.clone(),
        };
        let input = self.input.execute(0, context)?;
        let output = stream::once(job.run(input))
            .try_flatten()
            .inspect_ok(move |batch| baseline.record_output(batch.num_rows()));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            output,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// One execution.
struct Job {
    function: &'static str,
    run: Box<dyn Run>,
    keeps_rows: bool,
    schema: SchemaRef,
    context: RunContext,
    baseline: BaselineMetrics,
}

impl Job {
    async fn run(
        mut self,
        mut input: SendableRecordBatchStream,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        let mut kept = vec![];
        // Batches are often slices of one buffer, which then counts once.
        let mut counter = RecordBatchMemoryCounter::new();
        while let Some(batch) = input.next().await {
            let batch = batch?;
            self.run.take(&batch)?;
            if self.keeps_rows {
                self.context.memory.grow(counter.count_batch(&batch))?;
                kept.push(batch);
            }
        }
        drop(input);
        // Dropped with this future, when nobody waits for the rows any more.
        let _stop = RaiseOnDrop(self.context.cancelled.clone());
        let function = self.function;
        // The whole job moves along: should the work outlive its stream for a moment, what it holds
        // stays reserved.
        SpawnedTask::spawn_blocking(move || {
            let timer = self.baseline.elapsed_compute().timer();
            let results = self.run.finish()?;
            timer.done();
            Ok(match results {
                Results::Table(batch) => stream::iter([Ok(batch)]).boxed(),
                Results::Added(columns) => {
                    let memory = self.context.memory;
                    let mut first_row = 0;
                    let batches = kept.into_iter().map(move |batch| {
                        // What it holds stays reserved as long as the stream.
                        let _memory = &memory;
                        let rows = batch.num_rows();
                        let added = columns.iter().map(|column| column.slice(first_row, rows));
                        let columns = batch.columns().iter().cloned().chain(added).collect();
                        first_row += rows;
                        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
                    });
                    stream::iter(batches).boxed()
                }
            })
        })
        .join()
        .await
        .map_err(|error| exec_datafusion_err!("{function} stopped unexpectedly: {error}"))?
    }
}

/// Raises the flag when it goes out of scope.
struct RaiseOnDrop(Cancelled);

impl Drop for RaiseOnDrop {
    fn drop(&mut self) {
        self.0.raise();
    }
}
