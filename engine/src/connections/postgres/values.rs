//! Values in Postgres's binary formats become Arrow columns: one builder per column, no memory per
//! value.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int16Builder, Int32Builder, Int64Builder, ListArray, StringBuilder,
    Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};

use super::kinds::{Kind, item_field};
use super::numeric::decimal;
use crate::error::Result;

/// Dates and times count from the first day of 2000.
const DAYS_TO_2000: i32 = 10_957;
const MICROS_TO_2000: i64 = 946_684_800_000_000;
/// The number in front of a jsonb.
const JSONB_VERSION: u8 = 1;
const UUID_BYTES: usize = 16;

/// What is wrong with a value.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its bytes are not in the format of its type.
    Broken,
    /// Its type here has no such value.
    NoValue {
        what: &'static str,
        hint: &'static str,
    },
}

/// Reads what stands at the beginning of bytes, and takes it off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Cursor(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn i16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.array()?))
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.array()?))
    }

    /// A length and so many bytes; a length of -1 stands for NULL.
    #[expect(clippy::option_option, reason = "NULL is not the end of the bytes")]
    pub(super) fn field(&mut self) -> Option<Option<&'b [u8]>> {
        let length = i32::from_be_bytes(self.array()?);
        match usize::try_from(length) {
            Ok(length) => self.take(length).map(Some),
            Err(_) => (length == -1).then_some(None),
        }
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

/// The values of a column so far.
pub(super) enum Values {
    Boolean(BooleanBuilder),
    Int2(Int16Builder),
    Int4(Int32Builder),
    Int8(Int64Builder),
    Float4(Float32Builder),
    Float8(Float64Builder),
    Numeric(Decimal128Builder, u8),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Text(StringBuilder),
    Jsonb(StringBuilder),
    Uuid(StringBuilder),
    Bytes(BinaryBuilder),
    List(Lists),
}

/// Arrays of one dimension.
pub(super) struct Lists {
    items: Box<Values>,
    kind: Kind,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Values {
    /// No values yet, with room for so many.
    pub(super) fn new(kind: &Kind, rows: usize) -> Self {
        let texts = || StringBuilder::with_capacity(rows, rows * 8);
        match kind {
            Kind::Boolean => Values::Boolean(BooleanBuilder::with_capacity(rows)),
            Kind::Int2 => Values::Int2(Int16Builder::with_capacity(rows)),
            Kind::Int4 => Values::Int4(Int32Builder::with_capacity(rows)),
            Kind::Int8 => Values::Int8(Int64Builder::with_capacity(rows)),
            Kind::Float4 => Values::Float4(Float32Builder::with_capacity(rows)),
            Kind::Float8 => Values::Float8(Float64Builder::with_capacity(rows)),
            Kind::Numeric { scale, .. } => {
                let builder = Decimal128Builder::with_capacity(rows);
                Values::Numeric(builder.with_data_type(kind.arrow()), *scale)
            }
            Kind::Date => Values::Date(Date32Builder::with_capacity(rows)),
            Kind::Time => Values::Time(Time64MicrosecondBuilder::with_capacity(rows)),
            Kind::Timestamp | Kind::TimestampTz => {
                let builder = TimestampMicrosecondBuilder::with_capacity(rows);
                Values::Timestamp(builder.with_data_type(kind.arrow()))
            }
            Kind::Text => Values::Text(texts()),
            Kind::Jsonb => Values::Jsonb(texts()),
            Kind::Uuid => Values::Uuid(texts()),
            Kind::Bytes => Values::Bytes(BinaryBuilder::with_capacity(rows, rows * 8)),
            Kind::List(items) => Values::List(Lists {
                items: Box::new(Values::new(items, rows)),
                kind: items.as_ref().clone(),
                lengths: Vec::with_capacity(rows),
                valid: Vec::with_capacity(rows),
            }),
        }
    }

    /// Takes a value in, `None` for NULL.
    pub(super) fn add(&mut self, value: Option<&[u8]>) -> Result<(), Fault> {
        match self {
            Values::Boolean(builder) => {
                builder.append_option(fixed(value)?.map(|[byte]: [u8; 1]| byte != 0));
            }
            Values::Int2(builder) => {
                builder.append_option(fixed(value)?.map(i16::from_be_bytes));
            }
            Values::Int4(builder) => {
                builder.append_option(fixed(value)?.map(i32::from_be_bytes));
            }
            Values::Int8(builder) => {
                builder.append_option(fixed(value)?.map(i64::from_be_bytes));
            }
            Values::Float4(builder) => {
                builder.append_option(fixed(value)?.map(f32::from_be_bytes));
            }
            Values::Float8(builder) => {
                builder.append_option(fixed(value)?.map(f64::from_be_bytes));
            }
            Values::Numeric(builder, scale) => {
                builder.append_option(value.map(|value| decimal(value, *scale)).transpose()?);
            }
            Values::Date(builder) => {
                let days = fixed(value)?.map(i32::from_be_bytes).map(date);
                builder.append_option(days.transpose()?);
            }
            Values::Time(builder) => {
                builder.append_option(fixed(value)?.map(i64::from_be_bytes));
            }
            Values::Timestamp(builder) => {
                let micros = fixed(value)?.map(i64::from_be_bytes).map(timestamp);
                builder.append_option(micros.transpose()?);
            }
            Values::Text(builder) => builder.append_option(value.map(text).transpose()?),
            Values::Jsonb(builder) => builder.append_option(value.map(jsonb).transpose()?),
            Values::Uuid(builder) => {
                let bytes: Option<[u8; UUID_BYTES]> = fixed(value)?;
                let mut buffer = uuid::Uuid::encode_buffer();
                builder.append_option(bytes.map(|bytes| {
                    &*uuid::Uuid::from_bytes(bytes)
                        .hyphenated()
                        .encode_lower(&mut buffer)
                }));
            }
            Values::Bytes(builder) => builder.append_option(value),
            Values::List(lists) => lists.add(value)?,
        }
        Ok(())
    }

    /// The column, and an empty one in its place.
    pub(super) fn finish(&mut self) -> Result<ArrayRef> {
        Ok(match self {
            Values::Boolean(builder) => Arc::new(builder.finish()),
            Values::Int2(builder) => Arc::new(builder.finish()),
            Values::Int4(builder) => Arc::new(builder.finish()),
            Values::Int8(builder) => Arc::new(builder.finish()),
            Values::Float4(builder) => Arc::new(builder.finish()),
            Values::Float8(builder) => Arc::new(builder.finish()),
            Values::Numeric(builder, _) => Arc::new(builder.finish()),
            Values::Date(builder) => Arc::new(builder.finish()),
            Values::Time(builder) => Arc::new(builder.finish()),
            Values::Timestamp(builder) => Arc::new(builder.finish()),
            Values::Text(builder) | Values::Jsonb(builder) | Values::Uuid(builder) => {
                Arc::new(builder.finish())
            }
            Values::Bytes(builder) => Arc::new(builder.finish()),
            Values::List(lists) => lists.finish()?,
        })
    }
}

impl Lists {
    fn add(&mut self, value: Option<&[u8]>) -> Result<(), Fault> {
        let length = match value {
            None => 0,
            Some(value) => self.add_items(Cursor::new(value))?,
        };
        self.lengths.push(length);
        self.valid.push(value.is_some());
        Ok(())
    }

    /// The number of dimensions, whether there are NULLs, the type of the elements, for each
    /// dimension its length and where it starts; then the elements.
    fn add_items(&mut self, mut value: Cursor<'_>) -> Result<usize, Fault> {
        let head = (value.u32(), value.u32(), value.u32());
        let (Some(dimensions), Some(_), Some(_)) = head else {
            return Err(Fault::Broken);
        };
        match dimensions {
            0 => return Ok(0),
            1 => {}
            _ => {
                return Err(Fault::NoValue {
                    what: "an array of several dimensions",
                    hint: "make a view in the database that casts the column to text",
                });
            }
        }
        let (Some(length), Some(_)) = (value.u32(), value.u32()) else {
            return Err(Fault::Broken);
        };
        for _ in 0..length {
            self.items.add(value.field().ok_or(Fault::Broken)?)?;
        }
        usize::try_from(length).map_err(|_| Fault::Broken)
    }

    fn finish(&mut self) -> Result<ArrayRef> {
        let offsets = OffsetBuffer::<i32>::from_lengths(std::mem::take(&mut self.lengths));
        let valid = NullBuffer::from(std::mem::take(&mut self.valid));
        let items = self.items.finish()?;
        let lists = ListArray::try_new(item_field(&self.kind), offsets, items, Some(valid))?;
        Ok(Arc::new(lists))
    }
}

fn fixed<const N: usize>(value: Option<&[u8]>) -> Result<Option<[u8; N]>, Fault> {
    let array = |value: &[u8]| value.try_into().map_err(|_| Fault::Broken);
    value.map(array).transpose()
}

fn text(value: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(value).map_err(|_| Fault::NoValue {
        what: "a text that is not UTF-8",
        hint: "the database has the encoding SQL_ASCII: correct the text there, or cast the column to bytea in a view",
    })
}

fn jsonb(value: &[u8]) -> Result<&str, Fault> {
    match value.split_first() {
        Some((&JSONB_VERSION, json)) => text(json),
        _ => Err(Fault::Broken),
    }
}

fn date(days: i32) -> Result<i32, Fault> {
    match days {
        i32::MAX | i32::MIN => Err(INFINITE_TIME),
        days => days.checked_add(DAYS_TO_2000).ok_or(Fault::Broken),
    }
}

fn timestamp(micros: i64) -> Result<i64, Fault> {
    match micros {
        i64::MAX | i64::MIN => Err(INFINITE_TIME),
        // The last of them lie 30 years too far in the year 294276.
        micros => micros.checked_add(MICROS_TO_2000).ok_or(Fault::NoValue {
            what: "a time after the year 294246",
            hint: "leave it out with a filter, or cast the column to text in a view",
        }),
    }
}

const INFINITE_TIME: Fault = Fault::NoValue {
    what: "infinity, which no date or time is here",
    hint: "leave it out with a filter on the column, or replace it by NULL in a view of the database",
};

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{Array, AsArray};
    use arrow::datatypes::{Date32Type, Int16Type, TimestampMicrosecondType};

    use super::*;

    fn column(kind: Kind, values: &[Option<&[u8]>]) -> Result<ArrayRef, Fault> {
        let mut column = Values::new(&kind, 2);
        for value in values {
            column.add(*value)?;
        }
        let array = column.finish().unwrap();
        assert_eq!(*array.data_type(), kind.arrow());
        Ok(array)
    }

    #[test]
    fn dates_and_times_count_from_2000() {
        let days = |days: i32| column(Kind::Date, &[Some(&days.to_be_bytes())]);
        assert_eq!(
            days(-10_957).unwrap().as_primitive::<Date32Type>().value(0),
            0
        );
        let micros = |micros: i64| column(Kind::TimestampTz, &[Some(&micros.to_be_bytes())]);
        let first = micros(-MICROS_TO_2000 - 1).unwrap();
        assert_eq!(
            first.as_primitive::<TimestampMicrosecondType>().value(0),
            -1
        );
        for fault in [
            days(i32::MAX).unwrap_err(),
            days(i32::MIN).unwrap_err(),
            micros(i64::MAX).unwrap_err(),
            micros(i64::MIN).unwrap_err(),
            micros(i64::MAX - 1).unwrap_err(),
        ] {
            assert!(matches!(fault, Fault::NoValue { .. }));
        }
    }

    #[test]
    fn texts_of_every_kind() {
        let json = column(Kind::Jsonb, &[Some(b"\x01{\"a\": 1}"), None]).unwrap();
        assert_eq!(json.as_string::<i32>().value(0), "{\"a\": 1}");
        assert!(json.is_null(1));
        assert!(column(Kind::Jsonb, &[Some(b"\x02{}")]).is_err());
        let uuid = column(Kind::Uuid, &[Some(&[0xab; 16])]).unwrap();
        assert_eq!(
            uuid.as_string::<i32>().value(0),
            "abababab-abab-abab-abab-abababababab"
        );
        assert!(column(Kind::Text, &[Some(&[0xff])]).is_err());
    }

    #[test]
    fn lists_hold_nulls_and_may_be_empty_or_null() {
        let head = |dimensions: u32| [dimensions.to_be_bytes(), [0; 4], [0; 4]].concat();
        let empty = head(0);
        let mut two = head(1);
        two.extend([2_u32.to_be_bytes(), 1_u32.to_be_bytes()].concat());
        two.extend([0, 0, 0, 2, 0, 7, 255, 255, 255, 255]);
        let kind = Kind::List(Box::new(Kind::Int2));
        let lists = column(kind.clone(), &[Some(&two), None, Some(&empty), Some(&two)]).unwrap();
        let lists = lists.as_list::<i32>();
        let list = |row: usize| -> Vec<Option<i16>> {
            lists
                .value(row)
                .as_primitive::<Int16Type>()
                .iter()
                .collect()
        };
        assert_eq!(
            [list(0), list(2), list(3)],
            [vec![Some(7), None], vec![], vec![Some(7), None]]
        );
        assert!(lists.is_null(1));
        let square = head(2);
        assert!(matches!(
            column(kind, &[Some(&square)]),
            Err(Fault::NoValue { .. })
        ));
    }
}
