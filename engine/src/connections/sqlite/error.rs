//! From an error of SQLite to one of ours: who must act, and how.

use rusqlite::ErrorCode;

use crate::error::{Error, Kind};

/// Explains what failed: `doing` completes "cannot ..".
pub(super) fn explain(doing: &str, error: rusqlite::Error) -> Error {
    let (kind, hint) = judge(error.sqlite_error_code());
    let ours = Error::new(kind, format!("cannot {doing}: {error}")).source(error);
    match hint {
        Some(hint) => ours.hint(hint),
        None => ours,
    }
}

fn judge(code: Option<ErrorCode>) -> (Kind, Option<&'static str>) {
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            Kind::Locked,
            Some("another process writes to this file: run the statement again when it is done"),
        ),
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => (
            Kind::Input,
            Some("check the path and the permissions of the file and its folder"),
        ),
        Some(ErrorCode::DiskFull) => (Kind::Input, Some("the disk is full; nothing was exported")),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
            Kind::Input,
            Some("the file is no intact SQLite database; choose another one"),
        ),
        Some(ErrorCode::ConstraintViolation) => (
            Kind::Input,
            Some("the table does not allow this row; nothing was exported"),
        ),
        _ => (Kind::Input, None),
    }
}
