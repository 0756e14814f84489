//! Calendar periods of a date: `year`, `month`, `quarter`, `year_month`, `year_quarter`.
//!
//! DataFusion has only `date_part('year', x)`. Reports group and partition by periods all day, and a
//! quarter without its year mixes 2023-Q1 with 2024-Q1, so the periods have functions of their own.
//! A function is a [`Period`]; this file turns each into a DataFusion function.
//!
//! All of them take a DATE, a TIMESTAMP of any unit, or text that is an ISO date. A timestamp with a
//! zone counts in that zone's local time; text counts as it is written, whatever offset follows it.
//! NULL gives NULL; anything else that has no calendar date is an error, never NULL.

mod month;
mod quarter;
mod year;
mod year_month;
mod year_quarter;

use std::any::type_name;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Date32Array, Int32Array, StringArray};
use arrow::compute::kernels::cast_utils::Parser;
use arrow::compute::{DatePart, cast, date_part};
use arrow::datatypes::{DataType, Date32Type, Int32Type};
use datafusion::common::types::{logical_date, logical_string};
use datafusion::common::utils::take_function_args;
use datafusion::common::{Diagnostic, Result, ScalarValue, exec_datafusion_err};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::preimage::PreimageResult;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::sort_properties::ExprProperties;
use datafusion::logical_expr::{
    Coercion, ColumnarValue, Documentation, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, TypeSignature, TypeSignatureClass, Volatility,
};

/// The period functions.
pub(super) fn all() -> Vec<Arc<ScalarUDF>> {
    vec![
        function::<year::Year>(),
        function::<month::Month>(),
        function::<quarter::Quarter>(),
        function::<year_month::YearMonth>(),
        function::<year_quarter::YearQuarter>(),
    ]
}

/// What sets one period function apart from the others.
trait Period: Send + Sync + 'static {
    /// The SQL name.
    const NAME: &'static str;

    /// The type of the result.
    const RETURN_TYPE: DataType;

    /// Description and an example with its output, which a test runs.
    fn documentation() -> &'static Documentation;

    /// The period of each date or timestamp; NULL stays NULL.
    fn compute(dates: &dyn Array) -> Result<ArrayRef>;

    /// Whether a later date never gives a smaller result.
    fn is_monotonic() -> bool {
        false
    }

    /// See [`ScalarUDFImpl::preimage`]: the dates that give exactly this result.
    fn preimage(
        _date_type: &DataType,
        _result: &ScalarValue,
    ) -> Option<(ScalarValue, ScalarValue)> {
        None
    }
}

fn function<P: Period>() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(PeriodFunction::<P> {
        signature: Signature::one_of(
            vec![
                accepts(TypeSignatureClass::Native(logical_date())),
                accepts(TypeSignatureClass::Timestamp),
                accepts(TypeSignatureClass::Native(logical_string())),
            ],
            Volatility::Immutable,
        ),
        period: PhantomData,
    }))
}

fn accepts(class: TypeSignatureClass) -> TypeSignature {
    TypeSignature::Coercible(vec![Coercion::new_exact(class)])
}

/// A [`Period`] as a DataFusion function.
struct PeriodFunction<P> {
    signature: Signature,
    period: PhantomData<P>,
}

// By hand, as a derive would ask the same of `P`, which has no value.
impl<P> fmt::Debug for PeriodFunction<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeriodFunction<{}>", type_name::<P>())
    }
}

impl<P> PartialEq for PeriodFunction<P> {
    fn eq(&self, other: &Self) -> bool {
        self.signature == other.signature
    }
}

impl<P> Eq for PeriodFunction<P> {}

impl<P> Hash for PeriodFunction<P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        type_name::<P>().hash(state);
    }
}

impl<P: Period> ScalarUDFImpl for PeriodFunction<P> {
    fn name(&self) -> &str {
        P::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(P::RETURN_TYPE)
    }

    fn documentation(&self) -> Option<&Documentation> {
        Some(P::documentation())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = take_function_args(P::NAME, args.args)?;
        match argument {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(evaluate::<P>(&array)?)),
            ColumnarValue::Scalar(scalar) => {
                let result = evaluate::<P>(&scalar.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                    &result, 0,
                )?))
            }
        }
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        Ok(P::is_monotonic()
            && inputs.len() == 1
            && inputs
                .iter()
                .all(|input| counts_without_zone(&input.range.data_type())))
    }

    fn preimage(
        &self,
        args: &[Expr],
        result: &Expr,
        info: &SimplifyContext,
    ) -> Result<PreimageResult> {
        let ([dates], Some(result)) = (args, result.as_literal()) else {
            return Ok(PreimageResult::None);
        };
        let date_type = info.get_data_type(dates)?;
        if !counts_without_zone(&date_type) {
            return Ok(PreimageResult::None);
        }
        let Some((first, end)) = P::preimage(&date_type, result) else {
            return Ok(PreimageResult::None);
        };
        Ok(PreimageResult::Range {
            expr: dates.clone(),
            interval: Box::new(
                datafusion::logical_expr::interval_arithmetic::Interval::try_new(first, end)?,
            ),
        })
    }
}

/// Dates and zoneless timestamps follow the calendar; zones jump, and text has no order in time.
fn counts_without_zone(date_type: &DataType) -> bool {
    matches!(
        date_type,
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, None)
    )
}

fn evaluate<P: Period>(input: &ArrayRef) -> Result<ArrayRef> {
    let dates = to_dates(P::NAME, input)?;
    let periods = P::compute(&dates)?;
    // The kernel answers NULL for a number that no calendar reaches.
    if periods.null_count() > dates.null_count() {
        return Err(refusal(
            format!(
                "{}: a value lies outside the calendar (years -262143 to 262142)",
                P::NAME
            ),
            "check how the timestamp was made; its unit may be wrong",
        ));
    }
    Ok(periods)
}

/// Dates and timestamps pass, text is read.
fn to_dates(function: &str, input: &ArrayRef) -> Result<ArrayRef> {
    match input.data_type() {
        DataType::Null => Ok(cast(input, &DataType::Date32)?),
        DataType::Dictionary(_, value_type) => to_dates(function, &cast(input, value_type)?),
        DataType::Utf8 => read_dates(function, input.as_string::<i32>().iter()),
        DataType::LargeUtf8 => read_dates(function, input.as_string::<i64>().iter()),
        DataType::Utf8View => read_dates(function, input.as_string_view().iter()),
        _ => Ok(Arc::clone(input)),
    }
}

fn read_dates<'a>(
    function: &str,
    texts: impl Iterator<Item = Option<&'a str>>,
) -> Result<ArrayRef> {
    let dates: Date32Array = texts
        .map(|text| text.map(|text| read_date(function, text)).transpose())
        .collect::<Result<_>>()?;
    Ok(Arc::new(dates))
}

/// The date as it is written: `2024-01-01T00:30:00+02:00` is a day of 2024, though it is 2023 in UTC.
fn read_date(function: &str, text: &str) -> Result<i32> {
    let day = text.split(['T', 't', ' ']).next().unwrap_or_default();
    // The whole text must be a date or timestamp, so that `2024-01-31 or so` is not taken for one.
    Date32Type::parse(text)
        .and_then(|_| Date32Type::parse(day))
        .ok_or_else(|| {
            refusal(
                format!("{function}: '{text}' is not an ISO date"),
                "write dates as 2024-01-31, or read another format with to_date(x, '%d/%m/%Y')",
            )
        })
}

/// One part of each date as a 32-bit integer.
fn part(dates: &dyn Array, part: DatePart) -> Result<Int32Array> {
    Ok(date_part(dates, part)?.as_primitive::<Int32Type>().clone())
}

/// Joins the year of each date and another part into text, such as `2024-Q1`.
fn year_and(
    dates: &dyn Array,
    other: DatePart,
    write: impl Fn(&mut String, i32) -> fmt::Result,
) -> Result<ArrayRef> {
    let years = part(dates, DatePart::Year)?;
    let others = part(dates, other)?;
    let texts: StringArray = years
        .iter()
        .zip(&others)
        .map(|(year, other)| Some((year?, other?)))
        .map(|pair| {
            pair.map(|(year, other)| {
                let mut text = year_text(year);
                write(&mut text, other)?;
                Ok(text)
            })
            .transpose()
        })
        .collect::<Result<_, fmt::Error>>()
        .map_err(|error| DataFusionError::External(Box::new(error)))?;
    Ok(Arc::new(texts))
}

/// Four digits, and a sign only outside 0 to 9999, as ISO 8601 and the dates themselves are printed.
fn year_text(year: i32) -> String {
    match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{year:+05}"),
    }
}

fn refusal(message: String, hint: &str) -> DataFusionError {
    exec_datafusion_err!("{message}")
        .with_diagnostic(Diagnostic::new_error(message, None).with_help(hint, None))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn years_outside_four_digits_carry_a_sign() {
        for (year, text) in [
            (0, "0000"),
            (44, "0044"),
            (2024, "2024"),
            (9999, "9999"),
            (10_000, "+10000"),
            (-44, "-0044"),
            (-12_345, "-12345"),
        ] {
            assert_eq!(year_text(year), text);
        }
    }

    #[test]
    fn text_counts_as_written() {
        let days = |text| read_date("year", text).unwrap();
        assert_eq!(days("2024-01-01T00:30:00+02:00"), days("2024-01-01"));
        assert_eq!(days("2024-01-01 23:30:00"), days("2024-01-01"));
    }

    #[test]
    fn text_that_is_no_date_is_refused() {
        for text in [
            "",
            "2024",
            "31/01/2024",
            "2024-02-30",
            "2024-01-31 or so",
            " 2024-01-31",
        ] {
            let error = read_date("year", text).unwrap_err();
            assert!(error.to_string().contains("is not an ISO date"), "{error}");
        }
    }
}
