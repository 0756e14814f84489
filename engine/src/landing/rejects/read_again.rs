//! What a record needs to be read once more, kept with each reject.

use serde::{Deserialize, Serialize};

use crate::landing::discover::SourceFile;
use crate::landing::formats::{ReadOptions, column_names};
use crate::{Error, Result};

/// How the file of a reject was read, and what it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in crate::landing) struct ReadAgain {
    /// BLAKE3 of the content of the file: its rejects count while the table holds it.
    pub(in crate::landing) content_hash: String,
    /// The names of its columns, as it writes them.
    pub(in crate::landing) header: Vec<String>,
    /// The options that it was read with, as (name, value) in SQL.
    pub(in crate::landing) options: Vec<(String, String)>,
}

impl ReadAgain {
    /// Notes how a file is read.
    ///
    /// # Errors
    /// A file whose beginning cannot be read.
    pub(in crate::landing) fn of(file: &SourceFile, options: &ReadOptions) -> Result<Self> {
        // The types are those of the table, whatever was declared when it was made.
        let given = options.given().given().into_iter();
        let given = given.filter(|(name, _)| *name != "COLUMNS");
        Ok(ReadAgain {
            content_hash: file.hash.clone(),
            header: column_names(file, options)?,
            options: given
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        })
    }

    /// As it is kept.
    ///
    /// # Errors
    /// None in practice: it holds texts only.
    pub(in crate::landing) fn to_json(&self) -> Result<String> {
        serde_json::to_string(self)
            .map_err(|error| Error::internal("options are not JSON").source(error))
    }
}
