//! The formats that files are written in.
//!
//! CSV is written by code of our own: the library's writer makes no difference between NULL and
//! empty text. Parquet is written as tables are. The others come from their libraries, which keep
//! every value that `limits.rs` lets through.

mod arrow_ipc;
mod avro;
mod csv;
mod csv_value;
mod json;
mod orc;
mod packed;
mod shared_bytes;
mod text;

use arrow::datatypes::SchemaRef;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use uuid::Uuid;

pub(super) use arrow_ipc::ArrowEncoding;
pub(super) use avro::AvroEncoding;
pub(super) use csv::CsvStyle;
pub(super) use orc::OrcEncoding;
pub(super) use text::TextEncoding;

use crate::sql::Codec;
use crate::warehouse::ParquetEncoding;
use crate::{Error, Result};

/// What the names of our files begin with. Together with the id behind it, it tells them from those
/// of others.
const NAME_START: &str = "tidemill-";

/// The name of a file in a folder.
pub(super) fn file_name(id: Uuid, extension: &str) -> String {
    format!("{NAME_START}{id}.{extension}")
}

/// Whether a file in a folder was written by a COPY INTO, by its name.
pub(super) fn is_ours(name: &str) -> bool {
    let id = name.strip_prefix(NAME_START);
    let id = id.and_then(|rest| rest.split_once('.'));
    id.is_some_and(|(id, _)| {
        id.len() == uuid::fmt::Hyphenated::LENGTH && Uuid::parse_str(id).is_ok()
    })
}

/// Parquet, as tables have it but for the compression.
pub(super) fn parquet_encoding(schema: SchemaRef, codec: Codec) -> Result<ParquetEncoding> {
    let compression = match codec {
        Codec::None => Compression::UNCOMPRESSED,
        Codec::Gzip => Compression::GZIP(GzipLevel::default()),
        Codec::Snappy => Compression::SNAPPY,
        Codec::Lz4 => Compression::LZ4_RAW,
        Codec::Zstd => Compression::ZSTD(ZstdLevel::default()),
        Codec::Bzip2 | Codec::Xz => return Err(no_codec(codec)),
    };
    ParquetEncoding::new(schema, compression, |id| file_name(id, "parquet"))
}

/// The options let no such compression through.
fn no_codec(codec: Codec) -> Error {
    Error::internal(format!("the format has no compression {codec}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_files_are_told_by_their_names() {
        assert!(is_ours(&file_name(Uuid::new_v4(), "csv.gz")));
        for name in [
            "part-00000-936da01f-9abd-4d9d-80c7-02af85c822a8-c000.parquet",
            "tidemill-notes.csv",
            "tidemill-936da01f9abd4d9d80c702af85c822a8.csv",
            "tidemill-936da01f-9abd-4d9d-80c7-02af85c822a8",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
