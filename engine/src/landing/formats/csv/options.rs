//! What a user may say about a CSV file.

use crate::sql::FileOptions;
use crate::{Error, Result};

/// How to read a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// What stands between two fields.
    pub delimiter: Delimiter,
    /// Whether the first record holds the column names.
    pub header: bool,
    /// Rows per batch.
    pub batch_size: usize,
    /// The longest record in bytes. It bounds the memory that an unclosed quote can take.
    pub max_record_bytes: usize,
}

impl Default for CsvOptions {
    fn default() -> Self {
        CsvOptions {
            delimiter: Delimiter::COMMA,
            header: true,
            batch_size: 8192,
            max_record_bytes: 64 << 20,
        }
    }
}

impl CsvOptions {
    /// Checks what was typed.
    ///
    /// # Errors
    /// A delimiter that cannot be one.
    pub fn checked(options: &FileOptions) -> Result<Self> {
        check_heeded(options)?;
        let mut csv = CsvOptions {
            header: options.header.unwrap_or(true),
            ..CsvOptions::default()
        };
        if let Some(delimiter) = &options.delimiter {
            let mut chars = delimiter.chars();
            csv.delimiter = match (chars.next(), chars.next()) {
                (Some(one), None) => Delimiter::new(one)?,
                _ if delimiter == "\\t" => Delimiter::TAB,
                _ => {
                    return Err(Error::input(format!(
                        "DELIMITER '{delimiter}' is not one character"
                    ))
                    .hint("give one character, such as ';', or '\\t' for a tab"));
                }
            };
        }
        Ok(csv)
    }
}

/// A byte that can stand between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(u8);

impl Delimiter {
    /// A comma.
    pub const COMMA: Delimiter = Delimiter(b',');
    /// A tab.
    pub const TAB: Delimiter = Delimiter(b'\t');

    /// Checks a delimiter that a user chose.
    ///
    /// # Errors
    /// Anything that could also be part of a plain value or of the dialect itself: letters,
    /// digits, the quote, line ends, NUL and what is not ASCII.
    pub fn new(delimiter: char) -> Result<Delimiter> {
        let usable = delimiter == '\t'
            || delimiter == ' '
            || delimiter.is_ascii_punctuation() && delimiter != '"';
        match u8::try_from(delimiter) {
            Ok(byte) if usable => Ok(Delimiter(byte)),
            _ => Err(
                Error::input(format!("{delimiter:?} cannot stand between fields"))
                    .hint("choose one ASCII character such as ',', ';', '|' or a tab"),
            ),
        }
    }

    /// The delimiter as it stands in the file.
    pub fn byte(self) -> u8 {
        self.0
    }
}

/// Refuses what the reader does not heed yet.
fn check_heeded(options: &FileOptions) -> Result<()> {
    const UNHEEDED: [&str; 6] = [
        "QUOTE",
        "ESCAPE",
        "COMMENT",
        "ENCODING",
        "NULL",
        "DATE_FORMAT",
    ];
    let mut given = options.given().into_iter().map(|(name, _)| name);
    match given.find(|name| UNHEEDED.contains(name)) {
        Some(name) => Err(Error::input(format!("{name} is not supported yet"))),
        None => Ok(()),
    }
}
