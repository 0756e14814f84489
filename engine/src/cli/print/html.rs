//! A table for a web page, without any style of its own.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use super::value::Values;
use super::visible::{moves_the_cursor, push_escaped};
use super::{Printer, Style, unwritable};
use crate::Result;

/// Writes `<table>`, a row of names, a row of cells per row, `</table>`.
pub struct HtmlPrinter<'w> {
    output: &'w mut dyn Write,
    null: String,
    /// The opening tag of a cell of each column.
    cells: Vec<&'static str>,
}

impl<'w> HtmlPrinter<'w> {
    /// Writes the header.
    pub fn new(style: &Style, schema: &Schema, output: &'w mut dyn Write) -> Result<Self> {
        let mut head = String::from("<table>\n<thead>\n<tr>");
        let mut cells = Vec::new();
        for field in schema.fields() {
            head.push_str("<th>");
            push_text(&mut head, field.name());
            head.push_str("</th>");
            cells.push(match field.data_type().is_numeric() {
                true => "<td align=\"right\">",
                false => "<td>",
            });
        }
        head.push_str("</tr>\n</thead>\n<tbody>\n");
        output.write_all(head.as_bytes()).map_err(unwritable)?;
        output.flush().map_err(unwritable)?;
        Ok(HtmlPrinter {
            output,
            null: style.null_or("").to_owned(),
            cells,
        })
    }
}

impl Printer for HtmlPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Values::of(batch)?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            let mut line = String::from("<tr>");
            for (column, cell) in columns.iter().zip(&self.cells) {
                let known = column.write(row, &mut text)?;
                line.push_str(cell);
                push_text(&mut line, if known { &text } else { &self.null });
                line.push_str("</td>");
            }
            line.push_str("</tr>\n");
            self.output.write_all(line.as_bytes()).map_err(unwritable)?;
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        let end = b"</tbody>\n</table>\n";
        self.output.write_all(end).map_err(unwritable)?;
        self.output.flush().map_err(unwritable)?;
        Ok(None)
    }
}

fn push_text(line: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => line.push_str("&amp;"),
            '<' => line.push_str("&lt;"),
            '>' => line.push_str("&gt;"),
            '\n' => line.push_str("<br>"),
            char if moves_the_cursor(char) => push_escaped(line, char),
            char => line.push(char),
        }
    }
}
