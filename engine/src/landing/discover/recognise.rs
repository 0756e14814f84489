//! What a file is: from its name, else from its first bytes.

use std::path::Path;

use crate::sql::{Compression, FileFormat};
use crate::{Error, Place, Result};

/// As many first bytes as are worth looking at.
pub(super) const HEAD_BYTES: usize = 4096;

const ZIP: &[u8] = b"PK\x03\x04";
const OLD_OFFICE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0];

/// How a file is compressed. The content decides: a name is easily wrong, and a file that starts
/// with one of these marks is not text.
pub(super) fn compression_of(head: &[u8]) -> Compression {
    const MARKS: [(&[u8], Compression); 4] = [
        (&[0x1f, 0x8b], Compression::Gzip),
        (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
        (b"BZh", Compression::Bzip2),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], Compression::Xz),
    ];
    MARKS
        .iter()
        .find(|(mark, _)| head.starts_with(mark))
        .map_or(Compression::None, |(_, compression)| *compression)
}

/// The format of a file called `path` whose content, decompressed, starts with `head`. A known
/// extension decides, else the content; what is nothing else is CSV.
///
/// # Errors
/// An archive.
pub(super) fn format_of(path: &Path, head: &[u8]) -> Result<FileFormat> {
    if let Some(format) = format_of_name(path) {
        return Ok(format);
    }
    let format = if head.starts_with(b"PAR1") {
        FileFormat::Parquet
    } else if head.starts_with(b"ARROW1") {
        FileFormat::Arrow
    } else if head.starts_with(b"Obj\x01") {
        FileFormat::Avro
    } else if head.starts_with(b"ORC") {
        FileFormat::Orc
    } else if head.starts_with(OLD_OFFICE) {
        FileFormat::Excel
    } else if head.starts_with(ZIP) {
        return Err(Error::input("a zip archive cannot be read")
            .hint("unpack it; a workbook needs its extension or FORMAT excel")
            .place(Place::file(path)));
    } else {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') => FileFormat::Json,
            _ => FileFormat::Csv,
        }
    };
    Ok(format)
}

fn format_of_name(path: &Path) -> Option<FileFormat> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let name = ["gz", "zst", "bz2", "xz"]
        .iter()
        .find_map(|extension| name.strip_suffix(extension)?.strip_suffix('.'))
        .unwrap_or(&name);
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "csv" => FileFormat::Csv,
        "tsv" | "tab" => FileFormat::Tsv,
        "json" | "ndjson" | "jsonl" => FileFormat::Json,
        "parquet" | "pq" => FileFormat::Parquet,
        "avro" => FileFormat::Avro,
        "orc" => FileFormat::Orc,
        "arrow" | "arrows" | "ipc" | "feather" => FileFormat::Arrow,
        "xlsx" | "xlsm" | "xlsb" | "xls" | "ods" => FileFormat::Excel,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_name_decides_then_the_content() {
        let format = |name: &str, head: &[u8]| format_of(Path::new(name), head).unwrap();
        assert_eq!(format("a.csv", b"ORC,b"), FileFormat::Csv);
        assert_eq!(format("a.JSON.bz2", b""), FileFormat::Json);
        assert_eq!(format("a.snappy.parquet", b"PAR1"), FileFormat::Parquet);
        assert_eq!(format("part-00000", b"PAR1"), FileFormat::Parquet);
        assert_eq!(format("part-00000", b"ORC\x01"), FileFormat::Orc);
        assert_eq!(
            format("a.txt", b"\xef\xbb\xbf\n {\"a\":1}"),
            FileFormat::Json
        );
        assert_eq!(format("a.txt", b"a;b"), FileFormat::Csv);
        assert_eq!(format("v1.2/export", b"a;b"), FileFormat::Csv);
        assert!(format_of(Path::new("a.zip"), b"PK\x03\x04").is_err());
    }
}
