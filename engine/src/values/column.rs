//! A column under construction, fed with text.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, TimeUnit};

use super::rounding::{self, Nearest};
use super::{
    DateFormat, Refusal, parse_boolean, parse_date, parse_decimal, parse_double, parse_integer,
    parse_real, parse_timestamp, parse_timestamp_with_zone, sql_name,
};
use crate::{Error, Result};

/// Builds one typed column from text, value by value, exactly or not at all.
#[derive(Debug)]
pub struct ColumnBuilder {
    typed: Typed,
    date_format: DateFormat,
    rounds: bool,
    /// The places of rounded values in the column.
    rounded: Vec<usize>,
}

#[derive(Debug)]
enum Typed {
    Boolean(BooleanBuilder),
    TinyInt(Int8Builder),
    SmallInt(Int16Builder),
    Integer(Int32Builder),
    BigInt(Int64Builder),
    Real(Float32Builder),
    Double(Float64Builder),
    Decimal {
        builder: Decimal128Builder,
        precision: u8,
        scale: u8,
    },
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    TimestampWithZone(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

/// Applies one expression to whichever builder the column has.
macro_rules! with_builder {
    ($typed:expr, $builder:ident => $do:expr) => {
        match $typed {
            Typed::Boolean($builder) => $do,
            Typed::TinyInt($builder) => $do,
            Typed::SmallInt($builder) => $do,
            Typed::Integer($builder) => $do,
            Typed::BigInt($builder) => $do,
            Typed::Real($builder) => $do,
            Typed::Double($builder) => $do,
            Typed::Decimal {
                builder: $builder, ..
            } => $do,
            Typed::Date($builder) => $do,
            Typed::Timestamp($builder) | Typed::TimestampWithZone($builder) => $do,
            Typed::Text($builder) => $do,
        }
    };
}

impl ColumnBuilder {
    /// An empty column of the field's type.
    ///
    /// # Errors
    /// Types that text has no strict form for; the message names the column and the type.
    pub fn new(field: &Field) -> Result<Self> {
        let typed = match field.data_type() {
            DataType::Boolean => Typed::Boolean(BooleanBuilder::new()),
            DataType::Int8 => Typed::TinyInt(Int8Builder::new()),
            DataType::Int16 => Typed::SmallInt(Int16Builder::new()),
            DataType::Int32 => Typed::Integer(Int32Builder::new()),
            DataType::Int64 => Typed::BigInt(Int64Builder::new()),
            DataType::Float32 => Typed::Real(Float32Builder::new()),
            DataType::Float64 => Typed::Double(Float64Builder::new()),
            DataType::Decimal128(precision, scale) => decimal(field, *precision, *scale)?,
            DataType::Date32 => Typed::Date(Date32Builder::new()),
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                Typed::Timestamp(TimestampMicrosecondBuilder::new())
            }
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) => Typed::TimestampWithZone(
                TimestampMicrosecondBuilder::new().with_timezone(Arc::clone(zone)),
            ),
            DataType::Utf8 => Typed::Text(StringBuilder::new()),
            _ => return Err(unsupported(field)),
        };
        Ok(ColumnBuilder {
            typed,
            date_format: DateFormat::ISO,
            rounds: false,
            rounded: Vec::new(),
        })
    }

    /// The same with dates, and the dates in front of times, written in `format`; ISO otherwise.
    #[must_use]
    pub fn with_date_format(self, format: DateFormat) -> Self {
        ColumnBuilder {
            date_format: format,
            ..self
        }
    }

    /// The same, which takes the nearest value where the text says more than the type can hold.
    #[must_use]
    pub fn with_rounding(self, rounds: bool) -> Self {
        ColumnBuilder { rounds, ..self }
    }

    /// The places of the values in the column that were rounded since the last time, ascending.
    pub fn take_rounded(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.rounded)
    }

    /// Appends the value that the text writes. A refused value leaves the column as it was.
    pub fn append_text(&mut self, text: &str) -> Result<(), Refusal> {
        let mut refused = None;
        self.append_all(
            std::iter::once(Some(Cow::Borrowed(text))),
            |_, refusal| refused = Some(refusal),
            OnRefusal::Leave,
        );
        refused.map_or(Ok(()), Err)
    }

    /// Appends many values; `None` is NULL. The type is looked at once and not for each of them.
    /// A refused value becomes NULL and `refused` is told its place among the values.
    pub fn append_texts<'t>(
        &mut self,
        values: impl Iterator<Item = Option<Cow<'t, str>>>,
        refused: impl FnMut(usize, Refusal),
    ) {
        self.append_all(values, refused, OnRefusal::AppendNull);
    }

    /// Appends a NULL.
    pub fn append_null(&mut self) {
        with_builder!(&mut self.typed, builder => builder.append_null());
    }

    /// The column so far; the builder starts afresh with the same type.
    pub fn finish(&mut self) -> ArrayRef {
        with_builder!(&mut self.typed, builder => Arc::new(builder.finish()))
    }

    fn append_all<'t>(
        &mut self,
        values: impl Iterator<Item = Option<Cow<'t, str>>>,
        mut refused: impl FnMut(usize, Refusal),
        on_refusal: OnRefusal,
    ) {
        let format = self.date_format;
        let (rounds, rounded) = (self.rounds, &mut self.rounded);
        macro_rules! refuse {
            ($builder:expr, $place:expr, $refusal:expr) => {{
                refused($place, $refusal);
                if on_refusal == OnRefusal::AppendNull {
                    $builder.append_null();
                }
            }};
        }
        macro_rules! append {
            ($builder:expr, $parse:expr) => {
                for (place, text) in values.enumerate() {
                    match text.as_deref().map($parse) {
                        Some(Ok(value)) => $builder.append_value(value),
                        None => $builder.append_null(),
                        Some(Err(refusal)) => refuse!($builder, place, refusal),
                    }
                }
            };
            ($builder:expr, $parse:expr, $round:expr) => {
                for (place, text) in values.enumerate() {
                    let Some(text) = text.as_deref() else {
                        $builder.append_null();
                        continue;
                    };
                    match $parse(text) {
                        Ok(value) => $builder.append_value(value),
                        Err(refusal) => match nearest(rounds, text, refusal, $round) {
                            Ok((value, changed)) => {
                                rounded.extend(changed.then(|| $builder.len()));
                                $builder.append_value(value);
                            }
                            Err(refusal) => refuse!($builder, place, refusal),
                        },
                    }
                }
            };
        }
        match &mut self.typed {
            Typed::Boolean(builder) => append!(builder, parse_boolean),
            Typed::TinyInt(builder) => append!(builder, parse_integer::<i8>, rounding::integer),
            Typed::SmallInt(builder) => append!(builder, parse_integer::<i16>, rounding::integer),
            Typed::Integer(builder) => append!(builder, parse_integer::<i32>, rounding::integer),
            Typed::BigInt(builder) => append!(builder, parse_integer::<i64>, rounding::integer),
            Typed::Real(builder) => append!(builder, parse_real),
            Typed::Double(builder) => append!(builder, parse_double),
            Typed::Decimal {
                builder,
                precision,
                scale,
            } => append!(
                builder,
                |text: &str| parse_decimal(text, *precision, *scale),
                |text| rounding::decimal(text, *precision, *scale)
            ),
            Typed::Date(builder) => {
                append!(builder, |text: &str| parse_date(text, format), |text| {
                    rounding::date(text, format)
                })
            }
            Typed::Timestamp(builder) => append!(
                builder,
                |text: &str| parse_timestamp(text, format),
                |text| rounding::timestamp(text, format)
            ),
            Typed::TimestampWithZone(builder) => append!(
                builder,
                |text: &str| parse_timestamp_with_zone(text, format),
                |text| rounding::timestamp_with_zone(text, format)
            ),
            Typed::Text(builder) => append!(builder, Ok::<&str, Refusal>),
        }
    }
}

/// The value that is nearest to what a refused text says, if that is wanted and there is one.
#[cold]
fn nearest<T>(
    wanted: bool,
    text: &str,
    refusal: Refusal,
    round: impl FnOnce(&str) -> Nearest<T>,
) -> Nearest<T> {
    if !wanted {
        return Err(refusal);
    }
    round(text).map_err(|instead| match instead {
        // It could be rounded but for its size.
        Refusal::IntegerDigits { .. } | Refusal::OutOfRange => instead,
        _ => refusal,
    })
}

/// What a refused value leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnRefusal {
    Leave,
    AppendNull,
}

fn decimal(field: &Field, precision: u8, scale: i8) -> Result<Typed> {
    let builder = Decimal128Builder::new().with_precision_and_scale(precision, scale);
    match (builder, u8::try_from(scale)) {
        (Ok(builder), Ok(scale)) => Ok(Typed::Decimal {
            builder,
            precision,
            scale,
        }),
        _ => Err(unsupported(field)),
    }
}

fn unsupported(field: &Field) -> Error {
    Error::input(format!(
        "column `{}` has type {}, which text cannot be read as",
        field.name(),
        sql_name(field.data_type())
    ))
    .hint("declare it TEXT and convert it in SQL, or choose a number, DECIMAL, DATE, TIMESTAMP or BOOLEAN")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Decimal128Type, Int32Type};

    #[test]
    fn a_refused_value_leaves_the_column_as_it_was() {
        let mut column = ColumnBuilder::new(&Field::new("n", DataType::Int32, true)).unwrap();
        column.append_text("1").unwrap();
        assert_eq!(column.append_text("x"), Err(Refusal::NotInteger));
        column.append_null();
        let array = column.finish();
        assert_eq!(
            array.as_primitive::<Int32Type>().iter().collect::<Vec<_>>(),
            [Some(1), None]
        );
        assert_eq!(column.finish().len(), 0);
    }

    #[test]
    fn rounded_values_are_told_by_their_places() {
        let mut column = ColumnBuilder::new(&Field::new("d", DataType::Decimal128(4, 1), true))
            .unwrap()
            .with_rounding(true);
        let texts = ["1.5", "1.25", "x", "999.95", "", "-1.25"];
        let mut refused = Vec::new();
        column.append_texts(
            texts
                .map(|text| (!text.is_empty()).then_some(text.into()))
                .into_iter(),
            |place, refusal| refused.push((place, refusal)),
        );
        let too_large = Refusal::IntegerDigits {
            fitting: Some((5, 1)),
        };
        assert_eq!(refused, [(2, Refusal::NotDecimal), (3, too_large)]);
        assert_eq!(column.take_rounded(), [1, 5]);
        assert!(column.take_rounded().is_empty());
        let values = column.finish();
        let values: Vec<_> = values.as_primitive::<Decimal128Type>().iter().collect();
        assert_eq!(values, [Some(15), Some(13), None, None, None, Some(-13)]);
    }

    #[test]
    fn every_type_builds_its_own_type() {
        let zone = Some("UTC".into());
        for (data_type, text) in [
            (DataType::Boolean, "true"),
            (DataType::Int8, "1"),
            (DataType::Int16, "1"),
            (DataType::Int32, "1"),
            (DataType::Int64, "1"),
            (DataType::Float32, "1.5"),
            (DataType::Float64, "1.5"),
            (DataType::Decimal128(5, 2), "1.5"),
            (DataType::Date32, "2024-01-05"),
            (
                DataType::Timestamp(TimeUnit::Microsecond, None),
                "2024-01-05 10:11",
            ),
            (
                DataType::Timestamp(TimeUnit::Microsecond, zone),
                "2024-01-05 10:11Z",
            ),
            (DataType::Utf8, ""),
        ] {
            let mut column = ColumnBuilder::new(&Field::new("c", data_type.clone(), true)).unwrap();
            column.append_text(text).unwrap();
            for _ in 0..2 {
                column.append_null();
                assert_eq!(column.finish().data_type(), &data_type);
            }
        }
    }

    #[test]
    fn decimals_keep_precision_and_scale() {
        let mut column =
            ColumnBuilder::new(&Field::new("d", DataType::Decimal128(12, 2), true)).unwrap();
        column.append_text("-1.5").unwrap();
        assert_eq!(
            column.finish().as_primitive::<Decimal128Type>().value(0),
            -150
        );
    }

    #[test]
    fn an_unsupported_type_is_named_with_its_column() {
        let error = ColumnBuilder::new(&Field::new(
            "took",
            DataType::Duration(TimeUnit::Second),
            true,
        ))
        .unwrap_err();
        assert_eq!(
            error.message(),
            "column `took` has type Duration(s), which text cannot be read as"
        );
        for scale in [-2, 6] {
            assert!(
                ColumnBuilder::new(&Field::new("d", DataType::Decimal128(5, scale), true)).is_err()
            );
        }
    }
}
