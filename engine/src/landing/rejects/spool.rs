//! Rejects of one load on their way to `system.rejects`.
//!
//! They may be millions, and the load may still fail. So they are written to a file of their own
//! while the load runs, and moved to the table after it has committed: nobody ever sees rejects of
//! a load that did not happen. After a kill in between, the next load of the table finds the file
//! and asks the ledger whether that load committed.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::record::{RejectRows, RejectedFrom};
use crate::landing::formats::RowError;
use crate::warehouse::system::SystemTable;
use crate::warehouse::{TableId, Warehouse};
use crate::{Error, Result};

const ROWS_PER_BATCH: usize = 8192;
const BYTES_PER_BATCH: usize = 8 << 20;
const EXTENSION: &str = "arrow";

/// A file of rejects that is being written. Dropped before it is finished, it goes.
pub(super) struct SpoolWriter {
    spool: Spool,
    from: RejectedFrom,
    rows: RejectRows,
    written: u64,
    file: StreamWriter<BufWriter<File>>,
}

/// A finished file of rejects. Dropped before it is kept, it goes.
#[derive(Debug)]
pub(in crate::landing) struct Spool {
    /// The load.
    pub(in crate::landing) load_id: String,
    /// Where it is.
    pub(in crate::landing) path: PathBuf,
    temporary: bool,
}

impl SpoolWriter {
    pub(super) fn create(folder: &Path, from: RejectedFrom) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, error))?;
        let path = folder.join(&from.load_id).with_extension(EXTENSION);
        let file = File::create(&path).map_err(|error| Error::file("write", &path, error))?;
        let spool = Spool {
            load_id: from.load_id.clone(),
            path,
            temporary: true,
        };
        let file = StreamWriter::try_new(BufWriter::new(file), &SystemTable::Rejects.schema())
            .map_err(|error| cannot_write(&spool.path, error))?;
        Ok(SpoolWriter {
            spool,
            from,
            rows: RejectRows::default(),
            written: 0,
            file,
        })
    }

    pub(super) fn push(&mut self, reject: &RowError, now: i64) -> Result<()> {
        self.rows.push(self.count() + 1, reject, now);
        match self.rows.len() >= ROWS_PER_BATCH || self.rows.bytes() >= BYTES_PER_BATCH {
            true => self.write_batch(),
            false => Ok(()),
        }
    }

    /// Rejects so far.
    pub(super) fn count(&self) -> u64 {
        self.written + self.rows.len() as u64
    }

    /// Everything is on disk when this returns.
    pub(super) fn finish(mut self) -> Result<Spool> {
        self.write_batch()?;
        let path = &self.spool.path;
        self.file
            .finish()
            .map_err(|error| cannot_write(path, error))?;
        let buffer = self.file.get_mut();
        buffer
            .flush()
            .and_then(|()| buffer.get_ref().sync_all())
            .map_err(|error| Error::file("write", path, error))?;
        Ok(self.spool)
    }

    fn write_batch(&mut self) -> Result<()> {
        self.written += self.rows.len() as u64;
        let batch = self.rows.finish(&self.from)?;
        self.file
            .write(&batch)
            .map_err(|error| cannot_write(&self.spool.path, error))
    }
}

impl Spool {
    /// Where the files of a table lie.
    pub(super) fn folder(warehouse: &Warehouse, id: &TableId) -> PathBuf {
        let name = format!("{}.{}", id.zone, id.name);
        warehouse
            .root()
            .join(".tidemill")
            .join("rejects")
            .join(name)
    }

    /// Files that are there, left by a process that did not come to move them.
    pub(super) fn left(warehouse: &Warehouse, id: &TableId) -> Vec<Spool> {
        let Ok(files) = std::fs::read_dir(Self::folder(warehouse, id)) else {
            return Vec::new();
        };
        let paths = files.flatten().map(|file| file.path());
        let spools = paths.filter(|path| path.extension().is_some_and(|end| end == EXTENSION));
        spools
            .filter_map(|path| {
                let load_id = path.file_stem()?.to_str()?.to_owned();
                Some(Spool {
                    load_id,
                    path,
                    temporary: false,
                })
            })
            .collect()
    }

    /// From here on the file stays until it is deleted: the commit that it belongs to has begun.
    pub(super) fn keep(&mut self) {
        self.temporary = false;
    }

    /// The rejects, batch by batch.
    pub(super) fn read(path: &Path) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let file = File::open(path).map_err(|error| Error::file("read", path, error))?;
        let batches = StreamReader::try_new(BufReader::new(file), None)?;
        Ok(batches.map(|batch| batch.map_err(Error::from)))
    }

    /// A file that cannot be deleted is found again by the next load of the table.
    pub(super) fn delete(&self) {
        let _ = std::fs::remove_file(&self.path);
        if let Some(folder) = self.path.parent() {
            // It refuses while others are in it.
            let _ = std::fs::remove_dir(folder);
        }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if self.temporary {
            self.delete();
        }
    }
}

fn cannot_write(path: &Path, error: arrow::error::ArrowError) -> Error {
    match error {
        arrow::error::ArrowError::IoError(_, error) => Error::file("write", path, error),
        error => Error::from(error),
    }
}
