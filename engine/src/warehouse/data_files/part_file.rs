//! Data files on disk: staged under another name while they grow, and gone unless they are
//! finished.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use delta_kernel::expressions::Scalar;
use deltalake_core::kernel::scalars::ScalarExt;
use object_store::path::Path as StorePath;
use percent_encoding::percent_encode_byte;
use uuid::Uuid;

use super::FinishedFiles;
use super::encoding::{Encoding, GrowingFile};
use super::split::{Key, Part};
use crate::warehouse::partitions::HIVE_NULL;
use crate::warehouse::sweep::delete_file;
use crate::{Error, Result};

/// The files of one write, finished ones and those that still grow: at most one per partition.
pub(super) struct PartFiles<E: Encoding> {
    folder: PathBuf,
    partition_columns: Vec<String>,
    encoding: Arc<E>,
    /// The size at which a file is finished.
    file_bytes: usize,
    partitions: HashMap<Key, Partition<E>>,
    finished: Vec<(Finished<<E::File as GrowingFile>::Footer>, OnDisk)>,
}

/// A file that is whole.
pub(crate) struct Finished<Footer> {
    /// Where it lies below the folder, as the log writes it.
    pub(crate) path: StorePath,
    /// The values of the partition columns as text.
    pub(crate) partition_values: HashMap<String, Option<String>>,
    /// Its size.
    pub(crate) bytes: u64,
    /// What the format tells of it.
    pub(crate) footer: Footer,
}

struct Partition<E: Encoding> {
    /// Its folder below that of the table, as the log writes it.
    path: StorePath,
    values: HashMap<String, Option<String>>,
    growing: Option<PartFile<E::File>>,
}

/// A file that grows. No descriptor is kept: there may be thousands of partitions.
struct PartFile<File> {
    path: StorePath,
    file: PathBuf,
    /// Under another name, which hides it from readers and marks it as a leftover after a kill.
    staged: OnDisk,
    written: u64,
    encoder: File,
}

/// A file that is deleted when it is dropped, unless it is kept.
struct OnDisk {
    file: PathBuf,
    table: PathBuf,
    kept: bool,
}

impl<E: Encoding> PartFiles<E> {
    pub(super) fn new(
        folder: PathBuf,
        partition_columns: Vec<String>,
        encoding: Arc<E>,
        file_bytes: usize,
    ) -> Self {
        PartFiles {
            folder,
            partition_columns,
            encoding,
            file_bytes,
            partitions: HashMap::new(),
            finished: Vec::new(),
        }
    }

    /// Meets a partition before its first row group.
    ///
    /// # Errors
    /// Values that cannot be the name of a folder.
    pub(super) fn know(&mut self, part: &Part) -> Result<()> {
        if !self.partitions.contains_key(&part.key) {
            let partition = Partition::new(&self.partition_columns, part)?;
            self.partitions.insert(part.key.clone(), partition);
        }
        Ok(())
    }

    /// Appends rows to the file of their partition.
    ///
    /// # Errors
    /// A disk that is full or cannot be written.
    pub(super) fn append(&mut self, key: &Key, chunk: E::Chunk) -> Result<()> {
        let partition = self
            .partitions
            .get_mut(key)
            .ok_or_else(|| Error::internal("rows of an unknown partition"))?;
        let mut file = match partition.growing.take() {
            Some(file) => file,
            None => PartFile::create(&self.folder, &partition.path, self.encoding.as_ref())?,
        };
        file.append(chunk)?;
        if file.written >= self.file_bytes as u64 {
            let values = partition.values.clone();
            self.finished.push(file.finish(values)?);
        } else {
            partition.growing = Some(file);
        }
        Ok(())
    }

    /// Finishes all files.
    ///
    /// # Errors
    /// A disk that is full or cannot be written.
    pub(super) fn finish(mut self) -> Result<FinishedFiles<E>> {
        for partition in mem::take(&mut self.partitions).into_values() {
            if let Some(file) = partition.growing {
                self.finished.push(file.finish(partition.values)?);
            }
        }
        let mut files = Vec::with_capacity(self.finished.len());
        for (finished, mut file) in self.finished {
            file.keep();
            files.push(finished);
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }
}

impl<E: Encoding> Partition<E> {
    fn new(columns: &[String], part: &Part) -> Result<Self> {
        let mut folders = Vec::with_capacity(columns.len());
        let mut values = HashMap::with_capacity(columns.len());
        for (column, value) in columns.iter().zip(&part.values) {
            let value = Scalar::from_array(value, 0).ok_or_else(|| {
                Error::internal(format!("partition column `{column}` has no value"))
            })?;
            let text = (!value.is_null()).then(|| value.serialize());
            folders.push(format!("{column}={}", folder_value(text.as_deref())));
            values.insert(column.clone(), text);
        }
        let path = StorePath::parse(folders.join("/")).map_err(|error| {
            Error::input("a partition value cannot be the name of a folder")
                .hint("partition by another column")
                .source(error)
        })?;
        Ok(Partition {
            path,
            values,
            growing: None,
        })
    }
}

/// A partition value as the name of its folder says it. Characters beyond ASCII stand as they are:
/// Spark takes each of their escaped bytes for a character.
fn folder_value(text: Option<&str>) -> String {
    let Some(text) = text else {
        return HIVE_NULL.to_owned();
    };
    let mut name = String::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(byte) if byte.is_ascii() && !is_plain(byte) => {
                name.push_str(percent_encode_byte(byte));
            }
            _ => name.push(character),
        }
    }
    name
}

/// The characters that no file system, URL or reader gives a meaning (RFC 3986, section 2.3).
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

impl<File: GrowingFile> PartFile<File> {
    fn create<E: Encoding<File = File>>(
        table: &Path,
        partition: &StorePath,
        encoding: &E,
    ) -> Result<Self> {
        let name = encoding.file_name(Uuid::new_v4());
        let path = partition.clone().join(name.as_str());
        let folder = table.join(partition.as_ref());
        fs::create_dir_all(&folder).map_err(|error| Error::file("create", &folder, error))?;
        Ok(PartFile {
            path,
            staged: OnDisk {
                file: folder.join(format!("{name}#1")),
                table: table.to_owned(),
                kept: false,
            },
            file: folder.join(name),
            written: 0,
            encoder: encoding.open()?,
        })
    }

    fn append(&mut self, chunk: File::Chunk) -> Result<()> {
        self.encoder.append(chunk)?;
        self.write_out()
    }

    fn finish(
        mut self,
        partition_values: HashMap<String, Option<String>>,
    ) -> Result<(Finished<File::Footer>, OnDisk)> {
        let footer = self.encoder.finish()?;
        self.write_out()?;
        fs::rename(&self.staged.file, &self.file).map_err(|error| self.failed(error))?;
        self.staged.file = self.file;
        let finished = Finished {
            path: self.path,
            partition_values,
            bytes: self.written,
            footer,
        };
        Ok((finished, self.staged))
    }

    /// What the encoder has collected goes to the disk.
    fn write_out(&mut self) -> Result<()> {
        let bytes = self.encoder.take_bytes()?;
        self.written += bytes.len() as u64;
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.staged.file)
            .and_then(|mut file| file.write_all(&bytes))
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::file("write", &self.file, error)
    }
}

impl OnDisk {
    fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        if !self.kept {
            delete_file(&self.file, &self.table);
        }
    }
}
