//! The options of a COPY INTO that lands files, checked once.

use super::formats::csv::{CsvOptions, Delimiter};
use crate::sql::{CopyOptions, DeclaredColumn, PartitionField};
use crate::{Error, Result};

/// Checked options.
#[derive(Debug, Clone)]
pub struct LandingOptions {
    /// How to read the files.
    pub csv: CsvOptions,
    /// Declared types.
    pub columns: Vec<DeclaredColumn>,
    /// The layout of a table that is still to be made.
    pub partition_by: Vec<PartitionField>,
    /// Whether headers become snake_case.
    pub snake_case: bool,
}

impl LandingOptions {
    /// Checks what was typed.
    ///
    /// # Errors
    /// An option that belongs to an export, or a delimiter that cannot be one.
    pub fn checked(options: &CopyOptions) -> Result<Self> {
        if options.mode.is_some() || !options.key.is_empty() {
            return Err(
                Error::input("MODE and KEY belong to an export into a database")
                    .hint("files land once each; leave MODE and KEY out"),
            );
        }
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
        Ok(LandingOptions {
            csv,
            columns: options.columns.clone(),
            partition_by: options.partition_by.clone(),
            snake_case: options.names.as_deref() != Some("keep"),
        })
    }
}
