//! ORC, by the library's writer, which has no DECIMAL, lists and structs: `limits.rs` refuses them.
//!
//! That writer cannot go from one thread to another, as our files do. So all files of a statement
//! are written on one thread, which does what it is told through a channel.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use orc_rust::compression::CompressionType;
use orc_rust::error::OrcError;
use orc_rust::{ArrowWriter, ArrowWriterBuilder};
use uuid::Uuid;

use super::shared_bytes::SharedBytes;
use super::{file_name, no_codec};
use crate::sql::Codec;
use crate::warehouse::{Encoding, GrowingFile};
use crate::{Error, Result};

/// ORC with some compression.
#[derive(Debug)]
pub(in crate::unloading) struct OrcEncoding {
    schema: SchemaRef,
    compression: Option<CompressionType>,
    thread: OrcThread,
    opened: AtomicU64,
}

impl OrcEncoding {
    /// # Errors
    /// A compression that ORC does not have, a machine without a thread to spare.
    pub(in crate::unloading) fn new(schema: SchemaRef, codec: Codec) -> Result<Self> {
        let compression = match codec {
            Codec::None => None,
            Codec::Gzip => Some(CompressionType::Zlib),
            Codec::Zstd => Some(CompressionType::Zstd),
            Codec::Snappy => Some(CompressionType::Snappy),
            Codec::Lz4 => Some(CompressionType::Lz4),
            Codec::Bzip2 | Codec::Xz => return Err(no_codec(codec)),
        };
        Ok(OrcEncoding {
            schema,
            compression,
            thread: OrcThread::start()?,
            opened: AtomicU64::new(0),
        })
    }
}

impl Encoding for OrcEncoding {
    type Chunk = Vec<RecordBatch>;
    type File = OrcFile;

    fn file_name(&self, id: Uuid) -> String {
        file_name(id, "orc")
    }

    fn open(&self) -> Result<OrcFile> {
        let bytes = SharedBytes::default();
        let mut builder = ArrowWriterBuilder::new(bytes.clone(), self.schema.clone());
        if let Some(compression) = self.compression {
            builder = builder.with_compression(compression);
        }
        let id = self.opened.fetch_add(1, Ordering::Relaxed);
        self.thread.run(move |writers| {
            writers.insert(id, builder.try_build().map_err(refused)?);
            Ok(())
        })?;
        Ok(OrcFile {
            id,
            thread: self.thread.clone(),
            bytes,
        })
    }

    /// The library encodes rows only for a file.
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
        Ok(batches.to_vec())
    }
}

/// A file that grows stripe by stripe.
pub(in crate::unloading) struct OrcFile {
    id: u64,
    thread: OrcThread,
    bytes: SharedBytes,
}

impl GrowingFile for OrcFile {
    type Chunk = Vec<RecordBatch>;
    type Footer = ();

    /// A stripe per chunk, so that no rows wait in the file.
    fn append(&mut self, batches: Vec<RecordBatch>) -> Result<()> {
        let id = self.id;
        self.thread.run(move |writers| {
            let writer = writers.get_mut(&id).ok_or_else(stopped)?;
            for batch in &batches {
                writer.write(batch).map_err(refused)?;
            }
            writer.flush_stripe().map_err(refused)
        })
    }

    fn finish(&mut self) -> Result<()> {
        let id = self.id;
        self.thread.run(move |writers| {
            let writer = writers.remove(&id).ok_or_else(stopped)?;
            writer.close().map_err(refused)
        })
    }

    fn take_bytes(&mut self) -> Result<Vec<u8>> {
        Ok(self.bytes.take())
    }
}

/// The writers of all files, by number.
type Writers = HashMap<u64, ArrowWriter<SharedBytes>>;

/// What is to be done with them.
type Job = Box<dyn FnOnce(&mut Writers) + Send>;

/// The thread that they live on; it ends with the last clone.
#[derive(Debug, Clone)]
struct OrcThread(Sender<Job>);

impl OrcThread {
    fn start() -> Result<Self> {
        let (jobs, received) = channel::<Job>();
        let work = move || {
            let mut writers = Writers::new();
            for job in received {
                job(&mut writers);
            }
        };
        std::thread::Builder::new()
            .name("orc".to_owned())
            .spawn(work)
            .map_err(|error| Error::input("cannot start a thread to write ORC").source(error))?;
        Ok(OrcThread(jobs))
    }

    /// Does something on the thread and waits for it.
    fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Writers) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = channel();
        let job = Box::new(move |writers: &mut Writers| {
            // Whoever asked waits for the answer.
            let _ = answer.send(job(writers));
        });
        self.0.send(job).map_err(|_| stopped())?;
        answered.recv().map_err(|_| stopped())?
    }
}

fn stopped() -> Error {
    Error::internal("writing ORC stopped")
}

fn refused(error: OrcError) -> Error {
    Error::input("the rows cannot be written as ORC")
        .hint("write parquet")
        .source(error)
}
