//! The types of a CSV file, from every value in it.
//!
//! A sample would be faster and wrong: the value that does not fit is in the last month. Each
//! chunk hands on only the values that changed what it knew. Whatever does not change a part of
//! what is known does not change the whole either, so putting those together in the order of the
//! file gives the same evidence as looking at one value after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::datatypes::DataType;

use super::block::Block;
use super::check::Width;
use super::chunks::Chunk;
use super::file::CsvFile;
use super::in_order::{InOrder, Parsed};
use super::kind::{Kinds, MAX_DECIMAL_DIGITS};
use super::options::CsvOptions;
use super::records::{Context, Locator, Records};
use super::text::Text;
use crate::Result;
use crate::landing::formats::RowError;
use crate::values::{DateFormat, Number};

/// How many characters of a value [`Evidence`] keeps.
const SHOWN_CHARACTERS: usize = 80;

/// What a whole file says about its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inference {
    /// Rows without the header and without bad records.
    pub rows: u64,
    /// Records that cannot be read.
    pub bad_records: u64,
    /// The first of them.
    pub first_bad: Option<RowError>,
    /// Lines passed over because they are comments.
    pub comments: u64,
    /// The columns in the order of the file.
    pub columns: Vec<InferredColumn>,
    /// The place of a last column without name and values, from 1. It is none of the columns.
    pub dropped_column: Option<usize>,
}

/// One column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferredColumn {
    /// Its name as the file writes it.
    pub name: String,
    /// The narrowest type that holds all its values; `None` for a declared column, whose values
    /// were not looked at.
    pub data_type: Option<DataType>,
    /// What its values are, for putting several files together.
    pub kinds: Kinds,
    /// The value that made it this type; `None` for a column without a value.
    pub evidence: Option<Evidence>,
}

/// The first value in the file that ruled out a narrower type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The value, shortened to 80 characters.
    pub value: String,
    /// The line on which it stands.
    pub line: u64,
}

impl Evidence {
    /// Whether the value is a number with more digits than any DECIMAL has.
    pub fn is_past_decimal(&self) -> bool {
        Number::scan(&self.value).is_some_and(|number| {
            let fraction = number.fraction.map_or(0, str::len);
            !number.has_leading_zero()
                && number.integer_digits().len() + fraction > MAX_DECIMAL_DIGITS
        })
    }
}

impl Inference {
    /// What a user should know besides the types.
    pub(super) fn remarks(&self) -> Vec<String> {
        let dropped = self
            .dropped_column
            .map(|place| format!("column {place} has neither a name nor a value and was left out"));
        let dates = self.columns.iter().filter_map(|column| {
            let formats: Vec<_> = column.kinds.possible_dates().iter().collect();
            remark_on_dates(&column.name, &formats)
        });
        dropped
            .into_iter()
            .chain(remark_on_comments(self.comments))
            .chain(dates)
            .collect()
    }
}

/// How the dates of a column are written if not as ISO, or that there is no telling.
pub(in crate::landing) fn remark_on_dates(column: &str, formats: &[DateFormat]) -> Option<String> {
    match formats {
        [] | [DateFormat::ISO] => None,
        [format] => Some(format!("dates of `{column}` are written {format}")),
        [first, ..] => {
            let formats: Vec<_> = formats.iter().map(ToString::to_string).collect();
            Some(format!(
                "`{column}` could hold dates, {}; DATE_FORMAT '{first}' would make it a DATE",
                formats.join(" or ")
            ))
        }
    }
}

/// How many lines are comments.
pub(super) fn remark_on_comments(lines: u64) -> Option<String> {
    match lines {
        0 => None,
        1 => Some("1 comment line was passed over".to_owned()),
        lines => Some(format!("{lines} comment lines were passed over")),
    }
}

/// See [`CsvFile::infer`].
pub(super) fn infer(file: &CsvFile<'_>, is_declared: impl Fn(&str) -> bool) -> Result<Inference> {
    let (chunks, header) = file.start()?;
    let mut columns: Vec<Observed> = header
        .names
        .iter()
        .map(|name| Observed::new(is_declared(name)))
        .collect();
    let survey = Arc::new(Survey {
        name: file.name.to_owned(),
        options: file.options.clone(),
        width: header.width,
        settled: columns
            .iter()
            .map(|column| AtomicBool::new(column.declared))
            .collect(),
    });
    let worker = Arc::clone(&survey);
    let parse = Arc::new(move |chunk: &Chunk| worker.look_at(chunk));
    let mut inference = Inference {
        rows: 0,
        bad_records: 0,
        first_bad: None,
        comments: header.comments,
        columns: Vec::with_capacity(columns.len()),
        dropped_column: None,
    };
    // Where nothing is asked for, nothing is read: whoever reads the rows finds the bad ones.
    let is_open = header.unnamed_end || columns.iter().any(|column| !column.declared);
    let seen = is_open.then(|| InOrder::new(chunks, file.options.threads, parse));
    for seen in seen.into_iter().flatten() {
        let seen = seen?;
        inference.rows += seen.rows;
        inference.bad_records += seen.bad_records;
        inference.first_bad = inference.first_bad.or(seen.first_bad);
        inference.comments += seen.comments;
        for change in seen.changes {
            let column = &mut columns[change.column];
            column.take_in(&change);
            if column.kinds.is_settled() {
                survey.settled[change.column].store(true, Ordering::Relaxed);
            }
        }
    }
    let without_value = |last: &&Observed| !last.declared && last.kinds.is_empty();
    if header.unnamed_end && columns.last().filter(without_value).is_some() {
        inference.dropped_column = Some(columns.len());
        columns.pop();
    }
    let named = header.names.into_iter().zip(columns);
    inference.columns = named.map(|(name, column)| column.named(name)).collect();
    Ok(inference)
}

/// What the threads need to look at a chunk.
struct Survey {
    name: String,
    options: CsvOptions,
    width: Width,
    /// Columns that need no looking at. The consumer says so, once that is certain for all chunks
    /// that have not been handed out.
    settled: Vec<AtomicBool>,
}

/// What one chunk says.
struct Seen {
    rows: u64,
    bad_records: u64,
    first_bad: Option<RowError>,
    comments: u64,
    /// In the order in which the values stand in the file.
    changes: Vec<Change>,
}

/// A value that said something new within its chunk.
struct Change {
    column: usize,
    kinds: Kinds,
    at: usize,
    evidence: Evidence,
}

impl Survey {
    fn look_at(&self, chunk: &Chunk) -> Result<Parsed<Seen>> {
        let text = Text::new(&chunk.bytes, self.options.encoding);
        let context = Context::of_chunk(chunk, &self.name, &self.options, self.width);
        let mut records = Records::new(&text, context);
        let mut block = Block::new(self.width.fields);
        let mut seen = Seen {
            rows: 0,
            bad_records: 0,
            first_bad: None,
            comments: 0,
            changes: Vec::new(),
        };
        let mut open: Vec<(usize, Kinds)> = (0..self.width.fields)
            .filter(|column| !self.settled[*column].load(Ordering::Relaxed))
            .map(|column| (column, Kinds::default()))
            .collect();
        let consumed = loop {
            let end = block.fill(&mut records, usize::MAX, |bad| {
                seen.bad_records += 1;
                seen.first_bad.get_or_insert(bad);
            })?;
            seen.rows += block.rows() as u64;
            for (column, kinds) in &mut open {
                self.look_at_column(&block, text.text(), *column, kinds, &mut seen.changes);
            }
            open.retain(|(_, kinds)| !kinds.is_settled());
            if let Some(consumed) = end {
                break consumed;
            }
        };
        seen.comments = records.comments;
        seen.changes.sort_by_key(|change| change.at);
        let mut locator = Locator::new(&text, context);
        for change in &mut seen.changes {
            (change.evidence.line, _) = locator.locate(change.at);
        }
        Ok(Parsed {
            result: seen,
            consumed: text.source_bytes(0, consumed),
        })
    }

    fn look_at_column(
        &self,
        block: &Block,
        text: &str,
        column: usize,
        kinds: &mut Kinds,
        changes: &mut Vec<Change>,
    ) {
        for (row, raw) in block.column(text, column).enumerate() {
            let Some(value) = self.options.value(raw) else {
                continue;
            };
            if kinds.covers(&value) {
                continue;
            }
            let of_value = Kinds::among(&value, self.options.date_formats);
            let both = kinds.and(of_value);
            if both == *kinds {
                continue;
            }
            *kinds = both;
            changes.push(Change {
                column,
                kinds: of_value,
                at: block.record(text, row).span(column).start,
                evidence: Evidence {
                    value: value.chars().take(SHOWN_CHARACTERS).collect(),
                    line: 0,
                },
            });
            if both.is_settled() {
                return;
            }
        }
    }
}

/// What is known about a column so far.
struct Observed {
    declared: bool,
    kinds: Kinds,
    data_type: DataType,
    evidence: Option<Evidence>,
}

impl Observed {
    fn new(declared: bool) -> Self {
        let kinds = Kinds::default();
        Observed {
            declared,
            kinds,
            data_type: kinds.data_type(),
            evidence: None,
        }
    }

    fn take_in(&mut self, change: &Change) {
        let kinds = self.kinds.and(change.kinds);
        if kinds == self.kinds {
            return;
        }
        // A column of dates in several possible formats is TEXT, as it is after a value that is none.
        let no_dates_any_more =
            !self.kinds.possible_dates().is_empty() && kinds.possible_dates().is_empty();
        self.kinds = kinds;
        let data_type = kinds.data_type();
        if self.evidence.is_none() || no_dates_any_more || !same_kind(&self.data_type, &data_type) {
            self.evidence = Some(change.evidence.clone());
        }
        self.data_type = data_type;
    }

    fn named(self, name: String) -> InferredColumn {
        InferredColumn {
            name,
            data_type: (!self.declared).then_some(self.data_type),
            kinds: self.kinds,
            evidence: self.evidence,
        }
    }
}

/// A DECIMAL that grows is still a DECIMAL.
fn same_kind(before: &DataType, after: &DataType) -> bool {
    match (before, after) {
        (DataType::Decimal128(..), DataType::Decimal128(..)) => true,
        (before, after) => before == after,
    }
}
