//! A table for people.
//!
//! The first rows are held back to learn how wide the columns are; once enough are there, their
//! widths stay and the rest streams through. On a screen a table has as many columns and rows as a
//! person may read, of too many rows the first and the last ones, and says what it left out; in a
//! file it is complete.

mod cell;
mod layout;
mod window;

use std::borrow::Cow;
use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema};

pub use self::cell::Cell;
use self::layout::{Slot, Wish, fit};
use self::window::Window;
use super::value::Values;
use super::{Printer, Screen, Style, unwritable};
use crate::Result;
use crate::report::grouped;
use crate::values::sql_name;

/// What is held back to learn the widths.
const HELD_ROWS: usize = 10_000;
const HELD_BYTES: usize = 16 * 1024 * 1024;
/// A text is cut down to this before a column is left out.
const LEAST_TEXT: usize = 8;
/// A type that is longer does not make its column wider.
const WIDEST_TYPE: usize = 16;
const NULL: &str = "NULL";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// Writes a box of columns, then how many rows there are.
pub struct TablePrinter<'w> {
    output: &'w mut dyn Write,
    screen: Option<Screen>,
    null: String,
    columns: Vec<Column>,
    /// Rows that wait to be seen; on a screen, only those that will be.
    window: Window<Vec<Cell>>,
    held_bytes: usize,
    /// Where the cells stand; empty as long as rows are held back.
    slots: Vec<Slot>,
}

struct Column {
    name: Cell,
    type_name: Cell,
    is_number: bool,
    /// Dates and numbers are useless when cut.
    is_text: bool,
}

impl<'w> TablePrinter<'w> {
    /// Writes nothing yet.
    pub fn new(
        style: &Style,
        schema: &Schema,
        screen: Option<&Screen>,
        output: &'w mut dyn Write,
    ) -> Self {
        let columns = schema.fields().iter().map(|field| Column {
            name: Cell::new(field.name()),
            type_name: Cell::new(&sql_name(field.data_type())),
            is_number: field.data_type().is_numeric(),
            is_text: !matches!(field.data_type(), DataType::Boolean)
                && !field.data_type().is_numeric()
                && !field.data_type().is_temporal(),
        });
        TablePrinter {
            output,
            screen: screen.copied(),
            null: style.null_or(NULL).to_owned(),
            columns: columns.collect(),
            window: Window::new(screen.map_or(super::ALL_ROWS, |_| style.max_rows)),
            held_bytes: 0,
            slots: Vec::new(),
        }
    }

    /// Holds a row back until it is known how wide the columns are.
    fn hold(&mut self, cells: Vec<Cell>) -> Result<()> {
        self.held_bytes += cells.iter().map(|cell| cell.text.len()).sum::<usize>();
        self.window.push(cells);
        let enough = self.window.len() >= HELD_ROWS || self.held_bytes >= HELD_BYTES;
        match enough && self.window.is_unlimited() {
            true => self.lay_out(),
            false => Ok(()),
        }
    }

    /// Fixes the widths and writes what was held back.
    fn lay_out(&mut self) -> Result<()> {
        let (head, tail) = self.window.take();
        let wishes: Vec<Wish> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| column.wish(head.iter().chain(&tail).map(|cells| &cells[index])))
            .collect();
        self.slots = fit(&wishes, self.screen.map(|screen| screen.width));
        self.border(["┌", "┬", "┐"])?;
        self.line(&self.header(|column| &column.name), BOLD)?;
        self.line(&self.header(|column| &column.type_name), DIM)?;
        self.border(["├", "┼", "┤"])?;
        head.iter().try_for_each(|cells| self.line(cells, ""))?;
        if self.window.left_out() > 0 {
            let dots = self.columns.iter().map(|_| Cell::new("·"));
            let dots: Vec<_> = dots.collect();
            self.line(&dots, DIM)?;
        }
        tail.iter().try_for_each(|cells| self.line(cells, ""))
    }

    fn header(&self, part: impl Fn(&Column) -> &Cell) -> Vec<Cell> {
        self.columns
            .iter()
            .map(|column| part(column).clone())
            .collect()
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

    fn line(&mut self, cells: &[Cell], emphasis: &str) -> Result<()> {
        let mut line = String::from("│");
        for slot in &self.slots {
            match slot {
                Slot::Column(index, width) => {
                    let right = self.columns[*index].is_number;
                    self.push(&mut line, &cells[*index], *width, right, emphasis);
                }
                Slot::Gap => line.push_str(" … │"),
            }
        }
        line.push('\n');
        self.output.write_all(line.as_bytes()).map_err(unwritable)
    }

    fn push(&self, line: &mut String, cell: &Cell, width: usize, right: bool, emphasis: &str) {
        let is_header = !emphasis.is_empty();
        let cell = match self.screen {
            None if !is_header => Cow::Borrowed(cell),
            // A file is complete, at the price of a crooked line.
            _ => cell.cut(width),
        };
        let padding = " ".repeat(width.saturating_sub(cell.width));
        let (before, after) = match right {
            true => (padding.as_str(), ""),
            false => ("", padding.as_str()),
        };
        let (begin, end) = match self.screen {
            Some(Screen { colour: true, .. }) if is_header => (emphasis, RESET),
            Some(Screen { colour: true, .. }) if cell.is_null => (DIM, RESET),
            _ => ("", ""),
        };
        for part in [" ", before, begin, &cell.text, end, after, " │"] {
            line.push_str(part);
        }
    }

    fn footer(&self) -> String {
        let (rows, columns) = (self.window.total(), self.columns.len());
        let shown_rows = rows - self.window.left_out();
        let parts = [
            counted(shown_rows, rows, "row"),
            counted(self.shown_columns() as u64, columns as u64, "column"),
        ];
        format!("({})", parts.join(", "))
    }

    fn shown_columns(&self) -> usize {
        let slots = self.slots.iter();
        slots.filter(|slot| **slot != Slot::Gap).count()
    }

    fn advice(&self) -> Option<String> {
        let rows = self.window.left_out() > 0;
        let columns = self.shown_columns() < self.columns.len();
        let advice = match (rows, columns) {
            (false, false) => return None,
            (true, false) => ".maxrows 0, a file or another --format gets all rows",
            (false, true) => ".mode vertical, a file or another --format gets all columns",
            (true, true) => {
                ".maxrows 0 shows all rows, .mode vertical all columns; a file gets all"
            }
        };
        Some(advice.to_owned())
    }
}

impl Printer for TablePrinter<'_> {
    fn rows(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns = Values::of(batch)?;
        let mut text = String::new();
        for row in self.window.wanted(batch.num_rows()) {
            let cells = columns.iter().map(|column| {
                let cell = match column.write(row, &mut text)? {
                    true => Cell::value(&text, &self.null),
                    false => Cell::null(&self.null),
                };
                Ok(match self.screen {
                    // More than the screen takes is never seen, and need not be held.
                    Some(screen) => cell.cut(screen.width).into_owned(),
                    None => cell,
                })
            });
            let cells = cells.collect::<Result<Vec<_>>>()?;
            match self.slots.is_empty() {
                true => self.hold(cells)?,
                false => self.line(&cells, "")?,
            }
        }
        self.window.count(batch.num_rows());
        self.output.flush().map_err(unwritable)
    }

    fn end(&mut self) -> Result<Option<String>> {
        if self.slots.is_empty() {
            self.lay_out()?;
        }
        self.border(["└", "┴", "┘"])?;
        writeln!(self.output, "{}", self.footer()).map_err(unwritable)?;
        self.output.flush().map_err(unwritable)?;
        Ok(self.advice())
    }
}

/// `3 rows`, or `40 of 2,345 rows`.
fn counted(shown: u64, all: u64, noun: &str) -> String {
    let plural = if all == 1 { "" } else { "s" };
    match shown < all {
        true => format!("{} of {} {noun}{plural}", grouped(shown), grouped(all)),
        false => format!("{} {noun}{plural}", grouped(all)),
    }
}

impl Column {
    fn wish<'c>(&self, cells: impl Iterator<Item = &'c Cell>) -> Wish {
        let widest = cells.map(|cell| cell.width).max().unwrap_or(0);
        let head = self.name.width.max(self.type_name.width.min(WIDEST_TYPE));
        let full = widest.max(head);
        let least = match self.is_text {
            true => LEAST_TEXT,
            false => widest.max(self.name.width.min(LEAST_TEXT)).max(1),
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
    use super::super::{Format, Screen, Style};
    use arrow::array::{Int64Array, StringArray};
    use std::sync::Arc;

    const NARROW: Screen = Screen {
        width: 30,
        height: 24,
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
        ┌────────┬────────┬───────┐
        │     id │ name   │ empty │
        │ BIGINT │ TEXT   │ TEXT  │
        ├────────┼────────┼───────┤
        │      1 │ 東京   │       │
        │    -20 │ 'NULL' │ a\nb  │
        │   NULL │ NULL   │ x     │
        └────────┴────────┴───────┘
        (3 rows, 3 columns)
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
        │     ^[1mid^[0m │ ^[1mlong^[0m              │
        │ ^[2mBIGINT^[0m │ ^[2mTEXT^[0m              │
        ├────────┼───────────────────┤
        │ 123456 │ a text that is l… │
        │   ^[2mNULL^[0m │ short             │
        └────────┴───────────────────┘
        (2 rows, 2 columns)
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
        let style = Style {
            max_rows: 4,
            ..Style::from(Format::Table)
        };
        let plain = Screen {
            colour: false,
            ..NARROW
        };
        let (text, note) = printed(style, &rows, Some(plain));
        insta::assert_snapshot!(text, @"
        ┌───────┬───────┬───┬───────┐
        │     a │     b │ … │     e │
        │ BIGI… │ BIGI… │ … │ BIGI… │
        ├───────┼───────┼───┼───────┤
        │ 10000 │ 10000 │ … │ 10000 │
        │ 10001 │ 10001 │ … │ 10001 │
        │     · │     · │ … │     · │
        │ 12343 │ 12343 │ … │ 12343 │
        │ 12344 │ 12344 │ … │ 12344 │
        └───────┴───────┴───┴───────┘
        (4 of 2,345 rows, 3 of 5 columns)
        ");
        assert_eq!(
            note.unwrap(),
            ".maxrows 0 shows all rows, .mode vertical all columns; a file gets all"
        );
        let (file, note) = printed(Format::Table, &rows, None);
        assert_eq!((file.lines().count(), note), (4 + 2_345 + 2, None));
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
                "(10,001 rows, 1 column)",
                "└───────┘",
                "│ longer than all │",
                "│ short │"
            ]
        );
    }
}
