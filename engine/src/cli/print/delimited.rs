//! CSV as of RFC 4180, with lines that end in `\n`, and the same with tabs.
//!
//! NULL is an empty field and empty text is `""`, as COPY INTO reads them. The writer that comes
//! with the engine cannot keep the two apart.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use super::value::Values;
use super::{Printer, Style, unwritable};
use crate::Result;

/// Writes a header, then a line per row.
pub struct DelimitedPrinter<'w> {
    output: &'w mut dyn Write,
    delimiter: char,
    null: String,
}

impl<'w> DelimitedPrinter<'w> {
    /// Writes the header.
    pub fn new(
        delimiter: char,
        style: &Style,
        schema: &Schema,
        output: &'w mut dyn Write,
    ) -> Result<Self> {
        let mut printer = DelimitedPrinter {
            output,
            delimiter,
            null: style.null_or("").to_owned(),
        };
        let mut line = String::new();
        for (index, field) in schema.fields().iter().enumerate() {
            let start = printer.begin_field(&mut line, index);
            line.push_str(field.name());
            printer.end_field(&mut line, start);
        }
        printer.write_line(&mut line)?;
        printer.output.flush().map_err(unwritable)?;
        Ok(printer)
    }

    /// Where the field starts in the line.
    fn begin_field(&self, line: &mut String, index: usize) -> usize {
        if index > 0 {
            line.push(self.delimiter);
        }
        line.len()
    }

    /// Quotes the text from `start` on where it could be taken for something else.
    fn end_field(&self, line: &mut String, start: usize) {
        let text = &line[start..];
        let delimiter = self.delimiter as u8;
        let special = |byte: &u8| matches!(*byte, b'"' | b'\n' | b'\r') || *byte == delimiter;
        if text != self.null && !text.is_empty() && !text.as_bytes().iter().any(special) {
            return;
        }
        let quoted = format!("\"{}\"", text.replace('"', "\"\""));
        line.truncate(start);
        line.push_str(&quoted);
    }

    fn write_line(&mut self, line: &mut String) -> Result<()> {
        line.push('\n');
        self.output.write_all(line.as_bytes()).map_err(unwritable)?;
        line.clear();
        Ok(())
    }
}

impl Printer for DelimitedPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Values::of(batch)?;
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter().enumerate() {
                let start = self.begin_field(&mut line, index);
                match column.append(row, &mut line)? {
                    true => self.end_field(&mut line, start),
                    false => line.push_str(&self.null),
                }
            }
            self.write_line(&mut line)?;
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{batch, printed};
    use super::super::{Format, Style};
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

    #[test]
    fn a_text_that_looks_like_null_or_the_delimiter_is_quoted() {
        let texts = vec![Some("a\tb"), Some("-"), None, Some("")];
        let rows = batch(vec![("x", Arc::new(StringArray::from(texts)))]);
        let style = Style {
            null: Some("-".to_owned()),
            ..Style::from(Format::Tsv)
        };
        let (text, _) = printed(style, &rows, None);
        assert_eq!(text, "x\n\"a\tb\"\n\"-\"\n-\n\"\"\n");
    }
}
