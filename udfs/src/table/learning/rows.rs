//! The rows of the input as numbers, in an order of their own.
//!
//! Rows with a feature that is missing (NULL, NaN or infinite) take no part; they are counted. What is
//! learnt must not depend on the order of the input, so the rows are sorted by their values before
//! anything is computed.

use std::cmp::Ordering;

use arrow::array::{Array, AsArray, Float64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, exec_datafusion_err};

use super::target::{ClassKind, TargetKind};
use super::values::{UNKNOWN, Values};
use crate::table::execution_refusal;

/// The largest feature or target. Squares of larger numbers overflow when they are added up.
pub(in crate::table) const LARGEST: f64 = 1e150;

/// Rows whose features are all there. `numbers` and `codes` hold one row after the other.
#[derive(Debug, Default)]
pub(in crate::table) struct Rows {
    /// The number of each row in the input, counted over all batches.
    pub(in crate::table) places: Vec<usize>,
    pub(in crate::table) numbers: Vec<f64>,
    pub(in crate::table) codes: Vec<u32>,
    /// NaN where there is none. The place of the class, where classes are learnt.
    pub(in crate::table) targets: Vec<f64>,
    /// How many rows the input had.
    pub(in crate::table) total: usize,
    /// The values of each categorical column, sorted.
    pub(in crate::table) categories: Vec<Vec<String>>,
    /// The classes of the target, sorted.
    pub(in crate::table) classes: Vec<String>,
}

impl Rows {
    pub(in crate::table) fn len(&self) -> usize {
        self.places.len()
    }
}

/// Which column is the target, and what it holds.
#[derive(Debug, Clone)]
pub(in crate::table) struct TargetColumn {
    pub(in crate::table) name: String,
    pub(in crate::table) kind: TargetKind,
}

/// Takes the rows as they come.
#[derive(Debug)]
pub(in crate::table) struct RowReader {
    function: &'static str,
    numbers: Vec<String>,
    texts: Vec<(String, Values)>,
    target: Option<TargetColumn>,
    classes: Values,
    rows: Rows,
}

impl RowReader {
    /// Reads numeric columns, and a target where there is something to learn.
    pub(in crate::table) fn new(
        function: &'static str,
        numbers: Vec<String>,
        target: Option<TargetColumn>,
    ) -> Self {
        let of = target.as_ref().map(|target| target.name.clone());
        RowReader {
            function,
            numbers,
            texts: vec![],
            classes: Values::open(of.unwrap_or_default()),
            target,
            rows: Rows::default(),
        }
    }

    /// Reads categorical columns too, whatever values they have.
    pub(in crate::table) fn with_texts(mut self, columns: &[String]) -> Self {
        let open = |name: &String| (name.clone(), Values::open(name.clone()));
        self.texts = columns.iter().map(open).collect();
        self
    }

    /// Reads categorical columns too, of which the values are known.
    pub(in crate::table) fn with_known_texts<'a>(
        mut self,
        columns: impl Iterator<Item = (&'a String, &'a [String])>,
    ) -> Self {
        self.texts = columns
            .map(|(name, values)| (name.clone(), Values::closed(name.clone(), values)))
            .collect();
        self
    }

    /// What so many more rows need: once as they come, once more when they are sorted, and the spare
    /// room of both.
    pub(in crate::table) fn bytes_of(&self, rows: usize) -> usize {
        let row = 8 * self.numbers.len() + 4 * self.texts.len() + 3 * size_of::<usize>();
        rows * row * 3
    }

    /// Takes the rows of a batch.
    ///
    /// # Errors
    /// Numbers or values that are too many or too large.
    pub(in crate::table) fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        let numbers = self
            .numbers
            .iter()
            .map(|name| numbers_of(self.function, batch, name))
            .collect::<Result<Vec<_>>>()?;
        let texts = self
            .texts
            .iter()
            .map(|(name, _)| texts_of(self.function, batch, name))
            .collect::<Result<Vec<_>>>()?;
        let targets = self.targets_of(batch)?;
        for row in 0..batch.num_rows() {
            let there = numbers
                .iter()
                .all(|column| column.is_valid(row) && column.value(row).is_finite())
                && texts.iter().all(|column| column.is_valid(row));
            if there {
                self.append(row, &numbers, &texts)?;
                self.rows
                    .targets
                    .push(targets.get(row).copied().unwrap_or(f64::NAN));
                self.rows.places.push(self.rows.total + row);
            }
        }
        self.rows.total += batch.num_rows();
        Ok(())
    }

    /// All rows, sorted by their values.
    pub(in crate::table) fn finish(self) -> Rows {
        let mut rows = self.rows;
        let width = self.texts.len();
        let mut places_of = vec![];
        for (_, values) in self.texts {
            let (names, places) = values.in_order(str::to_owned);
            rows.categories.push(names);
            places_of.push(places);
        }
        if width > 0 {
            for row in rows.codes.chunks_mut(width) {
                for (code, places) in row.iter_mut().zip(&places_of) {
                    *code = places.get(*code as usize).copied().unwrap_or(UNKNOWN);
                }
            }
        }
        if let Some(TargetKind::Classes(kind)) = self.target.map(|target| target.kind) {
            let (names, places) = self.classes.in_order(|name| kind.order(name));
            rows.classes = names;
            for target in &mut rows.targets {
                if !target.is_nan() {
                    *target = places
                        .get(*target as usize)
                        .copied()
                        .map_or(f64::NAN, f64::from);
                }
            }
        }
        in_canonical_order(rows, self.numbers.len(), width)
    }

    fn append(
        &mut self,
        row: usize,
        numbers: &[Float64Array],
        texts: &[StringArray],
    ) -> Result<()> {
        for (column, name) in numbers.iter().zip(&self.numbers) {
            let value = column.value(row);
            check_size(self.function, name, value)?;
            self.rows.numbers.push(value + 0.0);
        }
        for (column, (_, values)) in texts.iter().zip(&mut self.texts) {
            let code = values.number_of(self.function, column.value(row))?;
            self.rows.codes.push(code);
        }
        Ok(())
    }

    /// The target of each row; NaN where there is none.
    fn targets_of(&mut self, batch: &RecordBatch) -> Result<Vec<f64>> {
        let Some(TargetColumn { name, kind }) = &self.target else {
            return Ok(vec![]);
        };
        if let TargetKind::Classes(_) = kind {
            let texts = texts_of(self.function, batch, name)?;
            let classes = &mut self.classes;
            return texts
                .iter()
                .map(|text| match text {
                    Some(text) => classes.number_of(self.function, text).map(f64::from),
                    None => Ok(f64::NAN),
                })
                .collect();
        }
        let numbers = numbers_of(self.function, batch, name)?;
        numbers
            .iter()
            .map(|value| match value.filter(|value| value.is_finite()) {
                Some(value) => check_size(self.function, name, value).map(|()| value + 0.0),
                None => Ok(f64::NAN),
            })
            .collect()
    }
}

fn check_size(function: &str, name: &str, value: f64) -> Result<()> {
    if value.abs() <= LARGEST {
        return Ok(());
    }
    Err(execution_refusal(
        format!("{function}: '{name}' holds {value:e}, beyond {LARGEST:e}"),
        "divide the column in the SELECT of the input",
    ))
}

fn numbers_of(function: &str, batch: &RecordBatch, name: &str) -> Result<Float64Array> {
    let numbers = cast_column(function, batch, name, &DataType::Float64)?;
    Ok(numbers.as_primitive::<Float64Type>().clone())
}

fn texts_of(function: &str, batch: &RecordBatch, name: &str) -> Result<StringArray> {
    let texts = cast_column(function, batch, name, &DataType::Utf8)?;
    Ok(texts.as_string::<i32>().clone())
}

fn cast_column(
    function: &str,
    batch: &RecordBatch,
    name: &str,
    to: &DataType,
) -> Result<arrow::array::ArrayRef> {
    let column = batch
        .column_by_name(name)
        .ok_or_else(|| exec_datafusion_err!("{function}: the input lost its column '{name}'"))?;
    Ok(cast(column, to)?)
}

fn in_canonical_order(rows: Rows, width: usize, texts: usize) -> Rows {
    let numbers = |row: usize| &rows.numbers[row * width..(row + 1) * width];
    let codes = |row: usize| &rows.codes[row * texts..(row + 1) * texts];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&left, &right| {
        compare(numbers(left), numbers(right))
            .then_with(|| codes(left).cmp(codes(right)))
            .then_with(|| rows.targets[left].total_cmp(&rows.targets[right]))
    });
    Rows {
        places: order.iter().map(|&row| rows.places[row]).collect(),
        numbers: order
            .iter()
            .flat_map(|&row| numbers(row))
            .copied()
            .collect(),
        codes: order.iter().flat_map(|&row| codes(row)).copied().collect(),
        targets: order.iter().map(|&row| rows.targets[row]).collect(),
        total: rows.total,
        categories: rows.categories,
        classes: rows.classes,
    }
}

fn compare(left: &[f64], right: &[f64]) -> Ordering {
    let pairs = left.iter().zip(right);
    pairs
        .map(|(left, right)| left.total_cmp(right))
        .find(|ordering| ordering.is_ne())
        .unwrap_or(Ordering::Equal)
}

impl ClassKind {
    /// Numbers sort as numbers, texts as texts, and false before true.
    fn order(self, name: &str) -> (i128, String) {
        match self {
            ClassKind::Integer => (name.parse().unwrap_or_default(), String::new()),
            ClassKind::Boolean | ClassKind::Text => (0, name.to_owned()),
        }
    }
}
