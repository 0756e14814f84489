//! Where files grow: a hidden folder beside their target, on the same disk, so that one rename
//! makes them appear.
//!
//! The folder is locked as long as its writer lives, and goes with it. What a killed writer left
//! is not locked; the next write to the same target deletes it. Readers pass over names that begin
//! with a dot.

use std::borrow::Cow;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::{Error, Result};

/// What stands between the name of the target and an id.
const MARK: &str = ".tidemill-";
const LOCK: &str = "lock";
const FILES: &str = "files";
/// The most of the name of a target that stands in that of its folder.
const LONGEST_NAME_BYTES: usize = 200;
/// How often a folder is made anew that another process took for a leftover before it was locked.
const ATTEMPTS: usize = 10;

/// The folder of one write; dropped, it is deleted with all that is still in it.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    _lock: File,
    /// Folders above the target that had to be made. They go, too, if they stay empty.
    _parents: MadeFolders,
}

impl Staging {
    /// A folder beside `target`, whose own folder is made if it is missing. Leftovers of killed
    /// writers of this target go.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub(super) fn beside(target: &Path) -> Result<Self> {
        let parent = target.parent().unwrap_or(Path::new("/"));
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let parents = MadeFolders::make(parent)?;
        let start = format!(".{}{MARK}", short(&name));
        delete_leftovers(parent, &start);
        for _ in 0..ATTEMPTS {
            let folder = parent.join(format!("{start}{}", Uuid::new_v4()));
            let failed = |error| Error::file("write", target, error);
            if let Some(lock) = lock_new(&folder).map_err(failed)? {
                let staging = Staging {
                    folder,
                    _lock: lock,
                    _parents: parents,
                };
                fs::create_dir(staging.files()).map_err(failed)?;
                return Ok(staging);
            }
        }
        Err(Error::internal(format!(
            "no folder beside {} stays",
            target.display()
        )))
    }

    /// Where the files go.
    pub(super) fn files(&self) -> PathBuf {
        self.folder.join(FILES)
    }

    /// A place for something else, which is not there yet.
    pub(super) fn aside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // What cannot be deleted now is a leftover for the next write.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A name with room for the id behind it: file systems take 255 bytes. What a long one loses, a
/// hash stands for.
fn short(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME_BYTES {
        return Cow::Borrowed(name);
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    let end = name.floor_char_boundary(LONGEST_NAME_BYTES - hash.len());
    Cow::Owned(format!("{}{hash}", &name[..end]))
}

/// Makes a folder and locks it; `None` if another process has deleted it meanwhile.
fn lock_new(folder: &Path) -> io::Result<Option<File>> {
    fs::create_dir(folder)?;
    let path = folder.join(LOCK);
    let lock = match File::create_new(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let _ = fs::remove_dir_all(folder);
            return Err(error);
        }
    };
    match lock.try_lock() {
        Ok(()) if path.exists() => Ok(Some(lock)),
        Ok(()) | Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            let _ = fs::remove_dir_all(folder);
            Err(error)
        }
    }
}

/// Deletes folders whose writer is gone. Those that cannot be deleted are in nobody's way.
fn delete_leftovers(parent: &Path, start: &str) {
    for item in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = item.file_name();
        let id = name.to_str().and_then(|name| name.strip_prefix(start));
        if id.is_none_or(|id| Uuid::parse_str(id).is_err()) {
            continue;
        }
        let (folder, lock) = (item.path(), item.path().join(LOCK));
        match File::open(&lock) {
            Ok(lock) if lock.try_lock().is_ok() => {
                let _ = fs::remove_dir_all(folder);
            }
            Ok(_) => {}
            // Killed before it made its lock, or while it deleted the folder. A folder gets its
            // lock before anything else: what has things in it and then no lock is on its way out.
            Err(_) => {
                if fs::remove_dir(&folder).is_err() && !lock.exists() {
                    let _ = fs::remove_dir_all(folder);
                }
            }
        }
    }
}

/// Folders that were made, outermost first.
#[derive(Debug)]
struct MadeFolders(Vec<PathBuf>);

impl MadeFolders {
    fn make(folder: &Path) -> Result<Self> {
        let missing = folder.ancestors().take_while(|folder| !folder.exists());
        let mut missing: Vec<_> = missing.map(Path::to_owned).collect();
        missing.reverse();
        fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, error))?;
        Ok(MadeFolders(missing))
    }
}

impl Drop for MadeFolders {
    fn drop(&mut self) {
        // Those that hold something refuse.
        for folder in self.0.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let items = fs::read_dir(folder).unwrap();
        let names = items.map(|item| item.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn a_folder_goes_with_its_writer_and_so_do_empty_ones_above() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("a/b/out.csv");
        let staging = Staging::beside(&target).unwrap();
        assert!(staging.files().is_dir());
        drop(staging);
        assert!(names(root.path()).is_empty());
    }

    #[test]
    fn a_target_may_have_the_longest_name_there_is() {
        let root = tempfile::tempdir().unwrap();
        for letter in ["x", "ü"] {
            let name = letter.repeat(255 / letter.len());
            let target = root.path().join(&name);
            fs::write(&target, "").unwrap();
            assert!(Staging::beside(&target).unwrap().files().is_dir());
            assert_ne!(short(&name), short(&name[2..]));
        }
    }

    #[test]
    fn leftovers_of_the_dead_go_and_those_of_the_living_stay() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("out.csv");
        let living = Staging::beside(&target).unwrap();
        let dead = root
            .path()
            .join(format!(".out.csv{MARK}{}", Uuid::new_v4()));
        let half_made = root
            .path()
            .join(format!(".out.csv{MARK}{}", Uuid::new_v4()));
        let half_gone = root
            .path()
            .join(format!(".out.csv{MARK}{}", Uuid::new_v4()));
        let other = root.path().join(format!(".out.csv{MARK}mine"));
        for folder in [&dead, &half_made, &half_gone, &other] {
            fs::create_dir(folder).unwrap();
        }
        fs::create_dir(half_gone.join(FILES)).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        fs::write(dead.join("half.csv"), "1,").unwrap();
        let second = Staging::beside(&target).unwrap();
        assert!(!dead.exists() && !half_made.exists() && !half_gone.exists());
        assert!(living.files().exists() && other.exists());
        drop(second);
    }
}
