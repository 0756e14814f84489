//! JSON: one array, one object per row, one row per line; and the same lines without the array.
//!
//! DECIMAL and BIGINT are numbers with all their digits; a reader that keeps numbers in a DOUBLE
//! should be given text (`CAST(x AS TEXT)`). JSON has no NaN and no infinity: they are the texts
//! `"NaN"`, `"Infinity"` and `"-Infinity"`, as in Postgres, so that they do not turn into NULL.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{FieldRef, Schema};
use arrow::error::ArrowError;
use arrow::json::writer::{
    Encoder, EncoderFactory, EncoderOptions, JsonFormat, LineDelimited, NullableEncoder, Writer,
    WriterBuilder,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::{Printer, unwritable};
use crate::{Error, Result};

/// What stands around the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `[`, the rows with commas between them, `]`.
    Array,
    /// Nothing: a row is a line.
    Lines,
}

/// Writes an object per row.
pub struct JsonPrinter<'w> {
    output: &'w mut dyn Write,
    layout: Layout,
    any_row: bool,
}

impl<'w> JsonPrinter<'w> {
    /// Checks that the rows can be objects.
    pub fn new(layout: Layout, schema: &Schema, output: &'w mut dyn Write) -> Result<Self> {
        let names: Vec<_> = schema.fields().iter().map(|field| field.name()).collect();
        let twice = names
            .iter()
            .enumerate()
            .find(|(index, name)| names[..*index].contains(name));
        if let Some((_, name)) = twice {
            return Err(Error::input(format!(
                "two columns are called `{name}`, and an object can hold only one of them"
            ))
            .hint("give one another name with AS, or choose --format csv"));
        }
        if layout == Layout::Array {
            output.write_all(b"[").map_err(unwritable)?;
        }
        output.flush().map_err(unwritable)?;
        Ok(JsonPrinter {
            output,
            layout,
            any_row: false,
        })
    }
}

impl Printer for JsonPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.layout == Layout::Lines {
            let lines = encode::<LineDelimited>(batch)?;
            self.output.write_all(&lines).map_err(unwritable)?;
            return self.output.flush().map_err(unwritable);
        }
        let rows = encode::<CommaBefore>(batch)?;
        // The very first row has none before it.
        let rows = match self.any_row {
            false => rows.strip_prefix(b",").unwrap_or(&rows),
            true => rows.as_slice(),
        };
        self.any_row |= batch.num_rows() > 0;
        self.output.write_all(rows).map_err(unwritable)?;
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        let end: &[u8] = match (self.layout, self.any_row) {
            (Layout::Lines, _) => b"",
            (Layout::Array, true) => b"\n]\n",
            (Layout::Array, false) => b"]\n",
        };
        self.output.write_all(end).map_err(unwritable)?;
        self.output.flush().map_err(unwritable)?;
        Ok(None)
    }
}

fn encode<F: JsonFormat>(batch: &RecordBatch) -> Result<Vec<u8>> {
    let mut writer: Writer<_, F> = WriterBuilder::new()
        .with_explicit_nulls(true)
        .with_encoder_factory(Arc::new(FloatsAsText))
        .build(Vec::new());
    writer.write(batch)?;
    Ok(writer.into_inner())
}

#[derive(Debug, Default)]
struct CommaBefore;

impl JsonFormat for CommaBefore {
    fn start_row<W: Write>(&self, writer: &mut W, _is_first: bool) -> Result<(), ArrowError> {
        Ok(writer.write_all(b",\n")?)
    }
}

/// The stock encoder writes `null` for a float that is no number.
#[derive(Debug)]
struct FloatsAsText;

impl EncoderFactory for FloatsAsText {
    fn make_default_encoder<'a>(
        &self,
        _field: &'a FieldRef,
        array: &'a dyn Array,
        _options: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        if !array.data_type().is_floating() {
            return Ok(None);
        }
        let encoder = FloatEncoder(ArrayFormatter::try_new(array, &FormatOptions::new())?);
        Ok(Some(NullableEncoder::new(
            Box::new(encoder),
            array.nulls().cloned(),
        )))
    }
}

struct FloatEncoder<'a>(ArrayFormatter<'a>);

impl Encoder for FloatEncoder<'_> {
    fn encode(&mut self, row: usize, out: &mut Vec<u8>) {
        let start = out.len();
        // Writing into memory cannot fail.
        let _ = write!(out, "{}", self.0.value(row));
        let text: &[u8] = match &out[start..] {
            b"NaN" => b"\"NaN\"",
            b"inf" => b"\"Infinity\"",
            b"-inf" => b"\"-Infinity\"",
            _ => return,
        };
        out.truncate(start);
        out.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{batch, printed};
    use super::super::{Format, print};
    use arrow::array::{
        ArrayRef, Decimal128Array, Float32Array, Float64Array, Int64Array, StringArray,
    };
    use std::sync::Arc;

    #[test]
    fn numbers_are_exact_and_null_is_null() {
        let decimals = Decimal128Array::from(vec![Some(-100_000_000_000_000_000_000_005), None])
            .with_precision_and_scale(38, 2)
            .unwrap();
        let rows = batch(vec![
            ("d", Arc::new(decimals)),
            ("i", Arc::new(Int64Array::from(vec![i64::MAX, i64::MIN]))),
            (
                "s",
                Arc::new(StringArray::from(vec![Some("a\"\n\u{1}"), None])),
            ),
        ]);
        let (text, _) = printed(Format::Json, &rows, None);
        assert_eq!(
            text,
            "[\n{\"d\":-1000000000000000000000.05,\"i\":9223372036854775807,\"s\":\"a\\\"\\n\\u0001\"},\n\
             {\"d\":null,\"i\":-9223372036854775808,\"s\":null}\n]\n"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
    }

    #[test]
    fn a_float_that_is_no_number_is_text() {
        let doubles = vec![Some(f64::NAN), Some(f64::NEG_INFINITY), Some(1e300), None];
        let singles = vec![Some(0.1), Some(f32::INFINITY), Some(-0.0), None];
        let rows = batch(vec![
            ("f", Arc::new(Float64Array::from(doubles))),
            ("g", Arc::new(Float32Array::from(singles))),
        ]);
        let (text, _) = printed(Format::Json, &rows, None);
        assert_eq!(
            text,
            "[\n{\"f\":\"NaN\",\"g\":0.1},\n{\"f\":\"-Infinity\",\"g\":\"Infinity\"},\n\
             {\"f\":1e300,\"g\":-0.0},\n{\"f\":null,\"g\":null}\n]\n"
        );
    }

    #[test]
    fn batches_are_one_array_and_no_row_is_an_empty_one() {
        let none = batch(vec![("a", Arc::new(Int64Array::new_null(0)))]);
        assert_eq!(printed(Format::Json, &none, None).0, "[]\n");
        let one = batch(vec![("a", Arc::new(Int64Array::from(vec![1])))]);
        let batches = [none.clone(), one.clone(), none.clone(), one].map(Ok);
        let mut output = Vec::new();
        print(
            &Format::Json.into(),
            &none.schema(),
            batches,
            None,
            &mut output,
        )
        .unwrap();
        assert_eq!(output, b"[\n{\"a\":1},\n{\"a\":1}\n]\n");
    }

    #[test]
    fn a_line_per_row_has_nothing_around_it() {
        let rows = batch(vec![("a", Arc::new(Int64Array::from(vec![Some(1), None])))]);
        assert_eq!(
            printed(Format::Ndjson, &rows, None).0,
            "{\"a\":1}\n{\"a\":null}\n"
        );
        let none = batch(vec![("a", Arc::new(Int64Array::new_null(0)))]);
        assert_eq!(printed(Format::Ndjson, &none, None).0, "");
    }

    #[test]
    fn equal_names_would_lose_a_column() {
        let ones: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let rows = batch(vec![("id", Arc::clone(&ones)), ("id", ones)]);
        let batches = [Ok(rows.clone())];
        let error = print(
            &Format::Json.into(),
            &rows.schema(),
            batches,
            None,
            &mut Vec::new(),
        );
        let error = error.unwrap_err();
        assert!(error.message().starts_with("two columns are called `id`"));
    }
}
