//! Running a pipeline: one step after the other, each recorded when it has ended.

use std::time::Instant;

use chrono::Utc;
use futures::TryStreamExt;

use super::fingerprint::fingerprint;
use super::graph::{Footprint, order};
use super::history::{RunRecord, StepRecord, last_successes};
use super::mirror::Mirror;
use super::{Pipeline, Progress, RunReport, RunRequest, Step, StepReport, StepStatus};
use crate::execute::{Outcome, execute};
use crate::session::{Session, Target};
use crate::{Error, Kind, Result};

/// Runs a pipeline to its end or to its first error. Every step that has ended is on record, so a
/// run that was killed goes on where it stopped.
///
/// # Errors
/// [`Kind::Locked`] while another process runs the pipeline; the error of the step that failed.
pub async fn run(
    session: Session,
    request: &RunRequest,
    mut progress: impl FnMut(Progress<'_>) + Send,
) -> Result<RunReport> {
    let started = Instant::now();
    let mut pipeline = Pipeline::open(&request.path, &request.parameters)?;
    let session = session.with_pipeline(
        pipeline.folder.clone(),
        std::mem::take(&mut pipeline.connections),
        std::mem::take(&mut pipeline.environment),
    );
    let footprints = pipeline
        .steps
        .iter()
        .map(|step| Footprint::of(step, &session))
        .collect::<Result<Vec<_>>>()?;
    let order = order(&pipeline.steps, &footprints)?;
    let Some(_lock) = session.warehouse().try_lock_pipeline(&pipeline.name)? else {
        return Err(Error::new(
            Kind::Locked,
            format!("pipeline {} is running already", pipeline.name),
        )
        .hint("wait for the other run to end"));
    };
    let record = RunRecord {
        run_id: session.run_id().to_owned(),
        pipeline: pipeline.name.clone(),
        parameters: serde_json::to_string(&shown_parameters(&pipeline)).unwrap_or_default(),
        started_at: Utc::now(),
        mirror: Mirror::of(&pipeline, &session)?,
    };
    if record.start(&session).await? {
        clean_up(&session, &pipeline).await?;
    }
    let mut steps = Vec::with_capacity(order.len());
    let ended = run_steps(
        &session,
        &pipeline,
        &order,
        request.full_refresh,
        &record,
        &mut steps,
        &mut progress,
    )
    .await;
    let error = ended.as_ref().err().map(ToString::to_string);
    let kept = record.finish(&session, &steps, error).await;
    ended?;
    kept?;
    Ok(RunReport {
        pipeline: pipeline.name,
        run_id: record.run_id,
        steps,
        time: started.elapsed(),
        status_fault: record.mirror.as_ref().and_then(Mirror::fault),
    })
}

/// After a run that was killed: a step that is skipped now may have been stopped between its commit
/// and the removal of the files that it had replaced.
async fn clean_up(session: &Session, pipeline: &Pipeline) -> Result<()> {
    let statements = pipeline.steps.iter().flat_map(|step| &step.statements);
    for name in statements.filter_map(|parsed| parsed.statement.writes()) {
        if let Ok(Target::Warehouse(id)) = session.resolve(name) {
            session.warehouse().clean_up(&id).await?;
        }
    }
    Ok(())
}

async fn run_steps(
    session: &Session,
    pipeline: &Pipeline,
    order: &[usize],
    full_refresh: bool,
    record: &RunRecord,
    reports: &mut Vec<StepReport>,
    progress: &mut (impl FnMut(Progress<'_>) + Send),
) -> Result<()> {
    let successes = if full_refresh {
        Default::default()
    } else {
        last_successes(session, &pipeline.name).await?
    };
    let mut skipped = Vec::new();
    for (number, index) in order.iter().enumerate() {
        let step = &pipeline.steps[*index];
        progress(Progress::Started(number + 1, order.len(), &step.name));
        let (ended, error) = run_step(session, pipeline, step, successes.get(&step.name)).await;
        progress(Progress::Ended(number + 1, order.len(), &ended.report));
        reports.push(ended.report.clone());
        match ended.report.status {
            StepStatus::Skipped => skipped.push(ended),
            StepStatus::Succeeded | StepStatus::Failed => {
                record.keep_steps(session, &[ended]).await?
            }
        }
        if let Some(error) = error {
            return Err(error);
        }
    }
    record.keep_steps(session, &skipped).await
}

/// Runs a step unless nothing has changed; an error comes beside the record of the step.
async fn run_step(
    session: &Session,
    pipeline: &Pipeline,
    step: &Step,
    last_success: Option<&String>,
) -> (StepRecord, Option<Error>) {
    let started_at = Utc::now();
    let started = Instant::now();
    let mut report = StepReport {
        step: step.name.clone(),
        status: StepStatus::Succeeded,
        rows: None,
        copied: Vec::new(),
        time: started.elapsed(),
    };
    let ended = run_statements(session, pipeline, step, last_success, &mut report).await;
    report.time = started.elapsed();
    let (fingerprint, error) = match ended {
        Ok(fingerprint) => (Some(fingerprint), None),
        Err(error) => {
            report.status = StepStatus::Failed;
            (None, Some(step.script.locate(error)))
        }
    };
    let message = error.as_ref().map(ToString::to_string);
    (
        StepRecord {
            report,
            fingerprint,
            started_at,
            finished_at: Utc::now(),
            error: message,
        },
        error,
    )
}

async fn run_statements(
    session: &Session,
    pipeline: &Pipeline,
    step: &Step,
    last_success: Option<&String>,
    report: &mut StepReport,
) -> Result<String> {
    if let Some(last) = last_success {
        let now = fingerprint(session, pipeline, step).await?;
        if now == *last {
            report.status = StepStatus::Skipped;
            return Ok(now);
        }
    }
    for parsed in &step.statements {
        let locate = |error| step.script.locate(parsed.locate(error));
        let outcome = execute(session, parsed.statement.clone())
            .await
            .map_err(locate)?;
        take_in(outcome, report).await.map_err(locate)?;
    }
    fingerprint(session, pipeline, step).await
}

async fn take_in(outcome: Outcome, report: &mut StepReport) -> Result<()> {
    let written = match outcome {
        // A query in a step is run for its errors; nobody is there to read its rows.
        Outcome::Rows(rows) => rows
            .try_for_each(|_| async { Ok(()) })
            .await
            .map(|()| None)?,
        Outcome::Done(done) => done.rows,
        Outcome::Copied(copied) => {
            let loaded = copied.iter().map(|source| source.loaded).sum();
            report.copied.extend(copied);
            Some(loaded)
        }
    };
    if let Some(rows) = written {
        report.rows = Some(report.rows.unwrap_or(0) + rows);
    }
    Ok(())
}

fn shown_parameters(pipeline: &Pipeline) -> std::collections::BTreeMap<&String, String> {
    pipeline
        .parameters
        .iter()
        .map(|(name, value)| (name, value.to_string()))
        .collect()
}
