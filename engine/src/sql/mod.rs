//! SQL text to structs: what a user can say, one file per statement. Nothing here executes.
//!
//! A [`Script`] is cut into fragments by the tokenizer; each fragment becomes a [`Statement`].
//! The statements that are ours are parsed here; everything that only reads is handed to the
//! engine's own planner as a [`Query`], after [`query`] has refused the clauses that the planner
//! would silently ignore.

mod alter_table;
mod assert;
mod attach;
mod copy_into;
mod create_table;
mod create_view;
mod database_execute;
mod database_query;
mod database_schema;
mod declared_option;
mod dialect;
mod drop;
mod explain_copy;
mod export_options;
mod file_format;
mod file_options;
mod file_relation;
mod friendly;
mod insert;
mod layout;
mod mistakes;
mod model;
mod name;
mod on_conflict;
mod origin_columns;
mod parameter_scope;
mod parameters;
mod partition_by;
mod places;
mod query;
mod reject_options;
mod reload_options;
mod reset;
mod retry_rejects;
mod script;
mod set;
mod show;
mod summarize;
mod unload;
mod written_format;

use datafusion::sql::sqlparser::ast::{Ident, ObjectName, Spanned, TableAlias, TableFactor};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan};

pub use alter_table::AlterTable;
pub use assert::Assert;
pub use attach::{Attach, AttachKind, Detach, ShowConnections};
pub use copy_into::{CopyInto, CopyOptions, CopySource};
pub use create_table::{ColumnDefinition, CreateTable};
pub use create_view::CreateView;
pub use database_execute::{DatabaseDialect, DatabaseExecute};
pub use database_query::QUERIES;
pub use database_schema::{DATABASE_INFORMATION, INFORMATION_SCHEMA};
pub use dialect::TideDialect;
pub use drop::{Drop, DropKind};
pub use explain_copy::ExplainCopy;
pub use export_options::{ExportMode, ExportOptions, Grant, OnNul, OnSchemaChange};
pub use file_format::{Compression, Encoding, FileFormat, Names};
pub(crate) use file_options::literal;
pub use file_options::{DeclaredColumn, FileOptions};
pub use file_relation::{FILES, FileRelation};
pub use friendly::{order_by_columns, ordered_by_all, write_out_alias};
pub use insert::Insert;
pub use layout::Layout;
pub use mistakes::KEYWORDS;
pub use model::{CreateModel, DropModel, ShowModels};
pub(crate) use name::fold;
pub use name::{CATALOG, Name, quote, quote_always};
pub use on_conflict::{ConflictAction, ConflictUpdate, OnConflict};
pub use origin_columns::{LOAD_COLUMN, SOURCE_COLUMN};
pub use parameter_scope::ParameterScope;
pub use parameters::{ParameterValue, Parameters};
pub use partition_by::PartitionField;
pub use query::Query;
pub(crate) use query::sql_statement_mut;
pub use reject_options::{MaxErrors, OnError, OnLoss, RejectOptions};
pub use reload_options::{Deduplicate, Keep, OnChange, OnDrift, ReloadOptions};
pub use reset::Reset;
pub use retry_rejects::RetryRejects;
pub use script::{Fragment, Script, ScriptStatement};
pub use set::{Set, SetSubject};
pub use show::{Describe, Described, ShowTables};
pub use summarize::Summarize;
pub use unload::{Unload, UnloadOptions};
pub use written_format::{Codec, WrittenFormat};

use tidemill_udfs::table::NamedModels;

use crate::{Error, Place, Result};
use model::rewrite_model_calls;

/// Everything that can be said. Whoever holds one can act on it: see `execute.rs`.
#[derive(Debug, Clone)]
pub enum Statement {
    /// Reads and returns rows: SELECT, VALUES, WITH, EXPLAIN, SHOW.
    Query(Query),
    /// Moves data into a table, here or in a database.
    CopyInto(Box<CopyInto>),
    /// Writes rows to files.
    Unload(Box<Unload>),
    /// Says what a load would do.
    ExplainCopy(Box<ExplainCopy>),
    /// Loads rows that were set aside and fit by now.
    RetryRejects(Box<RetryRejects>),
    /// Makes a table, with or without rows.
    CreateTable(CreateTable),
    /// Keeps a query under a name.
    CreateView(CreateView),
    /// Adds rows to a table.
    Insert(Box<Insert>),
    /// Runs statements in the SQL of a database.
    DatabaseExecute(DatabaseExecute),
    /// Tags a column of a table.
    AlterTable(AlterTable),
    /// Removes a table or a view.
    Drop(Drop),
    /// Changes a setting of the session.
    Set(Set),
    /// Takes a setting back.
    Reset(Reset),
    /// Lists the tables and views.
    ShowTables(ShowTables),
    /// Lists the columns of a table or view.
    Describe(Describe),
    /// Says what the values of each column are like.
    Summarize(Summarize),
    /// Stops the job unless a condition holds.
    Assert(Assert),
    /// Gives a database a name.
    Attach(Attach),
    /// Forgets such a name.
    Detach(Detach),
    /// Lists the databases that have names.
    ShowConnections(ShowConnections),
    /// Learns from the rows of a query.
    CreateModel(Box<CreateModel>),
    /// Forgets what was learnt.
    DropModel(DropModel),
    /// Lists the models.
    ShowModels(ShowModels),
}

impl Statement {
    /// Tables and views that the statement reads, as written, without those it defines itself.
    ///
    /// # Errors
    /// A name of more than three parts.
    pub fn reads(&self) -> Result<Vec<Name>> {
        match self {
            Statement::Query(query) => query.relations(),
            Statement::CopyInto(copy) => copy.source.relations(),
            Statement::Unload(unload) => unload.source.relations(),
            Statement::ExplainCopy(explain) => explain.copy.source.relations(),
            Statement::CreateTable(create) => create
                .query
                .as_ref()
                .map_or(Ok(Vec::new()), Query::relations),
            Statement::CreateView(create) => create.query.relations(),
            Statement::CreateModel(create) => create.query.relations(),
            Statement::Insert(insert) => insert.query.relations(),
            Statement::DatabaseExecute(execute) => Ok(vec![execute.reads()]),
            Statement::Assert(assert) => assert.query.relations(),
            Statement::Describe(describe) => match &describe.subject {
                Described::Table(name) => Ok(vec![name.clone()]),
                Described::Query(query) => query.relations(),
            },
            Statement::Summarize(summarize) => summarize.query.relations(),
            Statement::RetryRejects(_)
            | Statement::AlterTable(_)
            | Statement::Drop(_)
            | Statement::Set(_)
            | Statement::Reset(_)
            | Statement::ShowTables(_)
            | Statement::Attach(_)
            | Statement::Detach(_)
            | Statement::ShowConnections(_)
            | Statement::DropModel(_)
            | Statement::ShowModels(_) => Ok(Vec::new()),
        }
    }

    /// The files that the statement reads: for each place that names some, their paths.
    pub fn files(&self) -> Vec<Vec<String>> {
        match self {
            Statement::CopyInto(copy) => copy.source.files(),
            Statement::Unload(unload) => unload.source.files(),
            Statement::ExplainCopy(explain) => explain.copy.source.files(),
            _ => self.query().map_or_else(Vec::new, Query::file_paths),
        }
    }

    /// The models that the statement asks and keeps.
    pub fn models(&self) -> NamedModels {
        let mut models = self
            .query()
            .map_or_else(NamedModels::default, Query::models);
        match self {
            Statement::CreateModel(create) => models.kept.push(create.name.clone()),
            Statement::DropModel(drop) => models.kept.push(drop.name.clone()),
            _ => {}
        }
        models
    }

    /// The query of the statement, if it has one.
    fn query(&self) -> Option<&Query> {
        match self {
            Statement::Query(query) => Some(query),
            Statement::CopyInto(copy) => copy.source.query(),
            Statement::Unload(unload) => unload.source.query(),
            Statement::ExplainCopy(explain) => explain.copy.source.query(),
            Statement::CreateTable(create) => create.query.as_ref(),
            Statement::CreateView(create) => Some(&create.query),
            Statement::CreateModel(create) => Some(&create.query),
            Statement::Insert(insert) => Some(&insert.query),
            Statement::Assert(assert) => Some(&assert.query),
            Statement::Describe(describe) => match &describe.subject {
                Described::Query(query) => Some(query),
                Described::Table(_) => None,
            },
            Statement::Summarize(summarize) => Some(&summarize.query),
            Statement::RetryRejects(_)
            | Statement::DatabaseExecute(_)
            | Statement::AlterTable(_)
            | Statement::Drop(_)
            | Statement::Set(_)
            | Statement::Reset(_)
            | Statement::ShowTables(_)
            | Statement::Attach(_)
            | Statement::Detach(_)
            | Statement::ShowConnections(_)
            | Statement::DropModel(_)
            | Statement::ShowModels(_) => None,
        }
    }

    /// The table or view that the statement makes or changes.
    pub fn writes(&self) -> Option<&Name> {
        match self {
            // What only validates is not known to write either.
            Statement::CopyInto(copy) if copy.options.rejects.validate => None,
            Statement::CopyInto(copy) => Some(&copy.target),
            Statement::RetryRejects(retry) => Some(&retry.table),
            Statement::CreateTable(create) => Some(&create.name),
            Statement::CreateView(create) => Some(&create.name),
            Statement::Insert(insert) => Some(&insert.table),
            Statement::AlterTable(alter) => Some(&alter.name),
            Statement::Drop(drop) => Some(&drop.name),
            Statement::Query(_)
            | Statement::Unload(_)
            | Statement::ExplainCopy(_)
            | Statement::DatabaseExecute(_)
            | Statement::Set(_)
            | Statement::Reset(_)
            | Statement::ShowTables(_)
            | Statement::Describe(_)
            | Statement::Summarize(_)
            | Statement::Assert(_)
            | Statement::Attach(_)
            | Statement::Detach(_)
            | Statement::ShowConnections(_)
            | Statement::CreateModel(_)
            | Statement::DropModel(_)
            | Statement::ShowModels(_) => None,
        }
    }

    /// The file or folder that the statement writes.
    pub fn writes_to(&self) -> Option<&str> {
        match self {
            Statement::Unload(unload) => Some(&unload.target),
            _ => None,
        }
    }

    /// What the statement is called in progress lines and `system.steps`.
    pub fn verb(&self) -> &'static str {
        match self {
            Statement::Query(_) => "SELECT",
            Statement::CopyInto(_) | Statement::Unload(_) => "COPY INTO",
            Statement::ExplainCopy(_) => "EXPLAIN",
            Statement::RetryRejects(_) => "RETRY REJECTS",
            Statement::CreateTable(_) => "CREATE TABLE",
            Statement::CreateView(_) => "CREATE VIEW",
            Statement::Insert(_) => "INSERT",
            Statement::DatabaseExecute(_) => "CALL",
            Statement::AlterTable(_) => "ALTER TABLE",
            Statement::Drop(_) => "DROP",
            Statement::Set(_) => "SET",
            Statement::Reset(_) => "RESET",
            Statement::ShowTables(_) => "SHOW TABLES",
            Statement::Describe(_) => "DESCRIBE",
            Statement::Summarize(_) => "SUMMARIZE",
            Statement::Assert(_) => "ASSERT",
            Statement::Attach(_) => "ATTACH",
            Statement::Detach(_) => "DETACH",
            Statement::ShowConnections(_) => "SHOW CONNECTIONS",
            Statement::CreateModel(_) => "CREATE MODEL",
            Statement::DropModel(_) => "DROP MODEL",
            Statement::ShowModels(_) => "SHOW MODELS",
        }
    }
}

/// Puts the name of a table in place of a path or call in FROM. Columns are still found under
/// `default_alias`, unless the query gives another one.
fn replace_factor(factor: &mut TableFactor, table: &[&str], default_alias: &str) {
    let TableFactor::Table {
        name, args, alias, ..
    } = factor
    else {
        return;
    };
    let span = name.span();
    let spot = |value: &&str| Ident {
        span,
        ..Ident::with_quote('"', *value)
    };
    *name = ObjectName::from(table.iter().map(spot).collect::<Vec<_>>());
    *args = None;
    alias.get_or_insert_with(|| TableAlias {
        explicit: false,
        name: Ident::with_quote('"', default_alias),
        columns: Vec::new(),
        at: None,
    });
}

/// Parses the tokens of one statement. `slice_from` gives the text of the statement from a
/// location on, for view bodies.
fn parse_statement(
    mut tokens: Vec<TokenWithSpan>,
    slice_from: impl Fn(Location) -> String,
) -> Result<Statement> {
    rewrite_model_calls(&mut tokens);
    friendly::rewrite_tokens(&mut tokens);
    let parsed = parse_rewritten(tokens.clone(), slice_from);
    parsed.map_err(|error| friendly::say_instead(error, &tokens))
}

fn parse_rewritten(
    tokens: Vec<TokenWithSpan>,
    slice_from: impl Fn(Location) -> String,
) -> Result<Statement> {
    let words: Vec<String> = tokens
        .iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_)))
        .take(4)
        .map(|token| token.token.to_string().to_uppercase())
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let own = |parse: fn(&mut Parser) -> Result<Statement, ParserError>| {
        parse_whole(tokens.clone(), parse)
    };
    let span = || tokens.first().map_or_else(Span::empty, |token| token.span);
    match words.as_slice() {
        ["COPY", "INTO", path, ..] if is_text(path) => {
            own(|parser| Unload::parse(parser).map(|unload| Statement::Unload(Box::new(unload))))
        }
        ["EXPLAIN", "COPY", "INTO", path] if is_text(path) => Err(unload::refuse_explain(span())),
        ["COPY", "INTO", ..] => {
            own(|parser| CopyInto::parse(parser).map(|copy| Statement::CopyInto(Box::new(copy))))
        }
        ["EXPLAIN", "COPY", "INTO", ..] => own(|parser| {
            ExplainCopy::parse(parser).map(|explain| Statement::ExplainCopy(Box::new(explain)))
        }),
        ["COPY", ..] => Err(unload::refuse_copy_to(span())),
        ["RETRY", ..] => own(|parser| {
            RetryRejects::parse(parser).map(|retry| Statement::RetryRejects(Box::new(retry)))
        }),
        ["CREATE", "TABLE", ..] | ["CREATE", "OR", "REPLACE", "TABLE"] => {
            own(|parser| CreateTable::parse(parser).map(Statement::CreateTable))
        }
        ["CREATE", "VIEW", ..] | ["CREATE", "OR", "REPLACE", "VIEW"] => {
            parse_whole(tokens, |parser| {
                CreateView::parse(parser, &slice_from).map(Statement::CreateView)
            })
        }
        ["CREATE", "MODEL", ..] | ["CREATE", "OR", "REPLACE", "MODEL"] => {
            parse_whole(tokens, |parser| {
                let create = CreateModel::parse(parser, &slice_from)?;
                Ok(Statement::CreateModel(Box::new(create)))
            })
        }
        ["DROP", "MODEL", ..] => own(|parser| DropModel::parse(parser).map(Statement::DropModel)),
        ["SHOW", "MODELS", ..] => {
            own(|parser| ShowModels::parse(parser).map(Statement::ShowModels))
        }
        ["INSERT", ..] => {
            own(|parser| Insert::parse(parser).map(|insert| Statement::Insert(Box::new(insert))))
        }
        ["CALL", ..] => {
            own(|parser| DatabaseExecute::parse(parser).map(Statement::DatabaseExecute))
        }
        ["SELECT", "*", "FROM", function] if DatabaseDialect::of_function(function).is_some() => {
            own(|parser| DatabaseExecute::parse(parser).map(Statement::DatabaseExecute))
        }
        ["ALTER", "TABLE", ..] => {
            own(|parser| AlterTable::parse(parser).map(Statement::AlterTable))
        }
        ["DROP", ..] => own(|parser| Drop::parse(parser).map(Statement::Drop)),
        ["SET", ..] => own(|parser| Set::parse(parser).map(Statement::Set)),
        ["RESET", ..] => own(|parser| Reset::parse(parser).map(Statement::Reset)),
        ["SHOW", "TABLES", ..] => {
            own(|parser| ShowTables::parse(parser).map(Statement::ShowTables))
        }
        ["SHOW", "CONNECTIONS", ..] => {
            own(|parser| ShowConnections::parse(parser).map(Statement::ShowConnections))
        }
        ["ATTACH", ..] => own(|parser| Attach::parse(parser).map(Statement::Attach)),
        ["DETACH", ..] => own(|parser| Detach::parse(parser).map(Statement::Detach)),
        ["DESCRIBE" | "DESC", ..] => own(|parser| Describe::parse(parser).map(Statement::Describe)),
        ["SUMMARIZE", ..] => own(|parser| Summarize::parse(parser).map(Statement::Summarize)),
        ["ASSERT", ..] => own(|parser| Assert::parse(parser).map(Statement::Assert)),
        _ => Query::parse(tokens).map(Statement::Query),
    }
}

/// Whether a token as it is written is a text.
fn is_text(token: &str) -> bool {
    token.starts_with('\'')
}

/// Runs a parser over all tokens of a statement; what is left over is an error.
fn parse_whole<T>(
    tokens: Vec<TokenWithSpan>,
    parse: impl FnOnce(&mut Parser) -> Result<T, ParserError>,
) -> Result<T> {
    let mut parser = Parser::new(&TideDialect).with_tokens_with_locations(tokens);
    parse(&mut parser)
        .and_then(|statement| match parser.peek_token().token {
            Token::EOF => Ok(statement),
            _ => parser.expected("the end of the statement", parser.peek_token()),
        })
        .map_err(script::parser_error)
}

/// A word of our own grammar, which the parser knows as a keyword or as an identifier alike.
fn parse_word(parser: &mut Parser, word: &str) -> bool {
    match &parser.peek_token().token {
        Token::Word(found)
            if found.quote_style.is_none() && found.value.eq_ignore_ascii_case(word) =>
        {
            parser.next_token();
            true
        }
        _ => false,
    }
}

fn expect_word(parser: &mut Parser, word: &str) -> Result<(), ParserError> {
    if parse_word(parser, word) {
        Ok(())
    } else {
        parser.expected(word, parser.peek_token())
    }
}

/// The candidate that a misspelt word most likely meant.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

fn join(items: &[impl std::fmt::Display]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

fn place_of(span: Span) -> Place {
    let width = if span.end.line == span.start.line {
        span.end.column.saturating_sub(span.start.column)
    } else {
        0
    };
    Place {
        width,
        ..Place::at(span.start.line, span.start.column)
    }
}

/// How the error ends about what was understood, but cannot be done.
const NOT_SUPPORTED: &str = "is not supported";

fn unsupported(what: &str, span: Span) -> Error {
    let error = Error::input(format!("{what} {NOT_SUPPORTED}"));
    if span == Span::empty() {
        error
    } else {
        error.place(place_of(span))
    }
}
