//! A column under construction, fed with text.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder, Float64Builder,
    Int8Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, TimeUnit};

use super::{
    Refusal, parse_boolean, parse_date, parse_decimal, parse_double, parse_integer, parse_real,
    parse_timestamp, parse_timestamp_with_zone, sql_name,
};
use crate::{Error, Result};

/// Builds one typed column from text, value by value, exactly or not at all.
#[derive(Debug)]
pub struct ColumnBuilder(Typed);

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
        Ok(ColumnBuilder(typed))
    }

    /// Appends the value that the text writes. A refused value leaves the column as it was.
    pub fn append_text(&mut self, text: &str) -> Result<(), Refusal> {
        match &mut self.0 {
            Typed::Boolean(builder) => builder.append_value(parse_boolean(text)?),
            Typed::TinyInt(builder) => builder.append_value(parse_integer(text)?),
            Typed::SmallInt(builder) => builder.append_value(parse_integer(text)?),
            Typed::Integer(builder) => builder.append_value(parse_integer(text)?),
            Typed::BigInt(builder) => builder.append_value(parse_integer(text)?),
            Typed::Real(builder) => builder.append_value(parse_real(text)?),
            Typed::Double(builder) => builder.append_value(parse_double(text)?),
            Typed::Decimal {
                builder,
                precision,
                scale,
            } => builder.append_value(parse_decimal(text, *precision, *scale)?),
            Typed::Date(builder) => builder.append_value(parse_date(text)?),
            Typed::Timestamp(builder) => builder.append_value(parse_timestamp(text)?),
            Typed::TimestampWithZone(builder) => {
                builder.append_value(parse_timestamp_with_zone(text)?)
            }
            Typed::Text(builder) => builder.append_value(text),
        }
        Ok(())
    }

    /// Appends a NULL.
    pub fn append_null(&mut self) {
        with_builder!(&mut self.0, builder => builder.append_null());
    }

    /// The column so far; the builder starts afresh with the same type.
    pub fn finish(&mut self) -> ArrayRef {
        with_builder!(&mut self.0, builder => Arc::new(builder.finish()))
    }
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
