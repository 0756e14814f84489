//! Advisory locks in `<root>/.tidemill/locks/`, one pair of files per table.
//!
//! `<zone>.<table>.write` is held by the one statement that writes the table; it goes with the
//! process, however that ends. `<zone>.<table>.read` is held shared by every query of every
//! process that reads some version of the table, so that files which a commit retired are not
//! deleted under it (see `sweep.rs`).

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{TableId, Warehouse};
use crate::{Error, Kind, Result};

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);

/// The right to write one table, or to run one pipeline, until dropped.
#[derive(Debug)]
pub struct WriteLock {
    _file: File,
}

/// Keeps the files of the version that a query reads. Dropping the last one of a table deletes
/// what was retired meanwhile.
#[derive(Debug)]
pub struct ReadLease {
    warehouse: Arc<Warehouse>,
    id: TableId,
    file: Option<File>,
}

impl Warehouse {
    /// Waits for the other writers of a table.
    ///
    /// # Errors
    /// [`Kind::Locked`] after a minute; a warehouse that cannot be written.
    pub(super) async fn lock_for_write(&self, id: &TableId) -> Result<WriteLock> {
        let file = self.open_lock(&format!("{}.{}.write", id.zone, id.name))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(WriteLock { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    tokio::time::sleep(POLL).await
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::new(
                        Kind::Locked,
                        format!("another statement is writing {id}"),
                    )
                    .hint("wait for it to end, or stop it, and run again"));
                }
                Err(TryLockError::Error(error)) => {
                    return Err(Error::file("lock", self.locks(), error));
                }
            }
        }
    }

    /// The right to run a pipeline; `None` while another process runs it.
    ///
    /// # Errors
    /// A warehouse that cannot be written.
    pub fn try_lock_pipeline(&self, pipeline: &str) -> Result<Option<WriteLock>> {
        let name: String = pipeline
            .chars()
            .map(|char| if char.is_alphanumeric() { char } else { '_' })
            .collect();
        let file = self.open_lock(&format!("{name}.pipeline"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(WriteLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(Error::file("lock", self.locks(), error)),
        }
    }

    /// Announces a reader. A warehouse that cannot be written cannot change either (not by us),
    /// so a lock file that cannot be made is no reason to refuse a query.
    pub(super) fn lease(self: &Arc<Self>, id: &TableId) -> ReadLease {
        let file = self
            .open_lock(&read_lock_name(id))
            .ok()
            .filter(|file| file.lock_shared().is_ok());
        ReadLease {
            warehouse: Arc::clone(self),
            id: id.clone(),
            file,
        }
    }

    /// The proof that nobody reads a table; `None` while somebody does.
    pub(super) fn try_exclude_readers(&self, id: &TableId) -> Option<File> {
        let file = self.open_lock(&read_lock_name(id)).ok()?;
        file.try_lock().is_ok().then_some(file)
    }

    fn locks(&self) -> PathBuf {
        self.root.join(".tidemill").join("locks")
    }

    fn open_lock(&self, name: &str) -> Result<File> {
        let folder = self.locks();
        std::fs::create_dir_all(&folder).map_err(|error| cannot_write(self, error))?;
        let path = folder.join(name);
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| cannot_write(self, error))
    }
}

impl Drop for ReadLease {
    fn drop(&mut self) {
        drop(self.file.take());
        self.warehouse.sweep(&self.id);
    }
}

fn read_lock_name(id: &TableId) -> String {
    format!("{}.{}.read", id.zone, id.name)
}

fn cannot_write(warehouse: &Warehouse, error: std::io::Error) -> Error {
    Error::file("write to the warehouse", warehouse.root(), error)
}
