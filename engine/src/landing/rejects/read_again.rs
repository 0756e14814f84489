//! What a record needs to be read once more, kept with each reject.

use serde::{Deserialize, Serialize};

use crate::landing::discover::SourceFile;
use crate::landing::formats::{ReadOptions, column_names};
use crate::sql::{CopyOptions, FileFormat, FileOptions};
use crate::{Error, Result};

/// The options that say something about a single record.
const OF_RECORDS: [&str; 7] = [
    "NAMES",
    "DELIMITER",
    "QUOTE",
    "ESCAPE",
    "COMMENT",
    "NULL",
    "DATE_FORMAT",
];

/// How the file of a reject was read, and what it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::landing) struct ReadAgain {
    /// BLAKE3 of the content of the file: its rejects count while the table holds it.
    pub(in crate::landing) content_hash: String,
    /// The format that the records are kept in: that of text files, else JSON.
    pub(in crate::landing) format: String,
    /// What stands between two fields.
    pub(in crate::landing) delimiter: String,
    /// The names of the columns in the file, as it writes them.
    pub(in crate::landing) header: Vec<String>,
    /// The columns that stand in the path of the file, and their values.
    pub(in crate::landing) in_path: Vec<(String, Option<String>)>,
    /// The other options that it was read with, as (name, value) in SQL.
    pub(in crate::landing) options: Vec<(String, String)>,
}

impl ReadAgain {
    /// Notes how a file is read.
    ///
    /// # Errors
    /// A file whose beginning cannot be read.
    pub(in crate::landing) fn of(file: &SourceFile, options: &ReadOptions) -> Result<Self> {
        let is_text = matches!(file.format, FileFormat::Csv | FileFormat::Tsv);
        let format = match is_text {
            true => file.format,
            false => FileFormat::Json,
        };
        let delimiter = char::from(options.csv_for(format).dialect.delimiter);
        let mut header = column_names(file, options)?;
        // Those of the path come last.
        if let Some(own) = file.remembered_names() {
            header = own.to_vec();
        }
        let in_path = file.path_columns.iter();
        let in_path = in_path.map(|column| (column.name.clone(), column.value.clone()));
        let given = options.given().given().into_iter();
        let given =
            given.filter(|(name, _)| is_text && OF_RECORDS.contains(name) || *name == "NAMES");
        Ok(ReadAgain {
            content_hash: file.hash.clone(),
            format: format.to_string(),
            delimiter: delimiter.to_string(),
            header,
            in_path: in_path.collect(),
            options: given
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        })
    }

    /// The options, to be read with.
    ///
    /// # Errors
    /// Options that are not understood, from another release.
    pub(in crate::landing) fn file_options(&self) -> Result<FileOptions> {
        let options: Vec<_> = self
            .options
            .iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        Ok(CopyOptions::parse_text(&options.join(", "))?.file)
    }

    /// As it is kept.
    ///
    /// # Errors
    /// None in practice: it holds texts only.
    pub(in crate::landing) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::internal("options are not JSON").source(error))
    }

    /// From what was kept.
    ///
    /// # Errors
    /// Text of another release.
    pub(in crate::landing) fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::input("a reject does not say how it was read")
                .hint("it was set aside by another release; load its file again")
                .source(error)
        })
    }
}
