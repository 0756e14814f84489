//! What a format offers for rows to be written in it: chunks that any thread can encode, and a
//! file that takes them in order. Parquet is that of tables; files that leave the warehouse come in
//! others, too.

use arrow::array::RecordBatch;
use uuid::Uuid;

use crate::Result;

/// How rows become the bytes of files.
pub(crate) trait Encoding: Send + Sync + 'static {
    /// Rows, encoded as far as that goes without knowing their file.
    type Chunk: Send + 'static;
    /// A file that grows, in memory.
    type File: GrowingFile<Chunk = Self::Chunk> + Send;

    /// What a file is called, which nothing else may be.
    fn file_name(&self, id: Uuid) -> String;

    /// A file without rows yet.
    ///
    /// # Errors
    /// A type that the format cannot hold.
    fn open(&self) -> Result<Self::File>;

    /// The rows of some batches as one chunk.
    ///
    /// # Errors
    /// A value that the format cannot hold.
    fn encode(&self, batches: &[RecordBatch]) -> Result<Self::Chunk>;
}

/// The bytes of a file, from its first to its last.
pub(crate) trait GrowingFile {
    /// What it takes.
    type Chunk;
    /// What is known of it in the end besides its bytes.
    type Footer: Send;

    /// Appends rows.
    ///
    /// # Errors
    /// A value that the format cannot hold.
    fn append(&mut self, chunk: Self::Chunk) -> Result<()>;

    /// Ends the file. Its last bytes are taken after that.
    ///
    /// # Errors
    /// None in practice: it writes to memory.
    fn finish(&mut self) -> Result<Self::Footer>;

    /// The bytes that came since they were taken last.
    ///
    /// # Errors
    /// None in practice: it writes to memory.
    fn take_bytes(&mut self) -> Result<Vec<u8>>;
}
