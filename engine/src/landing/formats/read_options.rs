//! How files are read, checked once: what the formats need to know of the options as typed.

use super::csv::CsvOptions;
use crate::Result;
use crate::sql::{Compression, DeclaredColumn, FileFormat, FileOptions, Names, OnLoss};
use crate::values::{DateFormat, DateFormats};

/// Checked options of reading, for files of any format.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// What the files are; told from their names and content unless said.
    pub format: Option<FileFormat>,
    /// How they are compressed; told from their content unless said.
    pub compression: Option<Compression>,
    /// Declared types, by the names after renaming.
    pub columns: Vec<DeclaredColumn>,
    /// Whether the names of columns become snake_case.
    pub snake_case: bool,
    /// How CSV files are read.
    csv: CsvOptions,
    /// Whether the first row of a sheet holds the names.
    pub header: bool,
    /// Rows of a sheet before that.
    pub skip: u64,
    /// The sheet of a workbook; the first unless said.
    pub sheet: Option<String>,
    /// What to do with a value that its column can only hold rounded.
    pub on_loss: OnLoss,
    /// Whether records that cannot be read are set aside, and so say nothing about types.
    pub sets_aside: bool,
    given: FileOptions,
}

impl ReadOptions {
    /// Checks what was typed, for readers that use so many threads.
    ///
    /// # Errors
    /// A value that an option cannot take.
    pub fn checked(options: &FileOptions, threads: usize) -> Result<Self> {
        Ok(ReadOptions {
            format: options.format,
            compression: options.compression,
            columns: options.columns.clone(),
            snake_case: options.names != Some(Names::Keep),
            csv: CsvOptions::checked(options, threads)?,
            header: options.header.unwrap_or(true),
            skip: options.skip.unwrap_or(0),
            sheet: options.sheet.clone(),
            on_loss: OnLoss::default(),
            sets_aside: false,
            given: options.clone(),
        })
    }

    /// How CSV files of a format are read: TSV is CSV with tabs.
    pub fn csv_for(&self, format: FileFormat) -> CsvOptions {
        let csv = CsvOptions {
            rounds: self.on_loss == OnLoss::Round,
            ..self.csv.clone()
        };
        match format == FileFormat::Tsv && self.given.delimiter.is_none() {
            true => csv.with_tabs(),
            false => csv,
        }
    }

    /// The same, which reads dates as ISO or as the table remembers them, whatever the values are.
    #[must_use]
    pub fn without_guessed_dates(mut self) -> Self {
        self.csv.date_formats = DateFormats::only(DateFormat::ISO);
        self
    }

    /// What was typed.
    pub fn given(&self) -> &FileOptions {
        &self.given
    }

    /// Refuses options that mean nothing for files of a format.
    ///
    /// # Errors
    /// The first such option.
    pub fn check_for(&self, format: FileFormat) -> Result<()> {
        self.given.check_for(format)
    }
}
