//! From the paths in a statement to the files behind them, with what they are and their content
//! hashes.

mod content_hash;
mod hive;
mod recognise;
mod remote;
mod source_file;
mod walk;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

pub use hive::PathColumn;
pub use remote::{as_url as remote_url, failed as store_failed, open as open_store};
pub use source_file::{DATABASE, Purpose, SourceFile};
pub use walk::local_path;

use super::formats::ReadOptions;
use crate::config::Environment;
use crate::{Error, Place, Result};
use walk::{Walked, walk};

/// What it takes to fetch files from elsewhere.
#[derive(Debug, Clone)]
pub struct Outside {
    /// The variables that say how to reach a store.
    pub environment: Environment,
    /// Where fetched files lie while they are read.
    pub spill_folder: PathBuf,
}

/// The files that a statement names.
#[derive(Debug, Clone, Default)]
pub struct Discovered {
    /// Those to read, the files of one path sorted by name.
    pub files: Vec<SourceFile>,
    /// What there is to say about files that were left aside.
    pub note: Option<String>,
}

/// The files that paths, folders, globs and URLs stand for; paths are relative to `folder`. All
/// are of one format. A file that several of them name comes once.
///
/// Runs blocking, on a thread of a tokio runtime.
///
/// # Errors
/// No such file, a folder or glob without a file, files of several formats, a file or object that
/// cannot be read.
pub fn discover(
    patterns: &[String],
    folder: &Path,
    options: &ReadOptions,
    outside: &Outside,
    purpose: Purpose,
) -> Result<Discovered> {
    let mut files: Vec<SourceFile> = Vec::new();
    let (mut known, mut aside) = (HashSet::new(), Vec::new());
    for pattern in patterns {
        let found = if let Some(url) = remote::as_url(pattern)? {
            remote::fetch(&url, options, outside, purpose)?
        } else {
            let Walked { paths, left_aside } = walk(pattern, folder)?;
            aside.extend(left_aside);
            paths
                .into_iter()
                .map(|path| SourceFile::open(path, folder, options, purpose))
                .collect::<Result<_>>()?
        };
        for file in found {
            if known.insert(file.identity.clone()) {
                files.push(file);
            }
        }
    }
    check_one_format(&files, options)?;
    Ok(Discovered {
        files,
        note: describe_left_aside(&aside),
    })
}

/// The size and time of change of every file behind paths, without reading them: enough to tell
/// whether a step must run again. Files that cannot be read show as such; of a URL, which cannot
/// be looked at without asking, nothing but its name is known.
pub fn fingerprint(patterns: &[String], folder: &Path) -> String {
    let one = |pattern: &String| match walk(pattern, folder) {
        Ok(walked) => walked
            .paths
            .iter()
            .map(|path| fingerprint_of_file(path))
            .collect::<Vec<_>>()
            .join("\n"),
        Err(error) => format!("{pattern}|{}", error.message()),
    };
    patterns.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn fingerprint_of_file(path: &Path) -> String {
    match path
        .canonicalize()
        .and_then(|path| Ok((path.metadata()?, path)))
    {
        Ok((metadata, path)) => {
            let changed = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            format!(
                "{}|{}|{}",
                path.display(),
                metadata.len(),
                changed.map_or(0, |time| time.as_nanos())
            )
        }
        Err(error) => format!("{}|{error}", path.display()),
    }
}

/// One statement reads files of one format: the columns of several could not be compared.
fn check_one_format(files: &[SourceFile], options: &ReadOptions) -> Result<()> {
    let Some(first) = files.first() else {
        return Ok(());
    };
    options.check_for(first.format)?;
    match files.iter().find(|file| file.format != first.format) {
        None => Ok(()),
        Some(other) => Err(Error::input(format!(
            "{} is {}, and {} is {}",
            first.name, first.format, other.name, other.format
        ))
        .place(Place::file(&other.name))
        .hint("read files of one format at a time, or say with FORMAT what all of them are")),
    }
}

fn describe_left_aside(names: &[Arc<str>]) -> Option<String> {
    let first = names.first()?;
    Some(match names.len() {
        1 => format!("left {first} aside, a hidden or side file"),
        count => format!("left {count} hidden and side files aside, such as {first}"),
    })
}
