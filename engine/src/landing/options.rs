//! The options of a COPY INTO that lands files, checked once.

use super::formats::csv::{CsvOptions, Delimiter};
use crate::sql::{
    CopyOptions, DeclaredColumn, FileFormat, FileOptions, Names, PartitionField, ReloadOptions,
};
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
    /// What to do with what the table has already.
    pub reload: ReloadOptions,
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
        let file = &options.file;
        check_readable(file)?;
        let mut csv = CsvOptions {
            header: file.header.unwrap_or(true),
            ..CsvOptions::default()
        };
        if let Some(delimiter) = &file.delimiter {
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
            columns: file.columns.clone(),
            partition_by: options.partition_by.clone(),
            snake_case: file.names != Some(Names::Keep),
            reload: options.reload.clone(),
        })
    }
}

/// Only CSV is read, and not yet in all of its dialects.
fn check_readable(file: &FileOptions) -> Result<()> {
    const HEEDED: [&str; 5] = ["FORMAT", "COLUMNS", "NAMES", "DELIMITER", "HEADER"];
    if let Some(format) = file.format.filter(|format| *format != FileFormat::Csv) {
        return Err(
            Error::input(format!("{format} files cannot be read yet")).hint("convert them to CSV")
        );
    }
    let ignored = file
        .given()
        .into_iter()
        .find(|(name, _)| !HEEDED.contains(name));
    match ignored {
        Some((name, _)) => Err(Error::input(format!("{name} is not supported yet"))),
        None => file.check_for(FileFormat::Csv),
    }
}
