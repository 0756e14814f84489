//! The columns of an export, brought from any Arrow layout into the one of their type.
//!
//! A batch arrives in one of some forty Arrow types; both databases are written from the few of
//! [`ColumnType`]. [`Columns::normalise`] makes the step between them, and makes it exact: a
//! timestamp in nanoseconds becomes microseconds or an error, never a rounded value.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::kernels::cmp::distinct;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::util::display::array_value_to_string;

use super::column_type::ColumnType;
use crate::error::{Error, Result};
use crate::report::grouped;
use crate::sql::OnNul;

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
    /// Where each column stands in a batch that arrives.
    sources: Vec<usize>,
    nul: OnNul,
    /// Texts that a NUL was taken out of.
    stripped: Arc<AtomicU64>,
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
        Ok(Columns {
            schema: schema_of(&list),
            sources: (0..list.len()).collect(),
            list,
            nul: OnNul::Error,
            stripped: Arc::default(),
        })
    }

    /// The same, which does this about the character NUL.
    pub(crate) fn with_nul(self, nul: OnNul) -> Self {
        Columns { nul, ..self }
    }

    /// Only the columns at these places; batches arrive with all of them.
    pub(crate) fn keep(&self, places: &[usize]) -> Self {
        let list: Vec<_> = places.iter().map(|at| self.list[*at].clone()).collect();
        Columns {
            schema: schema_of(&list),
            sources: places.iter().map(|at| self.sources[*at]).collect(),
            list,
            nul: self.nul,
            stripped: Arc::clone(&self.stripped),
        }
    }

    /// What should be said about values that were changed on the way.
    pub(crate) fn note(&self) -> Option<String> {
        match self.stripped.load(Ordering::Relaxed) {
            0 => None,
            1 => Some("NUL characters were taken out of 1 text".to_owned()),
            texts => Some(format!(
                "NUL characters were taken out of {} texts",
                grouped(texts)
            )),
        }
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
            .zip(&self.sources)
            .map(|(column, source)| {
                let array = column.normalise(batch.column(*source), rows_before)?;
                match first_nul(&array) {
                    None => Ok(array),
                    Some(_) if self.nul == OnNul::Strip => Ok(self.strip_nuls(&array)),
                    Some(row) => Err(column.refuse_nul(rows_before + row as u64 + 1)),
                }
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }

    fn strip_nuls(&self, array: &ArrayRef) -> ArrayRef {
        let mut stripped = 0;
        let texts: StringArray = array
            .as_string::<i32>()
            .iter()
            .map(|text| {
                text.map(|text| match text.contains('\0') {
                    false => Cow::Borrowed(text),
                    true => {
                        stripped += 1;
                        Cow::Owned(text.replace('\0', ""))
                    }
                })
            })
            .collect();
        self.stripped.fetch_add(stripped, Ordering::Relaxed);
        Arc::new(texts)
    }
}

fn schema_of(columns: &[Column]) -> SchemaRef {
    let fields = columns
        .iter()
        .map(|column| Field::new(&column.name, column.kind.arrow(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The row of the first text with a NUL, which Postgres cannot store, and where a text ends for
/// SQLite.
fn first_nul(array: &ArrayRef) -> Option<usize> {
    let texts = array.as_string_opt::<i32>()?;
    memchr::memchr(0, texts.value_data())?;
    // A slice shares its bytes with other rows: only a hit inside of a value counts.
    texts
        .iter()
        .position(|text| text.is_some_and(|text| text.contains('\0')))
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

    fn refuse_nul(&self, row: u64) -> Error {
        Error::input(format!(
            "row {row}, column \"{}\": the text holds a NUL character, which no database can store",
            self.name
        ))
        .hint(format!(
            "add NUL strip to take it out, or remove it in the query: replace(\"{}\", chr(0), '')",
            self.name
        ))
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
    fn nul_characters_can_be_taken_out() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("a\0b\0"), Some("ok"), None]));
        let batch = batch("c", texts);
        let columns = Columns::of(&batch.schema()).unwrap().with_nul(OnNul::Strip);
        let result = columns.normalise(&batch, 0).unwrap();
        let texts: Vec<_> = result.column(0).as_string::<i32>().iter().collect();
        assert_eq!(texts, [Some("ab"), Some("ok"), None]);
        assert_eq!(
            columns.note().as_deref(),
            Some("NUL characters were taken out of 1 text")
        );
    }

    #[test]
    fn columns_that_are_not_kept_are_left_out() {
        let numbers = || -> ArrayRef { Arc::new(Int32Array::from(vec![1])) };
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
        let batch =
            RecordBatch::try_from_iter([("a", numbers()), ("b", texts), ("c", numbers())]).unwrap();
        let columns = Columns::of(&batch.schema())
            .unwrap()
            .keep(&[1, 2])
            .keep(&[1]);
        let result = columns.normalise(&batch, 0).unwrap();
        assert_eq!(result.schema().field(0).name(), "c");
        assert_eq!(*result.column(0).data_type(), DataType::Int32);
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
