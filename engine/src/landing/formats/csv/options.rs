//! What a user may say about a CSV file, checked once.

use crate::sql::{Encoding, FileFormat, FileOptions};
use crate::values::{DateFormat, DateFormats};
use crate::{Error, Result};

/// How to read a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Which bytes mean what.
    pub dialect: Dialect,
    /// Whether the first record holds the column names.
    pub header: bool,
    /// Lines in front of the header, whatever they hold.
    pub skip_lines: u64,
    /// How the text is encoded.
    pub encoding: Encoding,
    /// Unquoted texts that mean NULL, as an empty field always does.
    pub nulls: Vec<String>,
    /// The formats that dates may have; where several are left, the values of a column decide.
    pub date_formats: DateFormats,
    /// Whether a value that says more than its column can hold is rounded.
    pub rounds: bool,
    /// Threads that parse.
    pub threads: usize,
    /// The most rows of a piece.
    pub batch_size: usize,
    /// Bytes that are parsed at a time. Small enough to stay in the cache of the processor between
    /// being read and being parsed, large enough for handing them around to cost nothing.
    pub chunk_bytes: usize,
    /// The longest record in bytes. It bounds the memory that an unclosed quote can take.
    pub max_record_bytes: usize,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            dialect: Dialect::default(),
            header: true,
            skip_lines: 0,
            encoding: Encoding::Utf8,
            nulls: Vec::new(),
            date_formats: DateFormats::ALL,
            rounds: false,
            threads: 1,
            batch_size: 32_768,
            chunk_bytes: 1 << 20,
            max_record_bytes: 64 << 20,
        }
    }
}

impl CsvOptions {
    /// Checks what was typed, for a reader that uses so many threads.
    ///
    /// # Errors
    /// A character that cannot have its part, two parts for one character, an unknown format of
    /// dates.
    pub fn checked(typed: &FileOptions, threads: usize) -> Result<Self> {
        let date_formats = match &typed.date_format {
            // ISO dates can be told from all others, so columns of them may stand beside.
            Some(text) => DateFormats::only(text.parse()?).or(DateFormats::only(DateFormat::ISO)),
            None => DateFormats::ALL,
        };
        Ok(CsvOptions {
            dialect: Dialect::checked(typed)?,
            header: typed.header.unwrap_or(true),
            skip_lines: typed.skip.unwrap_or_default(),
            encoding: typed.encoding.unwrap_or(Encoding::Utf8),
            nulls: typed.null.clone(),
            date_formats,
            threads,
            ..CsvOptions::default()
        })
    }

    /// The same for fields with tabs between them.
    #[must_use]
    pub fn with_tabs(mut self) -> Self {
        self.dialect.delimiter = b'\t';
        self
    }
}

/// The bytes that structure a file. All are ASCII, so they mean the same in every encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// What stands between two fields.
    pub(crate) delimiter: u8,
    /// What a field may be enclosed in.
    pub(crate) quote: Option<u8>,
    /// What makes a quote inside quotes, or itself, a plain character; `None` where quotes are
    /// doubled.
    pub(crate) escape: Option<u8>,
    /// What a line that is passed over starts with.
    pub(super) comment: Option<u8>,
}

impl Default for Dialect {
    fn default() -> Self {
        Dialect {
            delimiter: b',',
            quote: Some(b'"'),
            escape: None,
            comment: None,
        }
    }
}

impl Dialect {
    fn checked(typed: &FileOptions) -> Result<Self> {
        let tab = typed.format == Some(FileFormat::Tsv);
        let delimiter = structure("DELIMITER", typed.delimiter.as_deref())?;
        let quote = match typed.quote.as_deref() {
            Some("") => None,
            given => Some(structure("QUOTE", given)?.unwrap_or(b'"')),
        };
        let escape = structure("ESCAPE", typed.escape.as_deref())?;
        let dialect = Dialect {
            delimiter: delimiter.unwrap_or(if tab { b'\t' } else { b',' }),
            quote,
            // Saying that the quote escapes itself says that quotes are doubled.
            escape: escape.filter(|escape| Some(*escape) != quote),
            comment: structure("COMMENT", typed.comment.as_deref())?,
        };
        if quote.is_none() && escape.is_some() {
            return Err(Error::input("ESCAPE means nothing without a QUOTE")
                .hint("leave ESCAPE out, or say what values are enclosed in"));
        }
        dialect.check_distinct()
    }

    fn check_distinct(self) -> Result<Self> {
        let parts = [
            ("DELIMITER", Some(self.delimiter)),
            ("QUOTE", self.quote),
            ("ESCAPE", self.escape),
            ("COMMENT", self.comment),
        ];
        for (index, (name, byte)) in parts.iter().enumerate() {
            let same = |(_, other): &&(&str, Option<u8>)| byte.is_some() && other == byte;
            if let Some((other, _)) = parts[..index].iter().find(same) {
                return Err(
                    Error::input(format!("{other} and {name} are the same character"))
                        .hint("each must be told from the others"),
                );
            }
        }
        Ok(self)
    }
}

/// The one character of an option. What could also be part of a plain value is refused: letters,
/// digits, line ends, and what is not ASCII.
fn structure(option: &str, text: Option<&str>) -> Result<Option<u8>> {
    let Some(text) = text else {
        return Ok(None);
    };
    let byte = match text.as_bytes() {
        [byte] => *byte,
        b"\\t" => b'\t',
        _ => {
            return Err(
                Error::input(format!("{option} '{text}' is not one ASCII character"))
                    .hint("give one character, such as ';', or '\\t' for a tab"),
            );
        }
    };
    match matches!(byte, b'\t' | b' ') || byte.is_ascii_punctuation() {
        true => Ok(Some(byte)),
        false => Err(
            Error::input(format!("{option} {text:?} could be part of a value"))
                .hint("choose a character such as ',', ';', '|', '\"' or a tab"),
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn dialect(set: impl Fn(&mut FileOptions)) -> Result<Dialect> {
        let mut typed = FileOptions::default();
        set(&mut typed);
        Ok(CsvOptions::checked(&typed, 1)?.dialect)
    }

    #[test]
    fn characters_that_could_be_data_are_refused() {
        for text in ["\n", "\0", "a", "1", "é", "", ",,", "\""] {
            let refused = dialect(|typed| typed.delimiter = Some(text.into()));
            assert!(refused.is_err(), "{text:?}");
        }
        for text in [",", ";", "|", "\\t", "\t", " ", "^"] {
            assert!(dialect(|typed| typed.delimiter = Some(text.into())).is_ok());
        }
    }

    #[test]
    fn every_part_has_a_character_of_its_own() {
        let error = dialect(|typed| typed.comment = Some(",".into())).unwrap_err();
        assert_eq!(
            error.message(),
            "DELIMITER and COMMENT are the same character"
        );
        let doubled = dialect(|typed| typed.escape = Some("\"".into())).unwrap();
        assert_eq!(doubled, Dialect::default());
        let none = dialect(|typed| typed.quote = Some(String::new())).unwrap();
        assert_eq!(none.quote, None);
        let refused = dialect(|typed| {
            typed.quote = Some(String::new());
            typed.escape = Some("\\".into());
        });
        assert!(refused.is_err());
    }

    #[test]
    fn tsv_has_tabs() {
        let tabs = dialect(|typed| typed.format = Some(FileFormat::Tsv)).unwrap();
        assert_eq!(tabs.delimiter, b'\t');
    }
}
