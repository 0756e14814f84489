//! A call in the logical plan: what it reads, what it gives, and what may move past it.

use std::any::Any;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef, Result, internal_err};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

use super::function::{Call, Output};
use super::refusal;

/// A call of a table function over a planned input.
#[derive(Debug)]
pub struct CallNode {
    input: Arc<LogicalPlan>,
    call: Arc<dyn Call>,
    schema: DFSchemaRef,
    added: bool,
}

impl CallNode {
    /// Fails when two columns of the input share a name, or one has the name of a new column.
    pub fn try_new(input: Arc<LogicalPlan>, call: Arc<dyn Call>) -> Result<Self> {
        let output = call.output(input.schema().as_arrow())?;
        let added = matches!(output, Output::Added(_));
        let schema = Arc::new(output_schema(call.function(), input.schema(), output)?);
        Ok(CallNode {
            input,
            call,
            schema,
            added,
        })
    }

    /// The checked call.
    pub fn call(&self) -> &Arc<dyn Call> {
        &self.call
    }
}

fn output_schema(function: &str, input: &DFSchema, output: Output) -> Result<DFSchema> {
    let mut seen = HashSet::new();
    for field in input.fields() {
        if !seen.insert(field.name().as_str()) {
            return Err(refusal(
                format!("{function}: the input has two columns `{}`", field.name()),
                "list the columns of the input and give each its own name with AS",
            ));
        }
    }
    let fields = match output {
        Output::Table(fields) => fields,
        Output::Added(added) => {
            for name in added.iter().map(|field| field.name()) {
                if !seen.insert(name) {
                    return Err(refusal(
                        format!("{function} adds a column `{name}`, and the input has one already"),
                        format!(
                            "rename it in the input: (SELECT {name} AS previous_{name}, .. FROM ..)"
                        ),
                    ));
                }
            }
            input.fields().iter().cloned().chain(added).collect()
        }
    };
    let fields = fields.into_iter().map(|field| (None, field));
    DFSchema::new_with_metadata(fields.collect(), input.metadata().clone())
}

impl PartialEq for CallNode {
    fn eq(&self, other: &Self) -> bool {
        let others: &dyn Any = other.call.as_ref();
        self.input == other.input && self.call.dyn_eq(others)
    }
}

impl Eq for CallNode {}

impl Hash for CallNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.call.dyn_hash(state);
    }
}

impl PartialOrd for CallNode {
    /// Plans have no order; only equal ones compare.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for CallNode {
    fn name(&self) -> &str {
        self.call.function()
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        vec![]
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .filter(|name| !self.call.splits_by(name))
            .collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call.function(), self.call)
    }

    fn with_exprs_and_inputs(
        &self,
        _expressions: Vec<Expr>,
        inputs: Vec<LogicalPlan>,
    ) -> Result<Self> {
        let Ok([input]) = <[LogicalPlan; 1]>::try_from(inputs) else {
            return internal_err!("a table function has exactly one input");
        };
        CallNode::try_new(Arc::new(input), Arc::clone(&self.call))
    }

    /// Columns that neither the query nor the call names are not read.
    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        let wanted = |index: &usize| self.added && output_columns.contains(index);
        let fields = self.input.schema().fields().iter().enumerate();
        let needed = fields
            .filter(|(index, field)| wanted(index) || self.call.reads(field.name()))
            .map(|(index, _)| index)
            .collect();
        Some(vec![needed])
    }
}
