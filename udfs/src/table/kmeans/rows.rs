//! What the clustering keeps of its input: columns of numbers, appended batch by batch.

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Schema};
use datafusion::common::{Result, exec_datafusion_err};

use super::NAME;
use super::categories::{Categories, NO_CATEGORY};
use super::keys::Keys;
use super::parameters::{Coordinate, KMeansParameters, Nulls};
use crate::table::execution_refusal;

/// The rows that take part.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) keys: Keys,
    /// A column for each feature; NaN where a value is missing that is to be filled in.
    pub(super) features: Vec<Vec<f64>>,
    /// The columns of `one_hot`.
    pub(super) categories: Vec<Categories>,
    /// How much each row counts; empty if all count alike.
    pub(super) weights: Vec<f64>,
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
            categories: parameters
                .one_hot
                .iter()
                .map(|_| Categories::default())
                .collect(),
            weights: vec![],
            label_values: vec![],
            numbers: vec![],
            groups: vec![],
            input_rows: 0,
        })
    }

    /// The same rows once more.
    pub(super) fn try_clone(&self) -> Result<Self> {
        Ok(Rows {
            keys: self.keys.try_clone()?,
            features: self.features.clone(),
            categories: self.categories.clone(),
            weights: self.weights.clone(),
            label_values: self.label_values.clone(),
            numbers: self.numbers.clone(),
            groups: self.groups.clone(),
            input_rows: self.input_rows,
        })
    }

    /// Appends the rows of a batch, but for those that lack what they need.
    pub(super) fn append(
        &mut self,
        batch: &RecordBatch,
        parameters: &KMeansParameters,
    ) -> Result<()> {
        let columns = numeric_columns(batch, &parameters.features)?;
        let mut categories = Vec::with_capacity(self.categories.len());
        for (known, name) in self.categories.iter_mut().zip(&parameters.one_hot) {
            categories.push(known.codes_of(name, column(batch, name)?)?);
        }
        let weights = parameters.weight.as_ref();
        let weights = weights.map(|name| weights_of(batch, name)).transpose()?;
        let first = u32::try_from(self.input_rows)
            .ok()
            .filter(|first| first.checked_add(batch.num_rows() as u32).is_some())
            .ok_or_else(|| {
                exec_datafusion_err!("{NAME}: the input has more than {} rows", u32::MAX)
            })?;
        let kept = Kept::of(
            batch.num_rows(),
            self.input_rows,
            &columns,
            &categories,
            parameters,
        )?
        .that_weigh(weights.as_deref());
        self.input_rows += batch.num_rows();
        for (feature, column) in self.features.iter_mut().zip(&columns) {
            // Adding 0 turns -0 into 0.
            kept.extend(feature, column, |value| value + 0.0);
        }
        for (known, codes) in self.categories.iter_mut().zip(&categories) {
            kept.extend(&mut known.codes, codes, |code| code);
        }
        if let Some(weights) = &weights {
            kept.extend(&mut self.weights, weights, |weight| weight + 0.0);
        }
        if let Some(label_by) = parameters.label_by_column() {
            let values = finite(&numbers(batch, label_by)?);
            kept.extend(&mut self.label_values, &values, |value| value + 0.0);
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
    fn of(
        rows: usize,
        before: usize,
        columns: &[Vec<f64>],
        categories: &[Vec<u32>],
        parameters: &KMeansParameters,
    ) -> Result<Self> {
        let numbers =
            |column: &Vec<f64>| !column.iter().fold(false, |any, value| any | value.is_nan());
        let known = |codes: &Vec<u32>| !codes.contains(&NO_CATEGORY);
        if columns.iter().all(numbers) && categories.iter().all(known) {
            return Ok(Kept::All);
        }
        let missing = |row: usize| {
            let mut numbers = parameters.features.iter().zip(columns);
            let number = numbers.find(|(_, column)| column[row].is_nan());
            let mut codes = parameters.one_hot.iter().zip(categories);
            let category = codes.find(|(_, codes)| codes[row] == NO_CATEGORY);
            number
                .map(|(name, _)| name)
                .or(category.map(|(name, _)| name))
        };
        match parameters.nulls {
            Nulls::Skip => Ok(Kept::Some(
                (0..rows).filter(|&row| missing(row).is_none()).collect(),
            )),
            Nulls::Mean | Nulls::Median => Ok(Kept::All),
            Nulls::Error => {
                let fault = (0..rows).find_map(|row| Some((row, missing(row)?)));
                fault.map_or(Ok(Kept::All), |(row, name)| {
                    Err(execution_refusal(
                        format!("{NAME}: row {} lacks a value in '{name}'", before + row + 1),
                        "filter such rows out, or let nulls => 'skip', 'mean' or 'median' decide",
                    ))
                })
            }
        }
    }

    /// Only those of them that weigh anything that is known.
    fn that_weigh(self, weights: Option<&[f64]>) -> Self {
        let Some(weights) = weights.filter(|weights| weights.iter().any(|weight| weight.is_nan()))
        else {
            return self;
        };
        let weighs = |row: &usize| !weights[*row].is_nan();
        Kept::Some(match self {
            Kept::All => (0..weights.len()).filter(weighs).collect(),
            Kept::Some(rows) => rows.into_iter().filter(weighs).collect(),
        })
    }

    fn extend<T: Copy>(&self, target: &mut Vec<T>, values: &[T], change: impl Fn(T) -> T) {
        match self {
            Kept::All => target.extend(values.iter().map(|&value| change(value))),
            Kept::Some(rows) => target.extend(rows.iter().map(|&row| change(values[row]))),
        }
    }
}

/// The features of a batch; NaN for a value that is missing or no finite number.
///
/// # Errors
/// A number that is too large to be squared.
pub(super) fn numeric_columns(batch: &RecordBatch, names: &[String]) -> Result<Vec<Vec<f64>>> {
    let column = |name: &String| {
        let values = finite(&numbers(batch, name)?);
        let too_large = |value: &&f64| value.abs() > Coordinate::MAX;
        match values.iter().find(too_large) {
            None => Ok(values),
            Some(value) => Err(execution_refusal(
                format!(
                    "{NAME}: '{name}' holds {value:e}, beyond {:e}",
                    Coordinate::MAX
                ),
                "divide the column in the SELECT of the input",
            )),
        }
    };
    names.iter().map(column).collect()
}

fn weights_of(batch: &RecordBatch, name: &str) -> Result<Vec<f64>> {
    let weights = finite(&numbers(batch, name)?);
    match weights
        .iter()
        .find(|weight| **weight < 0.0 || **weight > Coordinate::MAX)
    {
        None => Ok(weights),
        Some(weight) => Err(execution_refusal(
            format!("{NAME}: the weight '{name}' holds {weight}"),
            "a weight says how often a row counts: 0 or more",
        )),
    }
}

/// The numbers; NaN for those that are missing or infinite.
fn finite(column: &Float64Array) -> Vec<f64> {
    let values = column.values();
    if column.null_count() == 0 {
        return values
            .iter()
            .map(|value| if value.is_finite() { *value } else { f64::NAN })
            .collect();
    }
    let values = column
        .iter()
        .map(|value| value.filter(|value| value.is_finite()));
    values.map(|value| value.unwrap_or(f64::NAN)).collect()
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
