//! A table in the Markdown of GitHub: what would end a cell or start markup is escaped.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use super::value::Values;
use super::visible::{moves_the_cursor, push_escaped};
use super::{Printer, Style, unwritable};
use crate::Result;

/// Writes a header, then a line per row.
pub struct MarkdownPrinter<'w> {
    output: &'w mut dyn Write,
    null: String,
}

impl<'w> MarkdownPrinter<'w> {
    /// Writes the header.
    pub fn new(style: &Style, schema: &Schema, output: &'w mut dyn Write) -> Result<Self> {
        let (mut names, mut rule) = (String::from("|"), String::from("|"));
        for field in schema.fields() {
            push_cell(&mut names, field.name());
            rule.push_str(match field.data_type().is_numeric() {
                true => " ---: |",
                false => " --- |",
            });
        }
        writeln!(output, "{names}\n{rule}").map_err(unwritable)?;
        output.flush().map_err(unwritable)?;
        Ok(MarkdownPrinter {
            output,
            null: style.null_or("").to_owned(),
        })
    }
}

impl Printer for MarkdownPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Values::of(batch)?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            let mut line = String::from("|");
            for column in &columns {
                let known = column.write(row, &mut text)?;
                push_cell(&mut line, if known { &text } else { &self.null });
            }
            line.push('\n');
            self.output.write_all(line.as_bytes()).map_err(unwritable)?;
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        Ok(None)
    }
}

fn push_cell(line: &mut String, text: &str) {
    line.push(' ');
    for char in text.chars() {
        match char {
            '|' | '\\' | '`' | '*' | '_' => line.extend(['\\', char]),
            '<' => line.push_str("&lt;"),
            '&' => line.push_str("&amp;"),
            '\n' => line.push_str("<br>"),
            char if moves_the_cursor(char) => push_escaped(line, char),
            char => line.push(char),
        }
    }
    line.push_str(" |");
}
