//! Files of text: CSV and JSON, compressed or not.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use uuid::Uuid;

use super::csv::CsvStyle;
use super::packed::Packed;
use super::{csv, file_name, json};
use crate::Result;
use crate::sql::{Codec, WrittenFormat};
use crate::unloading::options::UnloadingOptions;
use crate::warehouse::{Encoding, GrowingFile};

/// How rows become text, and text a file.
#[derive(Debug)]
pub(in crate::unloading) struct TextEncoding {
    rows: Rows,
    codec: Codec,
    extension: String,
    /// Whether a file may keep its compressor from one chunk to the next. One of xz takes 94 MB,
    /// too much for each of thousands of partitions.
    one_stream: bool,
    frame: Frame,
}

#[derive(Debug)]
enum Rows {
    Csv(CsvStyle),
    Ndjson,
    Json,
}

/// What stands around the rows of a file.
#[derive(Debug, Clone)]
struct Frame {
    start: Vec<u8>,
    between_chunks: &'static [u8],
    end: &'static [u8],
}

impl TextEncoding {
    /// For rows with these columns.
    pub(in crate::unloading) fn new(schema: SchemaRef, options: &UnloadingOptions) -> Self {
        let (rows, frame) = match options.format {
            WrittenFormat::Ndjson => (Rows::Ndjson, Frame::of(Vec::new(), b"", b"")),
            WrittenFormat::Json => (Rows::Json, Frame::of(b"[".to_vec(), b",\n", b"]\n")),
            _ => {
                let header = options.csv.header_of(&schema);
                let rows = Rows::Csv(options.csv.clone());
                (rows, Frame::of(header, b"", b""))
            }
        };
        TextEncoding {
            rows,
            codec: options.codec,
            extension: match packed_extension(options.codec) {
                Some(packed) => format!("{}.{packed}", options.format),
                None => options.format.to_string(),
            },
            one_stream: !options.is_folder(),
            frame,
        }
    }
}

impl Frame {
    fn of(start: Vec<u8>, between_chunks: &'static [u8], end: &'static [u8]) -> Self {
        Frame {
            start,
            between_chunks,
            end,
        }
    }
}

fn packed_extension(codec: Codec) -> Option<&'static str> {
    match codec {
        Codec::Gzip => Some("gz"),
        Codec::Zstd => Some("zst"),
        Codec::Bzip2 => Some("bz2"),
        Codec::Xz => Some("xz"),
        Codec::None | Codec::Snappy | Codec::Lz4 => None,
    }
}

impl Encoding for TextEncoding {
    type Chunk = Vec<u8>;
    type File = TextFile;

    fn file_name(&self, id: Uuid) -> String {
        file_name(id, &self.extension)
    }

    fn open(&self) -> Result<TextFile> {
        Ok(TextFile {
            packed: Packed::new(self.codec),
            frame: self.frame.clone(),
            begun: false,
            one_stream: self.one_stream,
        })
    }

    fn encode(&self, batches: &[RecordBatch]) -> Result<Vec<u8>> {
        match &self.rows {
            Rows::Csv(style) => csv::encode(batches, style),
            Rows::Ndjson => json::encode_lines(batches),
            Rows::Json => json::encode_elements(batches),
        }
    }
}

/// A text that grows.
pub(in crate::unloading) struct TextFile {
    packed: Packed,
    frame: Frame,
    begun: bool,
    one_stream: bool,
}

impl GrowingFile for TextFile {
    type Chunk = Vec<u8>;
    type Footer = ();

    fn append(&mut self, chunk: Vec<u8>) -> Result<()> {
        match self.begun {
            true => self.packed.write(self.frame.between_chunks)?,
            false => self.packed.write(&self.frame.start)?,
        }
        self.begun = true;
        self.packed.write(&chunk)?;
        match self.one_stream {
            true => Ok(()),
            false => self.packed.end_stream(),
        }
    }

    fn finish(&mut self) -> Result<()> {
        if !self.begun {
            self.packed.write(&self.frame.start)?;
        }
        self.packed.write(self.frame.end)?;
        self.packed.finish()
    }

    fn take_bytes(&mut self) -> Result<Vec<u8>> {
        Ok(self.packed.take_bytes())
    }
}
