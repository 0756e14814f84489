//! How the dates of a file are written, for columns whose type is known already.
//!
//! The types of a new table come with the format of their dates, from every value. A later file
//! says for itself: what its dates can be, all of them, decides; where that leaves a choice, the
//! format in which the table's first files were written.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef};

use super::block::Block;
use super::check::Width;
use super::chunks::Chunk;
use super::file::CsvFile;
use super::in_order::{InOrder, Parsed};
use super::options::CsvOptions;
use super::records::{Context, Records};
use super::text::Text;
use crate::Result;
use crate::values::{DateFormat, DateFormats};

/// The metadata of a column that holds the format in which the files write its dates.
pub const DATE_FORMAT: &str = "tidemill.date_format";

/// For each field of `schema` the format of its dates in the file.
pub(super) fn find_formats(
    file: &CsvFile<'_>,
    schema: &SchemaRef,
    sources: &[Option<usize>],
) -> Result<Vec<DateFormat>> {
    let expected: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| expected_format(field, file.options))
        .collect();
    let dated: Vec<_> = schema
        .fields()
        .iter()
        .zip(sources)
        .enumerate()
        .filter(|(_, (field, _))| holds_dates(field.data_type()))
        .filter_map(|(index, (_, source))| Some((index, (*source)?)))
        .collect();
    if dated.is_empty() {
        return Ok(expected);
    }
    let columns = dated.iter().map(|(_, source)| *source).collect();
    let possible = possible_formats(file, columns)?;
    let mut formats = expected;
    for ((index, _), possible) in dated.into_iter().zip(possible) {
        if let Some(only) = possible.and_then(DateFormats::single) {
            formats[index] = only;
        }
    }
    Ok(formats)
}

fn holds_dates(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Timestamp(..))
}

/// The format that is taken where the file leaves a choice.
fn expected_format(field: &Field, options: &CsvOptions) -> DateFormat {
    let chosen = options
        .date_formats
        .and(DateFormats::only(DateFormat::ISO).others())
        .single();
    let remembered = || field.metadata().get(DATE_FORMAT)?.parse().ok();
    chosen.or_else(remembered).unwrap_or(DateFormat::ISO)
}

/// For each column what all its dates can be; `None` without a date. What is no date says nothing.
fn possible_formats(file: &CsvFile<'_>, columns: Vec<usize>) -> Result<Vec<Option<DateFormats>>> {
    let (chunks, header) = file.start()?;
    let mut possible = vec![None; columns.len()];
    let search = Search {
        name: file.name.to_owned(),
        options: file.options.clone(),
        width: header.width,
        columns,
    };
    let parse = Arc::new(move |chunk: &Chunk| search.look_at(chunk));
    for seen in InOrder::new(chunks, file.options.threads, parse) {
        for (possible, seen) in possible.iter_mut().zip(seen?) {
            *possible = both(*possible, seen);
        }
        // Dates that start like this go on like this, or are refused where they stand.
        let iso = Some(DateFormats::only(DateFormat::ISO));
        if possible.iter().all(|possible| *possible == iso) {
            break;
        }
    }
    Ok(possible)
}

fn both(one: Option<DateFormats>, other: Option<DateFormats>) -> Option<DateFormats> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.and(other)),
        (one, other) => one.or(other),
    }
}

struct Search {
    name: String,
    options: CsvOptions,
    width: Width,
    columns: Vec<usize>,
}

impl Search {
    fn look_at(&self, chunk: &Chunk) -> Result<Parsed<Vec<Option<DateFormats>>>> {
        let text = Text::new(&chunk.bytes, self.options.encoding);
        let context = Context::of_chunk(chunk, &self.name, &self.options, self.width);
        let mut records = Records::new(&text, context);
        let mut block = Block::new(self.width.fields);
        let mut possible = vec![None; self.columns.len()];
        loop {
            let end = block.fill(&mut records, usize::MAX, |_| {})?;
            for (column, possible) in self.columns.iter().zip(&mut possible) {
                for raw in block.column(text.text(), *column) {
                    let value = self.options.value(raw).unwrap_or_default();
                    let (formats, _) = DateFormats::of(&value);
                    if !formats.is_empty() {
                        let formats = formats.and(self.options.date_formats);
                        *possible = both(*possible, Some(formats));
                    }
                }
            }
            if let Some(consumed) = end {
                return Ok(Parsed {
                    result: possible,
                    consumed: text.source_bytes(0, consumed),
                });
            }
        }
    }
}
