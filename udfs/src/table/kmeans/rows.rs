//! What the clustering keeps of its input: columns of numbers, appended batch by batch.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Schema};
use datafusion::common::{Result, exec_datafusion_err};

use super::keys::Keys;
use super::parameters::{Coordinate, KMeansParameters};
use super::{NAME, execution_refusal};

/// The rows whose features are all there.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) keys: Keys,
    /// A column for each feature.
    pub(super) features: Vec<Vec<f64>>,
    /// The value of `label_by` in each row, NaN where there is none; empty if it is a feature.
    pub(super) label_values: Vec<f64>,
    /// The number of each row in the input, counted over all batches.
    pub(super) numbers: Vec<u32>,
    /// The group of each row; empty without `partition_by`.
    pub(super) groups: Vec<u32>,
    /// How many rows the input has, with those that take no part.
    pub(super) input_rows: usize,
}

impl Rows {
    pub(super) fn try_new(schema: &Schema, parameters: &KMeansParameters) -> Result<Self> {
        Ok(Rows {
            keys: Keys::try_new(schema, &parameters.partition_by)?,
            features: vec![vec![]; parameters.features.len()],
            label_values: vec![],
            numbers: vec![],
            groups: vec![],
            input_rows: 0,
        })
    }

    /// Appends the rows of a batch, but for those that lack a feature.
    pub(super) fn append(
        &mut self,
        batch: &RecordBatch,
        parameters: &KMeansParameters,
    ) -> Result<()> {
        let columns = parameters
            .features
            .iter()
            .map(|name| numbers(batch, name))
            .collect::<Result<Vec<_>>>()?;
        let first = u32::try_from(self.input_rows)
            .ok()
            .filter(|first| first.checked_add(batch.num_rows() as u32).is_some())
            .ok_or_else(|| {
                exec_datafusion_err!("{NAME}: the input has more than {} rows", u32::MAX)
            })?;
        self.input_rows += batch.num_rows();
        let kept = kept_rows(&columns, &parameters.features)?;
        for (feature, column) in self.features.iter_mut().zip(&columns) {
            // Adding 0 turns -0 into 0.
            kept.extend(feature, column.values(), |value| value + 0.0);
        }
        if !parameters.features.contains(&parameters.label_by) {
            let column = numbers(batch, &parameters.label_by)?;
            let values = column
                .iter()
                .map(|value| value.filter(|value| value.is_finite()));
            let values: Vec<f64> = values
                .map(|value| value.map_or(f64::NAN, |value| value + 0.0))
                .collect();
            kept.extend(&mut self.label_values, &values, |value| value);
        }
        if !self.keys.is_empty() {
            let groups = self.keys.groups_of(batch)?;
            kept.extend(&mut self.groups, &groups, |group| group);
        }
        let input: Vec<u32> = (first..).take(batch.num_rows()).collect();
        kept.extend(&mut self.numbers, &input, |number| number);
        Ok(())
    }
}

/// The rows of a batch that take part.
enum Kept {
    All,
    Some(Vec<usize>),
}

impl Kept {
    fn extend<T: Copy>(&self, target: &mut Vec<T>, values: &[T], change: impl Fn(T) -> T) {
        match self {
            Kept::All => target.extend(values.iter().map(|&value| change(value))),
            Kept::Some(rows) => target.extend(rows.iter().map(|&row| change(values[row]))),
        }
    }
}

fn kept_rows(columns: &[Float64Array], names: &[String]) -> Result<Kept> {
    let complete = |column: &Float64Array| {
        let small = |value: &f64| value.abs() <= Coordinate::MAX;
        column.null_count() == 0
            && column
                .values()
                .iter()
                .fold(true, |all, value| all & small(value))
    };
    if columns.iter().all(complete) {
        return Ok(Kept::All);
    }
    let rows = columns.first().map_or(0, Float64Array::len);
    let present = |row: usize| {
        let finite = |column: &Float64Array| column.is_valid(row) && column.value(row).is_finite();
        columns.iter().all(finite)
    };
    let kept: Vec<usize> = (0..rows).filter(|&row| present(row)).collect();
    for &row in &kept {
        for (column, name) in columns.iter().zip(names) {
            let value = column.value(row);
            if Coordinate::new(value).is_none() {
                return Err(execution_refusal(
                    format!(
                        "{NAME}: '{name}' holds {value:e}, beyond {:e}",
                        Coordinate::MAX
                    ),
                    "divide the column in the SELECT of the input",
                ));
            }
        }
    }
    Ok(Kept::Some(kept))
}

fn numbers(batch: &RecordBatch, name: &str) -> Result<Float64Array> {
    let numbers = cast(column(batch, name)?, &DataType::Float64)?;
    Ok(numbers.as_primitive::<Float64Type>().clone())
}

/// A column of the input.
pub(super) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch
        .column_by_name(name)
        .ok_or_else(|| exec_datafusion_err!("{NAME}: the input lost its column '{name}'"))
}
