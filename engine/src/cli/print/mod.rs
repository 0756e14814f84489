//! Results on stdout, in one of several formats: a printer per file.
//!
//! A result is printed as its batches come, so that what is held does not grow with the result. A
//! reader that goes away (`| head`) ends the printing of that result and nothing else: what the
//! rest of a script does must not depend on who reads its output.

mod analysis;
mod csv;
mod json;
mod plan;
mod table;
mod value;

use std::error::Error as _;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use clap::ValueEnum;

use crate::{Error, Result, report};

const BUFFER_BYTES: usize = 64 * 1024;
/// The width of a terminal that does not tell.
const USUAL_WIDTH: usize = 80;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people
    Table,
    /// Comma-separated values with a header; NULL is an empty field, empty text is ""
    Csv,
    /// An array of objects; NaN and infinity are text
    Json,
}

/// Writes one result. Nothing is left unwritten between two calls.
trait Printer {
    /// The next rows.
    fn rows(&mut self, batch: &RecordBatch) -> Result<()>;

    /// After the last row. Gives what the reader should know but the output does not show.
    fn end(&mut self) -> Result<Option<String>>;
}

/// The terminal that results are shown on.
#[derive(Debug, Clone, Copy)]
struct Screen {
    /// In columns of characters.
    width: usize,
    colour: bool,
}

/// Prints the batches of a result as they come.
///
/// # Errors
/// Those of the batches, or an output that cannot be written.
pub fn print_rows(
    format: Format,
    schema: &SchemaRef,
    batches: impl IntoIterator<Item = Result<RecordBatch>>,
) -> Result<()> {
    let screen = Screen::of_stdout();
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout().lock());
    match print(format, schema, batches, screen, &mut output) {
        Ok(Some(note)) => {
            report::note(&note);
            Ok(())
        }
        Err(error) if !reader_went_away(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Prints batches that are all there.
///
/// # Errors
/// An output that cannot be written.
pub fn print_batches(format: Format, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<()> {
    print_rows(format, schema, batches.iter().cloned().map(Ok))
}

/// Writes what is no result, such as a page of the manual, to stdout. A reader that goes away is fine.
///
/// # Errors
/// An output that cannot be written.
pub fn write_text(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout().lock());
    let written = write(&mut output).and_then(|()| output.flush());
    match written.map_err(unwritable) {
        Err(error) if !reader_went_away(&error) => Err(error),
        _ => Ok(()),
    }
}

fn print(
    format: Format,
    schema: &Schema,
    batches: impl IntoIterator<Item = Result<RecordBatch>>,
    screen: Option<Screen>,
    output: &mut dyn Write,
) -> Result<Option<String>> {
    let mut printer = format.printer(schema, screen, output)?;
    for batch in batches {
        printer.rows(&batch?)?;
    }
    printer.end()
}

impl Format {
    fn printer<'w>(
        self,
        schema: &Schema,
        screen: Option<Screen>,
        output: &'w mut dyn Write,
    ) -> Result<Box<dyn Printer + 'w>> {
        Ok(match self {
            Format::Table if plan::PlanPrinter::fits(schema) => {
                Box::new(plan::PlanPrinter::new(output))
            }
            Format::Table if analysis::AnalysisPrinter::fits(schema) => {
                Box::new(analysis::AnalysisPrinter::new(screen, output))
            }
            Format::Table => Box::new(table::TablePrinter::new(schema, screen, output)),
            Format::Csv => Box::new(csv::CsvPrinter::new(schema, output)?),
            Format::Json => Box::new(json::JsonPrinter::new(schema, output)?),
        })
    }
}

impl Screen {
    fn of_stdout() -> Option<Screen> {
        let stdout = std::io::stdout();
        stdout.is_terminal().then(|| Screen {
            width: terminal_size::terminal_size_of(&stdout)
                .map_or(USUAL_WIDTH, |(width, _)| width.0.into()),
            colour: std::env::var_os("NO_COLOR").is_none(),
        })
    }
}

fn unwritable(error: std::io::Error) -> Error {
    Error::input("cannot write the result").source(error)
}

fn reader_went_away(error: &Error) -> bool {
    let cause = error.source().and_then(|source| source.downcast_ref());
    cause.is_some_and(|error: &std::io::Error| error.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;

    /// What is printed of a batch, and the note.
    pub fn printed(
        format: Format,
        batch: &RecordBatch,
        screen: Option<Screen>,
    ) -> (String, Option<String>) {
        let mut output = Vec::new();
        let batches = [Ok(batch.clone())];
        let note = print(format, &batch.schema(), batches, screen, &mut output).unwrap();
        (String::from_utf8(output).unwrap(), note)
    }

    /// A batch with columns of these names.
    pub fn batch(columns: Vec<(&str, arrow::array::ArrayRef)>) -> RecordBatch {
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Err(ErrorKind::BrokenPipe.into())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_recognised_in_every_format() {
        let rows = batch(vec![(
            "a",
            Arc::new(arrow::array::Int64Array::from(vec![1])),
        )]);
        for format in Format::value_variants() {
            let batches = [Ok(rows.clone())];
            let error = print(*format, &rows.schema(), batches, None, &mut Closed).unwrap_err();
            assert!(reader_went_away(&error), "{format:?}");
        }
    }
}
