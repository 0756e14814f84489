//! A call of `gaussian_mixture`, and its execution.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::Result;

use super::NAME;
use super::arguments::Parameters;
use super::fit::fit;
use crate::table::execution_refusal;
use crate::table::function::{Call, Execution, Output, Results, Run, RunContext};
use crate::table::learning::rows::{RowReader, TargetColumn};
use crate::table::learning::target::{TargetKind, largest};
use crate::table::learning::{Levels, Matrix};

/// A call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct MixtureCall(Arc<Parameters>);

impl MixtureCall {
    pub(super) fn new(parameters: Parameters) -> Self {
        MixtureCall(Arc::new(parameters))
    }
}

impl fmt::Display for MixtureCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Call for MixtureCall {
    fn function(&self) -> &'static str {
        NAME
    }

    fn output(&self, _input: &Schema) -> Result<Output> {
        let field = |name: &str, data_type| Arc::new(Field::new(name, data_type, true));
        Ok(Output::Added(vec![
            field("cluster", DataType::Int64),
            field("label", DataType::Utf8),
            field("probability", DataType::Float64),
        ]))
    }

    fn reads(&self, column: &str) -> bool {
        self.0.features.iter().any(|name| name == column) || self.0.label_by == column
    }

    fn splits_by(&self, _column: &str) -> bool {
        false
    }

    fn begin(&self, _input: &Schema, context: RunContext) -> Result<Execution> {
        // What numbers the clusters comes along as a target does: it need not be there in each row.
        let label_by = TargetColumn {
            name: self.0.label_by.clone(),
            kind: TargetKind::Number,
        };
        let features = self.0.features.clone();
        Ok(Execution::Collected(Box::new(MixtureRun {
            reader: RowReader::new(NAME, features, Some(label_by)),
            parameters: Arc::clone(&self.0),
            context,
        })))
    }
}

/// One execution.
struct MixtureRun {
    parameters: Arc<Parameters>,
    reader: RowReader,
    context: RunContext,
}

impl Run for MixtureRun {
    fn bytes_of(&self, rows: usize) -> usize {
        self.reader.bytes_of(rows)
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        self.reader.take(batch)
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        let Parameters { k, features, .. } = self.parameters.as_ref();
        let rows = self.reader.finish();
        let total = rows.total;
        let mut best = vec![None; total];
        let mut matrix = Matrix {
            width: features.len(),
            values: rows.numbers,
        };
        if total > 0 {
            check_rows(&matrix, total, *k)?;
            // The shares before and after a step, those of the best run, and k-means.
            let row_bytes = size_of::<f64>() * (4 * k + matrix.width + 6);
            self.context.memory.grow(total * row_bytes)?;
            if self.parameters.standard {
                Levels::of(&matrix).apply(&mut matrix);
            }
            let shares = fit(&matrix, &self.parameters, &self.context.cancelled)?;
            let numbers = numbers(&shares, &rows.targets, *k);
            for (&place, shares) in rows.places.iter().zip(shares.chunks(*k)) {
                let (part, share) = largest(shares);
                best[place] = Some((numbers[part], share));
            }
        }
        let cluster: Int64Array = best
            .iter()
            .map(|best| best.map(|(number, _)| number))
            .collect();
        let labels = self.parameters.labels.as_deref();
        let label = |best: &Option<(i64, f64)>| labels?.get(usize::try_from((*best)?.0).ok()?);
        let label: StringArray = best.iter().map(label).collect();
        let share: Float64Array = best
            .iter()
            .map(|best| best.map(|(_, share)| share))
            .collect();
        Ok(Results::added(vec![
            Arc::new(cluster),
            Arc::new(label),
            Arc::new(share),
        ]))
    }
}

fn check_rows(matrix: &Matrix, total: usize, k: usize) -> Result<()> {
    // Equal rows are neighbours in canonical order.
    let next = matrix.rows().skip(1);
    let pairs = matrix.rows().zip(next).filter(|(row, next)| row != next);
    let different = pairs.count() + usize::from(matrix.len() > 0);
    if different >= k {
        return Ok(());
    }
    Err(execution_refusal(
        format!(
            "{NAME}: of {total} rows, {} have all features, {different} of them different: too few for k = {k}",
            matrix.len()
        ),
        "use a smaller k, or more rows",
    ))
}

/// The final number of each part: in the order of the means of `label_by` over the shares. Parts without
/// any value there come last.
fn numbers(shares: &[f64], label_values: &[f64], k: usize) -> Vec<i64> {
    let mut sums = vec![(0.0, 0.0); k];
    for (shares, value) in shares.chunks(k).zip(label_values) {
        if !value.is_nan() {
            for ((sum, weight), share) in sums.iter_mut().zip(shares) {
                *sum += share * value;
                *weight += share;
            }
        }
    }
    let mean = |part: &usize| match sums[*part] {
        (sum, weight) if weight > 0.0 => sum / weight,
        _ => f64::INFINITY,
    };
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|left, right| mean(left).total_cmp(&mean(right)));
    let mut numbers = vec![0; k];
    for (number, part) in (0..).zip(order) {
        numbers[part] = number;
    }
    numbers
}
