//! Calls on a kept model: predictions for new rows, and the coefficients.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::Schema;
use datafusion::common::{DFSchema, Result};

use super::call::{coefficient_fields, coefficients};
use super::family::Family;
use super::function::Asked;
use super::model::Kept;
use super::rows::RowReader;
use super::study::predict;
use super::target::{prediction_columns, prediction_fields};
use crate::table::columns::{check_column, check_numeric};
use crate::table::function::{Call, Execution, Output, Request, Results, RowWise, Run, RunContext};
use crate::table::relation_arguments::MODEL;

/// Predictions by a kept model. Two calls are the same if they name the same version.
#[derive(Debug)]
pub(super) struct PredictCall<F: Family> {
    kept: Arc<Kept<F::Model>>,
}

impl<F: Family> PredictCall<F> {
    /// Checks that the input has the columns that the model needs.
    pub(super) fn try_new(
        kept: Arc<Kept<F::Model>>,
        request: &Request<'_>,
        input: &DFSchema,
    ) -> Result<Self> {
        let argument = request.arguments.required(MODEL, "'my_model' in front")?;
        let encoder = &kept.learnt.encoder;
        for name in &encoder.features {
            check_column(argument, name, input)?;
            check_numeric(argument, name, input)?;
        }
        for category in &encoder.one_hot {
            check_column(argument, &category.column, input)?;
        }
        Ok(PredictCall { kept })
    }
}

impl<M> PartialEq for Kept<M> {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.version) == (&other.name, other.version)
    }
}

impl<M> Eq for Kept<M> {}

impl<M> Hash for Kept<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.version).hash(state);
    }
}

impl<M> fmt::Display for Kept<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model={}, version={}", self.name, self.version)
    }
}

impl<F: Family> PartialEq for PredictCall<F> {
    fn eq(&self, other: &Self) -> bool {
        self.kept == other.kept
    }
}

impl<F: Family> Eq for PredictCall<F> {}

impl<F: Family> Hash for PredictCall<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kept.hash(state);
    }
}

impl<F: Family> fmt::Display for PredictCall<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept.fmt(f)
    }
}

impl<F: Family> Call for PredictCall<F> {
    fn function(&self) -> &'static str {
        F::name(Asked::Predictions)
    }

    fn output(&self, _input: &Schema) -> Result<Output> {
        Ok(Output::Added(prediction_fields(self.kept.learnt.kind)))
    }

    fn reads(&self, column: &str) -> bool {
        let encoder = &self.kept.learnt.encoder;
        encoder.features.iter().any(|name| name == column)
            || encoder
                .one_hot
                .iter()
                .any(|category| category.column == column)
    }

    fn splits_by(&self, _column: &str) -> bool {
        false
    }

    /// Each row is taken by itself.
    fn is_row_wise(&self) -> bool {
        true
    }

    fn begin(&self, _input: &Schema, context: RunContext) -> Result<Execution> {
        Ok(Execution::RowWise(Box::new(Prediction::<F> {
            kept: Arc::clone(&self.kept),
            context,
        })))
    }
}

/// One execution.
struct Prediction<F: Family> {
    kept: Arc<Kept<F::Model>>,
    context: RunContext,
}

impl<F: Family> RowWise for Prediction<F> {
    fn columns(&mut self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        let learnt = &self.kept.learnt;
        let encoder = &learnt.encoder;
        let categories = encoder.one_hot.iter();
        let known = categories.map(|category| (&category.column, category.values.as_slice()));
        let name = F::name(Asked::Predictions);
        let reader = RowReader::new(name, encoder.features.clone(), None);
        let mut reader = reader.with_known_texts(known);
        reader.take(batch)?;
        let rows = reader.finish();
        let scores = predict::<F>(learnt, &rows, &self.context)?;
        Ok(prediction_columns(
            learnt.kind,
            &learnt.classes,
            &rows.places,
            &scores,
            rows.total,
        ))
    }
}

/// The coefficients of a kept model.
#[derive(Debug)]
pub(super) struct KeptCall<F: Family> {
    kept: Arc<Kept<F::Model>>,
}

impl<F: Family> KeptCall<F> {
    pub(super) fn new(kept: Arc<Kept<F::Model>>) -> Self {
        KeptCall { kept }
    }
}

impl<F: Family> PartialEq for KeptCall<F> {
    fn eq(&self, other: &Self) -> bool {
        self.kept == other.kept
    }
}

impl<F: Family> Eq for KeptCall<F> {}

impl<F: Family> Hash for KeptCall<F> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kept.hash(state);
    }
}

impl<F: Family> fmt::Display for KeptCall<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept.fmt(f)
    }
}

impl<F: Family> Call for KeptCall<F> {
    fn function(&self) -> &'static str {
        F::name(Asked::Coefficients)
    }

    fn output(&self, _input: &Schema) -> Result<Output> {
        Ok(Output::Table(coefficient_fields(F::LEARNS_CLASSES)))
    }

    fn reads(&self, _column: &str) -> bool {
        false
    }

    fn splits_by(&self, _column: &str) -> bool {
        false
    }

    fn begin(&self, _input: &Schema, _context: RunContext) -> Result<Execution> {
        let run = KeptRun::<F>(Arc::clone(&self.kept));
        Ok(Execution::Collected(Box::new(run)))
    }
}

/// One execution: there is nothing to read.
struct KeptRun<F: Family>(Arc<Kept<F::Model>>);

impl<F: Family> Run for KeptRun<F> {
    fn bytes_of(&self, _rows: usize) -> usize {
        0
    }

    fn take(&mut self, _batch: &RecordBatch) -> Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        Ok(Results::Table(coefficients::<F>(&self.0.learnt)?))
    }
}
