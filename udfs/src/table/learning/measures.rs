//! How good predictions are: a row of measures, on the rows that were held out and on those that were
//! learnt from.
//!
//! What cannot be measured is NULL: nothing was held out, the target does not vary, or (area under
//! the curve) there are not two classes.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::Result;

use super::study::Study;
use super::target::largest;

const COUNTS: [&str; 3] = ["rows_trained", "rows_held_out", "rows_skipped"];
const NUMBER: [&str; 6] = [
    "rmse",
    "mae",
    "r2",
    "trained_rmse",
    "trained_mae",
    "trained_r2",
];
const CLASSES: [&str; 8] = [
    "accuracy",
    "precision",
    "recall",
    "f1",
    "auc",
    "log_loss",
    "trained_accuracy",
    "trained_log_loss",
];

/// The columns of the measures.
pub(super) fn measure_fields(classes: bool) -> Vec<FieldRef> {
    let measures: &[&str] = if classes { &CLASSES } else { &NUMBER };
    let field = |name: &&str, data_type| Arc::new(Field::new(*name, data_type, true));
    let counts = COUNTS.iter().map(|name| field(name, DataType::Int64));
    let measures = measures.iter().map(|name| field(name, DataType::Float64));
    counts.chain(measures).collect()
}

/// The measures of a study, as one row.
pub(super) fn measure<M>(study: &Study<M>) -> Result<RecordBatch> {
    let classes = study.learnt.classes.len();
    let held_out = Side::of(study, true);
    let trained = Side::of(study, false);
    let measures: Vec<Option<f64>> = match classes {
        0 => vec![
            held_out.rmse(),
            held_out.mae(),
            held_out.r2(),
            trained.rmse(),
            trained.mae(),
            trained.r2(),
        ],
        _ => {
            let [precision, recall, f1] = held_out.by_class();
            vec![
                held_out.accuracy(),
                precision,
                recall,
                f1,
                held_out.auc(),
                held_out.log_loss(),
                trained.accuracy(),
                trained.log_loss(),
            ]
        }
    };
    let (held_out, trained) = (held_out.targets.len(), trained.targets.len());
    let skipped = study.rows.total - held_out - trained;
    let count =
        |count: usize| -> ArrayRef { Arc::new(Int64Array::from(vec![i64::try_from(count).ok()])) };
    let number = |number: &Option<f64>| -> ArrayRef { Arc::new(Float64Array::from(vec![*number])) };
    let columns = [trained, held_out, skipped].into_iter().map(count);
    let columns = columns.chain(measures.iter().map(number)).collect();
    let schema = Arc::new(Schema::new(measure_fields(classes > 0)));
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Rows that are measured together.
#[derive(Debug)]
struct Side<'a> {
    targets: Vec<f64>,
    scores: Vec<&'a [f64]>,
    classes: usize,
}

impl<'a> Side<'a> {
    fn of<M>(study: &'a Study<M>, held_out: bool) -> Self {
        let classes = study.learnt.classes.len();
        let scores = study.scores.chunks(classes.max(1));
        let rows = study.held_out.iter().zip(&study.rows.targets).zip(scores);
        let (targets, scores) = rows
            .filter(|((held, _), _)| **held == Some(held_out))
            .map(|((_, target), scores)| (*target, scores))
            .unzip();
        Side {
            targets,
            scores,
            classes,
        }
    }

    /// The mean over the rows of something; none without rows.
    fn mean(&self, of: impl Fn(f64, &[f64]) -> f64) -> Option<f64> {
        let rows = self.targets.iter().zip(&self.scores);
        let sum: f64 = rows.map(|(target, scores)| of(*target, scores)).sum();
        (!self.targets.is_empty()).then(|| sum / self.targets.len() as f64)
    }

    fn rmse(&self) -> Option<f64> {
        Some(
            self.mean(|target, scores| (target - scores[0]).powi(2))?
                .sqrt(),
        )
    }

    fn mae(&self) -> Option<f64> {
        self.mean(|target, scores| (target - scores[0]).abs())
    }

    /// The share of the variance that is explained.
    fn r2(&self) -> Option<f64> {
        let mean = self.mean(|target, _| target)?;
        let variance = self.mean(|target, _| (target - mean).powi(2))?;
        (variance > 0.0).then_some(1.0 - self.rmse()?.powi(2) / variance)
    }

    fn accuracy(&self) -> Option<f64> {
        self.mean(|target, scores| f64::from(u8::from(largest(scores).0 == target as usize)))
    }

    /// The mean of minus the logarithm of the probability of the true class. No probability counts as
    /// less than the smallest distance of a number to 1, as one row would be infinitely wrong.
    fn log_loss(&self) -> Option<f64> {
        self.mean(|target, scores| -scores[target as usize].max(f64::EPSILON).ln())
    }

    /// Precision, recall and F1: of the second of two classes, or the mean of all classes. A share of
    /// nothing is 0.
    fn by_class(&self) -> [Option<f64>; 3] {
        if self.targets.is_empty() {
            return [None; 3];
        }
        let measured = match self.classes {
            2 => 1..2,
            classes => 0..classes,
        };
        let count = measured.len() as f64;
        let mut sums = [0.0; 3];
        for class in measured {
            let (mut right, mut predicted, mut actual) = (0.0, 0.0, 0.0);
            for (target, scores) in self.targets.iter().zip(&self.scores) {
                let is_predicted = largest(scores).0 == class;
                let is_actual = *target as usize == class;
                right += f64::from(u8::from(is_predicted && is_actual));
                predicted += f64::from(u8::from(is_predicted));
                actual += f64::from(u8::from(is_actual));
            }
            let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
            sums[0] += share(right, predicted);
            sums[1] += share(right, actual);
            sums[2] += share(2.0 * right, predicted + actual);
        }
        sums.map(|sum| Some(sum / count))
    }

    /// The area under the receiver operating characteristic: how often a row of the second class has
    /// the larger score than one of the first (D. Hand, R. Till, 2001); equal scores count half.
    fn auc(&self) -> Option<f64> {
        if self.classes != 2 {
            return None;
        }
        let rows = self.targets.iter().zip(&self.scores);
        let mut rows: Vec<(f64, bool)> = rows
            .map(|(target, scores)| (scores[1], *target > 0.0))
            .collect();
        rows.sort_by(|left, right| left.0.total_cmp(&right.0));
        let (mut below, mut wins, mut positives) = (0.0, 0.0, 0.0);
        for equal in rows.chunk_by(|left, right| left.0 == right.0) {
            let second = equal.iter().filter(|(_, second)| *second).count() as f64;
            let first = equal.len() as f64 - second;
            wins += second * (below + first / 2.0);
            below += first;
            positives += second;
        }
        (below > 0.0 && positives > 0.0).then(|| wins / (below * positives))
    }
}
