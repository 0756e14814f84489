//! Calls of `pca` and `pca_components`, and their executions.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::Result;

use super::axes::{Axis, axes};
use crate::table::execution_refusal;
use crate::table::function::{Call, Execution, Output, Results, Run, RunContext};
use crate::table::learning::Matrix;
use crate::table::learning::rows::RowReader;

/// Checked arguments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Parameters {
    pub(super) features: Vec<String>,
    pub(super) components: usize,
    pub(super) standard: bool,
}

/// A call of one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PcaCall {
    parameters: Arc<Parameters>,
    /// Whether the axes are asked for, and not the rows.
    axes: bool,
}

impl PcaCall {
    pub(super) fn rows(parameters: Parameters) -> Self {
        PcaCall {
            parameters: Arc::new(parameters),
            axes: false,
        }
    }

    pub(super) fn axes(parameters: Parameters) -> Self {
        PcaCall {
            parameters: Arc::new(parameters),
            axes: true,
        }
    }

    fn axis_fields(&self) -> Vec<FieldRef> {
        let numbers = ["explained_variance", "explained_variance_ratio"].into_iter();
        let numbers = numbers.chain(self.parameters.features.iter().map(String::as_str));
        let component = Arc::new(Field::new("component", DataType::Int64, true));
        [component].into_iter().chain(numbers.map(number)).collect()
    }
}

fn number(name: &str) -> FieldRef {
    Arc::new(Field::new(name, DataType::Float64, true))
}

impl fmt::Display for PcaCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parameters {
            features,
            components,
            standard,
        } = self.parameters.as_ref();
        let scale = if *standard { "standard" } else { "none" };
        let features = features.join(", ");
        write!(
            f,
            "features=[{features}], components={components}, scale={scale}"
        )
    }
}

impl Call for PcaCall {
    fn function(&self) -> &'static str {
        if self.axes { "pca_components" } else { "pca" }
    }

    fn output(&self, _input: &Schema) -> Result<Output> {
        Ok(match self.axes {
            true => Output::Table(self.axis_fields()),
            false => {
                let places = 1..=self.parameters.components;
                Output::Added(places.map(|place| number(&format!("pc{place}"))).collect())
            }
        })
    }

    fn reads(&self, column: &str) -> bool {
        self.parameters.features.iter().any(|name| name == column)
    }

    fn splits_by(&self, _column: &str) -> bool {
        false
    }

    fn begin(&self, _input: &Schema, context: RunContext) -> Result<Execution> {
        let features = self.parameters.features.clone();
        Ok(Execution::Collected(Box::new(PcaRun {
            reader: RowReader::new(self.function(), features, None),
            call: self.clone(),
            context,
        })))
    }
}

/// One execution.
struct PcaRun {
    call: PcaCall,
    reader: RowReader,
    context: RunContext,
}

impl Run for PcaRun {
    fn bytes_of(&self, rows: usize) -> usize {
        self.reader.bytes_of(rows)
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        self.reader.take(batch)
    }

    fn finish(self: Box<Self>) -> Result<Results> {
        let parameters = &self.call.parameters;
        let rows = self.reader.finish();
        if rows.len() < 2 && (self.call.axes || rows.total > 0) {
            return Err(execution_refusal(
                format!(
                    "{}: {} of {} rows have all features, and 2 are needed",
                    self.call.function(),
                    rows.len(),
                    rows.total
                ),
                "look for columns that are all NULL, and fill or leave them out",
            ));
        }
        let components = parameters.components;
        self.context
            .memory
            .grow(2 * size_of::<f64>() * rows.total * components)?;
        let mut matrix = Matrix {
            width: parameters.features.len(),
            values: rows.numbers,
        };
        let axes = axes(&mut matrix, parameters.standard)?;
        self.context.cancelled.check(self.call.function())?;
        if self.call.axes {
            return table(&axes, components, self.call.axis_fields());
        }
        let column = |axis: &Axis| -> ArrayRef {
            let mut places = vec![None; rows.total];
            for (&place, row) in rows.places.iter().zip(matrix.rows()) {
                let products = row
                    .iter()
                    .zip(&axis.parts)
                    .map(|(value, part)| value * part);
                places[place] = Some(products.sum::<f64>());
            }
            Arc::new(Float64Array::from(places))
        };
        Ok(Results::added(
            axes.iter().take(components).map(column).collect(),
        ))
    }
}

/// The axes as a table. Without any variance the shares are NULL.
fn table(axes: &[Axis], components: usize, fields: Vec<FieldRef>) -> Result<Results> {
    let total: f64 = axes.iter().map(|axis| axis.variance).sum();
    let shown = &axes[..components];
    let count = i64::try_from(components).unwrap_or(i64::MAX);
    let variance: Float64Array = shown.iter().map(|axis| Some(axis.variance)).collect();
    let share = |axis: &Axis| (total > 0.0).then(|| axis.variance / total);
    let shares: Float64Array = shown.iter().map(share).collect();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(1..=count)),
        Arc::new(variance),
        Arc::new(shares),
    ];
    for feature in 0..axes.len() {
        let parts = shown.iter().map(|axis| axis.parts[feature]);
        columns.push(Arc::new(Float64Array::from_iter_values(parts)));
    }
    let schema = Arc::new(Schema::new(fields));
    Ok(Results::Table(RecordBatch::try_new(schema, columns)?))
}
