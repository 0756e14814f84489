//! Checksums in the form that `sha256sum -c` reads: one file beside the target, for all its files.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::written::WrittenFiles;
use crate::{Error, Result};

/// What is put behind the name of the target.
pub(super) const EXTENSION: &str = ".sha256";

const READ_BYTES: usize = 1 << 20;

/// The name of the checksums of a file or folder.
pub(super) fn name_for(target: &str) -> String {
    format!("{target}{EXTENSION}")
}

/// The lines for a file called `name`.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn of_file(file: &Path, name: &str) -> Result<String> {
    Ok(line(&sha256(file)?, name))
}

/// The lines for a folder called `name`, to be checked from the folder that it lies in.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn of_folder(files: &WrittenFiles, name: &str) -> Result<String> {
    files
        .iter()
        .map(|(below, path)| Ok(line(&sha256(&path)?, &format!("{name}/{below}"))))
        .collect()
}

fn sha256(path: &Path) -> Result<String> {
    let failed = |error| Error::file("read", path, error);
    let mut hasher = Sha256::new();
    let mut file = File::open(path).map_err(failed)?;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    let mut text = String::new();
    for byte in hasher.finalize() {
        // Writing to memory does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// A name with a line end or backslash is escaped, and the line says so by a backslash in front (GNU
/// coreutils, cksum output modes).
fn line(hash: &str, name: &str) -> String {
    let escaped = name
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    let mark = if escaped == name { "" } else { "\\" };
    format!("{mark}{hash}  {escaped}\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn lines_are_those_of_sha256sum() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, "abc").unwrap();
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of_file(&file, "a b").unwrap(), format!("{hash}  a b\n"));
        assert_eq!(
            of_file(&file, "a\\b\nc").unwrap(),
            format!("\\{hash}  a\\\\b\\nc\n")
        );
    }
}
