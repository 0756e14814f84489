//! What keeps a benchmark from a result: a message, and what helps where that is known.

use std::fmt::{self, Display};
use std::path::Path;

/// A benchmark without a result.
#[derive(Debug)]
pub struct Error {
    message: String,
    hint: Option<String>,
}

/// A result of this package.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with this message, in lower case and without a full stop.
    pub fn new(message: impl Into<String>) -> Self {
        Error {
            message: message.into(),
            hint: None,
        }
    }

    /// An error of a file or folder: `cannot read data.csv: ..`.
    pub fn file(action: &str, path: &Path, cause: impl Display) -> Self {
        Error::new(format!("cannot {action} {}: {cause}", path.display()))
    }

    /// Adds the remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Puts what was being done in front.
    #[must_use]
    pub fn context(mut self, context: impl Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
