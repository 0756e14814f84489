//! Compressing a file while it grows.
//!
//! A compressed file is one stream, or several one after another: every one of these formats
//! defines that as the text of all of them.

use std::io::{self, Write};
use std::mem;

use bzip2::write::BzEncoder;
use flate2::write::GzEncoder;
use liblzma::write::XzEncoder;

use super::no_codec;
use crate::sql::Codec;
use crate::{Error, Result};

/// The level at which xz's own tool works.
const XZ_LEVEL: u32 = 6;

/// Text on its way into a file.
pub(super) struct Packed {
    codec: Codec,
    stream: Option<Stream>,
    /// Bytes of streams that have ended.
    done: Vec<u8>,
    /// Whether no stream was begun yet.
    empty: bool,
}

enum Stream {
    Plain(Vec<u8>),
    Gzip(GzEncoder<Vec<u8>>),
    Zstd(zstd::Encoder<'static, Vec<u8>>),
    Bzip2(BzEncoder<Vec<u8>>),
    Xz(XzEncoder<Vec<u8>>),
}

impl Packed {
    pub(super) fn new(codec: Codec) -> Self {
        Packed {
            codec,
            stream: None,
            done: Vec::new(),
            empty: true,
        }
    }

    /// Appends text; no stream is begun for none.
    pub(super) fn write(&mut self, text: &[u8]) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.stream()?.as_write().write_all(text).map_err(failed)
    }

    /// Ends the stream, if one was begun.
    pub(super) fn end_stream(&mut self) -> Result<()> {
        if let Some(stream) = self.stream.take() {
            self.done.extend(stream.finish().map_err(failed)?);
        }
        Ok(())
    }

    /// Ends the file. A compressed file of no text has a stream, too.
    pub(super) fn finish(&mut self) -> Result<()> {
        if self.empty {
            self.stream()?;
        }
        self.end_stream()
    }

    pub(super) fn take_bytes(&mut self) -> Vec<u8> {
        let mut bytes = mem::take(&mut self.done);
        if let Some(stream) = &mut self.stream {
            bytes.append(stream.bytes());
        }
        bytes
    }

    fn stream(&mut self) -> Result<&mut Stream> {
        self.empty = false;
        match &mut self.stream {
            Some(stream) => Ok(stream),
            none => Ok(none.insert(Stream::open(self.codec)?)),
        }
    }
}

impl Stream {
    fn open(codec: Codec) -> Result<Self> {
        let bytes = Vec::new();
        Ok(match codec {
            Codec::None => Stream::Plain(bytes),
            Codec::Gzip => Stream::Gzip(GzEncoder::new(bytes, flate2::Compression::default())),
            Codec::Zstd => {
                let mut encoder =
                    zstd::Encoder::new(bytes, zstd::DEFAULT_COMPRESSION_LEVEL).map_err(failed)?;
                encoder.include_checksum(true).map_err(failed)?;
                Stream::Zstd(encoder)
            }
            Codec::Bzip2 => Stream::Bzip2(BzEncoder::new(bytes, bzip2::Compression::best())),
            Codec::Xz => Stream::Xz(XzEncoder::new(bytes, XZ_LEVEL)),
            Codec::Snappy | Codec::Lz4 => return Err(no_codec(codec)),
        })
    }

    fn as_write(&mut self) -> &mut dyn Write {
        match self {
            Stream::Plain(bytes) => bytes,
            Stream::Gzip(encoder) => encoder,
            Stream::Zstd(encoder) => encoder,
            Stream::Bzip2(encoder) => encoder,
            Stream::Xz(encoder) => encoder,
        }
    }

    fn bytes(&mut self) -> &mut Vec<u8> {
        match self {
            Stream::Plain(bytes) => bytes,
            Stream::Gzip(encoder) => encoder.get_mut(),
            Stream::Zstd(encoder) => encoder.get_mut(),
            Stream::Bzip2(encoder) => encoder.get_mut(),
            Stream::Xz(encoder) => encoder.get_mut(),
        }
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        match self {
            Stream::Plain(bytes) => Ok(bytes),
            Stream::Gzip(encoder) => encoder.finish(),
            Stream::Zstd(encoder) => encoder.finish(),
            Stream::Bzip2(encoder) => encoder.finish(),
            Stream::Xz(encoder) => encoder.finish(),
        }
    }
}

/// Compressing in memory meets no disk; what fails is ours.
fn failed(error: io::Error) -> Error {
    Error::internal("cannot compress a file").source(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::Read;

    use super::*;

    #[test]
    fn several_streams_are_read_as_one_text() {
        for codec in [Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz] {
            let mut packed = Packed::new(codec);
            let mut bytes = Vec::new();
            for part in ["one", "", "two"] {
                packed.write(part.as_bytes()).unwrap();
                packed.end_stream().unwrap();
                bytes.extend(packed.take_bytes());
            }
            packed.finish().unwrap();
            bytes.extend(packed.take_bytes());
            assert_eq!(unpacked(codec, &bytes), "onetwo", "{codec}");
        }
    }

    #[test]
    fn no_text_is_a_stream_all_the_same() {
        for codec in [Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz] {
            let mut packed = Packed::new(codec);
            packed.finish().unwrap();
            let bytes = packed.take_bytes();
            assert!(!bytes.is_empty(), "{codec}");
            assert_eq!(unpacked(codec, &bytes), "", "{codec}");
        }
    }

    fn unpacked(codec: Codec, bytes: &[u8]) -> String {
        let mut text = String::new();
        let mut reader: Box<dyn Read> = match codec {
            Codec::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(bytes)),
            Codec::Zstd => Box::new(zstd::Decoder::new(bytes).unwrap()),
            Codec::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(bytes)),
            _ => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(bytes)),
        };
        reader.read_to_string(&mut text).unwrap();
        text
    }
}
