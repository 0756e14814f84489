//! From a path, folder or glob to the paths of its files.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::{Error, Place, Result};

/// What a pattern stands for.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Its files, sorted.
    pub(super) paths: Vec<PathBuf>,
    /// The names of files that are there and are no data: hidden ones, those that start with an
    /// underscore, checksums.
    pub(super) left_aside: Vec<Arc<str>>,
}

/// The files behind `pattern`, relative to `folder`: a file, all files below a folder, or those
/// that a glob matches (`**` goes down any number of folders).
///
/// # Errors
/// Nothing there, or a folder that cannot be listed.
pub(super) fn walk(pattern: &str, folder: &Path) -> Result<Walked> {
    let full = local_path(pattern, folder);
    let mut walked = Walked::default();
    // A file may well be called `a[1].csv`.
    if full.is_dir() {
        descend(&full, &mut walked)?;
    } else if full.is_file() || !pattern.contains(['*', '?', '[']) {
        walked.paths.push(full);
        return Ok(walked);
    } else {
        expand(&full, pattern, &mut walked)?;
    }
    walked.paths.sort();
    walked.left_aside.sort();
    if walked.paths.is_empty() {
        let error = Error::input(format!("no file matches '{pattern}'"));
        return Err(match walked.left_aside.first() {
            Some(first) => error.hint(format!(
                "files such as {first} are hidden and were left aside; name one alone to read it"
            )),
            None => error.hint(format!("looked for {}", full.display())),
        });
    }
    Ok(walked)
}

/// A path of this machine as it was typed: `~/` is the home folder, a relative path starts at
/// `folder`.
pub fn local_path(text: &str, folder: &Path) -> PathBuf {
    let path = text.strip_prefix("file://").unwrap_or(text);
    match (path.strip_prefix("~/"), etcetera::home_dir()) {
        (Some(below), Ok(home)) => home.join(below),
        _ => folder.join(path),
    }
}

fn descend(folder: &Path, walked: &mut Walked) -> Result<()> {
    let failed = |error| Error::file("list", folder, error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if is_aside(&entry.file_name()) {
            // What is in a hidden folder is not even looked at.
            walked.left_aside.push(name_of(&path));
        } else if path.is_dir() {
            descend(&path, walked)?;
        } else {
            walked.paths.push(path);
        }
    }
    Ok(())
}

fn expand(full: &Path, pattern: &str, walked: &mut Walked) -> Result<()> {
    let options = glob::MatchOptions {
        require_literal_separator: true,
        ..glob::MatchOptions::default()
    };
    let text = full
        .to_str()
        .ok_or_else(|| Error::input("the path is not UTF-8").place(Place::file(full)))?;
    let paths = glob::glob_with(text, options)
        .map_err(|error| Error::input(format!("'{pattern}' is not a pattern: {error}")))?;
    for path in paths.filter_map(Result::ok).filter(|path| path.is_file()) {
        // A name that the pattern spells out is meant, whatever it starts with.
        let spelled: Vec<Component<'_>> = full.components().collect();
        let aside = path.components().any(|component| {
            !spelled.contains(&component)
                && matches!(component, Component::Normal(name) if is_aside(name) && !starts_alike(name, full))
        });
        match aside {
            true => walked.left_aside.push(name_of(&path)),
            false => walked.paths.push(path),
        }
    }
    Ok(())
}

/// Whether the last part of the pattern asks for hidden names itself, as in `_*.csv`.
fn starts_alike(name: &OsStr, pattern: &Path) -> bool {
    let first = |name: &OsStr| name.as_encoded_bytes().first().copied();
    pattern.file_name().and_then(first) == first(name) && !ends_as_checksum(name)
}

fn is_aside(name: &OsStr) -> bool {
    let text = name.as_encoded_bytes();
    // Hive has columns whose names start with an underscore.
    text.starts_with(b".")
        || text.starts_with(b"_") && !text.contains(&b'=')
        || ends_as_checksum(name)
}

fn ends_as_checksum(name: &OsStr) -> bool {
    name.to_str().is_some_and(is_checksum)
}

/// Whether a file holds checksums of others.
pub(super) fn is_checksum(name: &str) -> bool {
    name.ends_with(".crc") || name.ends_with(".sha256")
}

fn name_of(path: &Path) -> Arc<str> {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        .into()
}
