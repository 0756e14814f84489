//! From the errors of the libraries to ours: who must act, where, and what they suggest.
//!
//! An error of ours that has passed through a library is found again and comes out as it went in.

use std::error::Error as StdError;

use datafusion::common::Diagnostic;
use datafusion::error::DataFusionError;
use deltalake_core::DeltaTableError;

use super::{Error, Inner, Kind, Place, Source, plain_words};

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        if let Some(ours) = find_ours(&error) {
            return ours.copy();
        }
        let place = error.diagnostic().and_then(place_of);
        let root = error.find_root();
        let (kind, known_hint) = judge(root);
        let said = plain_words::of(root, error.diagnostic());
        let mut ours = Error::new(kind, said.message);
        ours.0.place = place;
        ours.0.hint = said.hint.or(known_hint);
        ours.0.subjects = said.subjects;
        match said.is_whole {
            true => ours,
            false => ours.source(unwrapped(error)),
        }
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Error::from(DataFusionError::from(error))
    }
}

impl From<DeltaTableError> for Error {
    fn from(error: DeltaTableError) -> Self {
        if let Some(ours) = find_ours(&error) {
            return ours.copy();
        }
        let kind = match &error {
            DeltaTableError::ObjectStore { source } => match source {
                deltalake_core::ObjectStoreError::NotFound { .. }
                | deltalake_core::ObjectStoreError::PermissionDenied { .. }
                | deltalake_core::ObjectStoreError::Unauthenticated { .. } => Kind::Input,
                _ => io_kind(&error).unwrap_or(Kind::Unavailable),
            },
            _ => io_kind(&error).unwrap_or(Kind::Input),
        };
        let message = first_line_lowered(&error.to_string());
        match io_hint(&error) {
            Some(hint) => Error::new(kind, message).hint(hint),
            None => Error::new(kind, message),
        }
        .source(error)
    }
}

impl Error {
    /// The same error without its source, for a source that is shared and cannot be moved out.
    fn copy(&self) -> Error {
        Error(Box::new(Inner {
            kind: self.0.kind,
            message: self.0.message.clone(),
            hint: self.0.hint.clone(),
            place: self.0.place.clone(),
            subjects: self.0.subjects.clone(),
            source: self
                .0
                .source
                .as_ref()
                .map(|source| Source::from(source.to_string())),
        }))
    }
}

fn find_ours<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(ours) = error.downcast_ref::<Error>() {
            return Some(ours);
        }
        // A boxed error is a link of its own in the chain and hides what it holds.
        if let Some(DataFusionError::External(boxed)) = error.downcast_ref::<DataFusionError>()
            && let Some(ours) = boxed.downcast_ref::<Error>()
        {
            return Some(ours);
        }
        next = error.source();
    }
    None
}

fn find_io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a std::io::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io);
        }
        next = error.source();
    }
    None
}

fn io_kind(error: &(dyn StdError + 'static)) -> Option<Kind> {
    find_io(error).map(|_| Kind::Input)
}

fn io_hint(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    match find_io(error)?.kind() {
        std::io::ErrorKind::PermissionDenied => {
            Some("check the owner and the permissions of the warehouse folder")
        }
        std::io::ErrorKind::ReadOnlyFilesystem => {
            Some("the file system is read-only; choose another warehouse with --warehouse")
        }
        std::io::ErrorKind::StorageFull => {
            Some("the disk is full; nothing was committed, so free some space and run again")
        }
        _ => None,
    }
}

/// Kind and hint of an error of the query engine.
fn judge(root: &DataFusionError) -> (Kind, Option<String>) {
    match root {
        DataFusionError::ResourcesExhausted(_) => (
            Kind::Input,
            Some(
                "give the statement more memory with --memory-limit, or less to hold at once"
                    .to_owned(),
            ),
        ),
        DataFusionError::Internal(_) => (
            Kind::Internal,
            Some(
                "this is a defect in Tidemill: please report the statement that led here"
                    .to_owned(),
            ),
        ),
        other => (Kind::Input, io_hint(other).map(str::to_owned)),
    }
}

/// Without what the engine wrapped around it: the name of an optimizer rule is no cause.
fn unwrapped(error: DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            unwrapped(*inner)
        }
        other => other,
    }
}

/// Where the planner says that it is; what it is about may have a place where the error has none.
fn place_of(diagnostic: &Diagnostic) -> Option<Place> {
    let notes = diagnostic.notes.iter().map(|note| note.span);
    let span = [diagnostic.span]
        .into_iter()
        .chain(notes)
        .flatten()
        .find(|span| span.start.line > 0)?;
    Some(Place {
        line: span.start.line,
        column: span.start.column,
        width: if span.end.line == span.start.line {
            span.end.column.saturating_sub(span.start.column)
        } else {
            0
        },
        ..Place::default()
    })
}

/// Messages of the libraries start with capitals and carry stack traces; ours do neither.
pub(super) fn first_line_lowered(message: &str) -> String {
    let line = message
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.');
    let mut chars = line.chars();
    match (chars.next(), line.chars().nth(1)) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use arrow::error::ArrowError;

    use super::*;

    fn ours() -> Error {
        Error::new(Kind::Rejects, "too many")
            .hint("look at them")
            .place(Place::at(3, 4))
    }

    #[test]
    fn our_error_comes_out_of_the_engine_as_it_went_in() {
        let wrappings: [fn(DataFusionError) -> DataFusionError; 4] = [
            |error| error,
            |error| error.context("while sorting"),
            |error| DataFusionError::Shared(Arc::new(error)),
            |error| ArrowError::ExternalError(Box::new(error)).into(),
        ];
        for wrap in wrappings {
            let error = Error::from(wrap(ours().into_datafusion()));
            assert_eq!(error.kind(), Kind::Rejects);
            assert_eq!(error.to_string(), ours().to_string());
            assert_eq!(error.get_hint(), Some("look at them"));
        }
    }

    #[test]
    fn what_the_planner_suggests_becomes_the_hint() {
        let error = DataFusionError::Plan("No field named nam. Did you mean 't.name'?".to_owned());
        let error = Error::from(error);
        assert_eq!(error.message(), "no field named nam");
        assert_eq!(error.get_hint(), Some("did you mean `t.name`?"));
        assert!(
            StdError::source(&error).is_some(),
            "the chain of sources ends here"
        );
    }

    #[test]
    fn a_full_disk_is_the_users_to_act_on() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = Error::from(DataFusionError::IoError(full));
        assert_eq!(error.kind(), Kind::Input);
        assert!(
            error
                .get_hint()
                .is_some_and(|hint| hint.contains("disk is full"))
        );
    }
}
