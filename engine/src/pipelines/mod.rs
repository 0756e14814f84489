//! Pipelines: a folder of SQL files, run in the order that their SQL asks for.
//!
//! A step is one file. What it reads and writes is found by parsing it, so nobody declares an
//! order; the numbers in file names only help the reader. A step whose text, parameters and inputs
//! are as they were when it last succeeded is skipped.

mod definition;
mod fingerprint;
mod graph;
mod history;
mod mirror;
mod run;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

pub use definition::{Pipeline, Step};
pub use run::run;

use crate::reconciliation::Copied;

/// What to run.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The folder of a pipeline, or one SQL file.
    pub path: PathBuf,
    /// Run steps even if nothing has changed.
    pub full_refresh: bool,
    /// Parameters as given, untyped.
    pub parameters: BTreeMap<String, String>,
}

/// What a run did.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The pipeline.
    pub pipeline: String,
    /// The key of the run in `system.runs` and `system.steps`.
    pub run_id: String,
    /// Its steps in the order in which they ran.
    pub steps: Vec<StepReport>,
    /// From start to end.
    pub time: Duration,
    /// Why the table that `status` names may not be up to date.
    pub status_fault: Option<String>,
}

/// What one step did.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// The file without its ending.
    pub step: String,
    /// How it ended.
    pub status: StepStatus,
    /// Rows written; `None` for a step that writes none, such as a view.
    pub rows: Option<u64>,
    /// What became of the sources of its COPY INTO statements.
    pub copied: Vec<Copied>,
    /// From start to end.
    pub time: Duration,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// It ran.
    Succeeded,
    /// Nothing had changed.
    Skipped,
    /// An error stopped it, and the run.
    Failed,
}

impl StepStatus {
    /// The word in tables.
    pub fn name(self) -> &'static str {
        match self {
            StepStatus::Succeeded => "succeeded",
            StepStatus::Skipped => "skipped",
            StepStatus::Failed => "failed",
        }
    }
}

/// What happens during a run, for whoever shows it.
#[derive(Debug)]
pub enum Progress<'a> {
    /// A step begins: its number from 1, of how many, and its name.
    Started(usize, usize, &'a str),
    /// A step has ended.
    Ended(usize, usize, &'a StepReport),
}
