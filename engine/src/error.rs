//! The one error of the engine: who must act, what happened, where, and what to do about it.
//!
//! Every error keeps its source, carries its place as fields (never inside the message) and may
//! end with a hint. `report.rs` is the only place that turns one into text for a person, and
//! [`Kind::exit_code`] the only place that turns one into an exit code.

mod conversions;
mod plain_words;
mod subject;

use std::error::Error as StdError;
use std::fmt;
use std::path::Path;

use datafusion::error::DataFusionError;

pub use subject::Subject;

/// Shorthand for a result whose error is ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// Who must act on an error, and so which exit code the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The user: bad SQL, bad data, a missing file, a wrong password, no rights.
    Input,
    /// The user, on the command line.
    Usage,
    /// The owner of the data: an `ASSERT` did not hold.
    Assertion,
    /// The owner of the data: more rows rejected than `MAX_ERRORS` allows.
    Rejects,
    /// The operator of an outside system: unreachable, cut, timed out. Worth a retry.
    Unavailable,
    /// Nobody yet: another process holds the lock.
    Locked,
    /// The user asked to stop.
    Interrupted,
    /// The authors of Tidemill.
    Internal,
}

impl Kind {
    /// The exit code of a process that ends with an error of this kind.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::Input | Kind::Internal => 1,
            Kind::Usage => 2,
            Kind::Assertion => 3,
            Kind::Rejects => 4,
            Kind::Unavailable => 5,
            Kind::Locked => 6,
            Kind::Interrupted => 130,
        }
    }
}

/// A place in a file or script. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The file as the user named it; `None` for SQL given on the command line or typed.
    pub file: Option<String>,
    /// Line, from 1; 0 when only the file is known.
    pub line: u64,
    /// Column in characters, from 1; 0 when only the line is known.
    pub column: u64,
    /// How many characters the caret underlines; 0 counts as 1.
    pub width: u64,
    /// The text of the line, for the caret.
    pub line_text: Option<String>,
}

impl Place {
    /// A whole file.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Place {
            file: Some(path.as_ref().display().to_string()),
            ..Place::default()
        }
    }

    /// A line and column without a file yet.
    pub fn at(line: u64, column: u64) -> Self {
        Place {
            line,
            column,
            ..Place::default()
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.line, self.column) {
            (Some(file), 0, _) => write!(f, "{file}"),
            (Some(file), line, 0) => write!(f, "{file}:{line}"),
            (Some(file), line, column) => write!(f, "{file}:{line}:{column}"),
            (None, line, 0) => write!(f, "line {line}"),
            (None, line, column) => write!(f, "line {line}, column {column}"),
        }
    }
}

/// An error that says who must act. Cheap to move: one pointer.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: String,
    hint: Option<String>,
    place: Option<Place>,
    subjects: Vec<Subject>,
    source: Option<Source>,
}

impl Error {
    /// An error of the given kind; the message starts in lower case and has no final stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            hint: None,
            place: None,
            subjects: Vec::new(),
            source: None,
        }))
    }

    /// What the user gave is wrong.
    pub fn input(message: impl Into<String>) -> Self {
        Error::new(Kind::Input, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Error::new(Kind::Usage, message)
    }

    /// Tidemill is wrong.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(Kind::Internal, message)
    }

    /// A file operation failed: `cannot <verb> <path>`, with the remedy where one is known.
    pub fn file(verb: &str, path: impl AsRef<Path>, source: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let hint = match source.kind() {
            ErrorKind::NotFound => Some(
                "check the path; a relative one starts at the working directory, in a pipeline step at the pipeline's folder",
            ),
            ErrorKind::PermissionDenied => Some("check the owner and the permissions"),
            ErrorKind::ReadOnlyFilesystem => {
                Some("the file system is read-only; choose another place with --warehouse")
            }
            ErrorKind::StorageFull => {
                Some("the disk is full; nothing was committed, so free some space and run again")
            }
            _ => None,
        };
        let error = Error::input(format!("cannot {verb} {}", path.as_ref().display()));
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
        .source(source)
    }

    /// What the reader should do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Where it happened.
    pub fn place(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// What it is about, for a statement to find the place of; what was said first goes first.
    pub fn about(mut self, subject: Subject) -> Self {
        self.0.subjects.push(subject);
        self
    }

    /// What lies beneath.
    pub fn source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts a sentence in front, keeping kind, hint, place and source.
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// Who must act.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What happened, on one line, without place, hint and source.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub fn get_hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where it happened.
    pub fn get_place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What it is about, likeliest first.
    pub fn subjects(&self) -> &[Subject] {
        &self.0.subjects
    }

    /// Changes the place, if there is one; for callers that know the file.
    pub fn map_place(mut self, change: impl FnOnce(Option<Place>) -> Option<Place>) -> Self {
        self.0.place = change(self.0.place.take());
        self
    }

    /// Carries the error through an operator of the query engine; [`From`] finds it again.
    pub fn into_datafusion(self) -> DataFusionError {
        DataFusionError::External(Box::new(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.place {
            Some(place) => write!(f, "{}: {}", place, self.0.message),
            None => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("hint", &self.0.hint)
            .field("place", &self.0.place)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
