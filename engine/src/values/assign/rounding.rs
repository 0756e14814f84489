//! ON_LOSS round for typed values: the nearest value that a column can hold.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::{DataType, Field, Float64Type};

use super::super::column::ColumnBuilder;
use super::cast;
use crate::Result;

/// `array` as the type of `target`, each value as near as the type allows, and how many values are
/// not equal to what they were.
///
/// # Errors
/// That of [`assign`](super::assign), where a value has no place in the type even when rounded.
pub fn assign_rounded(array: &ArrayRef, target: &Field) -> Result<(ArrayRef, u64)> {
    let error = match super::assign(array, target) {
        Ok(values) => return Ok((values, 0)),
        Err(error) => error,
    };
    let nearest = match (array.data_type(), target.data_type()) {
        (from, DataType::Float32 | DataType::Float64) if from.is_numeric() => {
            to_float(array, target.data_type())?
        }
        (from, to)
            if from.is_numeric() && to.is_numeric()
                || from.is_temporal() && to.is_temporal()
                || from.is_string() =>
        {
            through_text(array, target)?
        }
        _ => None,
    };
    nearest.ok_or(error)
}

/// The nearest binary fractions; `None` if one would become infinite.
fn to_float(array: &ArrayRef, to: &DataType) -> Result<Option<(ArrayRef, u64)>> {
    let values = cast(array, to)?;
    let infinite = |array: &ArrayRef| -> Result<usize> {
        let wide = cast(array, &DataType::Float64)?;
        let values = wide.as_primitive::<Float64Type>().iter().flatten();
        Ok(values.filter(|value| value.is_infinite()).count())
    };
    if values.null_count() > array.null_count() || infinite(&values)? > infinite(array)? {
        return Ok(None);
    }
    let changed = distinct(&cast(&values, array.data_type())?, array)?;
    Ok(Some((values, changed.true_count() as u64)))
}

/// Every other type by its exact text, which the strict parsers read or round; `None` if one is
/// refused.
fn through_text(array: &ArrayRef, target: &Field) -> Result<Option<(ArrayRef, u64)>> {
    if !target.is_nullable() && array.logical_null_count() > 0 {
        return Ok(None);
    }
    let text = cast(array, &DataType::Utf8)?;
    let Ok(column) = ColumnBuilder::new(target) else {
        return Ok(None);
    };
    let mut column = column.with_rounding(true);
    let mut refused = text.null_count() > array.null_count();
    let values = text.as_string::<i32>().iter();
    column.append_texts(values.map(|value| value.map(Into::into)), |_, _| {
        refused = true;
    });
    let rounded = column.take_rounded().len() as u64;
    Ok((!refused).then(|| (column.finish(), rounded)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, Float64Array, StringArray, TimestampNanosecondArray};
    use arrow::datatypes::TimeUnit;
    use arrow::util::display::array_value_to_string;

    use super::*;

    fn rounded(array: impl Array + 'static, to: DataType) -> Option<(Vec<String>, u64)> {
        let target = Field::new("c", to, true);
        let (values, rounded) = assign_rounded(&(Arc::new(array) as ArrayRef), &target).ok()?;
        let shown = (0..values.len()).map(|row| array_value_to_string(&values, row).unwrap());
        Some((shown.collect(), rounded))
    }

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn numbers_are_rounded_half_away_from_zero_and_counted() {
        let fractions = || Float64Array::from(vec![1.5, 2.0, -2.5, 0.1]);
        assert_eq!(
            rounded(fractions(), DataType::Int64),
            Some((texts(&["2", "2", "-3", "0"]), 3))
        );
        assert_eq!(
            rounded(fractions(), DataType::Decimal128(3, 0)),
            Some((texts(&["2", "2", "-3", "0"]), 3))
        );
        let money = Decimal128Array::from(vec![1005, 1000])
            .with_precision_and_scale(10, 3)
            .unwrap();
        assert_eq!(
            rounded(money, DataType::Decimal128(5, 2)),
            Some((texts(&["1.01", "1.00"]), 1))
        );
        assert_eq!(
            rounded(Float64Array::from(vec![0.1, 0.5]), DataType::Float32),
            Some((texts(&["0.1", "0.5"]), 1))
        );
    }

    #[test]
    fn what_is_out_of_range_is_not_rounded() {
        assert_eq!(
            rounded(Float64Array::from(vec![1e300]), DataType::Float32),
            None
        );
        assert_eq!(
            rounded(Float64Array::from(vec![300.5]), DataType::Int8),
            None
        );
        assert_eq!(
            rounded(
                Float64Array::from(vec![f64::NAN]),
                DataType::Decimal128(5, 2)
            ),
            None
        );
        assert_eq!(
            rounded(StringArray::from(vec!["1.5", "x"]), DataType::Int64),
            None
        );
    }

    #[test]
    fn times_become_microseconds_or_days() {
        let moments = || TimestampNanosecondArray::from(vec![1_500, 86_400_000_000_000]);
        let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
        let shown = texts(&["1970-01-01T00:00:00.000002", "1970-01-02T00:00:00"]);
        assert_eq!(rounded(moments(), micros), Some((shown, 1)));
        assert_eq!(
            rounded(moments(), DataType::Date32),
            Some((texts(&["1970-01-01", "1970-01-02"]), 1))
        );
    }
}
