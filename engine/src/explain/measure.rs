//! From the metrics of the query engine to what each operator did.

use std::sync::Arc;
use std::time::Duration;

use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::metrics::{MetricValue, MetricsSet};

use super::{Operator, Skipped};
use crate::scans::FileScan;
use crate::warehouse::Snapshot;

/// How many operators are marked as the most expensive.
const RANKS: usize = 3;
/// Times of operators that do not count them as time that they computed.
const OWN_TIMES: [&str; 3] = ["time_elapsed_processing", "repartition_time", "write_time"];

/// The operators of a plan that has run, each before those below it.
pub fn operators(plan: &Arc<dyn ExecutionPlan>, snapshot: &Snapshot) -> Vec<Operator> {
    let mut operators = Vec::new();
    collect(plan, 0, snapshot, &mut operators);
    let total: Duration = operators.iter().map(|operator| operator.time).sum();
    let mut by_time: Vec<usize> = (0..operators.len()).collect();
    by_time.sort_by_key(|at| std::cmp::Reverse(operators[*at].time));
    for operator in &mut operators {
        if !total.is_zero() {
            operator.share = operator.time.as_secs_f64() / total.as_secs_f64();
        }
    }
    for (place, at) in by_time.into_iter().take(RANKS).enumerate() {
        if !operators[at].time.is_zero() {
            operators[at].rank = Some(place + 1);
        }
    }
    operators
}

fn collect(
    operator: &Arc<dyn ExecutionPlan>,
    depth: usize,
    snapshot: &Snapshot,
    operators: &mut Vec<Operator>,
) {
    operators.push(measure(operator, depth, snapshot));
    for child in operator.children() {
        collect(child, depth + 1, snapshot, operators);
    }
}

fn measure(operator: &Arc<dyn ExecutionPlan>, depth: usize, snapshot: &Snapshot) -> Operator {
    let metrics = operator.metrics().unwrap_or_default();
    let scan = FileScan::of(operator);
    let table = scan
        .as_ref()
        .and_then(|scan| snapshot.scanned_table(&scan.location));
    let files = match (&scan, &table) {
        (Some(scan), Some(table)) => {
            let within = pruned(&metrics, "files_ranges_pruned_statistics");
            let left_out = table.files.saturating_sub(scan.files) as u64;
            Some(Skipped {
                skipped: left_out + within.map_or(0, |within| within.skipped),
                of: table.files as u64,
            })
        }
        _ => pruned(&metrics, "files_ranges_pruned_statistics"),
    };
    let name = operator.name().to_owned();
    let detail = match (table, scan) {
        (Some(table), _) => table.id.to_string(),
        (None, Some(scan)) => scan.location.to_string(),
        (None, None) => detail_of(operator, &name),
    };
    Operator {
        name,
        detail,
        depth,
        time: time_of(&metrics),
        share: 0.0,
        rank: None,
        rows: metrics.output_rows().map(|rows| rows as u64),
        bytes: sum(&metrics, "bytes_scanned").or_else(|| sum(&metrics, "output_bytes")),
        spilled: metrics.spilled_bytes().unwrap_or(0) as u64,
        files,
        row_groups: row_groups(&metrics),
    }
}

fn detail_of(operator: &Arc<dyn ExecutionPlan>, name: &str) -> String {
    let line = DisplayableExecutionPlan::new(operator.as_ref())
        .one_line()
        .to_string();
    let line = line.trim();
    let detail = line.strip_prefix(name).unwrap_or(line);
    detail.trim_start_matches(':').trim().to_owned()
}

fn time_of(metrics: &MetricsSet) -> Duration {
    let computed = metrics.elapsed_compute().unwrap_or(0) as u64;
    let others = OWN_TIMES.iter().filter_map(|name| sum(metrics, name));
    Duration::from_nanos(computed.max(others.sum()))
}

/// Of several steps that leave out row groups, each sees what the ones before it left.
fn row_groups(metrics: &MetricsSet) -> Option<Skipped> {
    let by_statistics = pruned(metrics, "row_groups_pruned_statistics")?;
    let later = ["row_groups_pruned_bloom_filter", "limit_pruned_row_groups"];
    let later = later
        .iter()
        .filter_map(|name| Some(pruned(metrics, name)?.skipped));
    let dynamic = sum(metrics, "row_groups_pruned_dynamic_filter").unwrap_or(0);
    Some(Skipped {
        skipped: (by_statistics.skipped + later.sum::<u64>() + dynamic).min(by_statistics.of),
        of: by_statistics.of,
    })
}

fn sum(metrics: &MetricsSet, name: &str) -> Option<u64> {
    metrics
        .sum_by_name(name)
        .map(|value| value.as_usize() as u64)
}

fn pruned(metrics: &MetricsSet, name: &str) -> Option<Skipped> {
    match metrics.sum_by_name(name)? {
        MetricValue::PruningMetrics {
            pruning_metrics, ..
        } => {
            let skipped = pruning_metrics.pruned() as u64;
            let of = skipped + pruning_metrics.matched() as u64;
            (of > 0).then_some(Skipped { skipped, of })
        }
        _ => None,
    }
}
