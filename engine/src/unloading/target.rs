//! Where the files go: a path of this machine or an address in an object store, with what must be
//! so before a byte is written.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::blocking;
use super::checksum;
use super::formats::is_ours;
use super::options::UnloadingOptions;
use super::publish::publish;
use super::remote::RemoteTarget;
use super::staging::Staging;
use super::written::WrittenFiles;
use crate::landing::{local_path, remote_url};
use crate::secrets::hide_passwords;
use crate::session::Session;
use crate::{Error, Result};

/// A checked target.
#[derive(Debug)]
pub(super) enum Target {
    /// On this machine.
    Local(LocalTarget),
    /// In an object store.
    Remote(RemoteTarget),
}

/// A file or folder of this machine, links resolved.
#[derive(Debug, Clone)]
pub(super) struct LocalTarget {
    pub(super) path: PathBuf,
    /// How messages call it.
    pub(super) shown: String,
}

impl Target {
    /// The target that a statement names; a relative path starts at the session's folder.
    ///
    /// # Errors
    /// A path in the warehouse, a folder where a file is to be, an address that cannot be
    /// written to.
    pub(super) fn find(session: &Session, text: &str, options: &UnloadingOptions) -> Result<Self> {
        if text.ends_with(['/', '\\']) && !options.is_folder() {
            return Err(
                Error::input(format!("'{}' is a folder", hide_passwords(text)))
                    .hint("name a file in it, or say how to split the rows with PARTITION_BY"),
            );
        }
        if let Some(url) = remote_url(text)? {
            let store = RemoteTarget::open(&url, &session.outside().environment)?;
            return Ok(Target::Remote(store));
        }
        let path = real_path(&local_path(text, session.folder()))?;
        let warehouse = real_path(session.warehouse().root())?;
        if path.starts_with(&warehouse) {
            return Err(Error::input(format!("'{text}' lies in the warehouse"))
                .hint("tables and views live there; write the files to another folder"));
        }
        Ok(Target::Local(LocalTarget {
            path,
            shown: text.to_owned(),
        }))
    }

    /// Checks that nothing is there that may not be replaced.
    ///
    /// # Errors
    /// Something is.
    pub(super) async fn check_free(&self, options: &UnloadingOptions) -> Result<()> {
        match self {
            Target::Local(local) => {
                let (local, options) = (local.clone(), options.clone());
                blocking(move || local.check_free(&options)).await
            }
            Target::Remote(remote) => remote.check_free(options).await.map(|_| ()),
        }
    }

    /// A place where files can grow.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub(super) fn stage(&self, session: &Session) -> Result<Staging> {
        match self {
            Target::Local(local) => Staging::beside(&local.path),
            Target::Remote(_) => {
                let folder = std::path::absolute(session.spill_folder())
                    .map_err(|error| Error::file("write", session.spill_folder(), error))?;
                Staging::beside(&folder.join("upload"))
            }
        }
    }

    /// Puts the files where readers look.
    ///
    /// # Errors
    /// Something has come there meanwhile, a disk or a store that cannot be written.
    pub(super) async fn publish(
        self,
        staging: Staging,
        files: WrittenFiles,
        options: &UnloadingOptions,
    ) -> Result<()> {
        match self {
            Target::Local(local) => {
                let options = options.clone();
                blocking(move || publish(&local, &staging, &files, &options)).await
            }
            Target::Remote(remote) => {
                let uploaded = remote.upload(&files, options).await;
                drop(staging);
                uploaded
            }
        }
    }
}

impl LocalTarget {
    /// Its last part.
    pub(super) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Where its checksums are.
    pub(super) fn checksum(&self) -> PathBuf {
        self.path.with_file_name(checksum::name_for(&self.name()))
    }

    /// Checks that nothing is there that may not be replaced.
    ///
    /// # Errors
    /// Something is.
    pub(super) fn check_free(&self, options: &UnloadingOptions) -> Result<()> {
        let shown = &self.shown;
        if options.checksum && !options.overwrite && self.checksum().exists() {
            return Err(exists(&checksum::name_for(shown)));
        }
        let metadata = match fs::symlink_metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::file("write", &self.path, error)),
        };
        match (metadata.is_dir(), options.is_folder()) {
            (true, false) => Err(Error::input(format!("'{shown}' is a folder"))
                .hint("name a file in it, or say how to split the rows with PARTITION_BY")),
            (false, true) => Err(Error::input(format!("'{shown}' is a file"))
                .hint("PARTITION_BY makes a folder: give it another name")),
            (true, true) if !options.overwrite && !is_empty(&self.path)? => Err(exists(shown)),
            (true, true) => refuse_foreign(&self.path, shown),
            (false, false) if !metadata.is_file() => {
                Err(Error::input(format!("'{shown}' is no plain file"))
                    .hint("give the path of a file"))
            }
            (false, false) if !options.overwrite => Err(exists(shown)),
            (false, false) => Ok(()),
        }
    }
}

/// What to say when something is at the target.
pub(super) fn exists(shown: &str) -> Error {
    Error::input(format!("'{shown}' exists"))
        .hint("add OVERWRITE to replace it, or choose another name")
}

/// Refuses a folder that holds anything else than files of a former COPY INTO.
///
/// # Errors
/// It does, or cannot be listed.
pub(super) fn refuse_foreign(folder: &Path, shown: &str) -> Result<()> {
    match foreign(folder)? {
        None => Ok(()),
        Some(path) => {
            let below = path.strip_prefix(folder).unwrap_or(&path);
            Err(foreign_error(shown, &below.display().to_string()))
        }
    }
}

/// What to say when a folder holds something that COPY INTO did not write.
pub(super) fn foreign_error(shown: &str, file: &str) -> Error {
    Error::input(format!(
        "'{shown}' holds {file}, which no COPY INTO has written"
    ))
    .hint("OVERWRITE replaces its own files only: move that away, or choose another folder")
}

/// The first thing in a folder that is neither one of our files nor a folder of a partition.
fn foreign(folder: &Path) -> Result<Option<PathBuf>> {
    let failed = |error| Error::file("list", folder, error);
    for item in fs::read_dir(folder).map_err(failed)? {
        let item = item.map_err(failed)?;
        let kind = item.file_type().map_err(failed)?;
        let name = item.file_name();
        let name = name.to_str();
        let below = match name {
            Some(name) if kind.is_dir() && name.contains('=') => foreign(&item.path())?,
            Some(name) if kind.is_file() && is_ours(name) => None,
            _ => Some(item.path()),
        };
        if below.is_some() {
            return Ok(below);
        }
    }
    Ok(None)
}

fn is_empty(folder: &Path) -> Result<bool> {
    let items = fs::read_dir(folder).map_err(|error| Error::file("list", folder, error))?;
    Ok(items.count() == 0)
}

/// The path with the links of its existing part resolved: no other spelling of the warehouse's
/// folder gets by, and a link stays one when the file behind it is replaced.
fn real_path(path: &Path) -> Result<PathBuf> {
    let failed = |error| Error::file("resolve", path, error);
    let absolute = std::path::absolute(path).map_err(failed)?;
    let mut missing = Vec::new();
    for ancestor in absolute.ancestors() {
        if let Ok(real) = ancestor.canonicalize() {
            return Ok(missing.iter().rev().fold(real, step));
        }
        missing.extend(ancestor.components().next_back());
    }
    Ok(absolute)
}

fn step(mut path: PathBuf, component: &Component<'_>) -> PathBuf {
    match component {
        Component::ParentDir => {
            path.pop();
        }
        Component::CurDir => {}
        other => path.push(other),
    }
    path
}
