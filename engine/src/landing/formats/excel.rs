//! A sheet of a workbook: xlsx, xlsm, xlsb, xls and ods.
//!
//! A workbook holds each number as a DOUBLE, whatever it shows; it is taken with all the digits
//! that tell it from the next one. Dates are numbers with a format: a date without a time of day is
//! a DATE, one with it a TIMESTAMP. Text that looks like a number stays text.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use calamine::{Data, ExcelDateTime, Range, Reader, open_workbook_auto_from_rs};

use super::shape::Shape;
use super::value::Value;
use super::value_rows::{Misfit, ValueRows};
use super::{FoundColumn, Piece, Pieces, ReadOptions, RowError, RowPlace};
use crate::landing::discover::SourceFile;
use crate::landing::names::unnamed;
use crate::sql::closest;
use crate::{Error, Place, Result};

/// Rows per piece.
const PIECE_ROWS: usize = 8192;
/// Numbers beyond these are written with an exponent, as nobody types so many zeros.
const PLAIN_NUMBERS: std::ops::Range<f64> = 1e-7..1e17;

/// What the columns of the sheet are, from every cell in it.
///
/// # Errors
/// A workbook that cannot be read, a sheet that it does not have, an empty sheet.
pub(super) fn infer(file: &SourceFile, options: &ReadOptions) -> Result<Vec<FoundColumn>> {
    let sheet = Sheet::open(file, options)?;
    let mut shapes = vec![Shape::default(); sheet.names.len()];
    for row in sheet.rows() {
        for (shape, cell) in shapes.iter_mut().zip(row) {
            *shape = std::mem::take(shape).and(Shape::of(&value_of(cell)));
        }
    }
    let columns = sheet.names.into_iter().zip(shapes);
    Ok(columns
        .map(|(name, shape)| FoundColumn {
            name,
            found: shape.found(),
            evidence: None,
        })
        .collect())
}

/// The rows of the sheet.
pub(super) fn read(
    file: &SourceFile,
    options: &ReadOptions,
    schema: SchemaRef,
    places: &[Option<usize>],
) -> Result<Pieces> {
    let sheet = Sheet::open(file, options)?;
    let rows = ValueRows::new(schema, places, options.on_loss)?;
    Ok(Box::new(SheetPieces {
        sheet,
        rows,
        next: 0,
    }))
}

/// A sheet and where its data are.
struct Sheet {
    names: Vec<String>,
    cells: Range<Data>,
    /// The first row of data in the range.
    first: usize,
}

impl Sheet {
    fn open(file: &SourceFile, options: &ReadOptions) -> Result<Self> {
        let broken = |error: calamine::Error| {
            Error::input("the file is not readable as a workbook")
                .source(error)
                .place(Place::file(&file.name))
        };
        let mut bytes = Vec::new();
        file.open_uncompressed()?
            .read_to_end(&mut bytes)
            .map_err(|error| Error::file("read", &file.path, error))?;
        let input = Cursor::new(Bytes::from(bytes));
        let mut workbook = open_workbook_auto_from_rs(input).map_err(broken)?;
        let sheets = workbook.sheet_names();
        let sheet = match &options.sheet {
            None => sheets.first().cloned().unwrap_or_default(),
            Some(name) if sheets.contains(name) => name.clone(),
            Some(name) => return Err(no_such_sheet(name, &sheets, file)),
        };
        let cells = workbook.worksheet_range(&sheet).map_err(broken)?;
        let skip = usize::try_from(options.skip).unwrap_or(usize::MAX);
        let mut rows = cells.rows().enumerate().skip(skip);
        // Titles are often followed by empty rows.
        let header = rows.find(|(_, row)| row.iter().any(|cell| *cell != Data::Empty));
        let Some((at, header)) = header else {
            return Err(Error::input(format!("sheet '{sheet}' is empty"))
                .place(Place::file(&file.name))
                .hint("SHEET 'name' reads another one"));
        };
        let names: Vec<String> = match options.header {
            false => (0..header.len()).map(unnamed).collect(),
            true => header
                .iter()
                .enumerate()
                .map(
                    |(index, cell)| match value_of(cell).as_text().map(str::trim) {
                        None | Some("") => unnamed(index),
                        Some(name) => name.to_owned(),
                    },
                )
                .collect(),
        };
        check_distinct(&names, file)?;
        Ok(Sheet {
            names,
            first: at + usize::from(options.header),
            cells,
        })
    }

    /// Rows of data; empty ones, as below the last entry, are none.
    fn rows(&self) -> impl Iterator<Item = &[Data]> {
        self.cells
            .rows()
            .skip(self.first)
            .filter(|row| row.iter().any(|cell| *cell != Data::Empty))
    }
}

struct SheetPieces {
    sheet: Sheet,
    rows: ValueRows,
    next: usize,
}

impl SheetPieces {
    fn next_piece(&mut self) -> Result<Option<Piece>> {
        let top = self
            .sheet
            .cells
            .start()
            .map_or(0, |(row, _)| u64::from(row));
        let height = self.sheet.cells.height().saturating_sub(self.sheet.first);
        while self.rows.records() < PIECE_ROWS && self.next < height {
            let row = self.sheet.first + self.next;
            self.next += 1;
            // By its place: an iterator would pass over all rows before it each time.
            let cells = &self.sheet.cells[row];
            if cells.iter().all(|cell| *cell == Data::Empty) {
                continue;
            }
            let values: Vec<Value<'_>> = cells.iter().map(value_of).collect();
            let number = top + row as u64 + 1;
            let place = RowPlace {
                line: number,
                byte_offset: 0,
            };
            self.rows.append(
                place,
                |place| values.get(place),
                |misfit| misfit_in(number, &self.sheet.names, &values, misfit),
            );
        }
        self.rows.finish()
    }
}

impl Iterator for SheetPieces {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_piece().transpose()
    }
}

fn value_of(cell: &Data) -> Value<'_> {
    match cell {
        Data::Empty => Value::Null,
        Data::Bool(value) => Value::Boolean(*value),
        Data::Int(number) => Value::Number(Cow::Owned(number.to_string())),
        Data::Float(number) => Value::Number(Cow::Owned(plain(*number))),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => {
            Value::Text(Cow::Borrowed(text))
        }
        Data::DateTime(moment) => Value::Text(Cow::Owned(written(moment))),
        Data::Error(error) => Value::Text(Cow::Owned(error.to_string())),
    }
}

fn plain(number: f64) -> String {
    if number == 0.0 || PLAIN_NUMBERS.contains(&number.abs()) {
        format!("{number}")
    } else {
        format!("{number:e}")
    }
}

/// A date, a date with a time of day, or a duration in hours.
fn written(moment: &ExcelDateTime) -> String {
    if moment.is_duration() {
        let Some(duration) = moment.as_duration() else {
            return plain(moment.as_f64());
        };
        let seconds = duration.num_seconds();
        return format!(
            "{}{:02}:{:02}:{:02}",
            if seconds < 0 { "-" } else { "" },
            seconds.abs() / 3600,
            seconds.abs() / 60 % 60,
            seconds.abs() % 60
        );
    }
    match moment.as_datetime() {
        None => plain(moment.as_f64()),
        Some(moment) => {
            let text = moment.format("%Y-%m-%dT%H:%M:%S%.3f").to_string();
            match text.split_once('T') {
                Some((date, "00:00:00.000")) => date.to_owned(),
                _ => text.trim_end_matches(".000").to_owned(),
            }
        }
    }
}

/// The row as JSON says it best, since a row of a sheet has no text of its own.
fn misfit_in(row: u64, names: &[String], values: &[Value<'_>], misfit: Misfit) -> RowError {
    let cells = names.iter().zip(values).map(|(name, value)| {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let value = match value {
            Value::Text(text) => quoted(text),
            other => other.as_text().unwrap_or("null").to_owned(),
        };
        format!("{}:{value}", quoted(name))
    });
    let cells: Vec<String> = cells.collect();
    RowError {
        line: row,
        character: 0,
        record_line: row,
        byte_offset: 0,
        column: Some(misfit.column),
        value: misfit.value,
        raw_record: format!("{{{}}}", cells.join(",")),
        reason: misfit.reason,
        hint: misfit.hint,
    }
}

fn check_distinct(names: &[String], file: &SourceFile) -> Result<()> {
    let twice = names
        .iter()
        .enumerate()
        .find(|(index, name)| names[..*index].contains(name));
    match twice {
        None => Ok(()),
        Some((_, name)) => Err(Error::input(format!("two columns are named `{name}`"))
            .place(Place::file(&file.name))
            .hint("rename one of them in the sheet, or read it with HEADER false")),
    }
}

fn no_such_sheet(name: &str, sheets: &[String], file: &SourceFile) -> Error {
    let error =
        Error::input(format!("the workbook has no sheet '{name}'")).place(Place::file(&file.name));
    match closest(name, sheets.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean '{near}'?")),
        None => error.hint(format!("it has {}", sheets.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use arrow::datatypes::{DataType, Field, Schema};
    use calamine::Cell;

    use super::*;
    use crate::sql::OnLoss;

    #[test]
    fn a_sheet_takes_time_as_it_has_rows() {
        const ROWS: u32 = 200_000;
        let cells = (0..ROWS).map(|row| Cell::new((row, 0), Data::Int(i64::from(row))));
        let sheet = Sheet {
            names: vec!["id".to_owned()],
            cells: Range::from_sparse(cells.collect()),
            first: 0,
        };
        let schema = Schema::new(vec![Field::new("id", DataType::Int64, true)]);
        let rows = ValueRows::new(Arc::new(schema), &[Some(0)], OnLoss::default()).unwrap();
        let started = Instant::now();
        let pieces = SheetPieces {
            sheet,
            rows,
            next: 0,
        };
        let pieces: Vec<_> = pieces.map(Result::unwrap).collect();
        let records: u64 = pieces.iter().map(Piece::records).sum();
        assert_eq!(records, u64::from(ROWS));
        assert_eq!(pieces[1].places[0].line, PIECE_ROWS as u64 + 1);
        // To pass over all rows before each takes minutes here.
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}
