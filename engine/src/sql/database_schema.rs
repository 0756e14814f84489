//! `FROM database.information_schema.tables`: what a database says about itself.
//!
//! The planner takes every schema of this name for the one that it makes up of the catalogs that it
//! knows, and these do not list databases. So the schema is asked for under another name, which only
//! databases answer to.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Ident, ObjectName, ObjectNamePart, VisitMut, VisitorMut};

use super::name::fold;

/// The name under which a database finds its `information_schema`.
pub const DATABASE_INFORMATION: &str = "information_schema()";

/// The schema as users write it.
pub const INFORMATION_SCHEMA: &str = "information_schema";

/// Replaces the schema of `database.information_schema.table`, save that of `ours`.
pub(super) fn rewrite_information_schemas<Node: VisitMut>(node: &mut Node, ours: &str) {
    let _ = node.visit(&mut Rewriter { ours });
}

struct Rewriter<'r> {
    ours: &'r str,
}

impl VisitorMut for Rewriter<'_> {
    type Break = ();

    fn pre_visit_relation(&mut self, name: &mut ObjectName) -> ControlFlow<()> {
        if let [
            ObjectNamePart::Identifier(database),
            ObjectNamePart::Identifier(schema),
            _,
        ] = name.0.as_mut_slice()
            && fold(schema) == INFORMATION_SCHEMA
            && fold(database) != self.ours
        {
            *schema = Ident {
                span: schema.span,
                ..Ident::with_quote('"', DATABASE_INFORMATION)
            };
        }
        ControlFlow::Continue(())
    }
}
