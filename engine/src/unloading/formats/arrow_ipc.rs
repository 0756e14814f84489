//! Arrow IPC, the file format, which is also called Feather.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use uuid::Uuid;

use super::{file_name, no_codec};
use crate::Result;
use crate::sql::Codec;
use crate::warehouse::{Encoding, GrowingFile};

/// Arrow with some compression.
#[derive(Debug)]
pub(in crate::unloading) struct ArrowEncoding {
    schema: SchemaRef,
    options: IpcWriteOptions,
}

impl ArrowEncoding {
    /// # Errors
    /// A compression that Arrow does not have.
    pub(in crate::unloading) fn new(schema: SchemaRef, codec: Codec) -> Result<Self> {
        let compression = match codec {
            Codec::None => None,
            Codec::Lz4 => Some(CompressionType::LZ4_FRAME),
            Codec::Zstd => Some(CompressionType::ZSTD),
            Codec::Gzip | Codec::Bzip2 | Codec::Xz | Codec::Snappy => return Err(no_codec(codec)),
        };
        Ok(ArrowEncoding {
            schema,
            options: IpcWriteOptions::default().try_with_compression(compression)?,
        })
    }
}

impl Encoding for ArrowEncoding {
    type Chunk = Vec<RecordBatch>;
    type File = ArrowFile;

    fn file_name(&self, id: Uuid) -> String {
        file_name(id, "arrow")
    }

    fn open(&self) -> Result<ArrowFile> {
        let options = self.options.clone();
        let writer = FileWriter::try_new_with_options(Vec::new(), &self.schema, options)?;
        Ok(ArrowFile(writer))
    }

    /// The library encodes rows only for a file.
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
        Ok(batches.to_vec())
    }
}

/// A file that grows batch by batch.
pub(in crate::unloading) struct ArrowFile(FileWriter<Vec<u8>>);

impl GrowingFile for ArrowFile {
    type Chunk = Vec<RecordBatch>;
    type Footer = ();

    fn append(&mut self, batches: Vec<RecordBatch>) -> Result<()> {
        for batch in &batches {
            self.0.write(batch)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(self.0.finish()?)
    }

    fn take_bytes(&mut self) -> Result<Vec<u8>> {
        Ok(std::mem::take(self.0.get_mut()))
    }
}
