//! `kmeans` at work: collects the input, clusters it beside the async threads, gives it back with
//! three more columns. All it holds is reserved from the memory pool first.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::utils::memory::RecordBatchMemoryCounter;
use datafusion::common::{Result, exec_datafusion_err, internal_err};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, Partitioning, PlanProperties,
    ReplaceChildrenOptions,
};
use futures::{Stream, StreamExt, TryStreamExt, stream};

use super::NAME;
use super::groups::split;
use super::metrics::KMeansMetrics;
use super::model::cluster;
use super::node::added_fields;
use super::parameters::KMeansParameters;

/// The operator: one partition in, one out.
#[derive(Debug)]
pub struct KMeansExec {
    input: Arc<dyn ExecutionPlan>,
    parameters: Arc<KMeansParameters>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl KMeansExec {
    /// Fails when the input is endless.
    pub fn try_new(
        input: Arc<dyn ExecutionPlan>,
        parameters: Arc<KMeansParameters>,
    ) -> Result<Self> {
        if input.properties().boundedness.is_unbounded() {
            return Err(super::refusal(
                format!("{NAME} needs all rows at once, and the input never ends"),
                "land the stream in a table first",
            ));
        }
        let input_schema = input.schema();
        let fields = input_schema.fields().iter().cloned().chain(added_fields());
        let schema = Arc::new(Schema::new_with_metadata(
            fields.collect::<Vec<_>>(),
            input_schema.metadata().clone(),
        ));
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        ));
        Ok(KMeansExec {
            input,
            parameters,
            schema,
            properties,
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for KMeansExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format {
            DisplayFormatType::Default | DisplayFormatType::Verbose => {
                write!(f, "KMeansExec: {}", self.parameters)
            }
            DisplayFormatType::TreeRender => {
                writeln!(f, "k={}", self.parameters.k)?;
                writeln!(f, "features={}", self.parameters.features.join(", "))
            }
        }
    }
}

impl ExecutionPlan for KMeansExec {
    fn name(&self) -> &str {
        "KMeansExec"
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
            return internal_err!("KMeansExec has exactly one child");
        };
        Ok(Arc::new(KMeansExec::try_new(
            input,
            Arc::clone(&self.parameters),
        )?))
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
            return internal_err!("KMeansExec has one partition, not {}", partition + 1);
        }
        let metrics = KMeansMetrics::new(&self.metrics, partition);
        let job = Job {
            parameters: Arc::clone(&self.parameters),
            schema: Arc::clone(&self.schema),
            reservation: MemoryConsumer::new("KMeansExec").register(context.memory_pool()),
            metrics: metrics.clone(),
        };
        let input = self.input.execute(0, context)?;
        let output = stream::once(job.run(input))
            .try_flatten()
            .inspect_ok(move |batch| metrics.baseline.record_output(batch.num_rows()));
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
    parameters: Arc<KMeansParameters>,
    schema: SchemaRef,
    reservation: MemoryReservation,
    metrics: KMeansMetrics,
}

impl Job {
    async fn run(
        self,
        mut input: SendableRecordBatchStream,
    ) -> Result<impl Stream<Item = Result<RecordBatch>>> {
        let mut batches = vec![];
        // Batches are often slices of one buffer, which then counts once.
        let mut counter = RecordBatchMemoryCounter::new();
        while let Some(batch) = input.next().await {
            let batch = batch?;
            self.reserve(counter.count_batch(&batch))?;
            batches.push(batch);
        }
        drop(input);
        let cancelled = Arc::new(AtomicBool::new(false));
        // Dropped with this future, when nobody waits for the rows any more.
        let _stop = StopOnDrop(Arc::clone(&cancelled));
        // The whole job moves along: should the clustering outlive its stream for an iteration, what
        // it holds stays reserved.
        SpawnedTask::spawn_blocking(move || {
            let clusters = self.cluster(&batches, &cancelled)?;
            let results = clusters.numbers.len() * BYTES_PER_RESULT;
            self.reservation
                .try_resize(counter.memory_usage() + results)?;
            Ok(self.emit(batches, clusters))
        })
        .join()
        .await
        .map_err(|error| exec_datafusion_err!("{NAME} stopped unexpectedly: {error}"))?
    }

    fn reserve(&self, bytes: usize) -> Result<()> {
        self.reservation.try_grow(bytes)?;
        self.metrics.memory.set_max(self.reservation.size());
        Ok(())
    }

    fn cluster(&self, batches: &[RecordBatch], cancelled: &AtomicBool) -> Result<Clusters> {
        let _timer = self.metrics.baseline.elapsed_compute().timer();
        let rows = batches.iter().map(RecordBatch::num_rows).sum();
        self.reserve(rows * bytes_per_row(&self.parameters))?;
        let mut clusters = Clusters {
            numbers: vec![None; rows],
            distances: vec![0.0; rows],
        };
        let input_schema = match batches.first() {
            Some(batch) => batch.schema(),
            None => return Ok(clusters),
        };
        let groups = split(batches, &input_schema, &self.parameters)?;
        for group in groups.iter().filter(|group| !group.rows.is_empty()) {
            let clustered = cluster(group, &self.parameters, cancelled)?;
            self.metrics.record(&clustered);
            let results = clustered.clusters.iter().zip(&clustered.distances);
            for (&row, (&number, &distance)) in clustered.rows.iter().zip(results) {
                clusters.numbers[row] = Some(number);
                clusters.distances[row] = distance;
            }
        }
        Ok(clusters)
    }

    /// The collected batches, each with its new columns. The reservation lives as long as the stream.
    fn emit(
        self,
        batches: Vec<RecordBatch>,
        clusters: Clusters,
    ) -> impl Stream<Item = Result<RecordBatch>> + use<> {
        let mut first_row = 0;
        stream::iter(batches.into_iter().map(move |batch| {
            let rows = first_row..first_row + batch.num_rows();
            first_row = rows.end;
            let added = clusters.columns(rows, self.parameters.labels.as_deref());
            let columns = batch.columns().iter().cloned().chain(added).collect();
            Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
        }))
    }
}

/// The cluster and distance of a row.
const BYTES_PER_RESULT: usize = size_of::<Option<u32>>() + size_of::<f64>();

/// What a row costs at the peak: its features as they were, sorted, and as a sample for the seeding;
/// row numbers, assignments, distances and results.
fn bytes_per_row(parameters: &KMeansParameters) -> usize {
    const NUMBER: usize = size_of::<f64>();
    3 * NUMBER * parameters.features.len() + 16 * NUMBER
}

/// Cluster and distance of every row of the input; no cluster for those that take no part.
struct Clusters {
    numbers: Vec<Option<u32>>,
    distances: Vec<f64>,
}

impl Clusters {
    fn columns(&self, rows: std::ops::Range<usize>, labels: Option<&[String]>) -> [ArrayRef; 3] {
        let numbers = &self.numbers[rows.clone()];
        let cluster: Int64Array = numbers.iter().map(|number| number.map(i64::from)).collect();
        let label: StringArray = numbers
            .iter()
            .map(|number| labels?.get((*number)? as usize))
            .collect();
        let distances = numbers.iter().zip(&self.distances[rows]);
        let distance: Float64Array = distances
            .map(|(number, distance)| number.map(|_| *distance))
            .collect();
        [Arc::new(cluster), Arc::new(label), Arc::new(distance)]
    }
}

/// Raises the flag when it goes out of scope.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
