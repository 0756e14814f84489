//! How large files are, and how much a run left in its folder.

use std::path::Path;

use crate::contest::Volume;
use crate::error::{Error, Result};

/// The bytes of a file.
///
/// # Errors
/// A file that is not there.
pub fn of_file(path: &Path) -> Result<u64> {
    let metadata = path
        .metadata()
        .map_err(|error| Error::file("read", path, error))?;
    Ok(metadata.len())
}

/// Bytes and number of the files beneath a folder whose names end with `suffix`.
///
/// # Errors
/// A folder that cannot be read.
pub fn of_folder(folder: &Path, suffix: &str) -> Result<Volume> {
    let mut volume = Volume {
        bytes: 0,
        files: Some(0),
    };
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let unreadable = |error| Error::file("read", &folder, error);
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let metadata = entry.metadata().map_err(unreadable)?;
            if metadata.is_dir() {
                open.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with(suffix) {
                volume.bytes += metadata.len();
                volume.files = volume.files.map(|files| files + 1);
            }
        }
    }
    Ok(volume)
}
