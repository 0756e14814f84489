//! The value that an assignment would change: finding it and naming it.

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::compute::kernels::cmp::distinct;
use arrow::datatypes::{DataType, Field};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::super::column::ColumnBuilder;
use super::super::{Refusal, sql_name};
use crate::{Error, Result};

/// How many characters of a refused value a message shows.
const SHOWN_CHARACTERS: usize = 60;

/// Passes `converted` if it has no NULL that `original` has not.
pub(super) fn check_no_new_nulls(
    original: &ArrayRef,
    converted: ArrayRef,
    target: &Field,
) -> Result<ArrayRef> {
    if converted.null_count() == original.null_count() {
        return Ok(converted);
    }
    match (0..original.len()).find(|row| converted.is_null(*row) && original.is_valid(*row)) {
        Some(row) => Err(lossy_value(original, row, target)),
        None => Ok(converted),
    }
}

/// Passes `converted` if `back`, the same values cast back again, equals `original`.
pub(super) fn check_same(
    original: &ArrayRef,
    converted: ArrayRef,
    back: &ArrayRef,
    target: &Field,
) -> Result<ArrayRef> {
    let changed: BooleanArray = distinct(back, original)?;
    match changed.values().set_indices().next() {
        Some(row) => Err(lossy_value(original, row, target)),
        None => Ok(converted),
    }
}

/// The error for one value; the strict parser of the type says what would be lost.
pub(super) fn lossy_value(array: &ArrayRef, row: usize, target: &Field) -> Error {
    let Some(text) = show(array, row) else {
        return does_not_fit(&format!("in row {}", row + 1), target, Refusal::OutOfRange);
    };
    let refusal = match ColumnBuilder::new(target).map(|mut column| column.append_text(&text)) {
        Ok(Err(refusal)) => about_the_value(refusal, &text),
        Ok(Ok(())) => Refusal::Inexact,
        Err(_) => Refusal::OutOfRange,
    };
    refuse(&text, target, refusal)
}

/// A refusal of how our own text of a value is written, as one of the value itself.
fn about_the_value(refusal: Refusal, text: &str) -> Refusal {
    match refusal {
        Refusal::Exponent if text.contains("e-") => Refusal::Inexact,
        Refusal::Exponent
        | Refusal::DecimalPoint
        | Refusal::NotInteger
        | Refusal::NotDecimal
        | Refusal::NotFloat
        | Refusal::NotDate
        | Refusal::NotTimestamp => Refusal::OutOfRange,
        other => other,
    }
}

/// The error for a value that is already text.
pub(super) fn refuse(text: &str, target: &Field, refusal: Refusal) -> Error {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.:eTZ".contains(&byte))
        && !text.is_empty();
    let shown = match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}..", quoted(&text[..end])),
        None if plain => text.to_owned(),
        None => quoted(text),
    };
    does_not_fit(&shown, target, refusal)
}

fn does_not_fit(shown: &str, target: &Field, refusal: Refusal) -> Error {
    Error::input(format!(
        "value {shown} does not fit column `{}` {}: {refusal}",
        target.name(),
        sql_name(target.data_type())
    ))
    .hint(remedy(target.data_type()))
}

fn remedy(to: &DataType) -> String {
    match to {
        DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => {
            "round it on purpose in the query with round(..), or give the column a wider type"
                .to_owned()
        }
        to if to.is_integer() => {
            "round it on purpose in the query with round(..), or give the column a wider type"
                .to_owned()
        }
        to => format!(
            "convert it on purpose in the query, for instance with CAST(.. AS {})",
            sql_name(to)
        ),
    }
}

/// `None` for the few values without a text, such as a date beyond the year 262142.
fn show(array: &ArrayRef, row: usize) -> Option<String> {
    let options = FormatOptions::new();
    let formatter = ArrayFormatter::try_new(array, &options).ok()?;
    formatter.value(row).try_to_string().ok()
}
