//! What `EXPLAIN ANALYZE` tells about a clustering.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::physical_plan::metrics::{
    BaselineMetrics, Count, CustomMetricValue, ExecutionPlanMetricsSet, Gauge, MetricBuilder,
    MetricValue, SpillMetrics,
};

use super::model::Summary;

/// The metrics of one execution.
#[derive(Debug, Clone)]
pub(super) struct KMeansMetrics {
    /// Rows and time.
    pub(super) baseline: BaselineMetrics,
    /// The most memory reserved at once, in bytes.
    pub(super) memory: Gauge,
    /// What went to files for want of memory.
    pub(super) spill: SpillMetrics,
    groups: Count,
    iterations: Count,
    inertia: Arc<Inertia>,
}

impl KMeansMetrics {
    pub(super) fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let inertia = Arc::new(Inertia::default());
        MetricBuilder::new(metrics)
            .with_partition(partition)
            .build(MetricValue::Custom {
                name: "inertia".into(),
                value: Arc::clone(&inertia) as _,
            });
        KMeansMetrics {
            baseline: BaselineMetrics::new(metrics, partition),
            memory: MetricBuilder::new(metrics).mem_used(partition),
            spill: SpillMetrics::new(metrics, partition),
            groups: MetricBuilder::new(metrics).counter("groups", partition),
            iterations: MetricBuilder::new(metrics).counter("iterations", partition),
            inertia,
        }
    }

    /// Counts a finished group.
    pub(super) fn record(&self, group: &Summary) {
        self.groups.add(1);
        self.iterations.add(group.iterations);
        self.inertia.add(group.inertia);
    }
}

/// The sum of the squared distances of all rows to their centroids, as the bits of a float.
#[derive(Debug, Default)]
struct Inertia(AtomicU64);

impl Inertia {
    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }

    /// Only one thread adds to a metric; others may read.
    fn add(&self, inertia: f64) {
        self.0
            .store((self.get() + inertia).to_bits(), Ordering::Relaxed);
    }
}

impl fmt::Display for Inertia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.get())
    }
}

impl CustomMetricValue for Inertia {
    fn new_empty(&self) -> Arc<dyn CustomMetricValue> {
        Arc::new(Inertia::default())
    }

    fn aggregate(&self, other: Arc<dyn CustomMetricValue>) {
        if let Some(other) = other.as_any().downcast_ref::<Inertia>() {
            self.add(other.get());
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn is_eq(&self, other: &Arc<dyn CustomMetricValue>) -> bool {
        other
            .as_any()
            .downcast_ref::<Inertia>()
            .is_some_and(|other| other.get().to_bits() == self.get().to_bits())
    }
}
