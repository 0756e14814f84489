//! The one list of options: what each is called, which formats it is for, how its value is read and
//! shown.

use super::super::declared_option::DeclaredOption;
use super::super::{Compression, Encoding, FileFormat, Names};
use super::FileOptions;
use super::values::{literal, parse_choice, parse_columns, parse_texts, show_columns, show_text};

/// An option of reading files.
pub(super) struct FileOption {
    /// What all options have.
    pub(super) option: DeclaredOption<FileOptions>,
    /// The formats that it means something for.
    pub(super) formats: &'static [FileFormat],
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
        formats: ALL,
        option: DeclaredOption {
            name: "FORMAT",
            parse: |options, parser| {
                let word = parse_choice(parser, FileFormat::WORDS)?;
                options.format = FileFormat::from_word(&word);
                Ok(())
            },
            show: |options| options.format.map(|format| format.to_string()),
        },
    },
    FileOption {
        formats: ALL,
        option: DeclaredOption {
            name: "COLUMNS",
            parse: |options, parser| {
                options.columns = parse_columns(parser)?;
                Ok(())
            },
            show: |options| show_columns(&options.columns),
        },
    },
    FileOption {
        formats: ALL,
        option: DeclaredOption {
            name: "NAMES",
            parse: |options, parser| {
                options.names = Names::from_word(&parse_choice(parser, Names::WORDS)?);
                Ok(())
            },
            show: |options| options.names.map(|names| names.to_string()),
        },
    },
    FileOption {
        formats: CSV,
        option: DeclaredOption {
            name: "DELIMITER",
            parse: |options, parser| {
                options.delimiter = Some(parser.parse_literal_string()?);
                Ok(())
            },
            show: |options| show_text(&options.delimiter),
        },
    },
    FileOption {
        formats: CSV_AND_EXCEL,
        option: DeclaredOption {
            name: "HEADER",
            parse: |options, parser| {
                options.header = Some(parse_choice(parser, &["true", "false"])? == "true");
                Ok(())
            },
            show: |options| options.header.map(|header| header.to_string()),
        },
    },
    FileOption {
        formats: CSV,
        option: DeclaredOption {
            name: "QUOTE",
            parse: |options, parser| {
                options.quote = Some(parser.parse_literal_string()?);
                Ok(())
            },
            show: |options| show_text(&options.quote),
        },
    },
    FileOption {
        formats: CSV,
        option: DeclaredOption {
            name: "ESCAPE",
            parse: |options, parser| {
                options.escape = Some(parser.parse_literal_string()?);
                Ok(())
            },
            show: |options| show_text(&options.escape),
        },
    },
    FileOption {
        formats: CSV,
        option: DeclaredOption {
            name: "COMMENT",
            parse: |options, parser| {
                options.comment = Some(parser.parse_literal_string()?);
                Ok(())
            },
            show: |options| show_text(&options.comment),
        },
    },
    FileOption {
        formats: CSV_AND_EXCEL,
        option: DeclaredOption {
            name: "SKIP",
            parse: |options, parser| {
                options.skip = Some(parser.parse_literal_uint()?);
                Ok(())
            },
            show: |options| options.skip.map(|lines| lines.to_string()),
        },
    },
    FileOption {
        formats: CSV,
        option: DeclaredOption {
            name: "ENCODING",
            parse: |options, parser| {
                options.encoding = Encoding::from_word(&parse_choice(parser, Encoding::WORDS)?);
                Ok(())
            },
            show: |options| options.encoding.map(|encoding| format!("'{encoding}'")),
        },
    },
    FileOption {
        formats: CSV,
        option: DeclaredOption {
            name: "NULL",
            parse: |options, parser| {
                options.null = parse_texts(parser)?;
                Ok(())
            },
            show: |options| {
                let texts: Vec<_> = options.null.iter().map(|text| literal(text)).collect();
                (!texts.is_empty()).then(|| format!("({})", texts.join(", ")))
            },
        },
    },
    FileOption {
        formats: CSV,
        option: DeclaredOption {
            name: "DATE_FORMAT",
            parse: |options, parser| {
                options.date_format = Some(parser.parse_literal_string()?);
                Ok(())
            },
            show: |options| show_text(&options.date_format),
        },
    },
    FileOption {
        formats: CSV_AND_JSON,
        option: DeclaredOption {
            name: "COMPRESSION",
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
    },
    FileOption {
        formats: EXCEL,
        option: DeclaredOption {
            name: "SHEET",
            parse: |options, parser| {
                options.sheet = Some(parser.parse_literal_string()?);
                Ok(())
            },
            show: |options| show_text(&options.sheet),
        },
    },
];
