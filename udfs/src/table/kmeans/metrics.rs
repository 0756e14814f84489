//! What `EXPLAIN ANALYZE` tells about a clustering.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::physical_plan::metrics::{
    Count, CustomMetricValue, ExecutionPlanMetricsSet, MetricBuilder, MetricValue,
};

use super::learnt::LearntGroup;

/// A call has one.
const PARTITION: usize = 0;

/// The metrics of one execution.
#[derive(Debug, Clone)]
pub(super) struct KMeansMetrics {
    groups: Count,
    iterations: Count,
    inertia: Arc<Inertia>,
}

impl KMeansMetrics {
    pub(super) fn new(metrics: &ExecutionPlanMetricsSet) -> Self {
        let inertia = Arc::new(Inertia::default());
        MetricBuilder::new(metrics)
            .with_partition(PARTITION)
            .build(MetricValue::Custom {
                name: "inertia".into(),
                value: Arc::clone(&inertia) as _,
            });
        KMeansMetrics {
            groups: MetricBuilder::new(metrics).counter("groups", PARTITION),
            iterations: MetricBuilder::new(metrics).counter("iterations", PARTITION),
            inertia,
        }
    }

    /// Counts a finished group.
    pub(super) fn record(&self, group: &LearntGroup) {
        self.groups.add(1);
        self.iterations.add(group.iterations as usize);
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
