//! EXPLAIN ANALYZE: a query is run, its rows are thrown away, and what each operator did is told as a
//! tree that a person can read.
//!
//! ```text
//! total 12.4 ms, 30.1 ms of computing on all threads
//!      time  share        rows     bytes  spilled
//!    1.2 ms    4 %           3       96 B          SortPreservingMergeExec [hospital ASC]
//!   18.9 ms   63 % #1        3       96 B          └─ AggregateExec mode=FinalPartitioned, gby=[hospital]
//!    9.1 ms   30 % #2  100,000     1.2 MB             └─ DeltaScanExec raw.admissions, 3 of 12 files skipped
//! ```
//!
//! `EXPLAIN VERBOSE`, `EXPLAIN ANALYZE VERBOSE` and any with FORMAT stay those of the query engine. With
//! `--format json` and the like the operators are rows, with their depth in the tree.

mod measure;
mod rows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;

use crate::Result;
use crate::session::Planner;

pub use rows::{analyze_schema, from_batch};

/// One operator of a plan and what it did; its times and counts are those of all threads together.
#[derive(Debug, Clone, PartialEq)]
pub struct Operator {
    /// What the query engine calls it, such as `FilterExec`.
    pub name: String,
    /// What it does, such as its condition.
    pub detail: String,
    /// How many operators are above it.
    pub depth: usize,
    /// Time that it computed, without the operators below it.
    pub time: Duration,
    /// Its part of the time that all operators computed, from 0 to 1.
    pub share: f64,
    /// 1 to 3 for the three that computed longest.
    pub rank: Option<usize>,
    /// Rows that it gave.
    pub rows: Option<u64>,
    /// Bytes that it gave, or read from files.
    pub bytes: Option<u64>,
    /// Bytes that it wrote to disk because they did not fit in memory.
    pub spilled: u64,
    /// Data files that it did not read.
    pub files: Option<Skipped>,
    /// Parts of these that it did not read.
    pub row_groups: Option<Skipped>,
}

/// How much was not read, because it could hold no row that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skipped {
    /// Left out.
    pub skipped: u64,
    /// Of so many.
    pub of: u64,
}

/// What became of a query: its operators, each before those below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// From start to end.
    pub total: Duration,
    /// The operators.
    pub operators: Vec<Operator>,
}

/// Runs the plan below an EXPLAIN ANALYZE and tells what its operators did.
///
/// # Errors
/// Those of the query.
pub async fn analyze(planner: &Planner, plan: &LogicalPlan) -> Result<RecordBatch> {
    let started = Instant::now();
    let operators = planner.physical(plan).await?;
    let mut rows = execute_stream(Arc::clone(&operators), planner.state().task_ctx())?;
    while let Some(batch) = rows.next().await {
        batch?;
    }
    drop(rows);
    let analysis = Analysis {
        total: started.elapsed(),
        operators: measure::operators(&operators, planner.snapshot()),
    };
    rows::to_batch(&analysis)
}
