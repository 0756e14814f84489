//! A statement that only reads. The engine's own planner plans it.
//!
//! The planner silently drops some clauses that the parser accepts (`TABLESAMPLE`, `FOR UPDATE`,
//! `VERSION AS OF`, ..): the query would run and return other rows than the ones asked for. So
//! every such clause is refused here.

use std::fmt;
use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement as PlannerStatement};
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::ast::{
    self, GroupByExpr, Select, SelectItem, SetExpr, Spanned, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan};
use tidemill_udfs::table::{NamedModels, named_models};

use super::database_query::rewrite_database_queries;
use super::database_schema::rewrite_information_schemas;
use super::file_relation::{path_of, take_files};
use super::friendly::rewrite_query;
use super::{CATALOG, FileRelation, Name, TideDialect, unsupported};
use crate::{Error, Result};

const KNOWN_STATEMENTS: &str = "Tidemill knows SELECT, EXPLAIN, COPY INTO, RETRY REJECTS, CREATE TABLE, CREATE VIEW, CREATE MODEL, ALTER TABLE, INSERT, CALL, DROP, SET, SHOW, DESCRIBE, SUMMARIZE, ATTACH, DETACH and ASSERT";

/// A statement that reads and returns rows.
#[derive(Debug, Clone)]
pub struct Query {
    ast: PlannerStatement,
}

impl Query {
    pub(super) fn parse(tokens: Vec<TokenWithSpan>) -> Result<Self> {
        let first = tokens
            .iter()
            .find(|token| !matches!(token.token, Token::Whitespace(_)));
        let (word, span) = first.map_or((String::new(), Span::empty()), |token| {
            (token.token.to_string(), token.span)
        });
        let mut parser = DFParserBuilder::new(tokens)
            .with_dialect(&TideDialect)
            .build()?;
        let mut statements = parser.parse_statements().map_err(parse_error)?;
        match statements.pop_front() {
            Some(statement) if statements.is_empty() && reads_only(&statement) => {
                Self::checked(statement)
            }
            _ => Err(
                unsupported(&format!("this form of {}", word.to_uppercase()), span)
                    .hint(KNOWN_STATEMENTS),
            ),
        }
    }

    /// A query inside another statement, such as the one of CREATE VIEW.
    pub(super) fn parse_nested(parser: &mut Parser) -> Result<Self, ParserError> {
        let query = parser.parse_query()?;
        Self::from_ast(query)
    }

    /// Whether a query comes next, rather than the name of a relation.
    pub(super) fn begins(parser: &Parser) -> bool {
        let mut at = 0;
        while parser.peek_nth_token(at).token == Token::LParen {
            at += 1;
        }
        let words = [
            Keyword::SELECT,
            Keyword::FROM,
            Keyword::WITH,
            Keyword::VALUES,
        ];
        matches!(parser.peek_nth_token(at).token, Token::Word(word) if words.contains(&word.keyword))
    }

    /// A relation inside another statement, as `SELECT * FROM relation`.
    pub(super) fn parse_relation(parser: &mut Parser) -> Result<Self, ParserError> {
        let relation = parser.parse_table_factor()?;
        let mut query = Parser::new(&TideDialect)
            .try_with_sql("SELECT * FROM relation")?
            .parse_query()?;
        if let SetExpr::Select(select) = query.body.as_mut()
            && let Some(from) = select.from.first_mut()
        {
            from.relation = relation;
        }
        Self::from_ast(query)
    }

    pub(super) fn from_ast(query: Box<ast::Query>) -> Result<Self, ParserError> {
        let statement = PlannerStatement::Statement(Box::new(ast::Statement::Query(query)));
        Self::checked(statement).map_err(|error| {
            let at = error.get_place().cloned().unwrap_or_default();
            ParserError::ParserError(format!(
                "{} at Line: {}, Column: {}",
                error.message(),
                at.line,
                at.column
            ))
        })
    }

    /// `SELECT * FROM name`. Errors are where the name stands, not in a query that nobody has written.
    ///
    /// # Errors
    /// None in practice: a name is shown as it is read.
    pub fn select_all(name: &Name) -> Result<Self> {
        let mut query = Query::of_text(&format!("SELECT * FROM {name}"))?;
        if let Some(statement) = query.ast_mut() {
            let _ = ast::visit_relations_mut(statement, |relation| {
                for part in &mut relation.0 {
                    if let ast::ObjectNamePart::Identifier(identifier) = part {
                        identifier.span = name.span();
                    }
                }
                ControlFlow::<()>::Continue(())
            });
        }
        Ok(query)
    }

    /// A query that the engine itself asks.
    ///
    /// # Errors
    /// Text that is no query.
    pub fn of_text(text: &str) -> Result<Self> {
        let query = Parser::new(&TideDialect)
            .try_with_sql(text)
            .and_then(|mut parser| parser.parse_query());
        query
            .and_then(Self::from_ast)
            .map_err(super::script::parser_error)
    }

    /// Whether it is EXPLAIN ANALYZE without any option, such as VERBOSE or FORMAT.
    pub fn is_analyze(&self) -> bool {
        match &self.ast {
            PlannerStatement::Explain(explain) => {
                let options = &explain.options;
                options.analyze
                    && !options.verbose
                    && options.format.is_none()
                    && options.analyze_level.is_none()
                    && options.analyze_categories.is_none()
                    && options.show_statistics.is_none()
            }
            _ => false,
        }
    }

    /// The statement as it was parsed.
    pub(super) fn ast_mut(&mut self) -> Option<&mut ast::Statement> {
        sql_statement_mut(&mut self.ast)
    }

    /// The statement for the planner, and the files that it finds under [`FILES`](super::FILES).
    ///
    /// # Errors
    /// None that [`Query`] has not been checked for.
    pub fn into_ast(mut self) -> Result<(PlannerStatement, Vec<FileRelation>)> {
        let files = match sql_statement_mut(&mut self.ast) {
            Some(statement) => take_files(statement)?,
            None => Vec::new(),
        };
        Ok((self.ast, files))
    }

    /// The files that stand where a table may.
    pub fn files(&self) -> Vec<FileRelation> {
        // Checked when the query was made.
        self.clone()
            .into_ast()
            .map_or_else(|_| Vec::new(), |(_, files)| files)
    }

    /// The paths of those, for each place that names some.
    pub fn file_paths(&self) -> Vec<Vec<String>> {
        let files = self.files().into_iter();
        files.map(|files| files.paths).collect()
    }

    /// The models that table functions in the query ask and keep.
    pub fn models(&self) -> NamedModels {
        match sql_statement_mut(&mut self.ast.clone()) {
            Some(statement) => named_models(statement),
            None => NamedModels::default(),
        }
    }

    /// Tables and views that the query reads, without its own CTEs, table functions and files.
    ///
    /// # Errors
    /// A name of more than three parts.
    pub fn relations(&self) -> Result<Vec<Name>> {
        let (relations, _) = resolve_table_references(&self.ast, true)?;
        let mut functions = FunctionNames::default();
        if let Some(statement) = sql_statement_mut(&mut self.ast.clone()) {
            let _ = statement.visit(&mut functions);
        }
        Ok(relations
            .iter()
            .map(Name::from_reference)
            .filter(|name| {
                !(name.parts().len() == 1
                    && functions.0.iter().any(|function| function == name.table()))
            })
            .collect())
    }

    fn checked(mut ast: PlannerStatement) -> Result<Self> {
        let Some(statement) = sql_statement_mut(&mut ast) else {
            return Ok(Query { ast });
        };
        if let ControlFlow::Break(error) = statement.visit(&mut RefuseIgnoredClauses) {
            return Err(error);
        }
        rewrite_query(statement);
        rewrite_database_queries(statement)?;
        rewrite_information_schemas(statement, CATALOG);
        take_files(&mut statement.clone())?;
        // `kmeans('t')` names a table that the planner would not look for.
        tidemill_udfs::rewrite_relation_arguments(statement)?;
        Ok(Query { ast })
    }
}

/// The statement itself, under any number of EXPLAINs.
pub(crate) fn sql_statement_mut(statement: &mut PlannerStatement) -> Option<&mut ast::Statement> {
    match statement {
        PlannerStatement::Statement(statement) => Some(statement),
        PlannerStatement::Explain(explain) => sql_statement_mut(&mut explain.statement),
        _ => None,
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ast)
    }
}

fn reads_only(statement: &PlannerStatement) -> bool {
    match statement {
        PlannerStatement::Explain(explain) => reads_only(&explain.statement),
        PlannerStatement::Statement(statement) => match statement.as_ref() {
            ast::Statement::Explain { statement, .. } => {
                matches!(statement.as_ref(), ast::Statement::Query(_))
            }
            ast::Statement::Query(_)
            | ast::Statement::ShowColumns { .. }
            | ast::Statement::ShowFunctions { .. }
            | ast::Statement::ShowVariable { .. } => true,
            _ => false,
        },
        _ => false,
    }
}

fn parse_error(error: datafusion::error::DataFusionError) -> Error {
    // A diagnostic may be wrapped around it, and the wrapped text is a debug print.
    match error.find_root() {
        datafusion::error::DataFusionError::SQL(error, _) => {
            super::script::parser_error(error.as_ref().clone())
        }
        _ => error.into(),
    }
}

/// Table functions and files look like tables to the resolver.
#[derive(Default)]
struct FunctionNames(Vec<String>);

impl Visitor for FunctionNames {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, args, .. } = factor
            && (args.is_some() || path_of(name).is_some())
            && let Ok(name) = Name::from_object_name(name)
        {
            self.0.push(name.table().to_owned());
        }
        ControlFlow::Continue(())
    }
}

fn has_group_modifier(select: &Select) -> bool {
    match &select.group_by {
        GroupByExpr::All(modifiers) | GroupByExpr::Expressions(_, modifiers) => {
            !modifiers.is_empty()
        }
    }
}

fn options_of_star(item: &SelectItem) -> Option<&ast::WildcardAdditionalOptions> {
    match item {
        SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => Some(options),
        _ => None,
    }
}

struct RefuseIgnoredClauses;

impl RefuseIgnoredClauses {
    fn refuse_if(&self, present: bool, clause: &str, span: Span) -> ControlFlow<Error> {
        if present {
            ControlFlow::Break(unsupported(clause, span))
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Visitor for RefuseIgnoredClauses {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &ast::Query) -> ControlFlow<Error> {
        let span = query.span();
        self.refuse_if(!query.locks.is_empty(), "FOR UPDATE / FOR SHARE", span)?;
        self.refuse_if(query.for_clause.is_some(), "FOR XML / FOR JSON", span)?;
        self.refuse_if(query.settings.is_some(), "SETTINGS", span)?;
        self.refuse_if(query.format_clause.is_some(), "FORMAT", span)
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        let span = select.select_token.0.span;
        self.refuse_if(select.prewhere.is_some(), "PREWHERE", span)?;
        self.refuse_if(
            select.into.is_some(),
            "SELECT INTO (use CREATE TABLE AS)",
            span,
        )?;
        self.refuse_if(
            !select.connect_by.is_empty(),
            "CONNECT BY (use WITH RECURSIVE)",
            span,
        )?;
        self.refuse_if(
            select.value_table_mode.is_some(),
            "SELECT AS VALUE / AS STRUCT",
            span,
        )?;
        self.refuse_if(
            select.select_modifiers.is_some(),
            "a modifier of SELECT",
            span,
        )?;
        self.refuse_if(
            has_group_modifier(select),
            "WITH behind GROUP BY (use GROUP BY ROLLUP (..) or CUBE (..))",
            span,
        )?;
        let mut stars = select.projection.iter().filter_map(options_of_star);
        self.refuse_if(
            stars.any(|options| options.opt_rename.is_some()),
            "SELECT * RENAME (use * EXCLUDE (a), a AS b)",
            span,
        )
    }

    fn pre_visit_expr(&mut self, expr: &ast::Expr) -> ControlFlow<Error> {
        match expr {
            ast::Expr::Function(function) => self.refuse_if(
                function.name.to_string().eq_ignore_ascii_case("columns"),
                "COLUMNS(..) (name the columns, or use * EXCLUDE (..))",
                function.name.span(),
            ),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Error> {
        let span = factor.span();
        match factor {
            TableFactor::Table {
                version,
                sample,
                with_hints,
                partitions,
                with_ordinality,
                index_hints,
                json_path,
                ..
            } => {
                self.refuse_if(version.is_some(), "VERSION AS OF", span)?;
                self.refuse_if(sample.is_some(), "TABLESAMPLE", span)?;
                self.refuse_if(
                    !with_hints.is_empty() || !index_hints.is_empty(),
                    "a table hint",
                    span,
                )?;
                self.refuse_if(!partitions.is_empty(), "PARTITION", span)?;
                self.refuse_if(json_path.is_some(), "a JSON path on a table", span)?;
                self.refuse_if(*with_ordinality, "WITH ORDINALITY", span)
            }
            TableFactor::Derived { sample, .. } => {
                self.refuse_if(sample.is_some(), "TABLESAMPLE", span)
            }
            _ => ControlFlow::Continue(()),
        }
    }
}
