//! The files that a statement has written, where they lie in the staging folder.

use std::fs;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::staging::Staging;
use crate::warehouse::{Encoding, Finished, GrowingFile};
use crate::{Error, Result};

/// At least one file, sorted by name.
#[derive(Debug)]
pub(super) struct WrittenFiles {
    folder: PathBuf,
    /// Their paths below the folder, with `/` between the parts.
    names: Vec<String>,
    bytes: u64,
}

impl WrittenFiles {
    /// Those that have rows.
    pub(super) fn of<Footer>(staging: &Staging, files: Vec<Finished<Footer>>) -> Self {
        WrittenFiles {
            folder: staging.files(),
            bytes: files.iter().map(|file| file.bytes).sum(),
            names: files
                .into_iter()
                .map(|file| file.path.to_string())
                .collect(),
        }
    }

    /// Files that a test has laid there.
    #[cfg(test)]
    pub(super) fn named(staging: &Staging, names: Vec<String>) -> Self {
        WrittenFiles {
            folder: staging.files(),
            names,
            bytes: 0,
        }
    }

    /// One file that has the columns and no row.
    ///
    /// # Errors
    /// A disk that is full or cannot be written.
    pub(super) fn without_rows(staging: &Staging, encoding: &impl Encoding) -> Result<Self> {
        let mut file = encoding.open()?;
        file.finish()?;
        let bytes = file.take_bytes()?;
        let name = encoding.file_name(Uuid::new_v4());
        let path = staging.files().join(&name);
        fs::write(&path, &bytes).map_err(|error| Error::file("write", &path, error))?;
        Ok(WrittenFiles {
            folder: staging.files(),
            names: vec![name],
            bytes: bytes.len() as u64,
        })
    }

    /// How many.
    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    /// Their size together.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The folder that they lie in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Their paths below the folder, and where they are.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, PathBuf)> {
        self.names
            .iter()
            .map(|name| (name.as_str(), self.folder.join(name)))
    }

    /// The one file of a target that is no folder.
    ///
    /// # Errors
    /// None in practice: rows that are not split by partition go to one file.
    pub(super) fn only(&self) -> Result<PathBuf> {
        match self.names.as_slice() {
            [name] => Ok(self.folder.join(name)),
            names => Err(Error::internal(format!("{} files for one", names.len()))),
        }
    }

    /// Waits until all of them are on the disk, folders with them.
    ///
    /// # Errors
    /// A disk that cannot be written.
    pub(super) fn sync(&self) -> Result<()> {
        let mut folders = vec![self.folder.clone()];
        for (_, path) in self.iter() {
            sync(&path)?;
            let below = path.ancestors().skip(1);
            folders.extend(
                below
                    .take_while(|folder| *folder != self.folder)
                    .map(Path::to_owned),
            );
        }
        folders.sort();
        folders.dedup();
        folders.iter().try_for_each(|folder| sync(folder))
    }
}

/// Waits until a file or folder is on the disk.
///
/// # Errors
/// A disk that cannot be written.
pub(super) fn sync(path: &Path) -> Result<()> {
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| Error::file("write", path, error))
}
