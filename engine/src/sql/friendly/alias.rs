//! `SELECT x + 1 AS a, a * 2 AS b FROM t WHERE b > 10`: a name that the SELECT list gives, used in a
//! later item of the list or in WHERE.
//!
//! A column of that name comes first, and only the planner knows the columns. So the planner is asked
//! first, and where it finds no such column, the name is replaced by what it stands for.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Query, Select, SelectItem, Visit, VisitMut, Visitor, VisitorMut,
};

use crate::Place;
use crate::sql::name::fold;

/// A name that stands for more text than this is not replaced: names of names could grow without end.
const MAX_CHARACTERS: usize = 20_000;

/// Replaces the name at a place by the expression that an earlier item of its SELECT gives that name.
/// `false` if there is none, or if to compute it twice might give two values.
pub fn write_out_alias(
    statement: &mut impl VisitMut,
    place: &Place,
    is_volatile: impl Fn(&str) -> bool,
) -> bool {
    let mut rewrite = WriteOut {
        place,
        is_volatile,
        replaced: false,
    };
    let _ = statement.visit(&mut rewrite);
    rewrite.replaced
}

struct WriteOut<'p, F> {
    place: &'p Place,
    is_volatile: F,
    replaced: bool,
}

impl<F: Fn(&str) -> bool> VisitorMut for WriteOut<'_, F> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for at in 0..select.projection.len() {
            let (earlier, rest) = select.projection.split_at_mut(at);
            if let Some(SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) =
                rest.first_mut()
            {
                self.replace(expr, earlier);
            }
        }
        if let Some(condition) = &mut select.selection {
            self.replace(condition, &select.projection);
        }
        ControlFlow::Continue(())
    }
}

impl<F: Fn(&str) -> bool> WriteOut<'_, F> {
    fn replace(&mut self, expr: &mut Expr, items: &[SelectItem]) {
        let named = |name: &str| {
            items.iter().rev().find_map(|item| match item {
                SelectItem::ExprWithAlias { expr, alias } if fold(alias) == name => Some(expr),
                _ => None,
            })
        };
        let mut replace = Replace {
            place: self.place,
            stands_for: |name: &Ident| {
                let expr = named(&fold(name))?;
                let may_be_repeated = !calls(expr, &self.is_volatile)
                    && expr.to_string().chars().count() <= MAX_CHARACTERS;
                may_be_repeated.then(|| expr.clone())
            },
            queries: 0,
            replaced: false,
        };
        let _ = VisitMut::visit(expr, &mut replace);
        self.replaced |= replace.replaced;
    }
}

struct Replace<'p, F> {
    place: &'p Place,
    stands_for: F,
    /// How many queries are around what is visited. In them a name may mean a column of theirs.
    queries: usize,
    replaced: bool,
}

impl<F: Fn(&Ident) -> Option<Expr>> VisitorMut for Replace<'_, F> {
    type Break = ();

    fn pre_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &mut Query) -> ControlFlow<()> {
        self.queries -= 1;
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Expr::Identifier(name) = expr else {
            return ControlFlow::Continue(());
        };
        let start = name.span.start;
        let is_there = (start.line, start.column) == (self.place.line, self.place.column);
        if self.queries == 0
            && is_there
            && let Some(stands_for) = (self.stands_for)(name)
        {
            *expr = Expr::Nested(Box::new(stands_for));
            self.replaced = true;
        }
        ControlFlow::Continue(())
    }
}

/// Whether an expression calls a function of a kind.
fn calls(expr: &Expr, kind: &impl Fn(&str) -> bool) -> bool {
    struct Calls<'k, F> {
        kind: &'k F,
    }
    impl<F: Fn(&str) -> bool> Visitor for Calls<'_, F> {
        type Break = ();

        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Function(function)
                    if (self.kind)(&function.name.to_string().to_lowercase()) =>
                {
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Calls { kind }).is_break()
}
