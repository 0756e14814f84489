//! A function that is a value: what users see of it, and what makes a call of their arguments.

use std::fmt;
use std::sync::{Arc, OnceLock};

use datafusion::common::Result;
use datafusion::logical_expr::{DocSection, Documentation};

use super::function::{ArgumentDescription, Call, RelationFunction, Request, Signature};

/// Checks what was given; the text is the name of the function.
pub(super) type MakeCall = fn(&'static str, &Request<'_>) -> Result<Arc<dyn Call>>;

/// What there is to say of a function.
pub(super) struct Declaration {
    pub(super) name: &'static str,
    pub(super) signature: Signature,
    /// The named arguments, in one list or more.
    pub(super) arguments: &'static [&'static [ArgumentDescription]],
    pub(super) description: &'static str,
    pub(super) syntax: &'static str,
    /// Statements after `> `, each with its output.
    pub(super) example: &'static str,
    pub(super) call: MakeCall,
}

/// A function that is declared once.
pub(super) struct DeclaredFunction {
    declaration: Declaration,
    arguments: OnceLock<Vec<ArgumentDescription>>,
    documentation: OnceLock<Documentation>,
}

impl DeclaredFunction {
    pub(super) const fn new(declaration: Declaration) -> Self {
        DeclaredFunction {
            declaration,
            arguments: OnceLock::new(),
            documentation: OnceLock::new(),
        }
    }
}

impl fmt::Debug for DeclaredFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.declaration.name)
    }
}

impl RelationFunction for DeclaredFunction {
    fn name(&self) -> &'static str {
        self.declaration.name
    }

    fn signature(&self) -> Signature {
        self.declaration.signature
    }

    fn arguments(&self) -> &[ArgumentDescription] {
        self.arguments
            .get_or_init(|| self.declaration.arguments.concat())
    }

    fn documentation(&self) -> &Documentation {
        let Declaration {
            description,
            syntax,
            example,
            ..
        } = self.declaration;
        self.documentation
            .get_or_init(|| documentation(description, syntax, example, self.arguments()))
    }

    fn call(&self, request: &Request<'_>) -> Result<Arc<dyn Call>> {
        (self.declaration.call)(self.declaration.name, request)
    }
}

/// The documentation of a table function over a relation.
pub(super) fn documentation(
    description: &str,
    syntax: &str,
    example: &str,
    arguments: &[ArgumentDescription],
) -> Documentation {
    let section = DocSection {
        include: true,
        label: "Table Functions",
        description: None,
    };
    let documentation = Documentation::builder(section, description, syntax)
        .with_sql_example(format!("```sql{example}\n```"))
        .with_argument(
            "relation",
            "A query in parentheses, or the name of a table or view.",
        );
    let arguments = arguments.iter();
    arguments
        .fold(documentation, |documentation, (name, description)| {
            documentation.with_argument(*name, *description)
        })
        .build()
}
