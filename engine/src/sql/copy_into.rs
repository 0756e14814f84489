//! `COPY INTO target FROM source (OPTION value, ..)`: the one verb that moves data in or out.
//!
//! ```sql
//! COPY INTO raw.admissions FROM 'data/admissions*.csv'
//!   (FORMAT csv, COLUMNS (billing_amount DECIMAL(20,15)), PARTITION_BY (year(discharge_date)));
//! COPY INTO serving.public.monthly FROM curated.monthly (MODE merge, KEY (year_month, hospital));
//! COPY INTO serving.public.monthly FROM (SELECT * FROM curated.monthly WHERE bills > 1);
//! ```

use std::fmt;

use datafusion::sql::sqlparser::ast::DataType;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::name::{fold, quote};
use super::script::HINT_FOLLOWS;
use super::{Name, PartitionField, Query, closest, expect_word, join};

/// What to copy, where to, and how.
#[derive(Debug, Clone)]
pub struct CopyInto {
    /// A table of a zone, or of a connection.
    pub target: Name,
    /// Where the rows come from.
    pub source: CopySource,
    /// The options as typed; which of them fit depends on the target.
    pub options: CopyOptions,
}

/// Where the rows come from.
#[derive(Debug, Clone)]
pub enum CopySource {
    /// A file or a glob.
    Path(String),
    /// A table or view.
    Relation(Name),
    /// A query in parentheses.
    Query(Query),
}

/// The options of COPY INTO; `None` where nothing was said.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// `FORMAT csv`.
    pub format: Option<String>,
    /// `COLUMNS (name TYPE, ..)`: declared types, by the names that the table will have.
    pub columns: Vec<DeclaredColumn>,
    /// `PARTITION_BY (expr, ..)`.
    pub partition_by: Vec<PartitionField>,
    /// `ON_ERROR abort`.
    pub on_error: Option<String>,
    /// `NAMES snake_case | keep`.
    pub names: Option<String>,
    /// `DELIMITER ';'`.
    pub delimiter: Option<String>,
    /// `HEADER true | false`.
    pub header: Option<bool>,
    /// `MODE append | replace | merge`.
    pub mode: Option<ExportMode>,
    /// `KEY (column, ..)`.
    pub key: Vec<String>,
}

/// A column with the type that the user declares for it.
#[derive(Debug, Clone)]
pub struct DeclaredColumn {
    /// The name that the column has in the table.
    pub name: String,
    /// Its SQL type.
    pub data_type: DataType,
}

/// What an export does with the rows that the target already holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportMode {
    /// Adds the rows.
    Append,
    /// Puts the rows in place of all others.
    Replace,
    /// Updates by key, adds what is new.
    Merge,
}

const OPTIONS: [&str; 9] = [
    "FORMAT",
    "COLUMNS",
    "PARTITION_BY",
    "ON_ERROR",
    "NAMES",
    "DELIMITER",
    "HEADER",
    "MODE",
    "KEY",
];

impl CopyInto {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "COPY")?;
        expect_word(parser, "INTO")?;
        let target = Name::parse(parser)?;
        expect_word(parser, "FROM")?;
        let source = CopySource::parse(parser)?;
        let mut options = CopyOptions::default();
        if parser.consume_token(&Token::LParen) {
            parser.parse_comma_separated(|parser| options.parse_one(parser))?;
            parser.expect_token(&Token::RParen)?;
        }
        Ok(CopyInto {
            target,
            source,
            options,
        })
    }
}

impl CopySource {
    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let token = parser.peek_token();
        match token.token {
            Token::SingleQuotedString(path) => {
                parser.next_token();
                Ok(CopySource::Path(path))
            }
            Token::LParen => {
                parser.next_token();
                let query = Query::parse_nested(parser)?;
                parser.expect_token(&Token::RParen)?;
                Ok(CopySource::Query(query))
            }
            Token::Word(_) => Name::parse(parser).map(CopySource::Relation),
            _ => parser.expected(
                "a path in quotes, a table, or a query in parentheses",
                token,
            ),
        }
    }
}

impl CopyOptions {
    fn parse_one(&mut self, parser: &mut Parser) -> Result<(), ParserError> {
        let token = parser.next_token();
        let Token::Word(word) = &token.token else {
            return parser.expected("an option of COPY INTO", token);
        };
        match word.value.to_uppercase().as_str() {
            "FORMAT" => self.format = Some(parse_choice(parser, &["csv"])?),
            "COLUMNS" => self.columns = parse_columns(parser)?,
            "PARTITION_BY" => self.partition_by = PartitionField::parse_list(parser)?,
            "ON_ERROR" => self.on_error = Some(parse_choice(parser, &["abort"])?),
            "NAMES" => self.names = Some(parse_choice(parser, &["snake_case", "keep"])?),
            "DELIMITER" => self.delimiter = Some(parser.parse_literal_string()?),
            "HEADER" => self.header = Some(parse_choice(parser, &["true", "false"])? == "true"),
            "MODE" => self.mode = Some(ExportMode::parse(parser)?),
            "KEY" => {
                let key = parser.parse_parenthesized_column_list(
                    datafusion::sql::sqlparser::parser::IsOptional::Mandatory,
                    false,
                )?;
                self.key = key.iter().map(fold).collect();
            }
            other => return unknown_option(parser, other, token),
        }
        Ok(())
    }
}

impl ExportMode {
    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        Ok(
            match parse_choice(parser, &["append", "replace", "merge"])?.as_str() {
                "append" => ExportMode::Append,
                "replace" => ExportMode::Replace,
                _ => ExportMode::Merge,
            },
        )
    }
}

/// One of a few words, case-insensitive, quoted or not.
fn parse_choice(parser: &mut Parser, choices: &[&str]) -> Result<String, ParserError> {
    let token = parser.next_token();
    let typed = match &token.token {
        Token::Word(word) => word.value.to_lowercase(),
        Token::SingleQuotedString(text) => text.to_lowercase(),
        _ => return parser.expected(&choices.join(" or "), token),
    };
    if choices.contains(&typed.as_str()) {
        Ok(typed)
    } else {
        parser.expected(&choices.join(" or "), token)
    }
}

fn parse_columns(parser: &mut Parser) -> Result<Vec<DeclaredColumn>, ParserError> {
    parser.expect_token(&Token::LParen)?;
    let columns = parser.parse_comma_separated(|parser| {
        let name = fold(&parser.parse_identifier()?);
        Ok(DeclaredColumn {
            name,
            data_type: parser.parse_data_type()?,
        })
    })?;
    parser.expect_token(&Token::RParen)?;
    Ok(columns)
}

fn unknown_option<T>(
    parser: &Parser,
    option: &str,
    token: TokenWithSpan,
) -> Result<T, ParserError> {
    let hint = match closest(option, OPTIONS) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the options are {}", OPTIONS.join(", ")),
    };
    parser.expected(
        &format!("an option of COPY INTO{HINT_FOLLOWS}{hint}"),
        token,
    )
}

impl fmt::Display for CopyInto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "COPY INTO {} FROM ", self.target)?;
        match &self.source {
            CopySource::Path(path) => write!(f, "'{}'", path.replace('\'', "''"))?,
            CopySource::Relation(name) => write!(f, "{name}")?,
            CopySource::Query(query) => write!(f, "({query})")?,
        }
        let options = self.options.to_strings();
        if options.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", options.join(", "))
        }
    }
}

impl CopyOptions {
    fn to_strings(&self) -> Vec<String> {
        let mut options = Vec::new();
        let mut word = |name: &str, value: Option<String>| {
            options.extend(value.map(|value| format!("{name} {value}")))
        };
        let list =
            |items: &[String]| (!items.is_empty()).then(|| format!("({})", items.join(", ")));
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|column| format!("{} {}", quote(&column.name), column.data_type))
            .collect();
        let key: Vec<_> = self.key.iter().map(|column| quote(column)).collect();
        let partition_by =
            (!self.partition_by.is_empty()).then(|| format!("({})", join(&self.partition_by)));
        word("FORMAT", self.format.clone());
        word("COLUMNS", list(&columns));
        word("PARTITION_BY", partition_by);
        word("ON_ERROR", self.on_error.clone());
        word("NAMES", self.names.clone());
        word(
            "DELIMITER",
            self.delimiter
                .as_ref()
                .map(|text| format!("'{}'", text.replace('\'', "''"))),
        );
        word("HEADER", self.header.map(|header| header.to_string()));
        word("MODE", self.mode.map(|mode| mode.to_string()));
        word("KEY", list(&key));
        options
    }
}

impl fmt::Display for ExportMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExportMode::Append => "append",
            ExportMode::Replace => "replace",
            ExportMode::Merge => "merge",
        })
    }
}
