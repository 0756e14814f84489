//! What an export to a table of a database does with what the table has, and what the table is to
//! have afterwards.
//!
//! | option | meaning |
//! |---|---|
//! | `MODE append`, `replace` or `merge` | add the rows (the default), put them in place of all others, or update by key and add what is new |
//! | `KEY (column, ..)` | the columns that identify a row for `merge`; unless said, the primary key of the table |
//! | `DELETE_WHERE (condition)` | with `MODE replace`: only rows that meet the condition make way, and every new row must meet it |
//! | `ON_SCHEMA_CHANGE fail`, `add` or `ignore` | of columns that the table does not have: report all differences (the default), give them to the table, which also widens types where a value needs it, or leave them out |
//! | `NUL error` or `strip` | a text holds the character NUL, which no database stores: refuse its row (the default), or take it out |
//! | `VERIFY` | read the written rows back before the commit, and compare their number and checksum |
//! | `GRANT (SELECT TO role, ..)` | rights that roles are to have |
//! | `INDEX (column, ..)` | an index that the table is to have; may stand several times |
//! | `OWNER role` | who is to own the table |

use std::fmt;

use datafusion::sql::sqlparser::ast::Expr;
use datafusion::sql::sqlparser::parser::{IsOptional, Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::declared_option::{self, DeclaredOption};
use super::expect_word;
use super::file_options::parse_choice;
use super::name::{fold, quote};

/// The options as typed; `None` where nothing was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// What happens to the rows that the table holds.
    pub mode: Option<ExportMode>,
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// Which rows of the table a replace takes the place of.
    pub delete_where: Option<Expr>,
    /// What to do about columns that the table does not have.
    pub on_schema_change: Option<OnSchemaChange>,
    /// What to do about the character NUL.
    pub nul: Option<OnNul>,
    /// Whether to read the rows back before the commit.
    pub verify: bool,
    /// Rights that roles are to have.
    pub grants: Vec<Grant>,
    /// Indexes that the table is to have, each by its columns.
    pub indexes: Vec<Vec<String>>,
    /// Who is to own the table.
    pub owner: Option<String>,
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

/// What to do about columns that the table does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnSchemaChange {
    /// Refuse the export, with all differences.
    #[default]
    Fail,
    /// Add them, and widen types where a value needs it.
    Add,
    /// Leave them out.
    Ignore,
}

/// What to do about the character NUL in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnNul {
    /// Refuse its row.
    #[default]
    Error,
    /// Take it out.
    Strip,
}

/// A right that a role is to have on a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// One of [`PRIVILEGES`], in capitals.
    pub privilege: &'static str,
    /// The role; `public` stands for all of them.
    pub role: String,
}

/// The rights that there are on a table.
pub const PRIVILEGES: [&str; 7] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
];

const INDEX: &str = "INDEX";

const EXPORT_OPTIONS: [DeclaredOption<ExportOptions>; 8] = [
    DeclaredOption {
        name: "MODE",
        parse: |options, parser| {
            let word = parse_choice(parser, &["append", "replace", "merge"])?;
            options.mode = Some(match word.as_str() {
                "append" => ExportMode::Append,
                "replace" => ExportMode::Replace,
                _ => ExportMode::Merge,
            });
            Ok(())
        },
        show: |options| options.mode.map(|mode| mode.to_string()),
    },
    DeclaredOption {
        name: "KEY",
        parse: |options, parser| {
            options.key = parse_columns(parser)?;
            Ok(())
        },
        show: |options| (!options.key.is_empty()).then(|| show_columns(&options.key)),
    },
    DeclaredOption {
        name: "DELETE_WHERE",
        parse: |options, parser| {
            parser.expect_token(&Token::LParen)?;
            options.delete_where = Some(parser.parse_expr()?);
            parser.expect_token(&Token::RParen).map(|_| ())
        },
        show: |options| {
            let condition = options.delete_where.as_ref();
            condition.map(|condition| format!("({condition})"))
        },
    },
    DeclaredOption {
        name: "ON_SCHEMA_CHANGE",
        parse: |options, parser| {
            let word = parse_choice(parser, &["fail", "add", "ignore"])?;
            options.on_schema_change = Some(match word.as_str() {
                "add" => OnSchemaChange::Add,
                "ignore" => OnSchemaChange::Ignore,
                _ => OnSchemaChange::Fail,
            });
            Ok(())
        },
        show: |options| {
            options.on_schema_change.map(|change| {
                match change {
                    OnSchemaChange::Fail => "fail",
                    OnSchemaChange::Add => "add",
                    OnSchemaChange::Ignore => "ignore",
                }
                .to_owned()
            })
        },
    },
    DeclaredOption {
        name: "NUL",
        parse: |options, parser| {
            let word = parse_choice(parser, &["error", "strip"])?;
            options.nul = Some(match word.as_str() {
                "strip" => OnNul::Strip,
                _ => OnNul::Error,
            });
            Ok(())
        },
        show: |options| {
            options.nul.map(|nul| {
                match nul {
                    OnNul::Error => "error",
                    OnNul::Strip => "strip",
                }
                .to_owned()
            })
        },
    },
    DeclaredOption {
        name: "VERIFY",
        parse: |options, _| {
            options.verify = true;
            Ok(())
        },
        show: |options| options.verify.then(String::new),
    },
    DeclaredOption {
        name: "GRANT",
        parse: |options, parser| {
            parser.expect_token(&Token::LParen)?;
            options.grants = parser.parse_comma_separated(Grant::parse)?;
            parser.expect_token(&Token::RParen).map(|_| ())
        },
        show: |options| {
            let grants: Vec<_> = options.grants.iter().map(Grant::to_string).collect();
            (!grants.is_empty()).then(|| format!("({})", grants.join(", ")))
        },
    },
    DeclaredOption {
        name: "OWNER",
        parse: |options, parser| {
            options.owner = Some(fold(&parser.parse_identifier()?));
            Ok(())
        },
        show: |options| options.owner.as_deref().map(quote),
    },
];

impl ExportOptions {
    /// The names of all options.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        let declared = EXPORT_OPTIONS.iter().map(|option| option.name);
        declared.chain([INDEX])
    }

    /// The options that were given, as (name, value) in SQL.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        let indexes = self.indexes.iter();
        let indexes = indexes.map(|columns| (INDEX, show_columns(columns)));
        let mut given = declared_option::given(EXPORT_OPTIONS.iter(), self);
        given.extend(indexes);
        given
    }

    /// Reads the value of the option `name`, if there is one of that name.
    pub(super) fn parse_option(
        &mut self,
        name: &str,
        parser: &mut Parser,
    ) -> Result<bool, ParserError> {
        // The one option that may stand several times.
        if name.eq_ignore_ascii_case(INDEX) {
            self.indexes.push(parse_columns(parser)?);
            return Ok(true);
        }
        declared_option::parse_option(EXPORT_OPTIONS.iter(), self, name, parser)
    }
}

fn parse_columns(parser: &mut Parser) -> Result<Vec<String>, ParserError> {
    let columns = parser.parse_parenthesized_column_list(IsOptional::Mandatory, false)?;
    Ok(columns.iter().map(fold).collect())
}

fn show_columns(columns: &[String]) -> String {
    let columns: Vec<_> = columns.iter().map(|column| quote(column)).collect();
    format!("({})", columns.join(", "))
}

impl Grant {
    fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let token = parser.next_token();
        let word = token.token.to_string();
        let known = PRIVILEGES
            .into_iter()
            .find(|privilege| privilege.eq_ignore_ascii_case(&word));
        let Some(privilege) = known else {
            return parser.expected(&format!("a right: {}", PRIVILEGES.join(", ")), token);
        };
        expect_word(parser, "TO")?;
        Ok(Grant {
            privilege,
            role: fold(&parser.parse_identifier()?),
        })
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} TO {}", self.privilege, quote(&self.role))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::CopyOptions;

    const EVERY_OPTION: &str = r#"MODE replace, KEY (id, "Odd Name"), DELETE_WHERE (month >= '2024-01' AND NOT closed), ON_SCHEMA_CHANGE add, NUL strip, VERIFY, GRANT (SELECT TO bi, INSERT TO "Loader"), OWNER db_user, INDEX (month), INDEX (month, "Odd Name")"#;

    #[test]
    fn every_option_is_shown_as_it_was_written() {
        let options = CopyOptions::parse_text(EVERY_OPTION).unwrap();
        assert_eq!(options.to_string(), format!(" ({EVERY_OPTION})"));
        assert_eq!(options.export.indexes.len(), 2);
    }

    #[test]
    fn options_that_are_not_meant_are_refused() {
        for (text, expected) in [
            ("MODE append, MODE merge", "MODE only once"),
            ("GRANT (LOOK TO bi)", "a right: SELECT, INSERT"),
            ("DELETE_WHERE 'month = 1'", "("),
            ("ON_SCHEMA_CHANGE drop", "fail"),
        ] {
            let error = CopyOptions::parse_text(text).unwrap_err();
            assert!(error.message().contains(expected), "{text}: {error}");
        }
    }
}
