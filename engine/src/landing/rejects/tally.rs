//! How many rows were rejected, and what for.

use crate::landing::formats::RowError;
use crate::report::grouped;
use crate::sql::MaxErrors;
use crate::{Error, Kind, Place};

/// Different reasons that are told apart; further ones are only counted.
const MAX_REASONS: usize = 200;
/// Reasons that a message names.
const SHOWN_REASONS: usize = 5;
/// How many characters of an example a message shows.
const SHOWN_CHARACTERS: usize = 60;
const MILLION: u128 = 1_000_000;

/// What became of the records of a statement so far.
#[derive(Debug, Clone, Default)]
pub(in crate::landing) struct Tally {
    read: u64,
    rejected: u64,
    reasons: Vec<Reason>,
    first: Option<Place>,
}

#[derive(Debug, Clone)]
struct Reason {
    what: String,
    count: u64,
    /// The first value and where it stands.
    example: String,
}

impl Tally {
    /// Counts records of the file called `file`, and those among them that are bad.
    pub(in crate::landing) fn add(&mut self, file: &str, records: u64, rejects: &[RowError]) {
        self.read += records;
        self.rejected += rejects.len() as u64;
        for reject in rejects {
            self.count(file, reject);
        }
    }

    /// Takes in what another file has.
    pub(in crate::landing) fn merge(&mut self, other: &Tally) {
        self.read += other.read;
        self.rejected += other.rejected;
    }

    /// Records read.
    pub(in crate::landing) fn read(&self) -> u64 {
        self.read
    }

    /// Bad ones among them.
    pub(in crate::landing) fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Whether even without further bad records there are more than `max` in all.
    pub(in crate::landing) fn exceeds(&self, max: MaxErrors) -> bool {
        match max {
            MaxErrors::Rows(rows) => self.rejected > rows,
            MaxErrors::Millionths(share) => {
                u128::from(self.rejected) * MILLION > u128::from(self.read) * u128::from(share)
            }
        }
    }

    /// The error of a load with more bad records than `max`; `all` says that it was read to the end.
    pub(in crate::landing) fn too_many(&self, max: MaxErrors, all: bool) -> Error {
        let of = match all {
            true => grouped(self.read),
            false => format!("the first {}", grouped(self.read)),
        };
        let message = format!(
            "{} of {of} rows were rejected, and MAX_ERRORS allows {max}; nothing was written",
            grouped(self.rejected)
        );
        let error = Error::new(Kind::Rejects, message)
            .hint("correct the files or raise MAX_ERRORS; the option VALIDATE reports on all rows and writes nothing")
            .map_place(|_| self.first.clone());
        let reasons = self.reasons().into_iter().rev();
        let causes = reasons.fold(None, |next: Option<Error>, reason| {
            let cause = Error::input(reason);
            Some(match next {
                Some(next) => cause.source(next),
                None => cause,
            })
        });
        match causes {
            Some(cause) => error.source(cause),
            None => error,
        }
    }

    /// The commonest reasons, each with how often and an example.
    pub(in crate::landing) fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<&Reason> = self.reasons.iter().collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        let shown = reasons.iter().take(SHOWN_REASONS).map(|reason| {
            format!(
                "{} x {}, such as {}",
                grouped(reason.count),
                reason.what,
                reason.example
            )
        });
        let mut shown: Vec<String> = shown.collect();
        let named = reasons.iter().take(SHOWN_REASONS);
        let others = self.rejected - named.map(|reason| reason.count).sum::<u64>();
        if others > 0 {
            shown.push(format!("{} x for other reasons", grouped(others)));
        }
        shown
    }

    fn count(&mut self, file: &str, reject: &RowError) {
        let what = kind_of(reject);
        if let Some(known) = self.reasons.iter_mut().find(|reason| reason.what == what) {
            known.count += 1;
            return;
        }
        let place = reject.place(file);
        if self.reasons.len() < MAX_REASONS {
            let example = match &reject.value {
                Some(value) => format!("{:?} in {place}", shortened(value)),
                None => place.to_string(),
            };
            self.reasons.push(Reason {
                what,
                count: 1,
                example,
            });
        }
        self.first.get_or_insert(place);
    }
}

/// What is wrong without the value that is, so that alike rows count as one reason.
fn kind_of(reject: &RowError) -> String {
    match (
        &reject.column,
        &reject.value,
        reject.reason.rsplit_once(": "),
    ) {
        (Some(column), Some(_), Some((_, why))) => format!("column `{}`: {why}", column.name),
        _ => reject.reason.clone(),
    }
}

fn shortened(value: &str) -> String {
    match value.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}..", &value[..end]),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::landing::formats::Column;

    fn reject(line: u64, column: &str, value: &str) -> RowError {
        RowError {
            line,
            character: 3,
            record_line: line,
            byte_offset: 0,
            column: Some(Column {
                index: 1,
                name: column.to_owned(),
            }),
            value: Some(value.to_owned()),
            raw_record: format!("1,{value}"),
            reason: format!(
                "value {value:?} does not fit column `{column}` BIGINT: it is not a whole number"
            ),
            hint: None,
        }
    }

    #[test]
    fn a_share_is_compared_exactly() {
        let mut tally = Tally::default();
        tally.add("f.csv", 2_000, &[reject(2, "a", "x"), reject(3, "a", "y")]);
        assert!(!tally.exceeds(MaxErrors::Millionths(1_000)));
        assert!(tally.exceeds(MaxErrors::Millionths(999)));
        assert!(!tally.exceeds(MaxErrors::Rows(2)));
        assert!(tally.exceeds(MaxErrors::Rows(1)));
        assert!(!Tally::default().exceeds(MaxErrors::Millionths(0)));
    }

    #[test]
    fn the_commonest_reasons_come_first_with_one_example_each() {
        let mut tally = Tally::default();
        tally.add("f.csv", 4, &[reject(2, "a", "x: y"), reject(3, "b", "1.5")]);
        tally.add("g.csv", 4, &[reject(9, "b", "2.5")]);
        assert_eq!(
            tally.reasons(),
            [
                "2 x column `b`: it is not a whole number, such as \"1.5\" in f.csv:3:3",
                "1 x column `a`: it is not a whole number, such as \"x: y\" in f.csv:2:3",
            ]
        );
        let error = tally.too_many(MaxErrors::Rows(2), true);
        assert_eq!(error.kind().exit_code(), 4);
        assert_eq!(
            error.message(),
            "3 of 8 rows were rejected, and MAX_ERRORS allows 2; nothing was written"
        );
        assert_eq!(error.get_place().unwrap().to_string(), "f.csv:2:3");
    }

    #[test]
    fn reasons_beyond_the_limit_are_counted() {
        let mut tally = Tally::default();
        let rejects: Vec<_> = (0..300)
            .map(|number| reject(2, &format!("c{number}"), "x"))
            .collect();
        tally.add("f.csv", 300, &rejects);
        assert_eq!(tally.reasons().last().unwrap(), "295 x for other reasons");
    }
}
