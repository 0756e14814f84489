//! From the path in a COPY INTO to the files behind it, with their content hashes.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Result};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const READ_BUFFER_BYTES: usize = 1 << 20;

/// A file to land.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// How messages call it: the path as the user gave it.
    pub name: String,
    /// The path that the ledger knows it by: absolute, links resolved.
    pub identity: String,
    /// Its size in bytes, as it lies on disk.
    pub bytes: u64,
    /// BLAKE3 of its content, in hexadecimal.
    pub hash: String,
}

/// The files that paths and globs stand for, those of one pattern sorted by name; relative to
/// `folder`.
///
/// # Errors
/// No such file, a folder, a glob without a match, or a file that cannot be read.
pub fn discover(patterns: &[String], folder: &Path) -> Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for pattern in patterns {
        files.extend(discover_one(pattern, folder)?);
    }
    Ok(files)
}

fn discover_one(pattern: &str, folder: &Path) -> Result<Vec<SourceFile>> {
    if pattern.contains("://") {
        return Err(
            Error::input(format!("cannot read {pattern}")).hint("give a path of this machine")
        );
    }
    let full = folder.join(pattern);
    // A file may well be called `a[1].csv`.
    let paths = if full.is_file() || !pattern.contains(['*', '?', '[']) {
        vec![full]
    } else {
        matching(&full, pattern)?
    };
    paths
        .into_iter()
        .map(|path| SourceFile::open(path, folder))
        .collect()
}

/// The size and time of change of every file behind a path, without reading them: enough to tell
/// whether a step must run again. Files that cannot be read show as such.
pub fn fingerprint(patterns: &[String], folder: &Path) -> String {
    let one = |pattern: &String| fingerprint_of_one(pattern, folder);
    patterns.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn fingerprint_of_one(pattern: &str, folder: &Path) -> String {
    let full = folder.join(pattern);
    let paths = if full.is_file() {
        vec![full]
    } else {
        matching(&full, pattern).unwrap_or_default()
    };
    let describe = |path: PathBuf| match path
        .canonicalize()
        .and_then(|path| Ok((path.metadata()?, path)))
    {
        Ok((metadata, path)) => {
            let changed = metadata
                .modified()
                .ok()
                .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
            format!(
                "{}|{}|{}",
                path.display(),
                metadata.len(),
                changed.map_or(0, |time| time.as_nanos())
            )
        }
        Err(error) => format!("{}|{error}", path.display()),
    };
    paths
        .into_iter()
        .map(describe)
        .collect::<Vec<_>>()
        .join("\n")
}

impl SourceFile {
    fn open(path: PathBuf, folder: &Path) -> Result<Self> {
        if path.is_dir() {
            return Err(Error::input(format!("{} is a folder", path.display()))
                .hint(format!("name the files in it: '{}/*.csv'", path.display())));
        }
        let file = File::open(&path).map_err(|error| Error::file("read", &path, error))?;
        let mut hasher = blake3::Hasher::new();
        hasher
            .update_reader(&file)
            .map_err(|error| Error::file("read", &path, error))?;
        let identity = path
            .canonicalize()
            .map_err(|error| Error::file("read", &path, error))?;
        Ok(SourceFile {
            name: path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .display()
                .to_string(),
            identity: identity.display().to_string(),
            bytes: hasher.count(),
            hash: hasher.finalize().to_hex().to_string(),
            path,
        })
    }

    /// Its text, decompressed if it is gzip, whatever its name says.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self) -> Result<Box<dyn Read + Send>> {
        let failed = |error| Error::file("read", &self.path, error);
        let mut file = File::open(&self.path).map_err(failed)?;
        let mut start = Vec::with_capacity(GZIP_MAGIC.len());
        file.by_ref()
            .take(GZIP_MAGIC.len() as u64)
            .read_to_end(&mut start)
            .map_err(failed)?;
        let zipped = start == GZIP_MAGIC;
        let whole =
            BufReader::with_capacity(READ_BUFFER_BYTES, std::io::Cursor::new(start).chain(file));
        Ok(if zipped {
            Box::new(MultiGzDecoder::new(whole))
        } else {
            Box::new(whole)
        })
    }
}

fn matching(full: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let options = glob::MatchOptions {
        require_literal_leading_dot: true,
        ..glob::MatchOptions::default()
    };
    let paths = glob::glob_with(&full.to_string_lossy(), options)
        .map_err(|error| Error::input(format!("'{pattern}' is not a pattern: {error}")))?;
    let mut paths: Vec<_> = paths
        .filter_map(|path| path.ok().filter(|path| path.is_file()))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(Error::input(format!("no file matches '{pattern}'"))
            .hint(format!("looked for {}", full.display())));
    }
    Ok(paths)
}
