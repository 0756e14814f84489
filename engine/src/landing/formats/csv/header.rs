//! The names of the columns: from the first record, or made up.

use std::collections::HashMap;
use std::io::Read;

use super::fault::Failure;
use super::options::CsvOptions;
use super::record::Record;
use super::records::RecordReader;
use crate::landing::names::unnamed;
use crate::{Error, Place, Result};

/// Opens a CSV stream and reads its header: a reader of the records below, and the names as they
/// stand in the file. A column without a name, or every column where the options say that there is
/// no header, is called by its place: `column_1`.
///
/// # Errors
/// An empty file, two columns of one name, a first record that cannot be read.
pub fn open<R: Read>(
    input: R,
    name: &str,
    options: &CsvOptions,
) -> Result<(RecordReader<R>, Vec<String>)> {
    let stop = |failure: Failure| failure.into_error(name);
    let mut reader = RecordReader::new(input, name, options).map_err(stop)?;
    let first = reader
        .read()
        .map_err(stop)?
        .ok_or_else(|| empty_file(name, options))?;
    if options.header {
        let headers = read_names(&first, name)?;
        reader.expect_width(headers.len(), true);
        return Ok((reader, headers));
    }
    let (offset, line, width) = (first.byte_offset(), first.line(), first.width());
    reader.rewind_to(offset, line);
    reader.expect_width(width, false);
    Ok((reader, (0..width).map(unnamed).collect()))
}

fn read_names(header: &Record<'_>, file: &str) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(header.width());
    let mut seen = HashMap::with_capacity(header.width());
    for index in 0..header.width() {
        let cell = header.cell(index);
        let name = match cell.text.trim() {
            "" => unnamed(index),
            _ => cell.text.into_owned(),
        };
        if let Some(first) = seen.insert(name.clone(), index) {
            let reason = format!(
                "columns {} and {} are both named `{name}`",
                first + 1,
                index + 1
            );
            let hint = "rename one of them in the file, or read it without a header".to_owned();
            return Err(header
                .fault(index, &name, reason, Some(hint))
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
