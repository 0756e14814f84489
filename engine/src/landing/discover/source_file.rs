//! A file to read: where it is, what it is, and what is in it.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tempfile::TempPath;

use super::content_hash::content_hash;
use super::hive::{PathColumn, path_columns};
use super::recognise::{HEAD_BYTES, compression_of, format_of};
use crate::landing::formats::{ReadOptions, Remarks};
use crate::progress::{Counted, Progress};
use crate::sql::{Compression, FileFormat};
use crate::{Error, Result};

const READ_BUFFER_BYTES: usize = 1 << 20;

/// What the ledger knows tables of databases by begins so, unlike any path.
pub const DATABASE: &str = "database:";

/// What files are looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To be loaded: the ledger asks for their content.
    Load,
    /// To be read by a query, which may not need all of them.
    Query,
}

/// A file to read.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Where it is.
    pub path: PathBuf,
    /// How messages call it: the path as the user gave it.
    pub name: String,
    /// The path or URL that the ledger knows it by: absolute, links resolved.
    pub identity: String,
    /// Its size in bytes, as it lies on disk.
    pub bytes: u64,
    /// BLAKE3 of its content and of the columns in its path, in hexadecimal; empty where nobody
    /// needs it.
    pub hash: String,
    /// What it is.
    pub format: FileFormat,
    /// How it is compressed.
    pub compression: Compression,
    /// Columns that stand in its path.
    pub path_columns: Vec<PathColumn>,
    /// What its readers found worth saying.
    pub remarks: Remarks,
    /// The names of its columns, once they were looked up.
    pub(in crate::landing) names: Arc<OnceLock<Vec<String>>>,
    /// Counts what is read of it.
    progress: Progress,
    /// Keeps the copy of an object that was fetched.
    pub(in crate::landing) fetched: Option<Arc<TempPath>>,
}

impl SourceFile {
    /// A file that is nowhere, for tests of what files are known by.
    #[cfg(test)]
    pub fn known_by(identity: &str, hash: &str) -> Self {
        SourceFile {
            path: identity.into(),
            name: identity.to_owned(),
            identity: identity.to_owned(),
            bytes: 1,
            hash: hash.to_owned(),
            format: FileFormat::Csv,
            compression: Compression::None,
            path_columns: Vec::new(),
            remarks: Remarks::default(),
            names: Arc::default(),
            progress: Progress::default(),
            fetched: None,
        }
    }

    /// Looks at a file of this machine; paths shown to people are relative to `folder`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn open(
        path: PathBuf,
        folder: &Path,
        options: &ReadOptions,
        purpose: Purpose,
    ) -> Result<Self> {
        let identity = path
            .canonicalize()
            .map_err(|error| Error::file("read", &path, error))?;
        let shown = path.strip_prefix(folder).unwrap_or(&path).to_owned();
        let name = shown.display().to_string();
        SourceFile::examine(
            path,
            &shown,
            name,
            identity.display().to_string(),
            options,
            purpose,
        )
    }

    /// Looks at the file at `path`. `named` is the path whose name and folders count.
    pub(in crate::landing) fn examine(
        path: PathBuf,
        named: &Path,
        name: String,
        identity: String,
        options: &ReadOptions,
        purpose: Purpose,
    ) -> Result<Self> {
        let failed = |error| Error::file("read", &path, error);
        let mut file = File::open(&path).map_err(failed)?;
        let head = read_head(&mut file).map_err(failed)?;
        let path_columns = path_columns(named);
        let bytes = file.metadata().map_err(failed)?.len();
        let hash = match purpose {
            Purpose::Load => hash_of(&path, bytes, &path_columns).map_err(failed)?,
            Purpose::Query => String::new(),
        };
        let compression = options.compression.unwrap_or_else(|| compression_of(&head));
        let mut source = SourceFile {
            name,
            identity,
            bytes,
            hash,
            format: options.format.unwrap_or(FileFormat::Csv),
            compression,
            path_columns,
            remarks: Remarks::default(),
            names: Arc::default(),
            progress: Progress::default(),
            fetched: None,
            path,
        };
        if options.format.is_none() {
            let head = match compression {
                Compression::None => head,
                _ => read_head(&mut source.read()?).unwrap_or_default(),
            };
            source.format = format_of(named, &head)?;
        }
        Ok(source)
    }

    /// Whether its rows are those of a table of a database.
    pub fn is_of_database(&self) -> bool {
        self.identity.starts_with(DATABASE)
    }

    /// Counts from now on what is read of it.
    #[must_use]
    pub fn counted_by(self, progress: Progress) -> Self {
        SourceFile { progress, ..self }
    }

    /// Where what is read of it is counted.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Rows in Arrow IPC that come from no file, by a hash over them.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of_rows(rows: TempPath, name: String, identity: String, hash: &str) -> Result<Self> {
        let bytes = rows
            .metadata()
            .map_err(|error| Error::file("read", &rows, error))?
            .len();
        Ok(SourceFile {
            path: rows.to_path_buf(),
            name,
            identity,
            bytes,
            hash: hash.to_owned(),
            format: FileFormat::Arrow,
            compression: Compression::None,
            path_columns: Vec::new(),
            remarks: Remarks::default(),
            names: Arc::default(),
            progress: Progress::default(),
            fetched: Some(Arc::new(rows)),
        })
    }

    /// Its text, decompressed.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn read(&self) -> Result<Box<dyn Read + Send>> {
        let counted = Counted::new(self.open_raw()?, self.progress.clone());
        let whole = BufReader::with_capacity(READ_BUFFER_BYTES, counted);
        Ok(match self.compression {
            Compression::None => Box::new(whole),
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(whole)),
            Compression::Zstd => Box::new(
                zstd::Decoder::with_buffer(whole)
                    .map_err(|error| Error::file("read", &self.path, error))?,
            ),
            Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(whole)),
            Compression::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(whole)),
        })
    }

    /// The file as it lies on disk, for formats that jump about in it.
    ///
    /// # Errors
    /// A file that cannot be opened, or is compressed as a whole.
    pub fn open_uncompressed(&self) -> Result<File> {
        if self.compression != Compression::None {
            return Err(Error::input(format!(
                "a {} file compressed with {} cannot be read",
                self.format, self.compression
            ))
            .place(crate::Place::file(&self.name))
            .hint("unpack it; the format compresses on its own"));
        }
        self.open_raw()
    }

    /// The names of its columns, if they were looked up before.
    pub fn remembered_names(&self) -> Option<&[String]> {
        self.names.get().map(Vec::as_slice)
    }

    /// Remembers the names of its columns.
    pub fn remember_names(&self, names: impl FnOnce() -> Vec<String>) -> &[String] {
        self.names.get_or_init(names)
    }

    fn open_raw(&self) -> Result<File> {
        File::open(&self.path).map_err(|error| Error::file("read", &self.path, error))
    }
}

/// The same rows in another folder are other rows, so what the folder says counts, too.
fn hash_of(path: &Path, bytes: u64, path_columns: &[PathColumn]) -> std::io::Result<String> {
    let columns: String = path_columns
        .iter()
        .map(|column| format!("\0{}={:?}", column.name, column.value))
        .collect();
    let hash = content_hash(path, bytes, columns.as_bytes())?;
    Ok(hash.to_hex().to_string())
}

fn read_head(input: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    input.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}
