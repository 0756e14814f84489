//! `_source` and `_load_id`: for each row the file and the load that it came from.
//!
//! ```sql
//! SELECT *, _source, _load_id FROM raw.admissions WHERE billing_amount < 0;
//! ```
//!
//! They are columns of every table, but only for a statement that names one of them: `SELECT *`
//! stays clean. The planner has no hidden columns, so in such a statement the tables are planned
//! with them, and every `*` is written out to leave them out again.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    self, ExcludeSelectItem, Expr, Ident, Join, JoinConstraint, JoinOperator, ObjectName, Select,
    SelectItem, SelectItemQualifiedWildcardKind, TableFactor, TableWithJoins, Visit, VisitMut,
    Visitor, VisitorMut, WildcardAdditionalOptions,
};

use super::file_relation::path_of;
use super::name::fold;
use super::{Name, Query, place_of};
use crate::{Error, Result};

/// The column with the file that a row was loaded from, as `system.loads` names it.
pub const SOURCE_COLUMN: &str = "_source";
/// The column with the load that brought a row, as `system.loads` names it.
pub const LOAD_COLUMN: &str = "_load_id";

impl Query {
    /// Whether the query names a column of the origin of rows.
    pub fn names_origin(&self) -> bool {
        let mut found = NamesOrigin(false);
        if let Some(statement) = self.clone().ast_mut() {
            let _ = Visit::visit(&*statement, &mut found);
        }
        found.0
    }

    /// The query with every `*` written so that it leaves out the columns of origin, which
    /// `columns_of` tells for each table: none for a view and for a table with columns of its own
    /// of these names.
    ///
    /// # Errors
    /// A `*` that cannot be written so.
    pub fn without_origin_in_wildcards(
        mut self,
        columns_of: impl Fn(&Name) -> Vec<&'static str>,
    ) -> Result<Self> {
        if let Some(statement) = self.ast_mut() {
            let mut rewrite = CleanWildcards {
                scopes: Vec::new(),
                columns_of,
            };
            if let ControlFlow::Break(error) = VisitMut::visit(statement, &mut rewrite) {
                return Err(error);
            }
        }
        Ok(self)
    }
}

struct NamesOrigin(bool);

impl Visitor for NamesOrigin {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let named = match expr {
            Expr::Identifier(name) => Some(name),
            Expr::CompoundIdentifier(names) => names.last(),
            _ => None,
        };
        match named.map(fold).as_deref() {
            Some(SOURCE_COLUMN | LOAD_COLUMN) => {
                self.0 = true;
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

struct CleanWildcards<F> {
    /// Those of the queries around what is visited, outermost first.
    scopes: Vec<Scope>,
    columns_of: F,
}

/// The names that a WITH gives. Those before it are known to a query in it, all of them to the
/// query behind it: in `WITH a AS (SELECT * FROM a) SELECT * FROM a` the first `a` is a table.
struct Scope {
    ctes: Vec<String>,
    /// How many of its queries have been visited. They come first, and in order.
    visited: usize,
    /// Whether each knows its own name, too.
    recursive: bool,
}

impl Scope {
    fn of(query: &ast::Query) -> Self {
        let with = query.with.as_ref();
        let ctes = with.iter().flat_map(|with| &with.cte_tables);
        Scope {
            ctes: ctes.map(|cte| fold(&cte.alias.name)).collect(),
            visited: 0,
            recursive: with.is_some_and(|with| with.recursive),
        }
    }

    fn knows(&self, name: &str) -> bool {
        let known = self.visited + usize::from(self.recursive);
        self.ctes.iter().take(known).any(|cte| cte == name)
    }
}

/// Something in FROM that a `*` stands for.
struct Relation {
    /// How a qualified `*` calls it; `None` for what cannot be called.
    name: Option<ObjectName>,
    /// The columns that it has and that `*` must leave out.
    hidden: Vec<&'static str>,
}

impl<F: Fn(&Name) -> Vec<&'static str>> VisitorMut for CleanWildcards<F> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut ast::Query) -> ControlFlow<Error> {
        self.scopes.push(Scope::of(query));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut ast::Query) -> ControlFlow<Error> {
        self.scopes.pop();
        if let Some(outer) = self.scopes.last_mut() {
            outer.visited += 1;
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        let has_wildcard = select.projection.iter().any(|item| {
            matches!(
                item,
                SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)
            )
        });
        if !has_wildcard {
            return ControlFlow::Continue(());
        }
        let mut relations = Vec::new();
        let mut merges = false;
        for from in &select.from {
            merges |= self.collect(from, &mut relations);
        }
        if relations.iter().all(|relation| relation.hidden.is_empty()) {
            return ControlFlow::Continue(());
        }
        let items = std::mem::take(&mut select.projection);
        for item in items {
            match clean(item, &relations, merges) {
                Ok(items) => select.projection.extend(items),
                Err(error) => return ControlFlow::Break(error),
            }
        }
        ControlFlow::Continue(())
    }
}

impl<F: Fn(&Name) -> Vec<&'static str>> CleanWildcards<F> {
    /// The relations of a FROM item in order; says whether a join makes one column of two.
    fn collect(&self, from: &TableWithJoins, relations: &mut Vec<Relation>) -> bool {
        let first = relations.len();
        let mut merges = self.collect_factor(&from.relation, relations);
        for join in &from.joins {
            match kept_side(join) {
                Side::Both => {
                    merges |= self.collect_factor(&join.relation, relations);
                    merges |= makes_one_column_of_two(join);
                }
                Side::Left => {}
                Side::Right => {
                    relations.truncate(first);
                    merges |= self.collect_factor(&join.relation, relations);
                }
            }
        }
        merges
    }

    fn collect_factor(&self, factor: &TableFactor, relations: &mut Vec<Relation>) -> bool {
        let alias = match factor {
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => return self.collect(table_with_joins, relations),
            TableFactor::Table { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::TableFunction { alias, .. }
            | TableFactor::Function { alias, .. }
            | TableFactor::UNNEST { alias, .. }
            | TableFactor::NestedJoin { alias, .. } => alias.as_ref(),
            _ => None,
        };
        let mut relation = Relation {
            name: alias.map(|alias| ObjectName::from(vec![alias.name.clone()])),
            hidden: Vec::new(),
        };
        if let TableFactor::Table {
            name, args: None, ..
        } = factor
        {
            relation.hidden = self.hidden_in(name);
            // Files have no name but that which an alias gives them.
            let own = path_of(name).is_none().then(|| name.clone());
            relation.name = relation.name.or(own);
        }
        relations.push(relation);
        false
    }

    fn is_cte(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.knows(name))
    }

    fn hidden_in(&self, name: &ObjectName) -> Vec<&'static str> {
        match Name::from_object_name(name) {
            Ok(name) if name.parts().len() == 1 && self.is_cte(name.table()) => Vec::new(),
            Ok(name) => (self.columns_of)(&name),
            Err(_) => Vec::new(),
        }
    }
}

/// Which relations a join hands on.
enum Side {
    Both,
    Left,
    Right,
}

fn kept_side(join: &Join) -> Side {
    match join.join_operator {
        JoinOperator::Semi(_)
        | JoinOperator::LeftSemi(_)
        | JoinOperator::Anti(_)
        | JoinOperator::LeftAnti(_) => Side::Left,
        JoinOperator::RightSemi(_) | JoinOperator::RightAnti(_) => Side::Right,
        _ => Side::Both,
    }
}

fn makes_one_column_of_two(join: &Join) -> bool {
    let constraint = match &join.join_operator {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint)
        | JoinOperator::Right(constraint)
        | JoinOperator::RightOuter(constraint)
        | JoinOperator::FullOuter(constraint) => constraint,
        _ => return false,
    };
    matches!(
        constraint,
        JoinConstraint::Using(_) | JoinConstraint::Natural
    )
}

fn clean(item: SelectItem, relations: &[Relation], merges: bool) -> Result<Vec<SelectItem>> {
    match item {
        SelectItem::Wildcard(mut options) => match relations {
            [only] => {
                leave_out(&mut options, &only.hidden);
                Ok(vec![SelectItem::Wildcard(options)])
            }
            _ if merges => Err(refused(&options, "with USING and NATURAL")),
            _ if has_options(&options) => Err(refused(&options, "with EXCLUDE and the like")),
            several => several
                .iter()
                .map(|relation| {
                    let Some(name) = &relation.name else {
                        return Err(refused(&options, "over a relation without a name"));
                    };
                    let mut options = options.clone();
                    leave_out(&mut options, &relation.hidden);
                    let name = SelectItemQualifiedWildcardKind::ObjectName(name.clone());
                    Ok(SelectItem::QualifiedWildcard(name, options))
                })
                .collect(),
        },
        SelectItem::QualifiedWildcard(
            SelectItemQualifiedWildcardKind::ObjectName(name),
            mut options,
        ) => {
            let called = |relation: &&Relation| {
                relation
                    .name
                    .as_ref()
                    .is_some_and(|own| ends_with(own, &name))
            };
            if let Some(relation) = relations.iter().find(called) {
                leave_out(&mut options, &relation.hidden);
            }
            let name = SelectItemQualifiedWildcardKind::ObjectName(name);
            Ok(vec![SelectItem::QualifiedWildcard(name, options)])
        }
        other => Ok(vec![other]),
    }
}

/// `raw.t` is called `t`, too.
fn ends_with(own: &ObjectName, called: &ObjectName) -> bool {
    let parts = |name: &ObjectName| -> Vec<Option<String>> {
        name.0
            .iter()
            .map(|part| part.as_ident().map(fold))
            .collect()
    };
    parts(own).ends_with(&parts(called))
}

fn leave_out(options: &mut WildcardAdditionalOptions, hidden: &[&str]) {
    if hidden.is_empty() {
        return;
    }
    let mut names = match options.opt_exclude.take() {
        None => Vec::new(),
        Some(ExcludeSelectItem::Single(name)) => vec![name],
        Some(ExcludeSelectItem::Multiple(names)) => names,
    };
    for column in hidden {
        let ident = Ident::with_quote('"', *column);
        let excluded = names.iter().any(|name| {
            let only = name.0.first().and_then(|part| part.as_ident());
            only.is_some_and(|only| fold(only) == *column)
        });
        if !excluded {
            names.push(ObjectName::from(vec![ident]));
        }
    }
    options.opt_exclude = Some(ExcludeSelectItem::Multiple(names));
}

fn has_options(options: &WildcardAdditionalOptions) -> bool {
    options.opt_exclude.is_some()
        || options.opt_except.is_some()
        || options.opt_replace.is_some()
        || options.opt_rename.is_some()
        || options.opt_ilike.is_some()
}

fn refused(options: &WildcardAdditionalOptions, how: &str) -> Error {
    Error::input(format!(
        "`*` {how} does not go with {SOURCE_COLUMN} and {LOAD_COLUMN}"
    ))
    .place(place_of(options.wildcard_token.0.span))
    .hint("name the columns instead of `*`")
}
