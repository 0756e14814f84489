//! What a load does with what the table has already: files, columns and rows.
//!
//! | option | meaning |
//! |---|---|
//! | `ON_CHANGE error`, `replace` or `append` | a file was changed since it was loaded: refuse it (the default), put its new rows in place of its former ones, or add them |
//! | `FORCE` | load files that the table holds already once more |
//! | `ON_DRIFT fail`, `evolve` or `ignore` | the columns of a file are not those of the table: refuse it with the differences (the default), give the table what the file has, or pass over unknown columns; missing ones are NULL |
//! | `DEDUPLICATE` | leave out rows that the table or the load has already |
//! | `DEDUPLICATE (key, ..) KEEP first` or `last` | keep one row per key: the first (the default), or the last in the order of the files, which then takes the place of the table's |
//! | `WATERMARK column` | of a table of a database, load only rows whose column is not below the highest value loaded before |

use datafusion::sql::sqlparser::parser::{IsOptional, Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::declared_option::{self, DeclaredOption};
use super::file_options::parse_choice;
use super::name::{fold, quote};

/// The options as typed; `None` where nothing was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReloadOptions {
    /// What to do with a file that was changed since it was loaded.
    pub on_change: Option<OnChange>,
    /// Whether to load files that the table holds already.
    pub force: bool,
    /// What to do when columns of a file are not those of the table.
    pub on_drift: Option<OnDrift>,
    /// Which rows to leave out because they are there already.
    pub deduplicate: Option<Deduplicate>,
    /// The column that tells which rows of a table of a database are new.
    pub watermark: Option<String>,
}

/// What to do with a file that was changed since it was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnChange {
    /// Refuse it.
    #[default]
    Error,
    /// Put its rows in place of those that it brought before.
    Replace,
    /// Add its rows.
    Append,
}

/// What to do when the columns of a file are not those of the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDrift {
    /// Refuse it, with all differences.
    #[default]
    Fail,
    /// Give the table further columns and wider types.
    Evolve,
    /// Pass over columns that the table does not have; those that are missing are NULL.
    Ignore,
}

/// Which rows count as the same, and which of them stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deduplicate {
    /// The columns that tell; empty for all of them.
    pub key: Vec<String>,
    /// Which one stays.
    pub keep: Keep,
}

/// Which of several rows with one key stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// The first; the table comes before the files.
    #[default]
    First,
    /// The last.
    Last,
}

const RELOAD_OPTIONS: [DeclaredOption<ReloadOptions>; 5] = [
    DeclaredOption {
        name: "ON_CHANGE",
        parse: |options, parser| {
            let word = parse_choice(parser, &["error", "replace", "append"])?;
            options.on_change = Some(match word.as_str() {
                "replace" => OnChange::Replace,
                "append" => OnChange::Append,
                _ => OnChange::Error,
            });
            Ok(())
        },
        show: |options| {
            options.on_change.map(|on_change| {
                match on_change {
                    OnChange::Error => "error",
                    OnChange::Replace => "replace",
                    OnChange::Append => "append",
                }
                .to_owned()
            })
        },
    },
    DeclaredOption {
        name: "FORCE",
        parse: |options, _| {
            options.force = true;
            Ok(())
        },
        show: |options| options.force.then(String::new),
    },
    DeclaredOption {
        name: "ON_DRIFT",
        parse: |options, parser| {
            let word = parse_choice(parser, &["fail", "evolve", "ignore"])?;
            options.on_drift = Some(match word.as_str() {
                "evolve" => OnDrift::Evolve,
                "ignore" => OnDrift::Ignore,
                _ => OnDrift::Fail,
            });
            Ok(())
        },
        show: |options| {
            options.on_drift.map(|on_drift| {
                match on_drift {
                    OnDrift::Fail => "fail",
                    OnDrift::Evolve => "evolve",
                    OnDrift::Ignore => "ignore",
                }
                .to_owned()
            })
        },
    },
    DeclaredOption {
        name: "DEDUPLICATE",
        parse: |options, parser| {
            options.deduplicate = Some(Deduplicate::parse(parser)?);
            Ok(())
        },
        show: |options| options.deduplicate.as_ref().map(Deduplicate::value),
    },
    DeclaredOption {
        name: "WATERMARK",
        parse: |options, parser| {
            options.watermark = Some(fold(&parser.parse_identifier()?));
            Ok(())
        },
        show: |options| options.watermark.as_deref().map(quote),
    },
];

impl ReloadOptions {
    /// The names of all options.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        RELOAD_OPTIONS.iter().map(|option| option.name)
    }

    /// The options that were given, as (name, value) in SQL.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        declared_option::given(RELOAD_OPTIONS.iter(), self)
    }

    /// Reads the value of the option `name`, if there is one of that name.
    pub(super) fn parse_option(
        &mut self,
        name: &str,
        parser: &mut Parser,
    ) -> Result<bool, ParserError> {
        declared_option::parse_option(RELOAD_OPTIONS.iter(), self, name, parser)
    }
}

impl Deduplicate {
    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let key = parser.parse_parenthesized_column_list(IsOptional::Optional, false)?;
        let keep = match parser.peek_token().token {
            Token::Word(word) if !key.is_empty() && word.value.eq_ignore_ascii_case("KEEP") => {
                parser.next_token();
                match parse_choice(parser, &["first", "last"])?.as_str() {
                    "last" => Keep::Last,
                    _ => Keep::First,
                }
            }
            _ => Keep::First,
        };
        Ok(Deduplicate {
            key: key.iter().map(fold).collect(),
            keep,
        })
    }

    fn value(&self) -> String {
        if self.key.is_empty() {
            return String::new();
        }
        let key: Vec<_> = self.key.iter().map(|column| quote(column)).collect();
        let keep = match self.keep {
            Keep::First => "first",
            Keep::Last => "last",
        };
        format!("({}) KEEP {keep}", key.join(", "))
    }
}
