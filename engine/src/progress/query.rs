//! How far a query is: what its reading operators have counted so far.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use datafusion::common::stats::Precision;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::Reached;

/// The queries that run; of queries within queries the innermost is the last.
#[derive(Default)]
pub(super) struct Queries {
    running: Vec<Query>,
    next: u64,
}

struct Query {
    id: u64,
    plan: Arc<dyn ExecutionPlan>,
    started: Instant,
    /// Rows that it will read, 0 if unknown; asked for only once somebody looks.
    total_rows: OnceLock<u64>,
}

/// Forgets a query with its stream.
struct Watched {
    id: u64,
    queries: Arc<Mutex<Queries>>,
}

/// Watches a query for as long as its stream lives.
pub(super) fn watch(
    queries: &Arc<Mutex<Queries>>,
    plan: &Arc<dyn ExecutionPlan>,
    stream: SendableRecordBatchStream,
) -> SendableRecordBatchStream {
    let watched = Watched {
        id: super::locked(queries).add(plan),
        queries: Arc::clone(queries),
    };
    let schema = stream.schema();
    let stream = stream.inspect(move |_| {
        let _ = &watched;
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}

impl Queries {
    /// How far the innermost query is.
    pub(super) fn reached(&self) -> Option<Reached> {
        let query = self.running.last()?;
        let mut reached = Reached {
            elapsed: query.started.elapsed(),
            total_rows: *query.total_rows.get_or_init(|| total_rows(&query.plan)),
            ..Reached::default()
        };
        for_each_reader(&query.plan, &mut |reader| {
            let Some(metrics) = reader.metrics() else {
                return;
            };
            reached.rows += metrics.output_rows().unwrap_or(0) as u64;
            let bytes = metrics.sum_by_name("bytes_scanned");
            reached.bytes += bytes.map_or(0, |bytes| bytes.as_usize() as u64);
        });
        Some(reached)
    }

    fn add(&mut self, plan: &Arc<dyn ExecutionPlan>) -> u64 {
        self.next += 1;
        self.running.push(Query {
            id: self.next,
            plan: Arc::clone(plan),
            started: Instant::now(),
            total_rows: OnceLock::new(),
        });
        self.next
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut queries = super::locked(&self.queries);
        let is_this = |query: &mut Query| query.id == self.id;
        let ended: Vec<_> = queries.running.extract_if(.., is_this).collect();
        drop(queries);
        // A plan may hold streams of its own, which come here in their turn.
        drop(ended);
    }
}

/// 0 unless every reader knows how many rows it has.
fn total_rows(plan: &Arc<dyn ExecutionPlan>) -> u64 {
    let mut total = Some(0);
    for_each_reader(plan, &mut |reader| {
        let rows = StatisticsContext::new()
            .compute(reader, &StatisticsArgs::new())
            .ok()
            .and_then(|statistics| match statistics.num_rows {
                Precision::Exact(rows) | Precision::Inexact(rows) => Some(rows as u64),
                Precision::Absent => None,
            });
        total = total.zip(rows).map(|(total, rows)| total + rows);
    });
    total.unwrap_or(0)
}

/// The operators at the ends of a plan.
fn for_each_reader(plan: &Arc<dyn ExecutionPlan>, visit: &mut impl FnMut(&dyn ExecutionPlan)) {
    let children = plan.children();
    if children.is_empty() {
        visit(plan.as_ref());
    }
    for child in children {
        for_each_reader(child, visit);
    }
}
