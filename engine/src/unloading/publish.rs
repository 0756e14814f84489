//! The moment in which files appear: everything is on the disk before, and one rename later a
//! reader sees all of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::checksum;
use super::options::UnloadingOptions;
use super::staging::Staging;
use super::target::{LocalTarget, exists, refuse_foreign};
use super::written::{WrittenFiles, sync};
use crate::{Error, Result};

/// Puts files from the staging folder to their target. Its checksums follow; those of what was
/// there before go first, since they would be wrong.
///
/// # Errors
/// Something has come there meanwhile, or a disk that cannot be written.
pub(super) fn publish(
    target: &LocalTarget,
    staging: &Staging,
    files: &WrittenFiles,
    options: &UnloadingOptions,
) -> Result<()> {
    files.sync()?;
    let checksums = staging.aside("checksums");
    if options.checksum {
        let lines = match options.is_folder() {
            true => checksum::of_folder(files, &target.name())?,
            false => checksum::of_file(&files.only()?, &target.name())?,
        };
        fs::write(&checksums, lines).map_err(|error| Error::file("write", &checksums, error))?;
        sync(&checksums)?;
    }
    if options.overwrite {
        delete(&target.checksum())?;
    }
    match options.is_folder() {
        true => publish_folder(target, staging, files, options)?,
        false => publish_file(target, &files.only()?, options)?,
    }
    if options.checksum {
        let beside = target.checksum();
        fs::rename(&checksums, &beside).map_err(|error| Error::file("write", &beside, error))?;
    }
    match target.path.parent() {
        Some(parent) => sync(parent),
        None => Ok(()),
    }
}

fn publish_file(target: &LocalTarget, file: &Path, options: &UnloadingOptions) -> Result<()> {
    let renamed = match options.overwrite {
        true => fs::rename(file, &target.path),
        false => rename_new(file, &target.path),
    };
    renamed.map_err(|error| failed(target, error))
}

fn publish_folder(
    target: &LocalTarget,
    staging: &Staging,
    files: &WrittenFiles,
    options: &UnloadingOptions,
) -> Result<()> {
    let (new, path) = (files.folder(), &target.path);
    let failed = |error| failed(target, error);
    if !path.exists() {
        return rename_new(new, path).map_err(failed);
    }
    if !options.overwrite {
        // Takes the place of an empty folder, and of no other.
        return fs::rename(new, path).map_err(failed);
    }
    refuse_foreign(path, &target.shown)?;
    let former = exchange(new, path, staging.aside("former")).map_err(failed)?;
    // What somebody put there in the last moment must not go with our former files.
    if let Err(error) = refuse_foreign(&former, &target.shown) {
        fs::rename(path, staging.aside("refused")).map_err(failed)?;
        fs::rename(&former, path).map_err(failed)?;
        return Err(error);
    }
    Ok(())
}

fn failed(target: &LocalTarget, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => exists(&target.shown),
        _ => Error::file("write", &target.path, error),
    }
}

/// Renames unless something has the new name.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(error) if is_unsupported(error) => match to.exists() {
            true => Err(io::ErrorKind::AlreadyExists.into()),
            false => fs::rename(from, to),
        },
        renamed => Ok(renamed?),
    }
}

/// Exchanges two folders in one step, and says where the former one is then. Where the file system
/// cannot, that is put `aside` first, and for a moment there is none.
fn exchange(new: &Path, path: &Path, aside: PathBuf) -> io::Result<PathBuf> {
    match renameat_with(CWD, new, CWD, path, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(new.to_owned()),
        Err(error) if is_unsupported(error) => {
            fs::rename(path, &aside)?;
            fs::rename(new, path).inspect_err(|_| {
                // Better the former files than none.
                let _ = fs::rename(&aside, path);
            })?;
            Ok(aside)
        }
        Err(error) => Err(error.into()),
    }
}

fn is_unsupported(error: rustix::io::Errno) -> bool {
    use rustix::io::Errno;
    [Errno::INVAL, Errno::NOSYS, Errno::NOTSUP, Errno::OPNOTSUPP].contains(&error)
}

fn delete(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::file("delete", path, error))
        }
        _ => Ok(()),
    }
}
