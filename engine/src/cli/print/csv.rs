//! CSV as of RFC 4180, with lines that end in `\n`.
//!
//! NULL is an empty field and empty text is `""`, as COPY INTO reads them. The writer that comes
//! with the engine cannot keep the two apart.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use super::value::Values;
use super::{Printer, unwritable};
use crate::Result;

/// Writes a header, then a line per row.
pub struct CsvPrinter<'w> {
    output: &'w mut dyn Write,
}

impl<'w> CsvPrinter<'w> {
    /// Writes the header.
    pub fn new(schema: &Schema, output: &'w mut dyn Write) -> Result<Self> {
        let mut printer = CsvPrinter { output };
        let mut line = String::new();
        for (index, field) in schema.fields().iter().enumerate() {
            push_field(&mut line, index, Some(field.name()));
        }
        printer.write_line(&mut line)?;
        printer.output.flush().map_err(unwritable)?;
        Ok(printer)
    }

    fn write_line(&mut self, line: &mut String) -> Result<()> {
        line.push('\n');
        self.output.write_all(line.as_bytes()).map_err(unwritable)?;
        line.clear();
        Ok(())
    }
}

impl Printer for CsvPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Values::of(batch)?;
        let (mut line, mut text) = (String::new(), String::new());
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                let known = column.write(row, &mut text)?;
                push_field(&mut line, index, known.then_some(&text));
            }
            self.write_line(&mut line)?;
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

fn push_field(line: &mut String, index: usize, text: Option<&String>) {
    if index > 0 {
        line.push(',');
    }
    match text {
        None => {}
        Some(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
            line.push('"');
            line.push_str(&text.replace('"', "\"\""));
            line.push('"');
        }
        Some(text) => line.push_str(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Format;
    use super::super::tests::{batch, printed};
    use arrow::array::{Decimal128Array, Float64Array, StringArray, TimestampMicrosecondArray};
    use std::sync::Arc;

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        let texts = vec![
            Some("plain"),
            Some(""),
            None,
            Some("a,b"),
            Some("say \"hi\""),
            Some("two\nlines"),
            Some(" edge "),
        ];
        let rows = batch(vec![
            ("x", Arc::new(StringArray::from(texts.clone()))),
            ("a \"b\"", Arc::new(StringArray::from(texts))),
        ]);
        let (text, _) = printed(Format::Csv, &rows, None);
        assert_eq!(
            text,
            "x,\"a \"\"b\"\"\"\nplain,plain\n\"\",\"\"\n,\n\"a,b\",\"a,b\"\n\
             \"say \"\"hi\"\"\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"two\nlines\"\n edge , edge \n"
        );
    }

    #[test]
    fn values_keep_all_their_digits() {
        let decimals = Decimal128Array::from(vec![123_456_789_012_345_678_901_234_567_890_i128])
            .with_precision_and_scale(38, 15)
            .unwrap();
        let rows = batch(vec![
            ("d", Arc::new(decimals)),
            ("f", Arc::new(Float64Array::from(vec![0.1 + 0.2]))),
            (
                "t",
                Arc::new(TimestampMicrosecondArray::from(vec![1_704_448_800_000_001])),
            ),
        ]);
        let (text, _) = printed(Format::Csv, &rows, None);
        assert_eq!(
            text,
            "d,f,t\n123456789012345.678901234567890,0.30000000000000004,2024-01-05T10:00:00.000001\n"
        );
    }
}
