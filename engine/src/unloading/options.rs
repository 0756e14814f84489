//! What a user may say about the files that are written, checked once.

use std::path::Path;

use super::formats::CsvStyle;
use crate::secrets::hide_passwords;
use crate::sql::{Codec, PartitionField, UnloadOptions, WrittenFormat};
use crate::{Error, Result};

/// Checked options of a COPY INTO 'path'.
#[derive(Debug, Clone)]
pub(super) struct UnloadingOptions {
    /// What the files are to be.
    pub(super) format: WrittenFormat,
    /// How they are compressed.
    pub(super) codec: Codec,
    /// The folder levels, outermost first; empty for one file.
    pub(super) partition_by: Vec<PartitionField>,
    /// Whether what is there makes way.
    pub(super) overwrite: bool,
    /// Whether a checksum is written beside.
    pub(super) checksum: bool,
    /// How CSV is written.
    pub(super) csv: CsvStyle,
}

impl UnloadingOptions {
    /// Checks what was typed, for the file or folder `target`.
    ///
    /// # Errors
    /// A format that is neither said nor named, a compression that the format does not have, an
    /// option of another format.
    pub(super) fn checked(typed: &UnloadOptions, target: &str) -> Result<Self> {
        let named = Named::of(target);
        let format = match typed.format.or(named.format) {
            Some(format) => format,
            None => return Err(unnamed(target, !typed.partition_by.is_empty())),
        };
        check_options(typed, format)?;
        for field in &typed.partition_by {
            check_partition_name(&field.name)?;
        }
        Ok(UnloadingOptions {
            format,
            codec: codec_of(typed, named.codec, format)?,
            partition_by: typed.partition_by.clone(),
            overwrite: typed.overwrite,
            checksum: typed.checksum,
            csv: CsvStyle::checked(typed, format)?,
        })
    }

    /// Whether the target is a folder of files, one or more per partition.
    pub(super) fn is_folder(&self) -> bool {
        !self.partition_by.is_empty()
    }
}

/// What the end of a name says.
struct Named {
    format: Option<WrittenFormat>,
    codec: Option<Codec>,
}

impl Named {
    fn of(target: &str) -> Self {
        let name = Path::new(target).file_name().unwrap_or_default();
        let name = name.to_string_lossy().to_lowercase();
        let split = |name: &str| {
            let (rest, extension) = name.rsplit_once('.')?;
            Some((rest.to_owned(), extension.to_owned()))
        };
        let (codec, name) = match split(&name) {
            Some((rest, extension)) => match extension.as_str() {
                "gz" => (Some(Codec::Gzip), rest),
                "zst" => (Some(Codec::Zstd), rest),
                "bz2" => (Some(Codec::Bzip2), rest),
                "xz" => (Some(Codec::Xz), rest),
                _ => (None, name),
            },
            None => (None, name),
        };
        let format = split(&name).and_then(|(_, extension)| WrittenFormat::from_word(&extension));
        Named { format, codec }
    }
}

fn unnamed(target: &str, folder: bool) -> Error {
    let workbook = [".xlsx", ".xls", ".ods"].iter();
    let mut workbook = workbook.filter(|end| target.to_lowercase().ends_with(**end));
    if let Some(end) = workbook.next() {
        return Error::input(format!("{end} files cannot be written"))
            .hint("write .csv, which every spreadsheet opens");
    }
    let what = if folder { "folder" } else { "file" };
    let target = hide_passwords(target);
    Error::input(format!("'{target}' does not say what the {what} is to be")).hint(format!(
        "say FORMAT {}, or end the name so",
        WrittenFormat::WORDS.join(", ")
    ))
}

/// Refuses options that mean nothing for a format.
fn check_options(typed: &UnloadOptions, format: WrittenFormat) -> Result<()> {
    const OF_CSV: [&str; 5] = ["DELIMITER", "HEADER", "QUOTE", "ESCAPE", "NULL"];
    if matches!(format, WrittenFormat::Csv | WrittenFormat::Tsv) {
        return Ok(());
    }
    let given = typed.given().into_iter();
    match given
        .map(|(name, _)| name)
        .find(|name| OF_CSV.contains(name))
    {
        None => Ok(()),
        Some(name) => Err(
            Error::input(format!("{name} means nothing for {format} files"))
                .hint("it belongs to csv, tsv; leave it out, or say what the file is with FORMAT"),
        ),
    }
}

/// What was said, else what the name says, else what suits the format.
fn codec_of(typed: &UnloadOptions, named: Option<Codec>, format: WrittenFormat) -> Result<Codec> {
    let known = codecs(format);
    if let (Some(codec), false) = (named, is_text(format)) {
        return Err(Error::input(format!(
            "a {format} file is not compressed with {codec} as a whole"
        ))
        .hint(format!(
            "take the end off the name; inside it can have COMPRESSION {}",
            words(known)
        )));
    }
    match typed.compression.or(named) {
        None => Ok(known[0]),
        Some(codec) if known.contains(&codec) => Ok(codec),
        Some(codec) => Err(
            Error::input(format!("{format} files are not compressed with {codec}"))
                .hint(format!("COMPRESSION can be {}", words(known))),
        ),
    }
}

/// The compressions that a format has, its usual one first.
fn codecs(format: WrittenFormat) -> &'static [Codec] {
    match format {
        WrittenFormat::Csv | WrittenFormat::Tsv | WrittenFormat::Ndjson | WrittenFormat::Json => &[
            Codec::None,
            Codec::Gzip,
            Codec::Zstd,
            Codec::Bzip2,
            Codec::Xz,
        ],
        WrittenFormat::Parquet => &[
            Codec::Zstd,
            Codec::Snappy,
            Codec::Gzip,
            Codec::Lz4,
            Codec::None,
        ],
        // Every reader must know deflate, and no other; the rest it may know.
        WrittenFormat::Avro => &[
            Codec::Gzip,
            Codec::Zstd,
            Codec::Snappy,
            Codec::Bzip2,
            Codec::Xz,
            Codec::None,
        ],
        WrittenFormat::Orc => &[
            Codec::Zstd,
            Codec::Gzip,
            Codec::Snappy,
            Codec::Lz4,
            Codec::None,
        ],
        WrittenFormat::Arrow => &[Codec::Lz4, Codec::Zstd, Codec::None],
    }
}

pub(super) fn is_text(format: WrittenFormat) -> bool {
    matches!(
        format,
        WrittenFormat::Csv | WrittenFormat::Tsv | WrittenFormat::Ndjson | WrittenFormat::Json
    )
}

fn words(codecs: &[Codec]) -> String {
    let words: Vec<_> = codecs.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// The name stands in the names of folders, where readers pass over some and cut others.
fn check_partition_name(name: &str) -> Result<()> {
    let cuts = |letter: char| "/\\=%".contains(letter) || letter.is_control();
    if name.is_empty() || name.starts_with(['.', '_']) || name.contains(cuts) {
        return Err(Error::input(format!(
            "the partition column `{name}` cannot stand in the name of a folder"
        ))
        .hint("give it a plain name: PARTITION_BY (column AS name)"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn checked(target: &str, set: impl Fn(&mut UnloadOptions)) -> Result<(WrittenFormat, Codec)> {
        let mut typed = UnloadOptions::default();
        set(&mut typed);
        let options = UnloadingOptions::checked(&typed, target)?;
        Ok((options.format, options.codec))
    }

    #[test]
    fn the_name_says_what_the_file_is_to_be() {
        use Codec::{Bzip2, Gzip, Lz4, None, Zstd};
        use WrittenFormat::{Arrow, Avro, Csv, Json, Ndjson, Orc, Parquet, Tsv};
        for (name, expected) in [
            ("a.csv", (Csv, None)),
            ("out/A.CSV.GZ", (Csv, Gzip)),
            ("a.tsv.zst", (Tsv, Zstd)),
            ("a.jsonl.bz2", (Ndjson, Bzip2)),
            ("v1.2/a.json", (Json, None)),
            ("a.parquet", (Parquet, Zstd)),
            ("a.avro", (Avro, Gzip)),
            ("a.orc", (Orc, Zstd)),
            ("s3://bucket/a.feather", (Arrow, Lz4)),
        ] {
            assert_eq!(checked(name, |_| {}).unwrap(), expected, "{name}");
        }
        for name in ["a", "a.txt", "v1.csv/a", "a.gz", "a.parquet.gz", "a.xlsx"] {
            assert!(checked(name, |_| {}).is_err(), "{name}");
        }
    }

    #[test]
    fn options_override_the_name_and_belong_to_their_format() {
        let said = |options: &mut UnloadOptions| {
            options.format = Some(WrittenFormat::Csv);
            options.compression = Some(Codec::Xz);
        };
        let expected = (WrittenFormat::Csv, Codec::Xz);
        assert_eq!(checked("a.json.gz", said).unwrap(), expected);
        let error = checked("a.csv", |options| options.compression = Some(Codec::Lz4));
        let hint = "COMPRESSION can be none, gzip, zstd, bzip2, xz";
        assert_eq!(error.unwrap_err().get_hint(), Some(hint));
        let error = checked("a.json", |options| options.header = Some(true));
        let message = "HEADER means nothing for json files";
        assert_eq!(error.unwrap_err().message(), message);
    }

    #[test]
    fn partition_columns_have_names_that_folders_can_have() {
        for name in ["a/b", "_a", ".a", "a=b", "50%", ""] {
            assert!(check_partition_name(name).is_err(), "{name}");
        }
        assert!(check_partition_name("größe 2").is_ok());
    }
}
