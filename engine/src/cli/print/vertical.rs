//! A line per value, for rows that are too wide for a table.
//!
//! ```text
//! ── row 1 ────────
//!   id │ 1
//! name │ Ada
//! ```

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;

use super::table::Cell;
use super::value::Values;
use super::{Printer, Screen, Style, unwritable};
use crate::Result;
use crate::report::grouped;

const NULL: &str = "NULL";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";
/// How far the line above a row reaches, in characters.
const RULE: usize = 40;

/// Writes row by row; nothing is held back and nothing is cut.
pub struct VerticalPrinter<'w> {
    output: &'w mut dyn Write,
    null: String,
    colour: bool,
    /// Padded to one width.
    names: Vec<String>,
    rows: u64,
}

impl<'w> VerticalPrinter<'w> {
    /// Writes nothing yet.
    pub fn new(
        style: &Style,
        schema: &Schema,
        screen: Option<&Screen>,
        output: &'w mut dyn Write,
    ) -> Self {
        let names = schema.fields().iter().map(|field| Cell::new(field.name()));
        let names: Vec<_> = names.collect();
        let widest = names.iter().map(|name| name.width).max().unwrap_or(0);
        let padded = names
            .iter()
            .map(|name| format!("{}{}", " ".repeat(widest - name.width), name.text));
        VerticalPrinter {
            output,
            null: style.null_or(NULL).to_owned(),
            colour: screen.is_some_and(|screen| screen.colour),
            names: padded.collect(),
            rows: 0,
        }
    }

    fn paint(&self, code: &'static str) -> &'static str {
        if self.colour { code } else { "" }
    }
}

impl Printer for VerticalPrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Values::of(batch)?;
        let (bold, dim, reset) = (self.paint(BOLD), self.paint(DIM), self.paint(RESET));
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            self.rows += 1;
            let title = format!("── row {} ", grouped(self.rows));
            let rule = "─".repeat(RULE.saturating_sub(title.chars().count()));
            let mut lines = format!("{dim}{title}{rule}{reset}\n");
            for (name, column) in self.names.iter().zip(&columns) {
                let cell = match column.write(row, &mut text)? {
                    true => Cell::value(&text, &self.null),
                    false => Cell::null(&self.null),
                };
                let (begin, end) = if cell.is_null { (dim, reset) } else { ("", "") };
                let value = &cell.text;
                lines.push_str(&format!("{bold}{name}{reset} │ {begin}{value}{end}\n"));
            }
            self.output
                .write_all(lines.as_bytes())
                .map_err(unwritable)?;
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        let plural = if self.rows == 1 { "" } else { "s" };
        let count = grouped(self.rows);
        writeln!(self.output, "({count} row{plural})").map_err(unwritable)?;
        self.output.flush().map_err(unwritable)?;
        Ok(None)
    }
}
