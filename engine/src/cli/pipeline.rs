//! `tidemill run`: a line per step while it runs, then what became of every row.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::print::{Format, print_batches};
use super::progress_line::ProgressLine;
use super::runtime::Runtime;
use crate::Result;
use crate::pipelines::{self, Progress, RunReport, RunRequest, StepReport, StepStatus};
use crate::progress as load;
use crate::reconciliation::Copied;
use crate::report::{self, duration, grouped};
use crate::session::Session;

/// Runs a pipeline, says what happens on stderr, and prints the closing table.
///
/// # Errors
/// That of the step that failed.
pub fn run(
    session: Session,
    runtime: &Runtime,
    request: &RunRequest,
    format: Format,
) -> Result<()> {
    let request = request.clone();
    let mut line = StepLine::new(session.progress().clone());
    let run = async move {
        pipelines::run(session, &request, move |progress| line.show(&progress)).await
    };
    let report = runtime.run(run)?;
    let steps = step_rows(&report)?;
    print_batches(format, &steps.schema(), std::slice::from_ref(&steps))?;
    let copied: Vec<Copied> = report
        .steps
        .iter()
        .flat_map(|step| step.copied.iter().cloned())
        .collect();
    if !copied.is_empty() && format == Format::Table {
        let copied = Copied::to_batch(&copied)?;
        print_batches(format, &copied.schema(), std::slice::from_ref(&copied))?;
    }
    report::note(&closing(&report));
    if let Some(fault) = &report.status_fault {
        report::note(fault);
    }
    Ok(())
}

/// The line of the step that runs: with a clock on a terminal, only its end elsewhere.
struct StepLine {
    /// That of the load in the step, which has a line of its own below.
    load: load::Progress,
    lines: MultiProgress,
    shown: Option<(ProgressBar, ProgressLine)>,
}

/// After Ctrl-C nobody tells the line that its step has ended.
impl Drop for StepLine {
    fn drop(&mut self) {
        self.clear();
    }
}

impl StepLine {
    fn new(load: load::Progress) -> Self {
        StepLine {
            load,
            lines: MultiProgress::new(),
            shown: None,
        }
    }

    fn clear(&mut self) {
        if let Some((spinner, load)) = self.shown.take() {
            drop(load);
            spinner.finish_and_clear();
            self.lines.remove(&spinner);
            // A terminal that takes nothing needs no clearing either.
            let _ = self.lines.clear();
        }
    }

    fn show(&mut self, progress: &Progress<'_>) {
        match progress {
            Progress::Started(number, count, step) => {
                let spinner = self.lines.add(ProgressBar::new_spinner());
                spinner.set_message(format!("[{number}/{count}] {step}"));
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                    spinner.set_style(style);
                }
                spinner.enable_steady_tick(std::time::Duration::from_millis(100));
                let load = ProgressLine::below(&self.lines, self.load.clone());
                self.shown = Some((spinner, load));
            }
            Progress::Ended(number, count, step) => {
                self.clear();
                report::note(&format!("[{number}/{count}] {}", describe(step)));
                report::rejected(&step.copied);
            }
        }
    }
}

fn describe(step: &StepReport) -> String {
    let rows = step
        .rows
        .map(|rows| format!(", {} rows", grouped(rows)))
        .unwrap_or_default();
    let word = match step.status {
        StepStatus::Succeeded => "done",
        StepStatus::Skipped => "unchanged, skipped",
        StepStatus::Failed => "failed",
    };
    format!("{}: {word}{rows}, {}", step.step, duration(step.time))
}

fn closing(run: &RunReport) -> String {
    let count = |status| {
        run.steps
            .iter()
            .filter(|step| step.status == status)
            .count()
    };
    let (ran, skipped) = (count(StepStatus::Succeeded), count(StepStatus::Skipped));
    let (pipeline, time) = (&run.pipeline, duration(run.time));
    if ran == 0 {
        return format!(
            "{pipeline}: nothing has changed: 0 rows loaded, all {skipped} steps skipped, {time}"
        );
    }
    let written: u64 = run.steps.iter().filter_map(|step| step.rows).sum();
    let reconciled = match run.steps.iter().any(|step| !step.copied.is_empty()) {
        true => "; every COPY INTO reconciles: read = loaded + rejected + duplicate",
        false => "",
    };
    let rows = grouped(written);
    format!(
        "{pipeline}: {ran} steps ran, {skipped} skipped, {rows} rows written in {time}{reconciled}"
    )
}

fn step_rows(run: &RunReport) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&StepReport) -> String| {
        Arc::new(
            run.steps
                .iter()
                .map(|step| Some(value(step)))
                .collect::<StringArray>(),
        ) as ArrayRef
    };
    let rows = run
        .steps
        .iter()
        .map(|step| step.rows)
        .collect::<UInt64Array>();
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("step", text(&|step| step.step.clone()), false),
        ("status", text(&|step| step.status.name().to_owned()), false),
        ("rows", Arc::new(rows) as ArrayRef, true),
        ("time", text(&|step| duration(step.time)), false),
    ])?)
}
