//! Results on stdout, in one of several formats: a printer per file.
//!
//! A result is printed as its batches come, so that what is held does not grow with the result. A
//! reader that goes away (`| head`) ends the printing of that result and nothing else: what the
//! rest of a script does must not depend on who reads its output.

mod analysis;
mod delimited;
mod html;
mod insert;
mod json;
mod markdown;
mod plan;
mod style;
mod table;
mod value;
mod vertical;
mod visible;

use std::error::Error as _;
use std::io::{BufWriter, ErrorKind, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};

pub use self::style::{ALL_ROWS, Format, Screen, Style, colours_allowed};
use self::visible::Visible;
use super::progress_line::{AfterLine, ProgressLine};
use crate::{Error, Result, report};

const BUFFER_BYTES: usize = 64 * 1024;

/// Writes one result. Nothing is left unwritten between two calls.
trait Printer {
    /// The next rows.
    fn rows(&mut self, batch: &RecordBatch) -> Result<()>;

    /// After the last row. Gives what the reader should know but the output does not show.
    fn end(&mut self) -> Result<Option<String>>;
}

/// Prints the batches of a result on stdout as they come. The line that says how far the query is
/// goes before the screen is written to.
///
/// # Errors
/// Those of the batches, or an output that cannot be written.
pub fn print_rows(
    format: Format,
    schema: &SchemaRef,
    batches: impl IntoIterator<Item = Result<RecordBatch>>,
    line: &mut ProgressLine,
) -> Result<()> {
    let screen = Screen::of_stdout();
    let mut output = std::io::stdout().lock();
    let mut after_line;
    let output: &mut dyn Write = match &screen {
        Some(_) => {
            after_line = AfterLine::new(line, &mut output);
            &mut after_line
        }
        None => &mut output,
    };
    let style = Style::from(format);
    let note = print_to(&style, schema, batches, screen.as_ref(), output)?;
    note.iter().for_each(|note| report::note(note));
    Ok(())
}

/// Prints batches that are all there on stdout.
///
/// # Errors
/// An output that cannot be written.
pub fn print_batches(format: Format, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<()> {
    let batches = batches.iter().cloned().map(Ok);
    print_rows(format, schema, batches, &mut ProgressLine::default())
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

/// Prints the batches of a result as they come. With a `screen`, `output` is shown on it. Gives
/// what the reader should know but the output does not show.
///
/// # Errors
/// Those of the batches, or an output that cannot be written.
pub fn print_to(
    style: &Style,
    schema: &SchemaRef,
    batches: impl IntoIterator<Item = Result<RecordBatch>>,
    screen: Option<&Screen>,
    output: &mut dyn Write,
) -> Result<Option<String>> {
    let mut output = BufWriter::with_capacity(BUFFER_BYTES, output);
    match print(style, schema, batches, screen, &mut output) {
        Err(error) if reader_went_away(&error) => Ok(None),
        printed => printed,
    }
}

fn print(
    style: &Style,
    schema: &Schema,
    batches: impl IntoIterator<Item = Result<RecordBatch>>,
    screen: Option<&Screen>,
    output: &mut dyn Write,
) -> Result<Option<String>> {
    // The printers for people escape what moves the cursor, and colour on their own.
    let mut visible;
    let output: &mut dyn Write = match screen {
        Some(_) if !style.format.is_for_people() => {
            visible = Visible::new(output);
            &mut visible
        }
        _ => output,
    };
    let mut printer = printer(style, schema, screen, output)?;
    for batch in batches {
        printer.rows(&batch?)?;
    }
    printer.end()
}

fn printer<'w>(
    style: &Style,
    schema: &Schema,
    screen: Option<&Screen>,
    output: &'w mut dyn Write,
) -> Result<Box<dyn Printer + 'w>> {
    use delimited::DelimitedPrinter;
    use json::{JsonPrinter, Layout};
    Ok(match style.format {
        Format::Table if plan::PlanPrinter::fits(schema) => {
            Box::new(plan::PlanPrinter::new(output))
        }
        Format::Table if analysis::AnalysisPrinter::fits(schema) => {
            Box::new(analysis::AnalysisPrinter::new(screen.copied(), output))
        }
        Format::Table => Box::new(table::TablePrinter::new(style, schema, screen, output)),
        Format::Vertical => {
            let printer = vertical::VerticalPrinter::new(style, schema, screen, output);
            Box::new(printer)
        }
        Format::Csv => Box::new(DelimitedPrinter::new(',', style, schema, output)?),
        Format::Tsv => Box::new(DelimitedPrinter::new('\t', style, schema, output)?),
        Format::Json => Box::new(JsonPrinter::new(Layout::Array, schema, output)?),
        Format::Ndjson => Box::new(JsonPrinter::new(Layout::Lines, schema, output)?),
        Format::Markdown => Box::new(markdown::MarkdownPrinter::new(style, schema, output)?),
        Format::Html => Box::new(html::HtmlPrinter::new(style, schema, output)?),
        Format::Insert => Box::new(insert::InsertPrinter::new(style, schema, output)?),
    })
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
    use clap::ValueEnum;
    use std::sync::Arc;

    /// What is printed of a batch, and the note.
    pub fn printed(
        style: impl Into<Style>,
        batch: &RecordBatch,
        screen: Option<Screen>,
    ) -> (String, Option<String>) {
        let mut output = Vec::new();
        let batches = [Ok(batch.clone())];
        let note = print(
            &style.into(),
            &batch.schema(),
            batches,
            screen.as_ref(),
            &mut output,
        )
        .unwrap();
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

    fn one_text(text: &str) -> RecordBatch {
        let texts = arrow::array::StringArray::from(vec![text]);
        batch(vec![("a", Arc::new(texts))])
    }

    #[test]
    fn a_reader_that_went_away_is_recognised_in_every_format() {
        let rows = one_text("1");
        for format in Format::value_variants() {
            let batches = [Ok(rows.clone())];
            let style = Style::from(*format);
            let error = print(&style, &rows.schema(), batches, None, &mut Closed).unwrap_err();
            assert!(reader_went_away(&error), "{format:?}");
        }
    }

    #[test]
    fn nothing_that_drives_a_terminal_reaches_it_in_any_format() {
        let screen = Screen {
            width: 80,
            height: 24,
            colour: false,
        };
        let rows = one_text("a\u{1b}[2J\u{7}\u{9b}31m\u{202e}b\u{0}東");
        for format in Format::value_variants() {
            let (text, _) = printed(*format, &rows, Some(screen));
            let bad = |char: &char| {
                (char.is_control() && !matches!(char, '\n' | '\t')) || *char == '\u{202e}'
            };
            assert_eq!(text.chars().find(bad), None, "{format:?}: {text:?}");
            assert!(text.contains('東'), "{format:?}");
        }
    }
}
