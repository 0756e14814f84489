//! The one list of options: what each is called, which formats it is for, how its value is read and
//! shown.

use datafusion::sql::sqlparser::parser::{Parser, ParserError};

use super::super::{Compression, Encoding, FileFormat, Names};
use super::FileOptions;
use super::values::{literal, parse_choice, parse_columns, parse_texts, show_columns, show_text};

/// An option, declared once.
pub(super) struct FileOption {
    /// Its name in COPY INTO.
    pub(super) name: &'static str,
    /// The formats that it means something for.
    pub(super) formats: &'static [FileFormat],
    /// Reads its value.
    pub(super) parse: fn(&mut FileOptions, &mut Parser) -> Result<(), ParserError>,
    /// Writes its value, if one was given.
    pub(super) show: fn(&FileOptions) -> Option<String>,
}

const ALL: &[FileFormat] = &[
    FileFormat::Csv,
    FileFormat::Tsv,
    FileFormat::Json,
    FileFormat::Parquet,
    FileFormat::Avro,
    FileFormat::Orc,
    FileFormat::Arrow,
    FileFormat::Excel,
];
const CSV: &[FileFormat] = &[FileFormat::Csv, FileFormat::Tsv];
const CSV_AND_EXCEL: &[FileFormat] = &[FileFormat::Csv, FileFormat::Tsv, FileFormat::Excel];
const CSV_AND_JSON: &[FileFormat] = &[FileFormat::Csv, FileFormat::Tsv, FileFormat::Json];
const EXCEL: &[FileFormat] = &[FileFormat::Excel];

/// All options of reading.
pub(super) const FILE_OPTIONS: [FileOption; 14] = [
    FileOption {
        name: "FORMAT",
        formats: ALL,
        parse: |options, parser| {
            let word = parse_choice(parser, FileFormat::WORDS)?;
            options.format = FileFormat::from_word(&word);
            Ok(())
        },
        show: |options| options.format.map(|format| format.to_string()),
    },
    FileOption {
        name: "COLUMNS",
        formats: ALL,
        parse: |options, parser| {
            options.columns = parse_columns(parser)?;
            Ok(())
        },
        show: |options| show_columns(&options.columns),
    },
    FileOption {
        name: "NAMES",
        formats: ALL,
        parse: |options, parser| {
            options.names = Names::from_word(&parse_choice(parser, Names::WORDS)?);
            Ok(())
        },
        show: |options| options.names.map(|names| names.to_string()),
    },
    FileOption {
        name: "DELIMITER",
        formats: CSV,
        parse: |options, parser| {
            options.delimiter = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| show_text(&options.delimiter),
    },
    FileOption {
        name: "HEADER",
        formats: CSV_AND_EXCEL,
        parse: |options, parser| {
            options.header = Some(parse_choice(parser, &["true", "false"])? == "true");
            Ok(())
        },
        show: |options| options.header.map(|header| header.to_string()),
    },
    FileOption {
        name: "QUOTE",
        formats: CSV,
        parse: |options, parser| {
            options.quote = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| show_text(&options.quote),
    },
    FileOption {
        name: "ESCAPE",
        formats: CSV,
        parse: |options, parser| {
            options.escape = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| show_text(&options.escape),
    },
    FileOption {
        name: "COMMENT",
        formats: CSV,
        parse: |options, parser| {
            options.comment = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| show_text(&options.comment),
    },
    FileOption {
        name: "SKIP",
        formats: CSV_AND_EXCEL,
        parse: |options, parser| {
            options.skip = Some(parser.parse_literal_uint()?);
            Ok(())
        },
        show: |options| options.skip.map(|lines| lines.to_string()),
    },
    FileOption {
        name: "ENCODING",
        formats: CSV,
        parse: |options, parser| {
            options.encoding = Encoding::from_word(&parse_choice(parser, Encoding::WORDS)?);
            Ok(())
        },
        show: |options| options.encoding.map(|encoding| format!("'{encoding}'")),
    },
    FileOption {
        name: "NULL",
        formats: CSV,
        parse: |options, parser| {
            options.null = parse_texts(parser)?;
            Ok(())
        },
        show: |options| {
            let texts: Vec<_> = options.null.iter().map(|text| literal(text)).collect();
            (!texts.is_empty()).then(|| format!("({})", texts.join(", ")))
        },
    },
    FileOption {
        name: "DATE_FORMAT",
        formats: CSV,
        parse: |options, parser| {
            options.date_format = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| show_text(&options.date_format),
    },
    FileOption {
        name: "COMPRESSION",
        formats: CSV_AND_JSON,
        parse: |options, parser| {
            let word = parse_choice(parser, Compression::WORDS)?;
            options.compression = Compression::from_word(&word);
            Ok(())
        },
        show: |options| {
            options
                .compression
                .map(|compression| compression.to_string())
        },
    },
    FileOption {
        name: "SHEET",
        formats: EXCEL,
        parse: |options, parser| {
            options.sheet = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| show_text(&options.sheet),
    },
];
