//! `COPY INTO target FROM source (OPTION value, ..)`: the one verb that moves data in or out.
//!
//! ```sql
//! COPY INTO raw.admissions FROM 'data/admissions*.csv'
//!   (FORMAT csv, COLUMNS (billing_amount DECIMAL(20,15)), PARTITION_BY (year(discharge_date)));
//! COPY INTO raw.admissions FROM ('data/january.csv', 'data/february.csv');
//! COPY INTO serving.public.monthly FROM curated.monthly (MODE merge, KEY (year_month, hospital));
//! COPY INTO serving.public.monthly FROM (SELECT * FROM curated.monthly WHERE bills > 1);
//! COPY INTO serving.public.monthly FROM january (MODE replace, DELETE_WHERE (year_month = '2024-01'), VERIFY);
//! ```

use std::fmt;

use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::file_options::literal;
use super::{
    ExportOptions, FileOptions, Layout, Name, Query, RejectOptions, ReloadOptions, TideDialect,
    declared_option, expect_word, parse_whole, script,
};

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
    /// Files, folders and globs.
    Files(Vec<String>),
    /// A table or view.
    Relation(Name),
    /// A query in parentheses.
    Query(Query),
}

/// The options of COPY INTO; `None` where nothing was said.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// How files are read.
    pub file: FileOptions,
    /// What a load does with what the table has already.
    pub reload: ReloadOptions,
    /// What it does with rows and values that do not fit.
    pub rejects: RejectOptions,
    /// How the rows of a table that is still to be made are laid out.
    pub layout: Layout,
    /// What an export does with the table of the database.
    pub export: ExportOptions,
}

impl CopyInto {
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        expect_word(parser, "COPY")?;
        expect_word(parser, "INTO")?;
        let target = Name::parse(parser)?;
        expect_word(parser, "FROM")?;
        let source = CopySource::parse(parser)?;
        Ok(CopyInto {
            target,
            source,
            options: CopyOptions::parse(parser)?,
        })
    }
}

impl CopySource {
    /// Tables and views that are read.
    pub(super) fn relations(&self) -> crate::Result<Vec<Name>> {
        match self {
            CopySource::Files(_) => Ok(Vec::new()),
            CopySource::Relation(name) => Ok(vec![name.clone()]),
            CopySource::Query(query) => query.relations(),
        }
    }

    /// The files that are read: for each place that names some, their paths.
    pub(super) fn files(&self) -> Vec<Vec<String>> {
        match self {
            CopySource::Files(paths) => vec![paths.clone()],
            CopySource::Relation(_) => Vec::new(),
            CopySource::Query(query) => query.file_paths(),
        }
    }

    /// The query, if it is one.
    pub(super) fn query(&self) -> Option<&Query> {
        match self {
            CopySource::Query(query) => Some(query),
            CopySource::Files(_) | CopySource::Relation(_) => None,
        }
    }

    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let token = parser.peek_token();
        match token.token {
            Token::SingleQuotedString(path) => {
                parser.next_token();
                Ok(CopySource::Files(vec![path]))
            }
            Token::LParen => {
                parser.next_token();
                if matches!(parser.peek_token().token, Token::SingleQuotedString(_)) {
                    let paths = parser.parse_comma_separated(Parser::parse_literal_string)?;
                    parser.expect_token(&Token::RParen)?;
                    return Ok(CopySource::Files(paths));
                }
                let query = Query::parse_nested(parser)?;
                parser.expect_token(&Token::RParen)?;
                Ok(CopySource::Query(query))
            }
            Token::Word(_) => Name::parse(parser).map(CopySource::Relation),
            _ => parser.expected(
                "a path in quotes, several in parentheses, a table, or a query in parentheses",
                token,
            ),
        }
    }
}

impl CopyOptions {
    /// The names of all options.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FileOptions::names()
            .chain(ReloadOptions::names())
            .chain(RejectOptions::names())
            .chain(ExportOptions::names())
            .chain(Layout::OPTIONS)
    }

    /// The options that were given and mean something for files only, as (name, value) in SQL.
    pub fn of_landing(&self) -> Vec<(&'static str, String)> {
        [self.file.given(), self.reload.given(), self.rejects.given()].concat()
    }

    /// Reads back options that were kept as text, without parentheses.
    ///
    /// # Errors
    /// Text that is no list of options.
    pub fn parse_text(text: &str) -> crate::Result<Self> {
        let mut options = CopyOptions::default();
        if text.is_empty() {
            return Ok(options);
        }
        let tokens = Tokenizer::new(&TideDialect, text)
            .tokenize_with_location()
            .map_err(script::tokenizer_error)?;
        parse_whole(tokens, |parser| {
            parser.parse_comma_separated(|parser| options.parse_one(parser))
        })?;
        Ok(options)
    }

    /// `(NAME value, ..)`, or nothing.
    pub(super) fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let mut options = CopyOptions::default();
        declared_option::parse_list(parser, |parser| options.parse_one(parser))?;
        Ok(options)
    }

    fn parse_one(&mut self, parser: &mut Parser) -> Result<(), ParserError> {
        let token = parser.next_token();
        let Token::Word(word) = &token.token else {
            return parser.expected("an option of COPY INTO", token);
        };
        if self.file.parse_option(&word.value, parser)?
            || self.reload.parse_option(&word.value, parser)?
            || self.rejects.parse_option(&word.value, parser)?
            || self.export.parse_option(&word.value, parser)?
            || self.layout.parse_option(&word.value, parser)?
        {
            return Ok(());
        }
        let names: Vec<_> = Self::names().collect();
        declared_option::unknown(parser, "an option of COPY INTO", &names, token)
    }
}

impl fmt::Display for CopyInto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "COPY INTO {} FROM {}{}",
            self.target, self.source, self.options
        )
    }
}

impl fmt::Display for CopySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CopySource::Files(paths) => match paths.as_slice() {
                [path] => f.write_str(&literal(path)),
                paths => {
                    let paths: Vec<_> = paths.iter().map(|path| literal(path)).collect();
                    write!(f, "({})", paths.join(", "))
                }
            },
            CopySource::Relation(name) => write!(f, "{name}"),
            CopySource::Query(query) => write!(f, "({query})"),
        }
    }
}

/// With a space in front, or nothing.
impl fmt::Display for CopyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self
            .of_landing()
            .into_iter()
            .chain(self.layout.given())
            .chain(self.export.given());
        declared_option::write_list(f, given)
    }
}
