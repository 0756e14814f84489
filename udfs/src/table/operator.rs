//! A call at work. One that is row-wise gives every batch back with more columns, in as many
//! partitions as there are. For any other it reads all of the input, hands it to the [`Run`] of the
//! call, computes beside the async threads, and gives the results. Where rows come back with more
//! columns, it keeps them meanwhile. All that is held is reserved from the memory pool first.

use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, exec_datafusion_err, internal_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType,
};
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet, SpillMetrics,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties,
    Partitioning, PlanProperties, ReplaceChildrenOptions,
};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt, stream};

use super::function::{
    AddedColumns, Call, Cancelled, Execution, Output, Results, RowWise, Run, RunContext,
};
use super::kept::KeptInput;
use super::memory::Memory;
use super::refusal;

/// The operator. A call that is not row-wise has one partition in and one out.
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
            Partitioning::UnknownPartitioning(match call.is_row_wise() {
                true => input.output_partitioning().partition_count(),
                false => 1,
            }),
            match call.is_row_wise() {
                true => EmissionType::Incremental,
                false => EmissionType::Final,
            },
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
        match self.call.is_row_wise() {
            true => vec![Distribution::UnspecifiedDistribution],
            false => vec![Distribution::SinglePartition],
        }
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![self.call.is_row_wise()]
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
        let baseline = BaselineMetrics::new(&self.metrics, partition);
        let peak = MetricBuilder::new(&self.metrics).mem_used(partition);
        let context_of_run = RunContext {
            memory: Memory::new(self.call.function(), context.memory_pool(), peak),
            cancelled: Cancelled::default(),
            metrics: self.metrics.clone(),
        };
        let input_schema = self.input.schema();
        let execution = self.call.begin(&input_schema, context_of_run.clone())?;
        let task = Arc::clone(&context);
        let input = self.input.execute(partition, context)?;
        let schema = Arc::clone(&self.schema);
        let output = match execution {
            Execution::RowWise(row_wise) => add_columns(row_wise, input, schema, baseline.clone()),
            Execution::Collected(run) => {
                let keeps_rows = matches!(self.call.output(&input_schema)?, Output::Added(_));
                let kept = keeps_rows.then(|| {
                    let spilling = SpillMetrics::new(&self.metrics, partition);
                    // Apart from what the run needs, as the pool shares out evenly among those who
                    // can do with less.
                    let reservation =
                        MemoryConsumer::new(format!("rows of {}", self.call.function()))
                            .with_can_spill(true)
                            .register(task.memory_pool());
                    KeptInput::new(input_schema, &task, spilling, reservation)
                });
                let job = Job {
                    function: self.call.function(),
                    run,
                    kept,
                    schema,
                    context: context_of_run,
                    baseline: baseline.clone(),
                };
                stream::once(job.run(input)).try_flatten().boxed()
            }
        };
        let output = output.inspect_ok(move |batch| baseline.record_output(batch.num_rows()));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            output,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Each batch with the columns that it gets.
fn add_columns(
    mut row_wise: Box<dyn RowWise>,
    input: SendableRecordBatchStream,
    schema: SchemaRef,
    baseline: BaselineMetrics,
) -> BoxStream<'static, Result<RecordBatch>> {
    let output = input.map(move |batch| {
        let batch = batch?;
        let _timer = baseline.elapsed_compute().timer();
        let added = row_wise.columns(&batch)?;
        let columns = batch.columns().iter().cloned().chain(added).collect();
        Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
    });
    output.boxed()
}

/// One execution.
struct Job {
    function: &'static str,
    run: Box<dyn Run>,
    /// The input, where it comes back with more columns.
    kept: Option<KeptInput>,
    schema: SchemaRef,
    context: RunContext,
    baseline: BaselineMetrics,
}

impl Job {
    async fn run(
        mut self,
        mut input: SendableRecordBatchStream,
    ) -> Result<BoxStream<'static, Result<RecordBatch>>> {
        while let Some(batch) = input.next().await {
            self.take(batch?)?;
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
            Ok(match (results, self.kept) {
                (Results::Table(batch), _) => stream::iter([Ok(batch)]).boxed(),
                (Results::Added(added), Some(kept)) => {
                    emit(kept, added, self.schema, self.context.memory)
                }
                (Results::Added(_), None) => {
                    return internal_err!("{function} gives columns to rows that are gone");
                }
            })
        })
        .join()
        .await
        .map_err(|error| exec_datafusion_err!("{function} stopped unexpectedly: {error}"))?
    }

    /// Hands a batch to the call and keeps it; if memory runs short, moves what is kept to disk.
    fn take(&mut self, batch: RecordBatch) -> Result<()> {
        let bytes = self.run.bytes_of(batch.num_rows());
        if let Err(shortage) = self.context.memory.grow(bytes) {
            match &mut self.kept {
                Some(kept) => kept.make_room(shortage)?,
                None => return Err(shortage),
            }
            self.context.memory.grow(bytes)?;
        }
        self.run.take(&batch)?;
        match &mut self.kept {
            Some(kept) => kept.push(batch),
            None => Ok(()),
        }
    }
}

/// The batches of the input, each with its new columns.
fn emit(
    kept: KeptInput,
    added: Box<dyn AddedColumns>,
    schema: SchemaRef,
    memory: Memory,
) -> BoxStream<'static, Result<RecordBatch>> {
    let (batches, kept_reservation) = kept.into_batches();
    // They live as long as the stream.
    let reservations = (memory, kept_reservation);
    let mut first_row = 0;
    let batches = batches.map(move |batch| {
        let _ = &reservations;
        let batch = batch?;
        let rows = first_row..first_row + batch.num_rows();
        first_row = rows.end;
        let added = added.columns(rows)?;
        let columns = batch.columns().iter().cloned().chain(added).collect();
        Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
    });
    batches.boxed()
}

/// Raises the flag when it goes out of scope.
struct RaiseOnDrop(Cancelled);

impl Drop for RaiseOnDrop {
    fn drop(&mut self) {
        self.0.raise();
    }
}
