//! What stands in front of the records: a byte order mark, lines to skip, the names of the columns.

use std::collections::HashMap;
use std::io::Read;

use memchr::memchr;

use super::check::Width;
use super::chunks::Chunks;
use super::options::CsvOptions;
use super::record::Record;
use super::records::{Context, Found, Records};
use super::text::Text;
use crate::landing::names::unnamed;
use crate::{Error, Place, Result};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What the start of a file says about all of it.
#[derive(Debug)]
pub(super) struct Header {
    /// The names as they stand in the file. A column without a name, or every column of a file
    /// without a header, is called by its place: `column_1`.
    pub(super) names: Vec<String>,
    pub(super) width: Width,
    /// Whether the last of several columns has no name, as a delimiter at the end of every line
    /// makes it.
    pub(super) unnamed_end: bool,
    /// Comments in front of it.
    pub(super) comments: u64,
}

/// Reads the header and leaves the first record to come next.
///
/// # Errors
/// An empty file, two columns of one name, a first record that cannot be read.
pub(super) fn read_header<R: Read>(
    chunks: &mut Chunks<R>,
    name: &str,
    options: &CsvOptions,
) -> Result<Header> {
    chunks.fill(chunks.chunk_bytes().max(BYTE_ORDER_MARK.len()))?;
    if chunks.pending.bytes.starts_with(BYTE_ORDER_MARK) {
        chunks.pending.bytes.drain(..BYTE_ORDER_MARK.len());
        chunks.pending.offset += BYTE_ORDER_MARK.len() as u64;
    }
    for skipped in 0..options.skip_lines {
        skip_line(chunks)?.ok_or_else(|| {
            Error::input(format!("the file has only {skipped} lines"))
                .hint(format!(
                    "SKIP {} leaves nothing to read",
                    options.skip_lines
                ))
                .place(Place::file(name))
        })?;
    }
    loop {
        if let Some((header, consumed)) = first_record(chunks, name, options)? {
            if options.header {
                chunks.consume(consumed);
            }
            return Ok(header);
        }
        chunks.fill(chunks.pending.bytes.len().max(chunks.chunk_bytes()))?;
    }
}

/// Passes over a line; `None` at the end of the input.
fn skip_line<R: Read>(chunks: &mut Chunks<R>) -> Result<Option<()>> {
    loop {
        let pending = &chunks.pending;
        if let Some(line_end) = memchr(b'\n', &pending.bytes) {
            chunks.consume(line_end + 1);
            return Ok(Some(()));
        }
        if pending.at_end {
            return Ok(None);
        }
        chunks.consume(pending.bytes.len());
        chunks.fill(chunks.chunk_bytes())?;
    }
}

/// The header and where the records start; `None` if more bytes are needed to know.
fn first_record<R>(
    chunks: &Chunks<R>,
    name: &str,
    options: &CsvOptions,
) -> Result<Option<(Header, usize)>> {
    let pending = &chunks.pending;
    let text = Text::new(&pending.bytes, options.encoding);
    let context = Context {
        name,
        options,
        width: None,
        line: pending.line,
        offset: pending.offset,
        at_end: pending.at_end,
    };
    let mut records = Records::new(&text, context);
    let mut ends = Vec::new();
    let start = match records.next(&mut ends)? {
        Found::Record { start } => start,
        Found::Bad(bad) => return Err(bad.into_error(name)),
        Found::End { .. } if pending.at_end => return Err(empty_file(name, options)),
        Found::End { .. } => return Ok(None),
    };
    let record = Record {
        text: text.text(),
        start,
        ends: &ends,
    };
    let width = record.width();
    let names = match options.header {
        true => {
            let place = records.locate(start);
            read_names(&record, place, name, options)?
        }
        false => (0..width).map(unnamed).collect(),
    };
    let header = Header {
        names,
        width: Width {
            fields: width,
            from_header: options.header,
        },
        unnamed_end: options.header
            && width > 1
            && column_name(&record, width - 1, options).is_none(),
        comments: if options.header { records.comments } else { 0 },
    };
    let consumed = text.source_bytes(0, records.position());
    Ok(Some((header, consumed)))
}

fn column_name(header: &Record<'_>, index: usize, options: &CsvOptions) -> Option<String> {
    let name = options.value(header.raw(index))?;
    (!name.trim().is_empty()).then(|| name.into_owned())
}

fn read_names(
    header: &Record<'_>,
    place: (u64, u64),
    file: &str,
    options: &CsvOptions,
) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(header.width());
    let mut seen = HashMap::with_capacity(header.width());
    for index in 0..header.width() {
        let name = column_name(header, index, options).unwrap_or_else(|| unnamed(index));
        if let Some(first) = seen.insert(name.clone(), index) {
            let reason = format!(
                "columns {} and {} are both named `{name}`",
                first + 1,
                index + 1
            );
            let hint = "rename one of them in the file, or read it without a header".to_owned();
            return Err(header
                .fault(index, &name, place, &name, reason, Some(hint))
                .into_error(file));
        }
        names.push(name);
    }
    Ok(names)
}

fn empty_file(name: &str, options: &CsvOptions) -> Error {
    let expected = match options.header {
        true => "a header with the column names is expected even if there are no rows",
        false => "without a header at least one record is needed to count the columns",
    };
    Error::input("the file is empty")
        .hint(expected)
        .place(Place::file(name))
}
