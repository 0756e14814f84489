//! What is wrong with a record, as data: an error names it, a quarantine can store it.

use crate::{Error, Place};

/// The longest line that a message shows below itself.
const SHOWN_LINE_BYTES: usize = 4096;

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The line of the fault, from 1; 0 in formats that have no lines.
    pub line: u64,
    /// The character of that line at which the fault is, from 1.
    pub character: u64,
    /// The line on which the record starts, from 1; the number of the row in formats that have no
    /// lines.
    pub record_line: u64,
    /// Where the record starts in the input, in bytes from 0.
    pub byte_offset: u64,
    /// The column of the table that the fault is in, if it is in one.
    pub column: Option<Column>,
    /// The refused value without its quotes, if one value is at fault.
    pub value: Option<String>,
    /// The record as it stands in the file, without its line end; bytes that are not UTF-8 are
    /// replaced by U+FFFD.
    pub raw_record: String,
    /// What is wrong, for a person.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its place in the file, from 0.
    pub index: usize,
    /// Its name in the table, or in the file where no table is known yet.
    pub name: String,
}

impl RowError {
    /// The error that stops a load of the file called `file`.
    pub fn into_error(self, file: &str) -> Error {
        let place = self.place(file);
        let error = Error::input(self.reason).place(place);
        match self.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }

    /// Where the fault is in the file called `file`.
    pub fn place(&self, file: &str) -> Place {
        Place {
            file: Some(file.to_owned()),
            line: self.line,
            column: self.character,
            width: self.value.as_deref().map_or(0, width),
            line_text: self.line_text().map(str::to_owned),
        }
    }

    fn line_text(&self) -> Option<&str> {
        let line = self
            .raw_record
            .split('\n')
            .nth(self.line.checked_sub(self.record_line)? as usize)?;
        (line.len() <= SHOWN_LINE_BYTES).then(|| line.trim_end_matches('\r'))
    }
}

/// Characters to underline; a value of several lines has no width of its own.
fn width(value: &str) -> u64 {
    match value.contains('\n') {
        true => 0,
        false => value.chars().count() as u64,
    }
}
