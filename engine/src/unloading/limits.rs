//! What a format cannot hold: said before the first row for types, and with row and column for
//! values.
//!
//! | format | types it has not | values it has not |
//! |---|---|---|
//! | CSV | BINARY, lists, structs | NaN, infinity, years before 1 and after 9999; without a quote, values and names that need one; in a file of one column, NULL without a text for it |
//! | JSON | BINARY | NaN, infinity, years before 1 and after 9999 |
//! | Avro | names other than letters, digits and `_` | |
//! | ORC | DECIMAL, lists, structs (its writer has none) | years before 1 and after 9999; the last second before 1970 |
//!
//! Avro has no whole numbers below 32 bits: a SMALLINT is an INTEGER there.

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch};
use arrow::datatypes::{
    DataType, Date32Type, Fields, Float32Type, Float64Type, Schema, TimestampMicrosecondType,
};

use super::formats::CsvStyle;
use super::options::UnloadingOptions;
use crate::sql::WrittenFormat;
use crate::values::sql_name;
use crate::{Error, Result};

/// The first and last day of the years 1 to 9999.
const DAYS: [i32; 2] = [-719_162, 2_932_896];
const MICROSECONDS_OF_DAY: i64 = 86_400_000_000;
const MICROSECONDS_OF_SECOND: i64 = 1_000_000;

/// Why a value cannot be written, and what to do about it.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    what: &'static str,
    hint: &'static str,
}

const NOT_FINITE: Refusal = Refusal {
    what: "a number that is not finite",
    hint: "write parquet, or NULL in its place: CASE WHEN isnan(x) THEN NULL ELSE x END",
};
const YEAR: Refusal = Refusal {
    what: "a year before 1 or after 9999",
    hint: "write parquet, or CAST it to TEXT",
};
const MOMENT: Refusal = Refusal {
    what: "a fraction of the last second before 1970",
    hint: "ORC cannot tell it from the next second; write parquet",
};
const UNQUOTED: Refusal = Refusal {
    what: "a value that is empty, or holds a delimiter or a line end, or reads as NULL, without QUOTE",
    hint: "give a QUOTE, or another DELIMITER or NULL",
};
const NULL_LINE: Refusal = Refusal {
    what: "NULL as the only value of a line",
    hint: "readers pass over empty lines: say what NULL is with NULL 'NA'",
};

/// A value that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Its row in the batch, from 0.
    pub(super) row: usize,
    /// Its column.
    pub(super) column: String,
    /// What it is, for a person.
    pub(super) what: &'static str,
    /// What to do about it.
    pub(super) hint: &'static str,
}

/// Refuses columns that no value of which the format can hold. Those of partitions stand in the
/// names of folders, not in files.
///
/// # Errors
/// The first such column.
pub(super) fn check_columns(schema: &Schema, options: &UnloadingOptions) -> Result<()> {
    for field in schema.fields() {
        if options
            .partition_by
            .iter()
            .any(|by| by.name == *field.name())
        {
            continue;
        }
        if options.format == WrittenFormat::Avro {
            check_avro_name(field.name())?;
        }
        let csv = matches!(options.format, WrittenFormat::Csv | WrittenFormat::Tsv);
        if csv && !options.csv.can_name(field.name()) {
            return Err(Error::input(format!(
                "the name of column `{}` cannot be written as {} without QUOTE",
                field.name(),
                options.format
            ))
            .hint("give a QUOTE, or another name with AS, or HEADER false"));
        }
        if let Some((lacking, hint)) = lacking_type(field.data_type(), options.format)? {
            return Err(Error::input(format!(
                "column `{}` is {} and cannot be written as {}",
                field.name(),
                sql_name(lacking),
                options.format
            ))
            .hint(hint));
        }
    }
    Ok(())
}

/// A type that a format does not have, and what to do about it.
type Lacking<'a> = (&'a DataType, &'static str);

/// The part of a type that a format does not have.
fn lacking_type(data_type: &DataType, format: WrittenFormat) -> Result<Option<Lacking<'_>>> {
    use WrittenFormat::{Avro, Csv, Json, Ndjson, Orc, Tsv};
    Ok(match (format, data_type) {
        (Csv | Tsv | Json | Ndjson, DataType::Binary) => {
            Some((data_type, "write it as text: encode(column, 'hex')"))
        }
        (Csv | Tsv, DataType::List(_) | DataType::Struct(_)) => {
            Some((data_type, "write json or parquet, or its parts as columns"))
        }
        (Orc, DataType::List(_) | DataType::Struct(_)) => {
            Some((data_type, "write parquet or avro, or its parts as columns"))
        }
        (Orc, DataType::Decimal128(_, _)) => Some((
            data_type,
            "write parquet or avro, or CAST it to TEXT to keep its digits",
        )),
        (Avro, DataType::Decimal128(_, scale)) if *scale < 0 => {
            Some((data_type, "CAST it to a DECIMAL with a scale of 0 or more"))
        }
        (_, DataType::List(element)) => lacking_type(element.data_type(), format)?,
        (_, DataType::Struct(parts)) => lacking_in_parts(parts, format)?,
        _ => None,
    })
}

fn lacking_in_parts(parts: &Fields, format: WrittenFormat) -> Result<Option<Lacking<'_>>> {
    for part in parts {
        if format == WrittenFormat::Avro {
            check_avro_name(part.name())?;
        }
        if let Some(lacking) = lacking_type(part.data_type(), format)? {
            return Ok(Some(lacking));
        }
    }
    Ok(None)
}

/// Names as Avro has them (specification 1.12, Names): a library that is given others changes them.
fn check_avro_name(name: &str) -> Result<()> {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    match starts && name.chars().all(plain) {
        true => Ok(()),
        false => Err(
            Error::input(format!("Avro has no column of the name `{name}`")).hint(
                "its names are letters, digits and _, and begin with no digit; rename it with AS",
            ),
        ),
    }
}

/// What the values of a format are checked for.
#[derive(Debug)]
pub(super) struct ValueLimits {
    /// The columns that stand in the files.
    columns: Vec<usize>,
    /// NaN and infinity.
    finite: bool,
    /// Years that have more or less than four digits.
    four_digit_years: bool,
    /// Moments that readers of ORC take for others (ORC-763).
    orc_moments: bool,
    /// Values that need a quote where there is none.
    unquoted: Option<CsvStyle>,
    /// NULL as an empty line.
    null_lines: bool,
}

impl ValueLimits {
    /// Those of a format for some columns.
    pub(super) fn of(schema: &Schema, options: &UnloadingOptions) -> Self {
        let csv = matches!(options.format, WrittenFormat::Csv | WrittenFormat::Tsv);
        let text = super::options::is_text(options.format);
        let orc = options.format == WrittenFormat::Orc;
        let in_files = |name: &str| !options.partition_by.iter().any(|by| by.name == *name);
        let columns: Vec<_> = (0..schema.fields().len())
            .filter(|column| in_files(schema.field(*column).name()))
            .collect();
        ValueLimits {
            null_lines: csv && columns.len() == 1 && !options.csv.has_null(),
            columns,
            finite: text,
            four_digit_years: text || orc,
            orc_moments: orc,
            unquoted: (csv && !options.csv.has_quote()).then(|| options.csv.clone()),
        }
    }

    /// The value in the first row that has one which cannot be written.
    pub(super) fn first_fault(&self, rows: &RecordBatch) -> Option<Fault> {
        let schema = rows.schema_ref();
        let columns = self.columns.iter();
        columns
            .filter_map(|column| {
                let (row, Refusal { what, hint }) = self.first_in(rows.column(*column))?;
                Some(Fault {
                    row,
                    column: schema.field(*column).name().clone(),
                    what,
                    hint,
                })
            })
            .min_by_key(|fault| fault.row)
    }

    fn first_in(&self, values: &ArrayRef) -> Option<(usize, Refusal)> {
        let fault = self.first_without_text(values);
        let Some(style) = &self.unquoted else {
            return fault;
        };
        // What has no text cannot be asked whether it needs a quote.
        let before = fault.map_or(values.len(), |(row, _)| row);
        let unquoted = style.first_to_quote(&values.slice(0, before));
        unquoted.map(|row| (row, UNQUOTED)).or(fault)
    }

    /// The first value that the format has no text or bytes for.
    fn first_without_text(&self, values: &ArrayRef) -> Option<(usize, Refusal)> {
        if self.null_lines && values.null_count() > 0 {
            let row = (0..values.len()).find(|row| values.is_null(*row))?;
            return Some((row, NULL_LINE));
        }
        match values.data_type() {
            DataType::Float32 if self.finite => {
                find::<Float32Type>(values, |value| !value.is_finite(), NOT_FINITE)
            }
            DataType::Float64 if self.finite => {
                find::<Float64Type>(values, |value| !value.is_finite(), NOT_FINITE)
            }
            DataType::Date32 if self.four_digit_years => {
                find::<Date32Type>(values, |days| !has_year(days), YEAR)
            }
            DataType::Timestamp(_, _) if self.four_digit_years => {
                let year = |micros: i64| {
                    let days = micros.div_euclid(MICROSECONDS_OF_DAY);
                    !i32::try_from(days).is_ok_and(has_year)
                };
                let moment = |micros: i64| {
                    self.orc_moments
                        && (1 - MICROSECONDS_OF_SECOND..0).contains(&micros)
                        && micros.rem_euclid(MICROSECONDS_OF_SECOND) > 999
                };
                find::<TimestampMicrosecondType>(values, year, YEAR)
                    .or_else(|| find::<TimestampMicrosecondType>(values, moment, MOMENT))
            }
            DataType::List(_) => {
                let lists = values.as_list::<i32>();
                self.first_in(lists.values())?;
                let mut rows = (0..lists.len()).filter(|row| lists.is_valid(*row));
                rows.find_map(|row| Some((row, self.first_in(&lists.value(row))?.1)))
            }
            DataType::Struct(_) => {
                let structs = values.as_struct();
                structs
                    .columns()
                    .iter()
                    .find_map(|part| self.first_in(part))?;
                let mut rows = (0..structs.len()).filter(|row| structs.is_valid(*row));
                rows.find_map(|row| {
                    let mut parts = structs.columns().iter();
                    let (_, fault) = parts.find_map(|part| self.first_in(&part.slice(row, 1)))?;
                    Some((row, fault))
                })
            }
            _ => None,
        }
    }
}

fn has_year(days: i32) -> bool {
    (DAYS[0]..=DAYS[1]).contains(&days)
}

fn find<T: ArrowPrimitiveType>(
    values: &ArrayRef,
    is_bad: impl Fn(T::Native) -> bool,
    refusal: Refusal,
) -> Option<(usize, Refusal)> {
    let values: &PrimitiveArray<T> = values.as_primitive();
    let mut values = values.iter();
    let row = values.position(|value| value.is_some_and(&is_bad))?;
    Some((row, refusal))
}
