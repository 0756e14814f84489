//! Calls that learn, and their executions.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::Result;

use super::family::Family;
use super::function::Asked;
use super::measures::{measure, measure_fields};
use super::model::Learnt;
use super::parameters::Parameters;
use super::rows::{RowReader, TargetColumn};
use super::study::{Study, study};
use super::target::{TargetKind, prediction_columns, prediction_fields};
use crate::table::function::{Call, Execution, Output, Results, Run, RunContext};

/// The checked arguments, and what is to come out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct LearningCall<F> {
    asked: Asked,
    parameters: Arc<Parameters<F>>,
}

impl<F> LearningCall<F> {
    pub(super) fn new(asked: Asked, parameters: Parameters<F>) -> Self {
        LearningCall {
            asked,
            parameters: Arc::new(parameters),
        }
    }
}

impl<F: Family> fmt::Display for LearningCall<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parameters.fmt(f)
    }
}

impl<F: Family> Call for LearningCall<F> {
    fn function(&self) -> &'static str {
        F::name(self.asked)
    }

    fn output(&self, input: &Schema) -> Result<Output> {
        Ok(match self.asked {
            Asked::Rows | Asked::Predictions => {
                let mut fields = prediction_fields(self.parameters.kind(input)?);
                fields.push(Arc::new(Field::new("held_out", DataType::Boolean, true)));
                Output::Added(fields)
            }
            Asked::Measures => Output::Table(measure_fields(F::LEARNS_CLASSES)),
            Asked::Coefficients => Output::Table(coefficient_fields(F::LEARNS_CLASSES)),
        })
    }

    fn reads(&self, column: &str) -> bool {
        self.parameters.reads(column)
    }

    /// All rows learn together: no filter may come first.
    fn splits_by(&self, _column: &str) -> bool {
        false
    }

    fn begin(&self, input: &Schema, context: RunContext) -> Result<Execution> {
        let target = TargetColumn {
            name: self.parameters.target.clone(),
            kind: self.parameters.kind(input)?,
        };
        let features = self.parameters.features.clone();
        Ok(Execution::Collected(Box::new(LearningRun {
            asked: self.asked,
            kind: target.kind,
            reader: RowReader::new(F::name(self.asked), features, Some(target))
                .with_texts(&self.parameters.one_hot),
            parameters: Arc::clone(&self.parameters),
            context,
        })))
    }
}

/// One execution.
struct LearningRun<F> {
    asked: Asked,
    kind: TargetKind,
    parameters: Arc<Parameters<F>>,
    reader: RowReader,
    context: RunContext,
}

impl<F: Family> Run for LearningRun<F> {
    fn bytes_of(&self, rows: usize) -> usize {
        self.reader.bytes_of(rows)
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        self.reader.take(batch)
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        let rows = self.reader.finish();
        let study = study(rows, self.kind, &self.parameters, &self.context)?;
        Ok(match self.asked {
            Asked::Rows | Asked::Predictions => Results::added(predictions(&study)),
            Asked::Measures => Results::Table(measure(&study)?),
            Asked::Coefficients => Results::Table(coefficients::<F>(&study.learnt)?),
        })
    }
}

fn predictions<M>(study: &Study<M>) -> Vec<ArrayRef> {
    let Study {
        learnt,
        rows,
        held_out,
        scores,
    } = study;
    let mut columns = prediction_columns(
        learnt.kind,
        &learnt.classes,
        &rows.places,
        scores,
        rows.total,
    );
    let mut by_place = vec![None; rows.total];
    for (&place, held_out) in rows.places.iter().zip(held_out) {
        by_place[place] = *held_out;
    }
    columns.push(Arc::new(BooleanArray::from(by_place)));
    columns
}

/// The columns of the coefficients.
pub(super) fn coefficient_fields(classes: bool) -> Vec<FieldRef> {
    let field = |name: &str, data_type| Arc::new(Field::new(name, data_type, true));
    let class = classes.then(|| field("class", DataType::Utf8));
    let others = [
        field("term", DataType::Utf8),
        field("coefficient", DataType::Float64),
    ];
    class.into_iter().chain(others).collect()
}

/// What a model holds of each term.
pub(super) fn coefficients<F: Family>(learnt: &Learnt<F::Model>) -> Result<RecordBatch> {
    let coefficients = F::coefficients(&learnt.model, &learnt.classes);
    let mut terms = vec!["intercept".to_owned()];
    terms.extend(learnt.encoder.terms());
    let class: StringArray = coefficients.iter().map(|one| one.class.clone()).collect();
    let term: StringArray = terms
        .iter()
        .cycle()
        .take(coefficients.len())
        .map(Some)
        .collect();
    let value: Float64Array = coefficients.iter().map(|one| one.value).collect();
    let mut columns: Vec<ArrayRef> = vec![Arc::new(term), Arc::new(value)];
    if learnt.kind.is_classes() {
        columns.insert(0, Arc::new(class));
    }
    let schema = Schema::new(coefficient_fields(learnt.kind.is_classes()));
    Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
}
