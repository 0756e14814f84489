//! How files are read, as users say it: each option declared once, in two spellings.
//!
//! ```sql
//! COPY INTO raw.t FROM 'data/*.txt' (FORMAT csv, DELIMITER ';', NULL ('NA', '-'));
//! SELECT * FROM read_csv('data/*.txt', delimiter => ';', null => ('NA', '-'));
//! ```
//!
//! | option | meaning | for |
//! |---|---|---|
//! | `FORMAT csv` | what the files are, whatever their names say | all |
//! | `COLUMNS (name TYPE, ..)` | declared types, by the names in the table; after `=>` as text: `'name TYPE, ..'` | all |
//! | `NAMES snake_case` or `keep` | what becomes of the names of columns | all |
//! | `DELIMITER ';'` | what stands between two fields, one ASCII character; `'\t'` is a tab | CSV |
//! | `HEADER true` or `false` | whether the first row holds the names | CSV, Excel |
//! | `QUOTE '"'` | what a value may be enclosed in; `''` is nothing | CSV |
//! | `ESCAPE '\'` | what makes a quote a plain character | CSV |
//! | `COMMENT '#'` | lines that start with it are passed over | CSV |
//! | `SKIP 3` | lines before the header | CSV, Excel |
//! | `ENCODING 'latin-1'` | how the text is encoded | CSV |
//! | `NULL 'NA'` or `('NA', '-')` | texts that mean NULL too | CSV |
//! | `DATE_FORMAT 'DD-MM-YYYY'` | how dates are written that are not ISO dates | CSV |
//! | `COMPRESSION gzip` | how the files are compressed, whatever their names say | CSV, JSON |
//! | `SHEET 'name'` | the sheet of a workbook; the first unless said | Excel |

mod declared;
mod values;

use datafusion::sql::sqlparser::ast::{DataType, Expr, FunctionArg, FunctionArgExpr, Spanned};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

pub(crate) use values::literal;
pub(super) use values::parse_choice;

use declared::{FILE_OPTIONS, FileOption};

use super::declared_option::{self, DeclaredOption};
use super::script::parser_error;
use super::{Compression, Encoding, FileFormat, Names, TideDialect, closest, place_of};
use crate::{Error, Result};

/// The options as typed; `None` or empty where nothing was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// What the files are.
    pub format: Option<FileFormat>,
    /// Declared types, by the names that the table will have.
    pub columns: Vec<DeclaredColumn>,
    /// What becomes of the names of columns.
    pub names: Option<Names>,
    /// What stands between two fields.
    pub delimiter: Option<String>,
    /// Whether the first row holds the names.
    pub header: Option<bool>,
    /// What a value may be enclosed in; empty for nothing.
    pub quote: Option<String>,
    /// What makes a quote a plain character.
    pub escape: Option<String>,
    /// What a line that is passed over starts with.
    pub comment: Option<String>,
    /// Lines before the header.
    pub skip: Option<u64>,
    /// How the text is encoded.
    pub encoding: Option<Encoding>,
    /// Texts that mean NULL.
    pub null: Vec<String>,
    /// How dates are written, such as `DD-MM-YYYY`.
    pub date_format: Option<String>,
    /// How the files are compressed.
    pub compression: Option<Compression>,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
}

/// A column with the type that the user declares for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredColumn {
    /// The name that the column has in the table.
    pub name: String,
    /// Its SQL type.
    pub data_type: DataType,
}

fn declared() -> impl Iterator<Item = &'static DeclaredOption<FileOptions>> + Clone {
    FILE_OPTIONS.iter().map(|file| &file.option)
}

impl FileOptions {
    /// The names of all options.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        declared().map(|option| option.name)
    }

    /// Reads the value of the option `name`, if there is one of that name.
    pub(super) fn parse_option(
        &mut self,
        name: &str,
        parser: &mut Parser,
    ) -> Result<bool, ParserError> {
        declared_option::parse_option(declared(), self, name, parser)
    }

    /// Reads the arguments `name => value` of the relation function `function`.
    ///
    /// # Errors
    /// An argument without a name, an unknown option, a value that it cannot take; with its place.
    pub fn from_arguments<'a>(
        function: &str,
        arguments: impl IntoIterator<Item = &'a FunctionArg>,
    ) -> Result<Self> {
        let mut options = FileOptions::default();
        for argument in arguments {
            options
                .read_argument(function, argument)
                .map_err(|error| error.place(place_of(argument.span())))?;
        }
        Ok(options)
    }

    /// The options that were given, as (name, value) in SQL.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        declared_option::given(declared(), self)
    }

    /// Refuses what was given and means nothing for files of a format.
    ///
    /// # Errors
    /// The first such option.
    pub fn check_for(&self, format: FileFormat) -> Result<()> {
        let foreign = FILE_OPTIONS.iter().find(|FileOption { option, formats }| {
            (option.show)(self).is_some() && !formats.contains(&format)
        });
        let Some(FileOption { option, formats }) = foreign else {
            return Ok(());
        };
        let formats: Vec<_> = formats.iter().map(ToString::to_string).collect();
        Err(
            Error::input(format!("{} means nothing for {format} files", option.name)).hint(
                format!(
                    "it belongs to {}; leave it out, or say what the files are with FORMAT",
                    formats.join(", ")
                ),
            ),
        )
    }

    fn read_argument(&mut self, function: &str, argument: &FunctionArg) -> Result<()> {
        let (name, value) = match argument {
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(value),
                ..
            } => (name, value),
            FunctionArg::ExprNamed {
                name: Expr::Identifier(name),
                arg: FunctionArgExpr::Expr(value),
                ..
            } => (name, value),
            other => {
                return Err(
                    Error::input(format!("{function}: cannot read the argument {other}")).hint(
                        format!(
                            "write {function}('path', name => value, ..): {}",
                            Self::listed()
                        ),
                    ),
                );
            }
        };
        let value = value.to_string();
        let mut parser = Parser::new(&TideDialect)
            .try_with_sql(&value)
            .map_err(without_place)?;
        let known = self
            .parse_option(&name.value, &mut parser)
            .and_then(|known| match parser.peek_token().token {
                Token::EOF => Ok(known),
                _ if !known => Ok(false),
                _ => parser.expected("a constant", parser.peek_token()),
            })
            .map_err(without_place)?;
        if known {
            return Ok(());
        }
        let error = Error::input(format!("{function}: there is no option `{name}`"));
        Err(match closest(&name.value, Self::names()) {
            Some(near) => error.hint(format!("did you mean `{}`?", near.to_lowercase())),
            None => error.hint(format!("the options are {}", Self::listed())),
        })
    }

    fn listed() -> String {
        Self::names()
            .map(str::to_lowercase)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// The place that the parser names is one in the value alone.
fn without_place(error: ParserError) -> Error {
    parser_error(error).map_place(|_| None)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parsed(options: &str) -> Result<FileOptions, ParserError> {
        let mut parser = Parser::new(&TideDialect).try_with_sql(options).unwrap();
        let mut parsed = FileOptions::default();
        parser.parse_comma_separated(|parser| {
            let name = parser.parse_identifier()?.value;
            match parsed.parse_option(&name, parser)? {
                true => Ok(()),
                false => parser.expected("an option", parser.peek_token()),
            }
        })?;
        Ok(parsed)
    }

    fn shown(options: &FileOptions) -> String {
        let given: Vec<_> = options
            .given()
            .into_iter()
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        given.join(", ")
    }

    const EVERY_OPTION: &str = r#"FORMAT csv, COLUMNS (bill DECIMAL(12,2), "Odd Name" TEXT), NAMES keep, DELIMITER ';', HEADER false, QUOTE '''', ESCAPE '\', COMMENT '#', SKIP 3, ENCODING 'latin-1', NULL ('NA', '-'), DATE_FORMAT 'DD-MM-YYYY', COMPRESSION zstd, SHEET 'May'"#;

    #[test]
    fn every_option_is_shown_as_it_was_written() {
        let options = parsed(EVERY_OPTION).unwrap();
        assert_eq!(shown(&options), EVERY_OPTION);
        assert_eq!(options.given().len(), FILE_OPTIONS.len());
    }

    #[test]
    fn arguments_of_a_function_say_the_same() {
        let call = r#"SELECT * FROM read_csv('f', format => 'csv', columns => 'bill DECIMAL(12,2), "Odd Name" TEXT', names => keep, delimiter => ';', header => false, quote => '''', escape => '\', comment => '#', skip => 3, encoding => 'latin1', null => ('NA', '-'), date_format => 'DD-MM-YYYY', compression => 'zst', sheet => 'May')"#;
        let query = Parser::new(&TideDialect)
            .try_with_sql(call)
            .unwrap()
            .parse_query()
            .unwrap();
        let select = query.body.as_select().unwrap();
        let datafusion::sql::sqlparser::ast::TableFactor::Table {
            args: Some(arguments),
            ..
        } = &select.from[0].relation
        else {
            unreachable!()
        };
        let options = FileOptions::from_arguments("read_csv", &arguments.args[1..]).unwrap();
        assert_eq!(shown(&options), EVERY_OPTION);
    }

    #[test]
    fn an_option_given_twice_is_refused() {
        let error = parsed("SKIP 1, SKIP 2").unwrap_err().to_string();
        assert!(error.contains("SKIP only once"), "{error}");
    }

    #[test]
    fn an_option_of_another_format_is_refused() {
        let options = parsed("SHEET 'May'").unwrap();
        let error = options.check_for(FileFormat::Csv).unwrap_err();
        assert_eq!(error.message(), "SHEET means nothing for csv files");
        assert!(options.check_for(FileFormat::Excel).is_ok());
    }
}
