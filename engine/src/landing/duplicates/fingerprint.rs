//! Fingerprints of rows: equal rows have equal ones.
//!
//! 128 bits of BLAKE3 over the canonical bytes of the compared columns. NULL equals NULL, and
//! differs from an empty text; 0.0 equals -0.0, and NaN equals NaN; other values are equal if they
//! are the same value of the column's type in the table. Two different rows among 25 million share
//! a fingerprint with a probability below 10^-24, less than that of a memory error, so equal
//! fingerprints are taken for equal rows. BLAKE3 rather than a faster, weaker hash, because rows
//! can then not be made to collide on purpose either; and it is what files are known by.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float32Array, Float64Array, RecordBatch, new_null_array,
};
use arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema};
use arrow::row::{RowConverter, SortField};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::Result;
use crate::values::assign;

/// Rows whose fingerprints one thread takes before it asks for more.
const ROWS_AT_ONCE: usize = 4096;

/// Takes fingerprints of rows of one table.
#[derive(Clone)]
pub(super) struct Fingerprints {
    columns: Vec<Arc<Field>>,
    converter: Arc<RowConverter>,
}

impl Fingerprints {
    /// Over some columns of a table.
    pub(super) fn new(table: &Schema, columns: &[String]) -> Result<Self> {
        let columns: Vec<Arc<Field>> = columns
            .iter()
            .map(|name| Ok(Arc::new(table.field_with_name(name)?.clone())))
            .collect::<Result<_>>()?;
        let fields = columns
            .iter()
            .map(|field| SortField::new(field.data_type().clone()));
        Ok(Fingerprints {
            converter: Arc::new(RowConverter::new(fields.collect())?),
            columns,
        })
    }

    /// The names of the columns that are looked at.
    pub(super) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|field| field.name().as_str())
    }

    /// The fingerprints of the rows of a batch that has these columns, in whatever type assigns
    /// to that of the table; a column that it lacks is NULL.
    pub(super) fn of(&self, rows: &RecordBatch) -> Result<Vec<u128>> {
        let starts: Vec<usize> = (0..rows.num_rows()).step_by(ROWS_AT_ONCE).collect();
        let slices = starts.into_par_iter().map(|start| {
            let length = ROWS_AT_ONCE.min(rows.num_rows() - start);
            self.of_slice(&rows.slice(start, length))
        });
        Ok(slices.collect::<Result<Vec<_>>>()?.concat())
    }

    fn of_slice(&self, rows: &RecordBatch) -> Result<Vec<u128>> {
        let columns: Vec<ArrayRef> = self
            .columns
            .iter()
            .map(|field| match rows.column_by_name(field.name()) {
                Some(column) => Ok(canonical(&assign(column, field)?)),
                None => Ok(new_null_array(field.data_type(), rows.num_rows())),
            })
            .collect::<Result<_>>()?;
        let encoded = self.converter.convert_columns(&columns)?;
        Ok(encoded.iter().map(|row| fingerprint(row.data())).collect())
    }
}

fn fingerprint(bytes: &[u8]) -> u128 {
    let hash = blake3::hash(bytes);
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    u128::from_be_bytes(first)
}

/// The same values with one bit pattern each.
fn canonical(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float32 => {
            let values = column.as_primitive::<Float32Type>();
            let one = |value: f32| {
                if value.is_nan() {
                    f32::NAN
                } else {
                    value + 0.0
                }
            };
            Arc::new(values.unary::<_, Float32Type>(one)) as Arc<Float32Array>
        }
        DataType::Float64 => {
            let values = column.as_primitive::<Float64Type>();
            let one = |value: f64| {
                if value.is_nan() {
                    f64::NAN
                } else {
                    value + 0.0
                }
            };
            Arc::new(values.unary::<_, Float64Type>(one)) as Arc<Float64Array>
        }
        _ => Arc::clone(column),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{Decimal128Array, StringArray};

    use super::*;

    fn of(columns: Vec<(&str, ArrayRef)>) -> Vec<u128> {
        let rows = RecordBatch::try_from_iter_with_nullable(
            columns
                .iter()
                .map(|(name, column)| (*name, Arc::clone(column), true)),
        )
        .unwrap();
        let names: Vec<_> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Fingerprints::new(&rows.schema(), &names)
            .unwrap()
            .of(&rows)
            .unwrap()
    }

    #[test]
    fn null_equals_null_and_nothing_else() {
        let texts = StringArray::from(vec![None, Some(""), None, Some("a")]);
        let found = of(vec![("x", Arc::new(texts))]);
        assert_eq!(found[0], found[2]);
        assert!(found[0] != found[1] && found[1] != found[3]);
    }

    #[test]
    fn both_zeros_and_all_nans_are_one() {
        let other_nan = f64::from_bits(f64::NAN.to_bits() | 1);
        let numbers = Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN, other_nan, 1.0]);
        let found = of(vec![("x", Arc::new(numbers))]);
        assert_eq!(found[0], found[1]);
        assert!(found[2] == found[3] && found[3] == found[4] && found[2] != found[5]);
        let numbers = Float32Array::from(vec![0.0, -0.0]);
        let found = of(vec![("x", Arc::new(numbers))]);
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn values_do_not_run_into_their_neighbours() {
        let one = StringArray::from(vec!["ab", "a"]);
        let two = StringArray::from(vec!["c", "bc"]);
        let found = of(vec![("x", Arc::new(one)), ("y", Arc::new(two))]);
        assert_ne!(found[0], found[1]);
    }

    #[test]
    fn a_value_is_compared_in_the_type_of_the_table() {
        let table = Schema::new(vec![Field::new("x", DataType::Decimal128(10, 2), true)]);
        let fingerprints = Fingerprints::new(&table, &["x".to_owned()]).unwrap();
        let of = |value: i128, scale: i8| {
            let column = Decimal128Array::from(vec![value])
                .with_precision_and_scale(10, scale)
                .unwrap();
            let rows = RecordBatch::try_from_iter([("x", Arc::new(column) as ArrayRef)]).unwrap();
            fingerprints.of(&rows).unwrap()
        };
        assert_eq!(of(15, 1), of(150, 2));
        assert_ne!(of(15, 1), of(15, 2));
    }
}
