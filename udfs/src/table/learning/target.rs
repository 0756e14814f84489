//! What is learnt: a number, or one of a few classes.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::Result;
use serde::{Deserialize, Serialize};

use crate::table::arguments::Argument;

/// What a target holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::table) enum TargetKind {
    /// Numbers.
    Number,
    /// Classes.
    Classes(ClassKind),
}

/// How classes are written in the input, and so in the predictions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::table) enum ClassKind {
    Text,
    Boolean,
    Integer,
}

impl ClassKind {
    /// The kind of a column, if it can hold classes.
    pub(super) fn of(data_type: &DataType) -> Option<Self> {
        match data_type {
            DataType::Dictionary(_, values) => ClassKind::of(values),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Some(ClassKind::Text),
            DataType::Boolean => Some(ClassKind::Boolean),
            // Larger ones do not fit the type of the predictions.
            DataType::UInt64 => None,
            whole if whole.is_integer() => Some(ClassKind::Integer),
            _ => None,
        }
    }

    /// Checks that a column can be a target.
    pub(super) fn check(argument: &Argument, name: &str, data_type: &DataType) -> Result<Self> {
        ClassKind::of(data_type).ok_or_else(|| {
            argument.refuse(
                format!("'{name}' (in `target`) must be text, boolean or integer, not {data_type}"),
                "turn it into classes first, such as (amount > 1000) AS is_large; for numbers there is linear_regression".to_owned(),
            )
        })
    }
}

/// The columns that predictions come in. The probability is that of the predicted class.
pub(super) fn prediction_fields(kind: TargetKind) -> Vec<FieldRef> {
    let field = |name: &str, data_type| Arc::new(Field::new(name, data_type, true));
    match kind {
        TargetKind::Number => vec![field("prediction", DataType::Float64)],
        TargetKind::Classes(kind) => vec![
            field(
                "prediction",
                match kind {
                    ClassKind::Text => DataType::Utf8,
                    ClassKind::Boolean => DataType::Boolean,
                    ClassKind::Integer => DataType::Int64,
                },
            ),
            field("probability", DataType::Float64),
        ],
    }
}

/// Predictions as columns over all rows of the input; NULL for rows that took no part.
///
/// `scores` are, per row, the number or the probabilities of the classes.
pub(super) fn prediction_columns(
    kind: TargetKind,
    classes: &[String],
    places: &[usize],
    scores: &[f64],
    total: usize,
) -> Vec<ArrayRef> {
    let mut best: Vec<Option<(usize, f64)>> = vec![None; total];
    let width = match kind {
        TargetKind::Number => 1,
        TargetKind::Classes(_) => classes.len(),
    };
    for (&place, scores) in places.iter().zip(scores.chunks(width.max(1))) {
        best[place] = Some(largest(scores));
    }
    let score: Float64Array = best
        .iter()
        .map(|best| best.map(|(_, score)| score))
        .collect();
    let class = |best: &Option<(usize, f64)>| classes.get((*best)?.0).map(String::as_str);
    match kind {
        TargetKind::Number => vec![Arc::new(score)],
        TargetKind::Classes(kind) => {
            let names = best.iter().map(class);
            let prediction: ArrayRef = match kind {
                ClassKind::Text => Arc::new(names.collect::<StringArray>()),
                ClassKind::Boolean => Arc::new(
                    names
                        .map(|name| name.map(|name| name == "true"))
                        .collect::<BooleanArray>(),
                ),
                ClassKind::Integer => Arc::new(
                    names
                        .map(|name| name.and_then(|name| name.parse().ok()))
                        .collect::<Int64Array>(),
                ),
            };
            vec![prediction, Arc::new(score)]
        }
    }
}

/// The first of the largest scores and its place.
pub(in crate::table) fn largest(scores: &[f64]) -> (usize, f64) {
    let start = (0, f64::NEG_INFINITY);
    let pairs = scores.iter().copied().enumerate();
    pairs.fold(
        start,
        |best, next| if next.1 > best.1 { next } else { best },
    )
}
