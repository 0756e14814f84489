//! `system.runs` and `system.steps`: what ran, when, and how it ended.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use chrono::{DateTime, Utc};

use super::mirror::{Mirror, Rows};
use super::{StepReport, StepStatus};
use crate::Result;
use crate::session::Session;
use crate::sql::literal;
use crate::warehouse::system::{self, SystemTable};

/// A run while it goes on.
#[derive(Debug)]
pub(super) struct RunRecord {
    pub(super) run_id: String,
    pub(super) pipeline: String,
    pub(super) parameters: String,
    pub(super) started_at: DateTime<Utc>,
    /// A copy for those who do not look into the warehouse.
    pub(super) mirror: Option<Mirror>,
}

/// A step that has ended.
#[derive(Debug)]
pub(super) struct StepRecord {
    pub(super) report: StepReport,
    pub(super) fingerprint: Option<String>,
    pub(super) started_at: DateTime<Utc>,
    pub(super) finished_at: DateTime<Utc>,
    pub(super) error: Option<String>,
}

impl RunRecord {
    /// Writes that the run has started. The caller holds the lock of the pipeline, so a run that
    /// is still called running was killed: it becomes interrupted. Says whether there was one.
    pub(super) async fn start(&self, session: &Session) -> Result<bool> {
        let mut was_killed = false;
        let stale = format!(
            "pipeline = {} AND status = 'running'",
            literal(&self.pipeline)
        );
        for batch in system::records(session, SystemTable::Runs, &stale).await? {
            let mut columns: Vec<ArrayRef> = SystemTable::Runs
                .schema()
                .fields()
                .iter()
                .zip(batch.columns())
                .map(|(field, column)| cast(column, field.data_type()))
                .collect::<Result<_, _>>()?;
            columns[2] = Arc::new(StringArray::from(vec!["interrupted"; batch.num_rows()]));
            was_killed = was_killed || batch.num_rows() > 0;
            let interrupted = system::record(SystemTable::Runs, columns)?;
            system::amend(session, SystemTable::Runs, &stale, interrupted).await?;
        }
        system::append(
            session,
            SystemTable::Runs,
            self.row("running", &[], None, None)?,
        )
        .await?;
        self.mirror(session, Rows::All).await;
        Ok(was_killed)
    }

    /// Writes how the run has ended, in place of the running one.
    pub(super) async fn finish(
        &self,
        session: &Session,
        steps: &[StepReport],
        error: Option<String>,
    ) -> Result<()> {
        let status = if error.is_some() {
            "failed"
        } else {
            "succeeded"
        };
        let row = self.row(status, steps, Some(Utc::now()), error)?;
        system::amend(
            session,
            SystemTable::Runs,
            &format!("run_id = {}", literal(&self.run_id)),
            row,
        )
        .await?;
        let fault = self.mirror.as_ref().and_then(Mirror::fault);
        let rows = match fault {
            None => Rows::OfRun(&self.run_id),
            Some(_) => Rows::All,
        };
        self.mirror(session, rows).await;
        Ok(())
    }

    /// Writes steps that have ended.
    pub(super) async fn keep_steps(&self, session: &Session, steps: &[StepRecord]) -> Result<()> {
        if steps.is_empty() {
            return Ok(());
        }
        let text = |value: &dyn Fn(&StepRecord) -> Option<String>| {
            Arc::new(steps.iter().map(value).collect::<StringArray>()) as ArrayRef
        };
        let rows = steps
            .iter()
            .map(|step| step.report.rows.map(|rows| rows as i64))
            .collect::<Int64Array>();
        let batch = system::record(
            SystemTable::Steps,
            vec![
                text(&|_| Some(self.run_id.clone())),
                text(&|_| Some(self.pipeline.clone())),
                text(&|step| Some(step.report.step.clone())),
                text(&|step| Some(step.report.status.name().to_owned())),
                Arc::new(rows),
                text(&|step| step.fingerprint.clone()),
                times(steps.iter().map(|step| Some(step.started_at))),
                times(steps.iter().map(|step| Some(step.finished_at))),
                text(&|step| step.error.clone()),
            ],
        )?;
        system::append(session, SystemTable::Steps, batch).await?;
        self.mirror(session, Rows::OfRun(&self.run_id)).await;
        Ok(())
    }

    async fn mirror(&self, session: &Session, rows: Rows<'_>) {
        if let Some(mirror) = &self.mirror {
            mirror.keep(session, rows).await;
        }
    }

    fn row(
        &self,
        status: &str,
        steps: &[StepReport],
        finished_at: Option<DateTime<Utc>>,
        error: Option<String>,
    ) -> Result<RecordBatch> {
        let text = |value: Option<String>| Arc::new(StringArray::from(vec![value])) as ArrayRef;
        let count = |status: StepStatus| {
            let count = steps.iter().filter(|step| step.status == status).count();
            Arc::new(Int64Array::from(vec![finished_at.map(|_| count as i64)])) as ArrayRef
        };
        system::record(
            SystemTable::Runs,
            vec![
                text(Some(self.run_id.clone())),
                text(Some(self.pipeline.clone())),
                text(Some(status.to_owned())),
                text(Some(self.parameters.clone())),
                count(StepStatus::Succeeded),
                count(StepStatus::Skipped),
                times([Some(self.started_at)]),
                times([finished_at]),
                text(error),
            ],
        )
    }
}

/// For each step of a pipeline the fingerprint of its last success, unless it failed since.
pub(super) async fn last_successes(
    session: &Session,
    pipeline: &str,
) -> Result<HashMap<String, String>> {
    let condition = format!("pipeline = {}", literal(pipeline));
    let mut latest: HashMap<String, (i64, Option<String>)> = HashMap::new();
    for batch in system::records(session, SystemTable::Steps, &condition).await? {
        let text = |name: &str| -> Result<ArrayRef> {
            Ok(cast(
                batch.column(batch.schema().index_of(name)?),
                &DataType::Utf8,
            )?)
        };
        let (steps, fingerprints) = (text("step")?, text("fingerprint")?);
        let finished = cast(
            batch.column(batch.schema().index_of("finished_at")?),
            &DataType::Int64,
        )?;
        let finished = finished.as_primitive::<arrow::datatypes::Int64Type>();
        let rows = steps
            .as_string::<i32>()
            .iter()
            .zip(fingerprints.as_string::<i32>())
            .zip(finished);
        for ((step, fingerprint), finished) in rows {
            let (Some(step), Some(finished)) = (step, finished) else {
                continue;
            };
            let known = latest.get(step).map_or(i64::MIN, |(known, _)| *known);
            if finished >= known {
                latest.insert(step.to_owned(), (finished, fingerprint.map(str::to_owned)));
            }
        }
    }
    Ok(latest
        .into_iter()
        .filter_map(|(step, (_, fingerprint))| Some((step, fingerprint?)))
        .collect())
}

fn times(values: impl IntoIterator<Item = Option<DateTime<Utc>>>) -> ArrayRef {
    let times = values
        .into_iter()
        .map(|time| time.map(|time| time.timestamp_micros()));
    Arc::new(
        times
            .collect::<TimestampMicrosecondArray>()
            .with_timezone("UTC"),
    )
}
