//! What the files say about a column so far, and which value decided it.

use arrow::datatypes::DataType;

use super::discover::SourceFile;
use super::formats::csv::{Evidence, remark_on_dates};
use super::formats::{Found, FoundColumn};
use crate::values::DateFormat;

/// A column in the files that have been looked at.
pub(super) struct Seen {
    /// The name that it has in the first file.
    pub(super) original: String,
    /// What is in it.
    pub(super) found: Found,
    /// The value that ruled out a narrower type, and the name of the file with it.
    pub(super) evidence: Option<(String, Evidence)>,
}

impl Seen {
    /// A column as the first file has it.
    pub(super) fn new(file: &SourceFile, column: FoundColumn) -> Self {
        Seen {
            original: column.name,
            found: column.found,
            evidence: column.evidence.map(|seen| (file.name.clone(), seen)),
        }
    }

    /// Takes in what a further file says; whether some type holds both.
    #[must_use]
    pub(super) fn take_in(&mut self, file: &SourceFile, column: FoundColumn) -> bool {
        let Some(both) = self.found.clone().and(column.found) else {
            return false;
        };
        // The evidence is that of the file that changed the type.
        let changed = !same_kind(&self.found.data_type(), &both.data_type())
            || !possible_dates(&self.found).is_empty() && possible_dates(&both).is_empty();
        if changed || self.evidence.is_none() {
            let evidence = column.evidence.map(|seen| (file.name.clone(), seen));
            self.evidence = evidence.or(self.evidence.take());
        }
        self.found = both;
        true
    }

    /// What keeps a column of dates from being one: no value tells how they are written.
    pub(super) fn remark_on_open_dates(&self) -> Option<String> {
        match possible_dates(&self.found).as_slice() {
            [] | [_] => None,
            formats => remark_on_dates(&self.original, formats),
        }
    }
}

/// What to say of the columns that values of the file called `file` made DOUBLE, or TEXT although
/// they are numbers.
pub(super) fn remarks_on_numbers<'c>(
    file: &str,
    columns: impl Iterator<Item = &'c Seen>,
) -> Vec<String> {
    let (mut doubles, mut texts) = (Vec::new(), Vec::new());
    for seen in columns {
        let (Found::Kinds(kinds), Some((place, evidence))) = (&seen.found, &seen.evidence) else {
            continue;
        };
        let named = (seen.original.as_str(), evidence);
        match kinds.data_type() {
            _ if place != file => {}
            DataType::Float64 => doubles.push(named),
            DataType::Utf8 if kinds.is_too_long() || evidence.is_past_decimal() => {
                texts.push(named);
            }
            _ => {}
        }
    }
    let doubles = remark(&doubles, "DOUBLE, because of");
    let texts = remark(&texts, "TEXT, because no type of numbers keeps");
    doubles.into_iter().chain(texts).collect()
}

fn remark(columns: &[(&str, &Evidence)], what: &str) -> Option<String> {
    let (_, Evidence { value, line }) = columns.first()?;
    Some(match columns {
        [(name, _)] => format!("column `{name}` is {what} {value:?} in line {line}"),
        several => {
            let names: Vec<_> = several
                .iter()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            let names = names.join(", ");
            format!("columns {names} are {what} values such as {value:?} in line {line}")
        }
    })
}

fn possible_dates(found: &Found) -> Vec<DateFormat> {
    match found {
        Found::Kinds(kinds) => kinds.possible_dates().iter().collect(),
        Found::Type(_) => Vec::new(),
    }
}

/// A DECIMAL that grows is still a DECIMAL.
fn same_kind(before: &DataType, after: &DataType) -> bool {
    let is_decimal = |data_type: &DataType| matches!(data_type, DataType::Decimal128(..));
    before == after || is_decimal(before) && is_decimal(after)
}
