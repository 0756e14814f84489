//! `COPY INTO 'path' FROM source (OPTION value, ..)`: rows leave the warehouse as files.
//!
//! ```sql
//! COPY INTO 'out/city_report.parquet' FROM curated.city_report;
//! COPY INTO 'out/bills.csv.gz' FROM (SELECT * FROM raw.bills ORDER BY id) (DELIMITER ';', OVERWRITE, CHECKSUM);
//! COPY INTO 's3://bucket/bills' FROM raw.bills (FORMAT parquet, PARTITION_BY (year(day)));
//! ```
//!
//! | option | meaning | for |
//! |---|---|---|
//! | `FORMAT csv` | `csv`, `tsv`, `ndjson`, `json`, `parquet`, `avro`, `orc` or `arrow`; as the name ends unless said | all |
//! | `COMPRESSION zstd` | how the file, or what is in it, is compressed; as the name ends unless said | all |
//! | `PARTITION_BY (year(day), ..)` | a folder with one folder per value, named as Hive does | all |
//! | `OVERWRITE` | put the file, or the files of a former delivery, in place of what is there | all |
//! | `CHECKSUM` | write a `.sha256` beside it, for `sha256sum -c` | all |
//! | `DELIMITER ';'` | what stands between two fields | CSV |
//! | `HEADER true` or `false` | whether the first row holds the names | CSV |
//! | `QUOTE '"'` | what a value may be enclosed in; `''` is nothing | CSV |
//! | `ESCAPE '\'` | what makes a quote a plain character | CSV |
//! | `NULL 'NA'` | what NULL is written as; nothing at all unless said | CSV |

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Span, Token};

use super::copy_into::CopySource;
use super::declared_option::{self, DeclaredOption};
use super::file_options::{literal, parse_choice};
use super::{Codec, PartitionField, WrittenFormat, expect_word, join, place_of, unsupported};
use crate::{Error, Place};

/// Rows to write to files.
#[derive(Debug, Clone)]
pub struct Unload {
    /// A path or URL.
    pub target: String,
    /// Where it stands in the script.
    pub place: Place,
    /// Where the rows come from.
    pub source: CopySource,
    /// The options as typed.
    pub options: UnloadOptions,
}

/// The options as typed; `None` where nothing was said.
#[derive(Debug, Clone, Default)]
pub struct UnloadOptions {
    /// What the files are to be.
    pub format: Option<WrittenFormat>,
    /// How they are compressed.
    pub compression: Option<Codec>,
    /// The folder levels, outermost first; empty for one file.
    pub partition_by: Vec<PartitionField>,
    /// Whether what is there makes way.
    pub overwrite: bool,
    /// Whether a checksum is written beside.
    pub checksum: bool,
    /// What stands between two fields.
    pub delimiter: Option<String>,
    /// Whether the first row holds the names.
    pub header: Option<bool>,
    /// What a value may be enclosed in; empty for nothing.
    pub quote: Option<String>,
    /// What makes a quote a plain character.
    pub escape: Option<String>,
    /// What NULL is written as.
    pub null: Option<String>,
}

const UNLOAD_OPTIONS: [DeclaredOption<UnloadOptions>; 10] = [
    DeclaredOption {
        name: "FORMAT",
        parse: |options, parser| {
            let word = parse_choice(parser, WrittenFormat::WORDS)?;
            options.format = WrittenFormat::from_word(&word);
            Ok(())
        },
        show: |options| options.format.map(|format| format.to_string()),
    },
    DeclaredOption {
        name: "COMPRESSION",
        parse: |options, parser| {
            options.compression = Codec::from_word(&parse_choice(parser, Codec::WORDS)?);
            Ok(())
        },
        show: |options| options.compression.map(|codec| codec.to_string()),
    },
    DeclaredOption {
        name: "PARTITION_BY",
        parse: |options, parser| {
            options.partition_by = PartitionField::parse_list(parser)?;
            Ok(())
        },
        show: |options| {
            let fields = &options.partition_by;
            (!fields.is_empty()).then(|| format!("({})", join(fields)))
        },
    },
    DeclaredOption {
        name: "OVERWRITE",
        parse: |options, _| {
            options.overwrite = true;
            Ok(())
        },
        show: |options| options.overwrite.then(String::new),
    },
    DeclaredOption {
        name: "CHECKSUM",
        parse: |options, _| {
            options.checksum = true;
            Ok(())
        },
        show: |options| options.checksum.then(String::new),
    },
    DeclaredOption {
        name: "DELIMITER",
        parse: |options, parser| {
            options.delimiter = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| options.delimiter.as_deref().map(literal),
    },
    DeclaredOption {
        name: "HEADER",
        parse: |options, parser| {
            options.header = Some(parse_choice(parser, &["true", "false"])? == "true");
            Ok(())
        },
        show: |options| options.header.map(|header| header.to_string()),
    },
    DeclaredOption {
        name: "QUOTE",
        parse: |options, parser| {
            options.quote = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| options.quote.as_deref().map(literal),
    },
    DeclaredOption {
        name: "ESCAPE",
        parse: |options, parser| {
            options.escape = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| options.escape.as_deref().map(literal),
    },
    DeclaredOption {
        name: "NULL",
        parse: |options, parser| {
            options.null = Some(parser.parse_literal_string()?);
            Ok(())
        },
        show: |options| options.null.as_deref().map(literal),
    },
];

impl Unload {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "COPY")?;
        expect_word(parser, "INTO")?;
        let place = place_of(parser.peek_token().span);
        let target = parser.parse_literal_string()?;
        expect_word(parser, "FROM")?;
        Ok(Unload {
            target,
            place,
            source: CopySource::parse(parser)?,
            options: UnloadOptions::parse(parser)?,
        })
    }

    /// Gives an error the place of the target.
    pub fn locate(&self, error: Error) -> Error {
        error.map_place(|place| place.or(Some(self.place.clone())))
    }
}

/// What to say to `COPY .. TO ..`.
pub(super) fn refuse_copy_to(span: Span) -> Error {
    unsupported("this form of COPY", span)
        .hint("write COPY INTO 'path' FROM table, or FROM (SELECT ..), with options in parentheses")
}

/// What to say to `EXPLAIN COPY INTO 'path' ..`.
pub(super) fn refuse_explain(span: Span) -> Error {
    unsupported("EXPLAIN of a COPY INTO files", span)
        .hint("EXPLAIN the query alone; DESCRIBE shows the types of its columns")
}

impl UnloadOptions {
    /// The names of all options.
    pub fn names() -> impl Iterator<Item = &'static str> {
        UNLOAD_OPTIONS.iter().map(|option| option.name)
    }

    /// The options that were given, as (name, value) in SQL.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        declared_option::given(UNLOAD_OPTIONS.iter(), self)
    }

    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let mut options = UnloadOptions::default();
        declared_option::parse_list(parser, |parser| options.parse_one(parser))?;
        Ok(options)
    }

    fn parse_one(&mut self, parser: &mut Parser) -> Result<(), ParserError> {
        const EXPECTED: &str = "an option of COPY INTO a file";
        let token = parser.next_token();
        let Token::Word(word) = &token.token else {
            return parser.expected(EXPECTED, token);
        };
        if declared_option::parse_option(UNLOAD_OPTIONS.iter(), self, &word.value, parser)? {
            return Ok(());
        }
        let names: Vec<_> = Self::names().collect();
        declared_option::unknown(parser, EXPECTED, &names, token)
    }
}

impl fmt::Display for Unload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "COPY INTO {} FROM {}",
            literal(&self.target),
            self.source
        )?;
        declared_option::write_list(f, self.options.given())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::sql::{Parameters, Script, Statement};

    #[test]
    fn statements_are_shown_as_they_were_written() {
        for text in [
            "COPY INTO 'out.csv' FROM raw.t",
            "COPY INTO 'it''s.csv' FROM (SELECT 1 AS a) (HEADER false, NULL 'NA')",
            "COPY INTO 's3://b/out' FROM 'in.csv' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (year(day) AS year, place), OVERWRITE, CHECKSUM)",
            r#"COPY INTO 'o.txt' FROM ('a.csv', 'b.csv') (FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\')"#,
        ] {
            let statements = Script::inline(text).parse(&Parameters::new()).unwrap();
            let Statement::Unload(unload) = &statements[0].statement else {
                panic!("{:?}", statements[0].statement);
            };
            assert_eq!(unload.to_string(), text);
        }
    }

    #[test]
    fn every_option_is_documented() {
        let page = include_str!("unload.rs");
        for option in &UNLOAD_OPTIONS {
            assert!(page.contains(&format!("//! | `{}", option.name)));
        }
    }

    #[test]
    fn what_only_landing_knows_is_no_option() {
        let parse = |text| Script::inline(text).parse(&Parameters::new());
        let error = parse("COPY INTO 'a.csv' FROM raw.t (MODE append)").unwrap_err();
        assert!(error.get_hint().unwrap().starts_with("the options are"));
        let error = parse("COPY INTO 'a.csv' FROM raw.t (OVERWRTE)").unwrap_err();
        assert_eq!(error.get_hint(), Some("did you mean OVERWRITE?"));
    }
}
