//! Avro object container files, by the library's writer.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{AvroWriter, WriterBuilder};
use uuid::Uuid;

use super::shared_bytes::SharedBytes;
use super::{file_name, no_codec};
use crate::sql::Codec;
use crate::warehouse::{Encoding, GrowingFile};
use crate::{Error, Result};

/// Avro with some compression.
#[derive(Debug)]
pub(in crate::unloading) struct AvroEncoding {
    schema: SchemaRef,
    codec: Option<CompressionCodec>,
}

impl AvroEncoding {
    /// # Errors
    /// A type that Avro cannot hold.
    pub(in crate::unloading) fn new(schema: SchemaRef, codec: Codec) -> Result<Self> {
        let codec = match codec {
            Codec::None => None,
            Codec::Gzip => Some(CompressionCodec::Deflate),
            Codec::Zstd => Some(CompressionCodec::ZStandard),
            Codec::Bzip2 => Some(CompressionCodec::Bzip2),
            Codec::Xz => Some(CompressionCodec::Xz),
            Codec::Snappy => Some(CompressionCodec::Snappy),
            Codec::Lz4 => return Err(no_codec(codec)),
        };
        let encoding = AvroEncoding { schema, codec };
        encoding.open()?;
        Ok(encoding)
    }
}

impl Encoding for AvroEncoding {
    type Chunk = Vec<RecordBatch>;
    type File = AvroFile;

    fn file_name(&self, id: Uuid) -> String {
        file_name(id, "avro")
    }

    fn open(&self) -> Result<AvroFile> {
        let bytes = SharedBytes::default();
        let writer = WriterBuilder::new(self.schema.as_ref().clone())
            .with_compression(self.codec)
            .build::<_, AvroOcfFormat>(bytes.clone())
            .map_err(|error| refused(error.into()))?;
        Ok(AvroFile { writer, bytes })
    }

    /// Blocks carry a mark that is drawn for their file, so it is the file that encodes them.
    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<RecordBatch>> {
        Ok(batches.to_vec())
    }
}

/// A file that grows block by block.
pub(in crate::unloading) struct AvroFile {
    writer: AvroWriter<SharedBytes>,
    bytes: SharedBytes,
}

impl GrowingFile for AvroFile {
    type Chunk = Vec<RecordBatch>;
    type Footer = ();

    fn append(&mut self, batches: Vec<RecordBatch>) -> Result<()> {
        for batch in &batches {
            self.writer
                .write(batch)
                .map_err(|error| refused(error.into()))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.writer.finish().map_err(|error| refused(error.into()))
    }

    fn take_bytes(&mut self) -> Result<Vec<u8>> {
        Ok(self.bytes.take())
    }
}

fn refused(error: ArrowError) -> Error {
    Error::input("the rows cannot be written as Avro")
        .hint("write parquet")
        .source(error)
}
