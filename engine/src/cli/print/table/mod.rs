//! A table for people.
//!
//! The first rows are held back to learn how wide the columns are; once enough are there, their
//! widths stay and the rest streams through. On a terminal a table has as many columns and rows as
//! a person may read and says what it left out; in a file it is complete.

mod cell;
mod layout;

use std::borrow::Cow;
use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};

use self::cell::Cell;
use self::layout::{Slot, Wish, fit};
use super::value::Values;
use super::{Printer, Screen, unwritable};
use crate::Result;
use crate::report::grouped;

/// Rows that are shown on a terminal.
const SHOWN_ROWS: u64 = 1_000;
/// What is held back to learn the widths.
const HELD_ROWS: usize = 10_000;
const HELD_BYTES: usize = 16 * 1024 * 1024;
/// A text is cut down to this before a column is left out.
const LEAST_TEXT: usize = 8;
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// Writes a box of columns, then how many rows there are.
pub struct TablePrinter<'w> {
    output: &'w mut dyn Write,
    screen: Option<Screen>,
    columns: Vec<Column>,
    held: Vec<Vec<Cell>>,
    held_bytes: usize,
    /// Where the cells stand; empty as long as rows are held back.
    slots: Vec<Slot>,
    shown: u64,
    total: u64,
}

struct Column {
    name: Cell,
    is_number: bool,
    /// Dates and numbers are useless when cut.
    is_text: bool,
}

impl<'w> TablePrinter<'w> {
    /// Writes nothing yet.
    pub fn new(schema: &Schema, screen: Option<Screen>, output: &'w mut dyn Write) -> Self {
        let columns = schema.fields().iter().map(|field| Column {
            name: Cell::new(field.name()),
            is_number: field.data_type().is_numeric(),
            is_text: !matches!(field.data_type(), DataType::Boolean)
                && !field.data_type().is_numeric()
                && !field.data_type().is_temporal(),
        });
        TablePrinter {
            output,
            screen,
            columns: columns.collect(),
            held: Vec::new(),
            held_bytes: 0,
            slots: Vec::new(),
            shown: 0,
            total: 0,
        }
    }

    fn row(&mut self, cells: Vec<Cell>) -> Result<()> {
        self.shown += 1;
        if !self.slots.is_empty() {
            return self.line(&cells);
        }
        self.held_bytes += cells.iter().map(|cell| cell.text.len()).sum::<usize>();
        self.held.push(cells);
        if self.held.len() >= HELD_ROWS || self.held_bytes >= HELD_BYTES || self.is_full() {
            self.lay_out()?;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.screen.is_some() && self.shown >= SHOWN_ROWS
    }

    /// Fixes the widths and writes what was held back.
    fn lay_out(&mut self) -> Result<()> {
        let held = std::mem::take(&mut self.held);
        let wishes: Vec<Wish> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| column.wish(held.iter().map(|cells| &cells[index])))
            .collect();
        self.slots = fit(&wishes, self.screen.map(|screen| screen.width));
        self.border(["┌", "┬", "┐"])?;
        let names: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect();
        self.line(&names)?;
        self.border(["├", "┼", "┤"])?;
        held.iter().try_for_each(|cells| self.line(cells))
    }

    fn border(&mut self, [left, cross, right]: [&str; 3]) -> Result<()> {
        let bars: Vec<String> = self
            .slots
            .iter()
            .map(|slot| match slot {
                Slot::Column(_, width) => "─".repeat(width + 2),
                Slot::Gap => "───".to_owned(),
            })
            .collect();
        writeln!(self.output, "{left}{}{right}", bars.join(cross)).map_err(unwritable)
    }

    fn line(&mut self, cells: &[Cell]) -> Result<()> {
        let mut line = String::from("│");
        for slot in &self.slots {
            match slot {
                Slot::Column(index, width) => self.push(&mut line, *index, &cells[*index], *width),
                Slot::Gap => line.push_str(" … │"),
            }
        }
        line.push('\n');
        self.output.write_all(line.as_bytes()).map_err(unwritable)
    }

    fn push(&self, line: &mut String, index: usize, cell: &Cell, width: usize) {
        let cell = match self.screen {
            Some(_) => cell.cut(width),
            // A file is complete, at the price of a crooked line.
            None => Cow::Borrowed(cell),
        };
        let padding = " ".repeat(width.saturating_sub(cell.width));
        let (before, after) = match self.columns[index].is_number {
            true => (padding.as_str(), ""),
            false => ("", padding.as_str()),
        };
        let (dim, reset) = match self.screen {
            Some(Screen { colour: true, .. }) if cell.is_null => (DIM, RESET),
            _ => ("", ""),
        };
        for part in [" ", before, dim, &cell.text, reset, after, " │"] {
            line.push_str(part);
        }
    }

    fn footer(&self) -> String {
        let noun = if self.total == 1 { "row" } else { "rows" };
        if self.shown < self.total {
            return format!(
                "({} of {} {noun})",
                grouped(self.shown),
                grouped(self.total)
            );
        }
        format!("({} {noun})", grouped(self.total))
    }

    fn left_out(&self) -> Option<String> {
        let columns = self.columns.len();
        let shown = self.slots.iter().filter(|slot| **slot != Slot::Gap).count();
        let columns = (shown < columns).then(|| format!("{shown} of {columns} columns"));
        let rows =
            (self.shown < self.total).then(|| format!("the first {} rows", grouped(self.shown)));
        let parts: Vec<_> = columns.into_iter().chain(rows).collect();
        (!parts.is_empty()).then(|| {
            format!(
                "only {} are shown; select fewer, or use --format csv",
                parts.join(" and ")
            )
        })
    }
}

impl Printer for TablePrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        self.total += batch.num_rows() as u64;
        let columns = Values::of(batch)?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            if self.is_full() {
                break;
            }
            let cells = columns.iter().map(|column| {
                Ok(match column.write(row, &mut text)? {
                    true => Cell::value(&text),
                    false => Cell::null(),
                })
            });
            let cells = cells.collect::<Result<Vec<_>>>()?;
            self.row(cells)?;
        }
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        if self.slots.is_empty() {
            self.lay_out()?;
        }
        self.border(["└", "┴", "┘"])?;
        writeln!(self.output, "{}", self.footer()).map_err(unwritable)?;
        self.output.flush().map_err(unwritable)?;
        Ok(self.left_out())
    }
}

impl Column {
    fn wish<'c>(&self, cells: impl Iterator<Item = &'c Cell>) -> Wish {
        let widest = cells.map(|cell| cell.width).max().unwrap_or(0);
        let full = widest.max(self.name.width);
        let least = match self.is_text {
            true => LEAST_TEXT,
            false => widest.max(1),
        };
        Wish {
            full,
            least: least.min(full),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tests::{batch, printed};
    use super::super::{Format, Screen};
    use arrow::array::{Int64Array, StringArray};
    use std::sync::Arc;

    const NARROW: Screen = Screen {
        width: 30,
        colour: true,
    };

    #[test]
    fn numbers_stand_right_and_null_differs_from_text() {
        let rows = batch(vec![
            (
                "id",
                Arc::new(Int64Array::from(vec![Some(1), Some(-20), None])),
            ),
            (
                "name",
                Arc::new(StringArray::from(vec![Some("東京"), Some("NULL"), None])),
            ),
            ("empty", Arc::new(StringArray::from(vec!["", "a\nb", "x"]))),
        ]);
        let (text, note) = printed(Format::Table, &rows, None);
        insta::assert_snapshot!(text, @r"
        ┌──────┬────────┬───────┐
        │   id │ name   │ empty │
        ├──────┼────────┼───────┤
        │    1 │ 東京   │       │
        │  -20 │ 'NULL' │ a\nb  │
        │ NULL │ NULL   │ x     │
        └──────┴────────┴───────┘
        (3 rows)
        ");
        assert_eq!(note, None);
    }

    #[test]
    fn a_terminal_gets_what_fits_and_is_told() {
        let long = "a text that is longer than the screen is wide";
        let rows = batch(vec![
            ("id", Arc::new(Int64Array::from(vec![Some(123_456), None]))),
            ("long", Arc::new(StringArray::from(vec![long, "short"]))),
        ]);
        let (text, note) = printed(Format::Table, &rows, Some(NARROW));
        insta::assert_snapshot!(text.replace('\u{1b}', "^"), @"
        ┌────────┬───────────────────┐
        │     id │ long              │
        ├────────┼───────────────────┤
        │ 123456 │ a text that is l… │
        │   ^[2mNULL^[0m │ short             │
        └────────┴───────────────────┘
        (2 rows)
        ");
        assert_eq!(note, None);
        let (file, _) = printed(Format::Table, &rows, None);
        assert!(file.contains(long));
    }

    #[test]
    fn columns_and_rows_that_are_left_out_are_counted() {
        let numbers: Vec<i64> = (10_000..12_345).collect();
        let column = |name| (name, Arc::new(Int64Array::from(numbers.clone())) as _);
        let rows = batch(["a", "b", "c", "d", "e"].map(column).to_vec());
        let (text, note) = printed(Format::Table, &rows, Some(NARROW));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], "│     a │     b │ … │     e │");
        assert_eq!(lines.len(), 3 + 1_000 + 2);
        assert_eq!(lines[1_004], "(1,000 of 2,345 rows)");
        assert_eq!(
            note.unwrap(),
            "only 3 of 5 columns and the first 1,000 rows are shown; select fewer, or use --format csv"
        );
        let (file, note) = printed(Format::Table, &rows, None);
        assert_eq!((file.lines().count(), note), (3 + 2_345 + 2, None));
    }

    #[test]
    fn rows_stream_once_the_widths_are_known() {
        let mut texts = vec!["short".to_owned(); super::HELD_ROWS];
        texts.push("longer than all".to_owned());
        let rows = batch(vec![("t", Arc::new(StringArray::from(texts)))]);
        let (text, _) = printed(Format::Table, &rows, None);
        let lines: Vec<_> = text.lines().rev().take(4).collect();
        assert_eq!(
            lines,
            [
                "(10,001 rows)",
                "└───────┘",
                "│ longer than all │",
                "│ short │"
            ]
        );
    }
}
