//! Sorts the rows of the input into groups of feature vectors, in an order of their own.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Schema};
use arrow::row::{OwnedRow, RowConverter, SortField};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::{Result, exec_datafusion_err};

use super::NAME;
use super::parameters::{Coordinate, KMeansParameters};
use crate::table::execution_refusal;

/// The rows with the same values in `partition_by` whose features are all there.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// What a user calls the group, such as `year_quarter = 2024-Q1`; empty without `partition_by`.
    pub(super) name: String,
    /// The number of each row in the input, counted over all batches.
    pub(super) rows: Vec<usize>,
    /// The feature vectors, one row after the other.
    pub(super) features: Vec<f64>,
    /// The value of `label_by` in each row; NaN where there is none.
    pub(super) label_values: Vec<f64>,
}

impl Group {
    /// The same rows ordered by their values alone, so that the order of the input has no influence
    /// on sums and random picks.
    pub(super) fn in_canonical_order(&self, width: usize) -> Group {
        let vector = |row: usize| &self.features[row * width..(row + 1) * width];
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by(|&left, &right| {
            vector(left)
                .iter()
                .zip(vector(right))
                .map(|(left, right)| left.total_cmp(right))
                .find(|ordering| ordering.is_ne())
                .unwrap_or_else(|| self.label_values[left].total_cmp(&self.label_values[right]))
        });
        Group {
            name: self.name.clone(),
            rows: order.iter().map(|&row| self.rows[row]).collect(),
            features: order.iter().flat_map(|&row| vector(row)).copied().collect(),
            label_values: order.iter().map(|&row| self.label_values[row]).collect(),
        }
    }
}

/// The groups of the input, ordered by the values of `partition_by`.
pub(super) fn split(
    batches: &[RecordBatch],
    schema: &Schema,
    parameters: &KMeansParameters,
) -> Result<Vec<Group>> {
    let mut keys = Keys::try_new(schema, &parameters.partition_by)?;
    let mut groups = vec![];
    let mut first_row = 0;
    for batch in batches {
        let columns = Columns::try_new(batch, parameters)?;
        let key_of_row = keys.groups_of(batch, &mut groups)?;
        for row in 0..batch.num_rows() {
            columns.append(
                row,
                first_row + row,
                &mut groups[key_of_row.get(row).copied().unwrap_or(0)],
            )?;
        }
        first_row += batch.num_rows();
    }
    Ok(keys.in_order(groups))
}

/// The columns of a batch that the clustering reads, as floating point numbers.
struct Columns<'a> {
    features: Vec<Float64Array>,
    label_by: Float64Array,
    parameters: &'a KMeansParameters,
}

impl<'a> Columns<'a> {
    fn try_new(batch: &RecordBatch, parameters: &'a KMeansParameters) -> Result<Self> {
        Ok(Columns {
            features: parameters
                .features
                .iter()
                .map(|name| numbers(batch, name))
                .collect::<Result<_>>()?,
            label_by: numbers(batch, &parameters.label_by)?,
            parameters,
        })
    }

    /// Adds a row to its group, unless a feature is missing.
    fn append(&self, row: usize, number: usize, group: &mut Group) -> Result<()> {
        let finite = |column: &Float64Array| {
            let value = column.is_valid(row).then(|| column.value(row));
            value.filter(|value| value.is_finite())
        };
        if !self.features.iter().all(|column| finite(column).is_some()) {
            return Ok(());
        }
        for (column, name) in self.features.iter().zip(&self.parameters.features) {
            let value = column.value(row);
            let coordinate = Coordinate::new(value).ok_or_else(|| {
                execution_refusal(
                    format!(
                        "{NAME}: '{name}' holds {value:e}, beyond {:e}",
                        Coordinate::MAX
                    ),
                    "divide the column in the SELECT of the input",
                )
            })?;
            group.features.push(coordinate.get());
        }
        group.rows.push(number);
        group
            .label_values
            .push(finite(&self.label_by).map_or(f64::NAN, |value| value + 0.0));
        Ok(())
    }
}

fn numbers(batch: &RecordBatch, name: &str) -> Result<Float64Array> {
    let numbers = cast(column(batch, name)?, &DataType::Float64)?;
    Ok(numbers.as_primitive::<Float64Type>().clone())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch
        .column_by_name(name)
        .ok_or_else(|| exec_datafusion_err!("{NAME}: the input lost its column '{name}'"))
}

/// Finds the group of each row by its values in `partition_by`; NULL is a value like any other.
struct Keys<'a> {
    names: &'a [String],
    converter: RowConverter,
    known: HashMap<OwnedRow, usize>,
}

impl<'a> Keys<'a> {
    fn try_new(schema: &Schema, names: &'a [String]) -> Result<Self> {
        let fields = names
            .iter()
            .map(|name| {
                Ok(SortField::new(
                    schema.field_with_name(name)?.data_type().clone(),
                ))
            })
            .collect::<Result<_>>()?;
        Ok(Keys {
            names,
            converter: RowConverter::new(fields)?,
            known: HashMap::new(),
        })
    }

    /// The group of each row of a batch; new groups are appended. Without `partition_by` the list is
    /// empty, and there is one group.
    fn groups_of(&mut self, batch: &RecordBatch, groups: &mut Vec<Group>) -> Result<Vec<usize>> {
        if self.names.is_empty() {
            if groups.is_empty() {
                groups.push(Group::default());
            }
            return Ok(vec![]);
        }
        let columns = self
            .names
            .iter()
            .map(|name| column(batch, name).cloned())
            .collect::<Result<Vec<_>>>()?;
        let keys = self.converter.convert_columns(&columns)?;
        let mut found = Vec::with_capacity(batch.num_rows());
        for (row, key) in keys.iter().enumerate() {
            // Neighbours often share their group; that saves the copy of the key.
            let same = row > 0 && keys.row(row - 1) == key;
            let group = match found.last() {
                Some(&previous) if same => previous,
                _ => match self.known.get(&key.owned()) {
                    Some(&known) => known,
                    None => {
                        groups.push(Group {
                            name: describe(self.names, &columns, row)?,
                            ..Group::default()
                        });
                        self.known.insert(key.owned(), groups.len() - 1);
                        groups.len() - 1
                    }
                },
            };
            found.push(group);
        }
        Ok(found)
    }

    fn in_order(self, groups: Vec<Group>) -> Vec<Group> {
        if self.names.is_empty() {
            return groups;
        }
        let mut order: Vec<(OwnedRow, usize)> = self.known.into_iter().collect();
        order.sort();
        let mut groups: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
        order
            .into_iter()
            .filter_map(|(_, group)| groups.get_mut(group).and_then(Option::take))
            .collect()
    }
}

fn describe(names: &[String], columns: &[ArrayRef], row: usize) -> Result<String> {
    let options = FormatOptions::default().with_null("NULL");
    let values = names.iter().zip(columns).map(|(name, column)| {
        let formatter = ArrayFormatter::try_new(column, &options)?;
        Ok(format!("{name} = {}", formatter.value(row)))
    });
    Ok(values.collect::<Result<Vec<_>>>()?.join(", "))
}
