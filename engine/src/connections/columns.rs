//! The columns of an export, brought from any Arrow layout into the one of their type.
//!
//! A batch arrives in one of some forty Arrow types; both databases are written from the few of
//! [`ColumnType`]. [`Columns::normalise`] makes the step between them, and makes it exact: a
//! timestamp in nanoseconds becomes microseconds or an error, never a rounded value.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::util::display::array_value_to_string;

use super::column_type::ColumnType;
use crate::error::{Error, Result};

/// One column of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: ColumnType,
}

/// The columns of an export, in order: at least one, all names different.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    list: Vec<Column>,
    schema: SchemaRef,
}

impl Columns {
    /// The columns of a result.
    ///
    /// # Errors
    /// No column at all, two of one name, a name that SQL cannot hold, or types that no database
    /// column can hold.
    pub(crate) fn of(schema: &Schema) -> Result<Self> {
        let mut list: Vec<Column> = Vec::with_capacity(schema.fields().len());
        let mut refused = Vec::new();
        for field in schema.fields() {
            let name = field.name();
            if name.is_empty() || name.contains('\0') {
                return Err(Error::input(
                    "a column to export has an empty name or one with a NUL character",
                )
                .hint("give it a name with AS"));
            }
            if list.iter().any(|column| column.name == *name) {
                return Err(
                    Error::input(format!("two columns to export are named \"{name}\""))
                        .hint("give one of them another name with AS"),
                );
            }
            match ColumnType::of(field.data_type()) {
                Some(kind) => list.push(Column {
                    name: name.clone(),
                    kind,
                }),
                None => refused.push(format!("\"{name}\" ({})", field.data_type())),
            }
        }
        if !refused.is_empty() {
            return Err(Error::input(format!("no database type for {}", refused.join(", ")))
                .hint("cast to TEXT or DECIMAL(38, s), take a list or struct apart, or leave the column out"));
        }
        if list.is_empty() {
            return Err(Error::input("there is no column to export"));
        }
        let fields: Vec<_> = list
            .iter()
            .map(|column| Field::new(&column.name, column.kind.arrow(), true))
            .collect();
        Ok(Columns {
            list,
            schema: Arc::new(Schema::new(fields)),
        })
    }

    /// The columns.
    pub(crate) fn list(&self) -> &[Column] {
        &self.list
    }

    /// The schema of every normalised batch.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Brings a batch into the types of [`ColumnType::arrow`]; `rows_before` counts the rows of
    /// earlier batches, for messages.
    ///
    /// # Errors
    /// A value that the type cannot hold exactly, with its row and column.
    pub(crate) fn normalise(&self, batch: &RecordBatch, rows_before: u64) -> Result<RecordBatch> {
        let arrays = self
            .list
            .iter()
            .zip(batch.columns())
            .map(|(column, array)| {
                let array = column.normalise(array, rows_before)?;
                column.refuse_nul(&array, rows_before)?;
                Ok(array)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

impl Column {
    fn normalise(&self, array: &ArrayRef, rows_before: u64) -> Result<ArrayRef> {
        let wanted = self.kind.arrow();
        if *array.data_type() == wanted {
            return Ok(Arc::clone(array));
        }
        let unrepresentable = |row: Option<usize>| {
            let place = row
                .map(|row| format!("row {}, ", rows_before + row as u64 + 1))
                .unwrap_or_default();
            let value = row
                .and_then(|row| array_value_to_string(array, row).ok())
                .map(|value| format!(": {value}"))
                .unwrap_or_default();
            Error::input(format!(
                "{place}column \"{}\": a value does not fit {} exactly{value}",
                self.name, self.kind
            ))
        };
        let options = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let cast = cast_with_options(array, &wanted, &options)
            .map_err(|error| unrepresentable(None).source(error))?;
        if !is_rounding(array.data_type()) {
            return Ok(cast);
        }
        let back = cast_with_options(&cast, array.data_type(), &options)
            .map_err(|error| unrepresentable(None).source(error))?;
        match distinct(array, &back)?.values().set_indices().next() {
            None => Ok(cast),
            Some(row) => Err(unrepresentable(Some(row))
                .hint("both databases keep microseconds and whole days; round with date_trunc or cast in the query")),
        }
    }

    /// Postgres cannot store the character NUL, and for SQLite a text ends there.
    fn refuse_nul(&self, array: &ArrayRef, rows_before: u64) -> Result<()> {
        let Some(texts) = array.as_string_opt::<i32>() else {
            return Ok(());
        };
        if memchr::memchr(0, texts.value_data()).is_none() {
            return Ok(());
        }
        // A slice shares its bytes with other rows: only a hit inside of a value counts.
        match texts.iter().position(|text| text.is_some_and(|text| text.contains('\0'))) {
            None => Ok(()),
            Some(row) => Err(Error::input(format!(
                "row {}, column \"{}\": the text holds a NUL character, which no database can store",
                rows_before + row as u64 + 1,
                self.name
            ))
            .hint(format!("remove it in the query: replace(\"{}\", chr(0), '')", self.name))),
        }
    }
}

/// Whether a cast from this type can drop digits.
fn is_rounding(from: &DataType) -> bool {
    match from {
        DataType::Timestamp(unit, _) | DataType::Time64(unit) => *unit == TimeUnit::Nanosecond,
        DataType::Date64 => true,
        DataType::Dictionary(_, values) => is_rounding(values),
        DataType::RunEndEncoded(_, values) => is_rounding(values.data_type()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::*;
    use arrow::compute::cast;
    use arrow::datatypes::{IntervalUnit, UInt16Type};

    use super::*;

    fn batch(name: &str, array: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable([(name, array, true)]).unwrap()
    }

    fn normalised(array: ArrayRef) -> Result<ArrayRef> {
        let batch = batch("c", array);
        let columns = Columns::of(&batch.schema())?;
        Ok(Arc::clone(columns.normalise(&batch, 100)?.column(0)))
    }

    #[test]
    fn every_supported_layout_arrives_in_the_one_of_its_type() {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let dictionary: DictionaryArray<UInt16Type> = vec![Some("a"), None].into_iter().collect();
        let cases: Vec<ArrayRef> = vec![
            cast(&text, &DataType::Utf8View).unwrap(),
            cast(&text, &DataType::LargeUtf8).unwrap(),
            Arc::new(dictionary),
        ];
        for array in cases {
            assert_eq!(&normalised(array).unwrap(), &text);
        }
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![Some(7), None]));
        for from in [
            DataType::Int8,
            DataType::UInt8,
            DataType::UInt16,
            DataType::UInt32,
            DataType::UInt64,
            DataType::Float16,
            DataType::Decimal64(9, 2),
            DataType::Null,
        ] {
            let numbers = match from {
                DataType::Null => new_null_array(&DataType::Null, 2),
                _ => cast(&numbers, &from).unwrap(),
            };
            let kind = ColumnType::of(&from).unwrap();
            let result = normalised(numbers).unwrap();
            assert_eq!(*result.data_type(), kind.arrow(), "{from}");
            assert!(result.is_null(1));
        }
    }

    #[test]
    fn nanoseconds_are_kept_or_refused() {
        let exact: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![Some(-1_000), None]));
        let kept = normalised(exact).unwrap();
        assert_eq!(
            kept.as_primitive::<arrow::datatypes::TimestampMicrosecondType>()
                .value(0),
            -1
        );

        let finer: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![Some(0), Some(1_001)]));
        let error = normalised(finer).unwrap_err();
        assert_eq!(
            error.message(),
            "row 102, column \"c\": a value does not fit TIMESTAMP exactly: 1970-01-01T00:00:00.000001001"
        );
    }

    #[test]
    fn nul_characters_are_found_where_they_are() {
        let texts = StringArray::from(vec![Some("a\0b"), Some("fine"), None, Some("x\0")]);
        let error = normalised(Arc::new(texts.slice(1, 3))).unwrap_err();
        assert!(
            error
                .message()
                .starts_with("row 103, column \"c\": the text holds a NUL")
        );
        assert!(normalised(Arc::new(texts.slice(1, 2))).is_ok());
    }

    #[test]
    fn zones_become_utc() {
        let array = TimestampSecondArray::from(vec![0]).with_timezone("+02:00");
        let result = normalised(Arc::new(array)).unwrap();
        assert_eq!(*result.data_type(), ColumnType::TimestampTz.arrow());
    }

    #[test]
    fn negative_scales_become_whole_numbers() {
        let array = Decimal128Array::from(vec![999])
            .with_precision_and_scale(3, -2)
            .unwrap();
        let result = normalised(Arc::new(array)).unwrap();
        assert_eq!(*result.data_type(), DataType::Decimal128(5, 0));
        assert_eq!(array_value_to_string(&result, 0).unwrap(), "99900");
    }

    #[test]
    fn unsupported_types_are_named() {
        let schema = Schema::new(vec![
            Field::new("ok", DataType::Int32, true),
            Field::new("wait", DataType::Interval(IntervalUnit::DayTime), true),
            Field::new("big", DataType::Decimal256(50, 2), true),
        ]);
        let error = Columns::of(&schema).unwrap_err();
        assert_eq!(
            error.message(),
            "no database type for \"wait\" (Interval(DayTime)), \"big\" (Decimal256(50, 2))"
        );
    }

    #[test]
    fn names_must_differ() {
        let field = || Field::new("id", DataType::Int32, true);
        let error = Columns::of(&Schema::new(vec![field(), field()])).unwrap_err();
        assert_eq!(error.message(), "two columns to export are named \"id\"");
        assert!(Columns::of(&Schema::empty()).is_err());
    }
}
